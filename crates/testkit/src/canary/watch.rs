use super::sightings::{abandon, hand_over, watch};
use super::{look, panics};
use std::io::{self, Write};
use std::sync::Once;
use std::thread::{self, ThreadId};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// A harness keeps one as long as its test runs.
///
/// The first one of a process has every log line from then on looked at, as the program would write it: events and
/// spans, our own and those of every dependency, of `tracing` and of `log`; and the message of every panic outside of
/// tests. A subscriber that a test sets for its own thread keeps this one from seeing what goes there.
///
/// # Panics
///
/// When it is dropped, if a secret was seen on the thread it was started on, or on one that no test with a watch runs on.
/// Not while its test panics already; then the next one tells.
#[derive(Debug)]
#[must_use = "it tells what was seen when it is dropped"]
pub struct Watch {
    thread: ThreadId,
}

impl Watch {
    /// Begins to watch.
    pub fn start() -> Self {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| {
            panics::watch();
            let all = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE);
            let all = all.with_span_events(FmtSpan::NEW | FmtSpan::CLOSE).with_ansi(false).without_time();
            all.with_writer(|| Log).try_init().expect("nobody has set a subscriber for the whole process");
        });
        let thread = thread::current().id();
        watch(thread);
        Self { thread }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if thread::panicking() {
            return abandon(self.thread);
        }
        let seen = hand_over(self.thread);
        assert!(seen.is_empty(), "a secret got out\n{}", seen.join("\n"));
    }
}

/// Is given each line as a whole.
struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        look("the log", line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
