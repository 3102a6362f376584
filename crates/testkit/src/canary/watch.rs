use super::look;
use super::sightings::{abandon, hand_over, watch};
use std::io::{self, Write};
use std::panic::{self, Location, PanicHookInfo};
use std::path::Path;
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
///
/// ```
/// use oar_testkit::canary::Watch;
///
/// let _watch = Watch::start();
/// tracing::info!(token = "…0123abcd", "a fingerprint may be told");
/// ```
#[derive(Debug)]
#[must_use = "it tells what was seen when it is dropped"]
pub struct Watch {
    thread: ThreadId,
}

impl Watch {
    /// Begins to watch.
    ///
    /// ```
    /// # use oar_testkit::canary::Watch;
    /// let leak = std::panic::catch_unwind(|| {
    ///     let _watch = Watch::start();
    ///     tracing::debug!(token = "canary-1", "a client came");
    /// });
    /// let told = leak.expect_err("it is told when the watch ends");
    /// assert!(told.downcast_ref::<String>().is_some_and(|told| told.contains("a secret got out\nin the log")));
    /// ```
    pub fn start() -> Self {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| {
            watch_panics();
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

/// Has the messages of panics looked at, before they are printed as before.
fn watch_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        look_at(panic);
        before(panic);
    }));
}

/// A test that fails may show what it compared.
fn look_at(panic: &PanicHookInfo<'_>) {
    let is_the_tests_own = panic.location().is_some_and(is_in_a_test);
    if let Some(message) = panic.payload_as_str().filter(|_| !is_the_tests_own) {
        look("the message of a panic", message);
    }
}

fn is_in_a_test(location: &Location<'_>) -> bool {
    let file = Path::new(location.file());
    file.ends_with("tests.rs")
        || file.components().any(|part| ["tests", "testkit"].iter().any(|own| part.as_os_str() == *own))
}
