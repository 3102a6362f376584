//! The clients, so many at a time.

use super::cases::{CASES, Case, Expected};
use super::errand::Errand;
use super::pace::Pace;
use super::tally::Tally;
use super::verdict::judge;
use crate::client::{Http1, Http2, Seen};
use crate::dice::Dice;
use crate::upstream::{Hits, Trail};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// Whoever has not finished after this long hangs. The slowest that does not takes a few seconds.
const HANG: Duration = Duration::from_secs(30);

/// An upstream whose client has left is let go within a second, says docs/reliability.md; a busy machine gets more.
const LET_GO: Duration = Duration::from_secs(5);

/// How many of a hundred connections speak HTTP/2.
const HTTP2_PERCENT: u64 = 15;

/// The most requests of one connection: one after the other, or all at once over HTTP/2.
const REQUESTS_PER_CONNECTION: u64 = 4;

/// What all clients share.
pub(super) struct Crew {
    pub(super) gateway: SocketAddr,
    pub(super) hits: Hits,
    pub(super) tally: Tally,
    pub(super) pace: Pace,
    pub(super) seed: u64,
    pub(super) stop: CancellationToken,
    /// How many requests there were.
    pub(super) numbers: AtomicU64,
}

impl Crew {
    /// Sends requests until `stop`, with so many clients at a time, and waits for the last of them.
    pub(super) async fn work(self: &Arc<Self>, clients: usize) {
        let mut crew = JoinSet::new();
        for _ in 0..clients {
            crew.spawn(Arc::clone(self).client());
        }
        crew.join_all().await;
    }

    async fn client(self: Arc<Self>) {
        while let Some(number) = self.next().await {
            let mut dice = Dice::of(self.seed, number);
            let more = dice.below(REQUESTS_PER_CONNECTION);
            if dice.below(100) < HTTP2_PERCENT {
                self.at_once(number, more).await;
            } else {
                self.one_after_the_other(number, more).await;
            }
        }
    }

    /// The number of the next request, when it is its turn; `None` when there shall be no more.
    async fn next(&self) -> Option<u64> {
        let turn = async {
            self.pace.turn().await;
            self.numbers.fetch_add(1, Ordering::Relaxed)
        };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            number = turn => Some(number),
        }
    }

    /// One connection over HTTP/1.1, as long as it is kept.
    async fn one_after_the_other(&self, first: u64, more: u64) {
        let mut number = first;
        let mut connection = None;
        for left in (0..=more).rev() {
            let Some(errand) = self.errand(number, |_| true) else { return };
            connection = self.over_http1(&errand, connection).await;
            if connection.is_none() || left == 0 {
                return;
            }
            let Some(next) = self.next().await else { return };
            number = next;
        }
    }

    /// One connection over HTTP/2.
    async fn at_once(self: &Arc<Self>, first: u64, more: u64) {
        let mut numbers = vec![first];
        for _ in 0..more {
            numbers.extend(self.next().await);
        }
        let connection = Http2::connect(self.gateway).await.map(Arc::new).map_err(|error| error.to_string());
        let mut running = JoinSet::new();
        for errand in numbers.into_iter().filter_map(|number| self.errand(number, |case| Http2::can(case.conduct))) {
            running.spawn(Arc::clone(self).over_http2(errand, connection.clone()));
        }
        running.join_all().await;
    }

    /// What the request with this number is: one of those cases.
    fn errand(&self, number: u64, can: impl Fn(&Case) -> bool) -> Option<Errand> {
        // Not the dice that decided about the connection: its numbers would come with the same cases.
        let mut dice = Dice::of(self.seed ^ 0xca5e, number);
        let weights = CASES.iter().map(|case| if can(case) { case.weight } else { 0 });
        let case = CASES.get(dice.weighted(weights)?)?;
        Some(Errand::new(case, number))
    }

    async fn over_http1(&self, errand: &Errand, kept: Option<Http1>) -> Option<Http1> {
        let mut trail = self.begin(errand);
        let since = Instant::now();
        let work = async {
            let connection = match kept {
                Some(connection) => connection,
                None => Http1::connect(self.gateway).await?,
            };
            connection.call(&errand.call, errand.case.conduct, &mut trail).await
        };
        let done = timeout(HANG, work).await;
        let took = since.elapsed();
        let (seen, kept) = match done {
            Ok(Ok((seen, kept))) => (Ok(seen), kept),
            Ok(Err(error)) => (Err(error.to_string()), None),
            Err(_) => (Err(hang()), None),
        };
        self.end(errand, "HTTP/1.1", seen, trail, took).await;
        kept
    }

    async fn over_http2(self: Arc<Self>, errand: Errand, connection: Result<Arc<Http2>, String>) {
        let mut trail = self.begin(&errand);
        self.tally.over_http2();
        let since = Instant::now();
        let work =
            async { connection?.call(&errand.call, errand.case.conduct, &mut trail).await.map_err(|e| told(&*e)) };
        let seen = timeout(HANG, work).await.unwrap_or_else(|_| Err(hang()));
        let took = since.elapsed();
        self.end(&errand, "HTTP/2", seen, trail, took).await;
    }

    fn begin(&self, errand: &Errand) -> Trail {
        self.tally.begins(errand.call.ticket.number, errand.case);
        self.hits.follow(errand.call.ticket)
    }

    async fn end(&self, errand: &Errand, over: &str, seen: Result<Seen, String>, mut trail: Trail, took: Duration) {
        if let (Ok(_), Expected::Left(_), Some(&last)) = (&seen, errand.case.end, errand.case.tried.last()) {
            let since = Instant::now();
            // Whether it was is judged below.
            let _ = timeout(LET_GO, trail.until_let_go_by(last)).await;
            self.tally.let_go(since.elapsed());
        }
        let verdict = seen.and_then(|seen| judge(errand, &seen, &trail.visit()));
        let verdict = verdict.map_err(|wrong| format!("over {over}: {wrong}"));
        self.tally.ends(errand.call.ticket.number, took, verdict);
    }
}

fn hang() -> String {
    format!("it hung for {} s", HANG.as_secs())
}

/// The chain of causes.
fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
