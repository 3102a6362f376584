//! One run, from the first start to the last row.

use super::account::{Account, Remains};
use super::cases::{BODY_CAP, CASES};
use super::crew::Crew;
use super::errand::TOKEN;
use super::options::Options;
use super::pace::Pace;
use super::rows::Rows;
use super::tally::Tally;
use super::watch::{Quiet, Watched, quiet, watch};
use crate::cli::say;
use crate::database::Database;
use crate::gateway::{Gateway, Stopped, alarms_in};
use crate::process::Usage;
use crate::upstream::{Patience, Role, Upstreams};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Freshly started threads settle within a second.
const SETTLE: Duration = Duration::from_secs(1);

/// Nothing runs when it is told to stop, so it has nothing to wait for.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// Runs the load for as long as the options say, or until Ctrl-C, and accounts for it. Progress goes to standard output.
///
/// The gateway's folder, with its configuration, log and database, is removed when everything balances, and named when
/// it does not.
///
/// # Errors
///
/// The gateway did not start, ended before it was told to, or its database could not be read.
pub async fn run(options: &Options) -> io::Result<Account> {
    let folder = tempfile::Builder::new().prefix("oar-soak.").tempdir()?;
    let remains = load(options, folder.path()).await;
    let account = remains.map(Account::of);
    if !account.as_ref().is_ok_and(Account::balances) {
        let folder = folder.keep();
        say(&format!("\nthe gateway's configuration, log and database are kept in {}", folder.display()));
    }
    account
}

async fn load(options: &Options, folder: &Path) -> io::Result<Remains> {
    let (upstreams, database) = (Upstreams::start().await?, Database::Sqlite(folder.join("db.sqlite")));
    let gateway = Gateway::start(&options.binary, folder, &configuration(&upstreams, &database)).await?;
    sleep(SETTLE).await;
    let before = gateway.process().usage()?;
    let crew = Arc::new(crew(options, &gateway, &upstreams));
    let watched = loaded(options, &gateway, &crew).await?;
    let quiet = quiet(&gateway, &crew, before).await?;
    let ended = End::of(gateway).await?;
    let crew = Arc::into_inner(crew).ok_or_else(|| io::Error::other("a client has not ended"))?;
    let found = crew.tally.into_found();
    let rows = Rows::read(&database, &found.sent).await?;
    Ok(remains(ended, before, watched, quiet, &upstreams, found, rows))
}

fn remains(
    ended: End,
    before: Usage,
    watched: Watched,
    quiet: Quiet,
    upstreams: &Upstreams,
    found: super::tally::Found,
    rows: Rows,
) -> Remains {
    let End { exit, in_order, alarms } = ended;
    let strays = upstreams.hits().strays();
    Remains { found, watched, before, quiet, strays, exit, ended_in_order: in_order, rows, alarms }
}

fn crew(options: &Options, gateway: &Gateway, upstreams: &Upstreams) -> Crew {
    Crew {
        gateway: gateway.addr(),
        hits: upstreams.hits().clone(),
        tally: Tally::default(),
        pace: Pace::new(options.rate),
        seed: options.seed,
        stop: CancellationToken::new(),
        numbers: AtomicU64::new(0),
    }
}

/// Lets the clients work, and watches the gateway until the last of them is done.
async fn loaded(options: &Options, gateway: &Gateway, crew: &Arc<Crew>) -> io::Result<Watched> {
    let over = CancellationToken::new();
    let clients = async {
        let ending = async {
            tokio::select! {
                () = sleep(options.time) => {}
                _ = tokio::signal::ctrl_c() => say("interrupted: what runs is finished"),
            }
            crew.stop.cancel();
        };
        tokio::join!(crew.work(options.clients), ending);
        over.cancel();
        Ok(())
    };
    let ((), watched) = tokio::try_join!(clients, watch(gateway, crew, options.reload, &over))?;
    Ok(watched)
}

/// How the gateway ended, and what its log said meanwhile.
struct End {
    exit: String,
    in_order: bool,
    alarms: Vec<String>,
}

impl End {
    async fn of(gateway: Gateway) -> io::Result<Self> {
        let log = gateway.log().to_owned();
        let stopped = gateway.stop(STOP_PATIENCE).await;
        let (exit, in_order) = match stopped {
            Ok(Stopped { status, .. }) => (status.to_string(), status.success()),
            Err(error) => (format!("it did not end: {error}"), false),
        };
        let alarms = alarms_in(&tokio::fs::read_to_string(log).await?);
        Ok(Self { exit, in_order, alarms })
    }
}

/// Each upstream serves the models that are the names of its cases.
fn configuration(upstreams: &Upstreams, database: &Database) -> String {
    let keys = database.keys();
    let entries: String = upstreams.addrs().map(|(role, addr)| entry(role, addr)).collect();
    format!("address: 127.0.0.1:0\nauthorization: {TOKEN}\n{keys}max_body: {BODY_CAP}\nupstreams:\n{entries}")
}

fn entry(role: Role, addr: SocketAddr) -> String {
    let models: Vec<_> = CASES.iter().filter(|case| case.is_served_by(role)).map(|case| case.name).collect();
    let patience = match role.patience() {
        Patience::Usual => String::new(),
        Patience::ForHead(time) => format!(", timeout: {0}ms, stream_timeout: {0}ms", time.as_millis()),
        Patience::ForFirstEvent(time) => format!(", first_event_timeout: {}ms", time.as_millis()),
        Patience::BetweenBytes(time) => format!(", idle_timeout: {}ms", time.as_millis()),
    };
    let (name, models) = (role.name(), models.join(", "));
    format!("  - {{name: {name}, sk: key-of-{name}, endpoint: 'http://{addr}/v1', allow: [{models}]{patience}}}\n")
}
