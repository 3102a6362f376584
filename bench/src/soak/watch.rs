//! The gateway's process and counts, looked at each second while the load lasts, and afterwards until it is quiet.

use super::crew::Crew;
use crate::cli::say;
use crate::gateway::Gateway;
use crate::process::Usage;
use crate::scrape::Page;
use std::io;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

const LOOK_EVERY: Duration = Duration::from_secs(1);
const TELL_EVERY: usize = 10;

/// How long the gateway may take to be as it was: it keeps idle connections for four seconds, and threads that write to
/// the database for ten.
const QUIET_PATIENCE: Duration = Duration::from_secs(25);

/// Its counter of configurations that were read again. A gateway without it would end at a SIGHUP.
pub(super) const RELOADS: &str = "oar_config_reloads_total";

/// What was seen each second.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    pub(super) usages: Vec<Usage>,
    pub(super) most_in_flight: u64,
    pub(super) most_queued: u64,
    /// How often it was told to read its configuration again; `None` when it cannot.
    pub(super) reloads: Option<u64>,
}

/// Watches until `stop`, prints a line each ten seconds, and sends a SIGHUP every so often.
///
/// # Errors
///
/// The gateway has ended, or does not answer.
pub(super) async fn watch(
    gateway: &Gateway,
    crew: &Crew,
    reload: Duration,
    stop: &CancellationToken,
) -> io::Result<Watched> {
    let (began, process) = (Instant::now(), gateway.process());
    let reloads = gateway.metrics().await?.has(RELOADS).then_some(0);
    let mut watched = Watched { reloads, ..Watched::default() };
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut next_reload = began + reload;
    ticks.tick().await;
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(watched),
            _ = ticks.tick() => {}
        }
        watched.usages.push(process.usage()?);
        let page = gateway.metrics().await?;
        watched.note(&page);
        if watched.usages.len().is_multiple_of(TELL_EVERY) {
            tell(began.elapsed(), crew, &watched, &page);
        }
        if let Some(count) = watched.reloads.as_mut().filter(|_| next_reload <= Instant::now()) {
            gateway.reload()?;
            *count += 1;
            next_reload += reload;
        }
    }
}

impl Watched {
    fn note(&mut self, page: &Page) {
        self.most_in_flight = self.most_in_flight.max(page.sum("oar_in_flight"));
        self.most_queued = self.most_queued.max(page.sum("oar_record_queue_items"));
    }
}

fn tell(after: Duration, crew: &Crew, watched: &Watched, page: &Page) {
    let (done, wrong) = crew.tally.counts();
    let usage = watched.usages.last().copied().unwrap_or_default();
    let rate = done as f64 / after.as_secs_f64();
    say(&format!(
        "{:>7}  {done:>8} requests  {rate:>6.0}/s  {:>4} in flight  {:>6} KiB  {:>4} files  {:>3} threads  \
         {:>5} rows wait  {} dropped  {wrong} wrong",
        clock(after),
        page.sum("oar_in_flight"),
        usage.resident_kib,
        usage.files,
        usage.threads,
        page.sum("oar_record_queue_items"),
        page.sum("oar_records_dropped_total"),
    ));
}

/// Minutes and seconds: `12:05`.
fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

/// What is left when nobody asks for anything any more.
#[derive(Clone, Debug, Default)]
pub(super) struct Quiet {
    pub(super) page: Page,
    pub(super) usage: Usage,
    /// How many requests upstreams still answer.
    pub(super) at_work: usize,
    /// How long it took.
    pub(super) after: Duration,
}

/// Waits until the gateway uses no more than before, and for 25 s at most.
///
/// # Errors
///
/// As [`watch`].
pub(super) async fn quiet(gateway: &Gateway, crew: &Crew, before: Usage) -> io::Result<Quiet> {
    let began = Instant::now();
    loop {
        let usage = gateway.process().usage()?;
        let page = gateway.metrics().await?;
        let quiet = Quiet { page, usage, at_work: crew.hits.at_work(), after: began.elapsed() };
        if quiet.is_like(before) || began.elapsed() > QUIET_PATIENCE {
            return Ok(quiet);
        }
        sleep(LOOK_EVERY / 2).await;
    }
}

impl Quiet {
    fn is_like(&self, before: Usage) -> bool {
        self.usage.files <= before.files
            && self.usage.threads <= before.threads
            && self.at_work == 0
            && ["oar_in_flight", "oar_record_queue_items"].iter().all(|name| self.page.sum(name) == 0)
    }
}
