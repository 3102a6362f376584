//! Time that several processes share, finer than a timer wheel's milliseconds.

use rustix::time::{ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use rustix::time::{clock_gettime, timerfd_create, timerfd_settime};
use std::io;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

/// Nanoseconds since the machine was started, the same for all processes.
pub(crate) fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    u64::try_from(time.tv_sec).unwrap_or_default() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or_default()
}

/// Moments at an even distance, told within some 50 µs: tokio's own timers would tell all those of one millisecond at
/// once.
pub(crate) struct Ticks {
    /// A timer is read like a pipe into which the kernel writes how often it has gone off.
    timer: Receiver,
    next: u64,
    every: u64,
    /// How many have passed that nobody has been told of.
    passed: u64,
}

impl Ticks {
    /// The first is after `every`, which must not be zero.
    ///
    /// # Errors
    ///
    /// There are not enough files.
    pub(crate) fn new(every: Duration) -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let started = now();
        let time = Timespec::try_from(every).map_err(|_| io::ErrorKind::InvalidInput)?;
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: time, it_value: time })?;
        let every = u64::try_from(every.as_nanos()).map_err(|_| io::ErrorKind::InvalidInput)?;
        Ok(Self { timer: Receiver::from_owned_fd_unchecked(timer)?, next: started + every, every, passed: 0 })
    }

    /// Waits for the next one; yields when it was due. None is left out: those that passed unseen come at once.
    ///
    /// # Errors
    ///
    /// The timer cannot be read.
    pub(crate) async fn next(&mut self) -> io::Result<u64> {
        while self.passed == 0 {
            let mut count = [0; 8];
            self.timer.read_exact(&mut count).await?;
            self.passed = u64::from_ne_bytes(count);
        }
        self.passed -= 1;
        self.next += self.every;
        Ok(self.next - self.every)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn moments_are_evenly_spread_and_none_is_early() {
        let mut ticks = Ticks::new(Duration::from_millis(2)).unwrap();
        let mut last = ticks.next().await.unwrap();
        for _ in 0..5 {
            let due = ticks.next().await.unwrap();
            assert_eq!(due - last, 2_000_000);
            assert!(now() >= due);
            last = due;
        }
    }
}
