//! A gateway with upstreams that can be told to fail, and the bot that it tells.

use super::{Bot, Case, Flood};
use crate::gateway::{Gateway, Stopped};
use crate::load::{Load, Sent, TOKEN};
use crate::upstream::{Role, Turncoat, Upstreams};
use std::fmt::Write;
use std::io;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// What happens once, at the first requests, is no part of a flood. Nothing fails meanwhile.
const WARM_UP_REQUESTS: u64 = 500;

const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// Everything that a flood needs. Dropping it ends all of it.
pub(super) struct Scene {
    pub(super) gateway: Gateway,
    pub(super) bot: Option<Bot>,
    failing: Turncoat,
    upstreams: Upstreams,
    flood: Flood,
    _folder: TempDir,
}

impl Scene {
    /// Starts everybody, and sends the first requests. `settings` are further lines of the `notify` section.
    pub(super) async fn set(case: Case, binary: &Path, flood: Flood, settings: &str) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("oar-alerts.").tempdir()?;
        let upstreams = Upstreams::start().await?;
        let failing = Turncoat::start(Role::Good, upstreams.hits()).await?;
        let bot = match case.manner() {
            Some(manner) => Some(Bot::start(manner).await?),
            None => None,
        };
        let notify = bot.as_ref().map(|bot| notify(bot, settings)).unwrap_or_default();
        let config = configuration(case, &upstreams, &failing, flood.failing, &notify);
        let gateway = Gateway::start(binary, folder.path(), &config).await?;
        let scene = Self { gateway, bot, failing, upstreams, flood, _folder: folder };
        scene.warm_up().await?;
        Ok(scene)
    }

    async fn warm_up(&self) -> io::Result<()> {
        let sent = self.load(self.flood.rate).send_all(0, WARM_UP_REQUESTS).await;
        let wrong = sent.into_iter().find_map(|one| one.wrong);
        wrong.map_or(Ok(()), |wrong| Err(io::Error::other(format!("before anything failed: {wrong}"))))
    }

    /// From now on everything but the last upstream fails.
    pub(super) fn fail(&self) {
        self.failing.turn(Role::Fails);
    }

    /// From now on everybody answers.
    pub(super) fn recover(&self) {
        self.failing.turn(Role::Good);
    }

    /// All requests of the flood.
    pub(super) async fn flood(&self) -> Vec<Sent> {
        self.load(self.flood.rate).send_all(WARM_UP_REQUESTS, self.flood.requests()).await
    }

    /// The number of the first request after the flood.
    pub(super) fn after_the_flood(&self) -> u64 {
        WARM_UP_REQUESTS + self.flood.requests()
    }

    pub(super) fn load(&self, rate: u32) -> Load {
        Load::new(self.gateway.addr(), &self.upstreams, rate).models(self.flood.failing)
    }

    /// Stops the gateway, and waits for its end.
    pub(super) async fn stop(self) -> io::Result<Stopped> {
        self.gateway.stop(STOP_PATIENCE).await
    }
}

/// The model that the request with this number asks for.
pub(super) fn model_of(number: u64, flood: Flood) -> String {
    format!("even-{}", number % flood.failing.max(1))
}

fn notify(bot: &Bot, settings: &str) -> String {
    format!("notify:\n{settings}  feishu: {{webhook: '{}'}}\n", bot.webhook())
}

/// An upstream for each model, and behind them one for all.
fn configuration(case: Case, upstreams: &Upstreams, failing: &Turncoat, models: u64, notify: &str) -> String {
    let first = failing.addr();
    let last = match case {
        Case::AllFail => first,
        Case::NoAlerts | Case::Answers | Case::Hangs | Case::Refuses => upstreams.addr(Role::Good),
    };
    let mut config = format!(
        "address: 127.0.0.1:0\nauthorization: {TOKEN}\nhostname: gateway-1\ndbtype: none\n{notify}upstreams:\n"
    );
    for model in 0..models.max(1) {
        // Writing to a string cannot fail.
        let _infallible = writeln!(
            config,
            "  - {{name: first-{model}, sk: key, endpoint: 'http://{first}/v1', allow: [even-{model}]}}"
        );
    }
    let _infallible = writeln!(config, "  - {{name: last, sk: key, endpoint: 'http://{last}/v1'}}");
    config
}
