//! How far a long job is, for whoever waits at a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

/// Jobs shorter than this need no bar.
const LONG: Duration = Duration::from_secs(1);

/// A bar on standard error, which nobody sees when that is no terminal or the job is short.
pub(crate) struct Progress {
    bar: ProgressBar,
    since: Instant,
    shown: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {msg}  {eta} left");
        Self {
            bar: bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())),
            since: Instant::now(),
            shown: false,
        }
    }

    /// So much of the whole lies behind.
    pub(crate) fn at(&mut self, (done, whole): (u64, u64), message: impl FnOnce() -> String) {
        if !self.shown && self.since.elapsed() > LONG && stderr().is_terminal() {
            self.shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        if self.shown {
            self.bar.set_length(whole);
            self.bar.set_message(message());
            self.bar.set_position(done);
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(self) {
        self.bar.finish_and_clear();
    }
}
