//! Log lines on their way out: nobody who logs waits for whoever reads the log.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// How long lines are gathered before they go out in one write. At 4,000 requests a second that is one write for 40.
const GATHERED_FOR: Duration = Duration::from_millis(10);

/// The most bytes that wait. When standard error takes no more, lines beyond are dropped and counted.
const CAP_BYTES: usize = 1024 * 1024;

/// How long the end may wait for whoever reads the log.
const FAREWELL: Duration = Duration::from_secs(1);

/// Takes lines, each in one write. Cloning shares the way out.
#[derive(Clone)]
pub(super) struct Lines(Arc<Shared>);

/// Keeps the way out open. Dropping it writes what waits, for at most a second; what is logged afterwards is lost.
#[must_use]
pub(crate) struct Outlet(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Told when there is something to do for whoever writes, and when it is done.
    turned: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    lost: u64,
    is_closed: bool,
    is_done: bool,
}

/// Starts writing to `out`, on a thread of its own.
///
/// # Errors
///
/// The thread cannot be started.
pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<(Lines, Outlet)> {
    let shared = Arc::new(Shared { state: Mutex::default(), turned: Condvar::new() });
    let writer = Arc::clone(&shared);
    thread::Builder::new().name("log".to_owned()).spawn(move || writer.write_to(out))?;
    Ok((Lines(Arc::clone(&shared)), Outlet(shared)))
}

impl Shared {
    fn take_in(&self, line: &[u8]) {
        let mut state = self.state();
        if state.is_closed || state.waiting.len() + line.len() > CAP_BYTES {
            state.lost += 1;
            return;
        }
        if state.waiting.is_empty() {
            self.turned.notify_all();
        }
        state.waiting.extend_from_slice(line);
    }

    #[expect(clippy::disallowed_methods, reason = "no worker is blocked: the thread does nothing else")]
    fn write_to(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        while let Some(lost) = self.next(&mut lines) {
            if lost > 0 {
                let told = format!("{lost} log lines were lost, they came faster than they could be written\n");
                lines.extend_from_slice(told.as_bytes());
            }
            // A log that cannot be written cannot be complained about, either.
            let _ = out.write_all(&lines);
            lines.clear();
            thread::sleep(GATHERED_FOR);
        }
        self.state().is_done = true;
        self.turned.notify_all();
    }

    /// Waits for lines, and says how many were lost; `None` at the end.
    fn next(&self, lines: &mut Vec<u8>) -> Option<u64> {
        let nothing_to_do = |state: &mut State| state.waiting.is_empty() && !state.is_closed;
        let waited = self.turned.wait_while(self.state(), nothing_to_do);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        mem::swap(&mut state.waiting, lines);
        (!lines.is_empty()).then(|| mem::take(&mut state.lost))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.0.state().is_closed = true;
        self.0.turned.notify_all();
        let is_writing = |state: &mut State| !state.is_done;
        // Whoever does not read the log keeps nobody from ending.
        let _ = self.0.turned.wait_timeout_while(self.0.state(), FAREWELL, is_writing);
    }
}

impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.take_in(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    /// A reader that takes each write when it likes.
    struct Slow(SyncSender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn begin() -> (Lines, Outlet, Receiver<Vec<u8>>) {
        let (sender, receiver) = sync_channel(0);
        let (lines, outlet) = start(Slow(sender)).expect("a thread");
        (lines, outlet, receiver)
    }

    fn read(receiver: &Receiver<Vec<u8>>) -> String {
        String::from_utf8(receiver.recv().expect("a write")).expect("UTF-8")
    }

    #[test]
    fn lines_come_out_in_their_order_and_the_last_of_them_at_the_end() {
        let (lines, outlet, receiver) = begin();
        let reader = thread::spawn(move || receiver.iter().flatten().collect::<Vec<u8>>());
        let expected: String = (0..100).map(|number| format!("{number}\n")).collect();
        for line in expected.split_inclusive('\n') {
            (&lines).write_all(line.as_bytes()).expect("room");
        }
        drop(outlet);
        assert_eq!(reader.join().expect("no panic"), expected.into_bytes());
    }

    #[test]
    fn who_logs_does_not_wait_for_who_reads_and_hears_what_was_lost() {
        let (lines, _outlet, receiver) = begin();
        (&lines).write_all(b"first\n").expect("room");
        assert_eq!(read(&receiver), "first\n");
        let line = [b'x'; 1024];
        // Nobody reads now. What the writer holds while it waits for the reader makes room for as much again.
        for _ in 0..4 * CAP_BYTES / line.len() {
            (&lines).write_all(&line).expect("it is dropped if there is no room");
        }
        let told = std::iter::repeat_with(|| read(&receiver)).find(|text| text.contains("lost"));
        assert!(told.expect("a word").ends_with(" log lines were lost, they came faster than they could be written\n"));
    }

    #[test]
    fn a_log_that_nobody_reads_does_not_keep_the_program_from_ending() {
        let (lines, outlet, receiver) = begin();
        (&lines).write_all(b"first\n").expect("room");
        drop(outlet);
        drop(receiver);
    }
}
