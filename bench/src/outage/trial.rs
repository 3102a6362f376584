//! One time: load, trouble, load.

use super::Found;
use super::trouble::{Stage, Trouble};
use crate::gateway::Gateway;
use crate::load::{Load, Sent, configuration};
use crate::scrape::Page;
use crate::upstream::Upstreams;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::sync::Barrier;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// What was on its way to the database when it stopped has been counted by then.
const SETTLE: Duration = Duration::from_millis(300);

/// How long the gateway may take to write what has waited. It asks the database every five seconds.
const FLUSH_PATIENCE: Duration = Duration::from_secs(60);

const LOOK_EVERY: Duration = Duration::from_millis(100);
const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// How long each part lasts, and how many requests come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// How long the database is away.
    pub away: Duration,
    /// How long the load lasts before that, and after it.
    pub lead: Duration,
    /// How many requests begin in a second.
    pub rate: u32,
}

/// What was seen from beside the load.
struct Watched {
    away: (Instant, Instant),
    written_meanwhile: u64,
    most_queued: u64,
    flushed_after: Option<Duration>,
}

/// Starts a gateway with a database of its own, which gets into trouble under load, and accounts for every request. The
/// load begins when everybody waits at `start`.
///
/// # Errors
///
/// The gateway or the database did not start, ended, or could not be asked.
pub async fn endure(trouble: Trouble, binary: &Path, times: Times, start: &Barrier) -> io::Result<Found> {
    let folder = tempfile::Builder::new().prefix("oar-outage.").tempdir()?;
    let stage = Stage::set(trouble, folder.path()).await?;
    let upstreams = Upstreams::start().await?;
    let config = configuration(&upstreams, &stage.database.keys());
    let gateway = Gateway::start(binary, folder.path(), &config).await?;
    start.wait().await;
    let (sent, watched) = loaded(&gateway, &upstreams, &stage, times).await?;
    let page = gateway.metrics().await?;
    let stopped = gateway.stop(STOP_PATIENCE).await?;
    let found = found(trouble, sent, watched, page, &stage).await?;
    stage.clear().await?;
    Ok(Found { alarms: stopped.alarms(), ended_in_order: stopped.status.success(), ..found })
}

/// The load, and the trouble in the middle of it.
async fn loaded(
    gateway: &Gateway,
    upstreams: &Upstreams,
    stage: &Stage,
    times: Times,
) -> io::Result<(Vec<Sent>, Watched)> {
    let stop = CancellationToken::new();
    let load = Load::new(gateway.addr(), upstreams, times.rate);
    let beside = async {
        let watched = trouble(gateway, stage, times).await;
        stop.cancel();
        watched
    };
    let (sent, watched) = tokio::join!(load.run(0, &stop), beside);
    let watched = watched?;
    drained(gateway).await?;
    Ok((sent, watched))
}

async fn trouble(gateway: &Gateway, stage: &Stage, times: Times) -> io::Result<Watched> {
    sleep(times.lead).await;
    let since = Instant::now();
    let lock = stage.begin().await?;
    sleep(SETTLE).await;
    let before = gateway.metrics().await?;
    sleep_until(since + times.away).await;
    let after = gateway.metrics().await?;
    let until = Instant::now();
    stage.end(lock).await?;
    let back = Instant::now();
    let flushed_after = flushed(gateway, back, u64::from(times.rate)).await?;
    sleep_until(back + times.lead).await;
    Ok(Watched {
        away: (since, until),
        written_meanwhile: written(&after) - written(&before),
        most_queued: queued(&after),
        flushed_after,
    })
}

/// Waits until no more waits than comes in a second.
async fn flushed(gateway: &Gateway, since: Instant, most: u64) -> io::Result<Option<Duration>> {
    while since.elapsed() < FLUSH_PATIENCE {
        if queued(&gateway.metrics().await?) <= most {
            return Ok(Some(since.elapsed()));
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(None)
}

/// Waits until nothing waits, if that happens at all.
async fn drained(gateway: &Gateway) -> io::Result<()> {
    flushed(gateway, Instant::now(), 0).await.map(drop)
}

fn written(page: &Page) -> u64 {
    page.sum("oar_records_written_total")
}

fn queued(page: &Page) -> u64 {
    page.sum("oar_record_queue_items")
}

async fn found(trouble: Trouble, sent: Vec<Sent>, watched: Watched, page: Page, stage: &Stage) -> io::Result<Found> {
    let database = &stage.database;
    let (rows, distinct) = match trouble {
        Trouble::NoDatabase => (0, 0),
        Trouble::SqliteLocked | Trouble::PostgresFrozen | Trouble::PostgresStopped => (
            database.number("SELECT count(*) FROM records").await?,
            database.number("SELECT count(DISTINCT request_id) FROM records").await?,
        ),
    };
    let (since, until) = watched.away;
    let meanwhile = sent.iter().filter(|one| one.due >= since && one.due < until);
    Ok(Found {
        trouble,
        latencies: meanwhile.map(Sent::took).collect(),
        sent: sent.len() as u64,
        wrong: sent.into_iter().filter_map(|one| Some(format!("request {}: {}", one.number, one.wrong?))).collect(),
        requests: page.sum("oar_requests_total"),
        statuses: page.by("oar_requests_total", "status"),
        written: written(&page),
        dropped: page.by("oar_records_dropped_total", "reason"),
        queued: queued(&page),
        written_meanwhile: watched.written_meanwhile,
        most_queued: watched.most_queued,
        flushed_after: watched.flushed_after,
        rows,
        distinct,
        damage: database.damage().await?,
        alarms: Vec::new(),
        ended_in_order: false,
    })
}
