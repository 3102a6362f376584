use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::{Duration, Instant, sleep_until};

/// Gives requests their turns, so many in a second.
pub(super) struct Pace {
    began: Instant,
    /// `None` without a limit.
    between: Option<Duration>,
    given: AtomicU64,
}

impl Pace {
    /// `rate` turns a second from now on; 0 for no limit.
    pub(super) fn new(rate: u32) -> Self {
        let between = (rate > 0).then(|| Duration::from_secs(1) / rate.max(1));
        Self { began: Instant::now(), between, given: AtomicU64::new(0) }
    }

    /// Waits for the next turn. Turns that nobody took in their time are given at once.
    pub(super) async fn turn(&self) {
        let Some(between) = self.between else { return };
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        sleep_until(self.began + between.mul_f64(number as f64)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn so_many_turns_fit_into_a_second() {
        let pace = Pace::new(200);
        for _ in 0..=200 {
            pace.turn().await;
        }
        assert_eq!(pace.began.elapsed().as_millis(), 1000);
    }
}
