//! One flood: upstreams that all fail at once, under load.

use super::found::left_undelivered;
use super::scene::Scene;
use super::{Account, Case, Found};
use crate::load::Sent;
use crate::scrape::Page;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What was under way at the last answer has been counted by then.
const SETTLE: Duration = Duration::from_millis(300);

/// How long messages for a bot that answers may take after that.
const DELIVERY_PATIENCE: Duration = Duration::from_secs(10);

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How much comes, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flood {
    /// How long it lasts.
    pub time: Duration,
    /// How many requests begin in a second.
    pub rate: u32,
    /// How many upstreams fail.
    pub failing: u64,
}

impl Flood {
    /// How many requests that makes, each of which meets a failure.
    pub fn requests(self) -> u64 {
        (self.time.as_secs_f64() * f64::from(self.rate)).round() as u64
    }
}

/// Starts a gateway whose upstreams then fail under load, and accounts for every failure.
///
/// # Errors
///
/// The gateway did not start, ended, or could not be asked, or something was wrong before anything failed.
pub async fn flood(case: Case, binary: &Path, flood: Flood) -> io::Result<Found> {
    let scene = Scene::set(case, binary, flood, "").await?;
    scene.fail();
    let before = scene.gateway.process().usage()?.cpu;
    let sent = scene.flood().await;
    sleep(SETTLE).await;
    let cpu = scene.gateway.process().usage()?.cpu.saturating_sub(before);
    let page = delivered(&scene, case, flood.requests()).await?;
    let (messages, arrived) = scene.bot.as_ref().map(|bot| (bot.messages(), bot.count())).unwrap_or_default();
    let stopped = scene.stop().await?;
    let account = Account { left: left_undelivered(&stopped.log, &page), ..Account::read(&page) };
    let found = found(case, &sent, &page);
    let ended_in_order = stopped.status.success();
    let alarms = stopped.alarms();
    Ok(Found { cpu, account, messages, arrived, alarms, ended_in_order, ..found })
}

/// The metrics, once a bot that answers has been told all that it is told, if that happens at all.
async fn delivered(scene: &Scene, case: Case, failures: u64) -> io::Result<Page> {
    let until = Instant::now() + DELIVERY_PATIENCE;
    loop {
        let page = scene.gateway.metrics().await?;
        let waits = match case {
            Case::Answers | Case::AllFail => Account::read(&page).total() < failures,
            Case::NoAlerts | Case::Hangs | Case::Refuses => false,
        };
        if !waits || Instant::now() > until {
            return Ok(page);
        }
        sleep(LOOK_EVERY).await;
    }
}

fn found(case: Case, sent: &[Sent], page: &Page) -> Found {
    let expected = case.status();
    let as_expected = |one: &Sent| match case {
        Case::AllFail => one.status == Some(expected),
        Case::NoAlerts | Case::Answers | Case::Hangs | Case::Refuses => one.wrong.is_none(),
    };
    let wrong = sent.iter().filter(|one| !as_expected(one));
    Found {
        case,
        latencies: sent.iter().map(Sent::took).collect(),
        sent: sent.len() as u64,
        wrong: wrong.map(|one| format!("request {}: status {:?}, {:?}", one.number, one.status, one.wrong)).collect(),
        faults: page.by("oar_attempts_total", "result").remove("status").unwrap_or_default(),
        cpu: Duration::ZERO,
        account: Account::default(),
        messages: Vec::new(),
        arrived: 0,
        alarms: Vec::new(),
        ended_in_order: false,
    }
}
