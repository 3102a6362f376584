use super::line_with_one;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// More would only repeat.
const CAP: usize = 20;

/// What was seen in this process, and who will tell.
static SEEN: Mutex<Seen> = Mutex::new(Seen { sightings: Vec::new(), watched: Vec::new() });

struct Seen {
    sightings: Vec<Sighting>,
    /// The threads of tests that have a watch: a test hears of its own thread from nobody else.
    watched: Vec<ThreadId>,
}

struct Sighting {
    thread: ThreadId,
    text: String,
}

/// Looks at `text`, and remembers the line with a secret in it, if there is one; `place` is what the text is. Does not
/// panic, so it may be called from anywhere: inside a logger, a hook, a task.
///
/// ```
/// use oar_testkit::canary::{look, sightings};
///
/// look("a file", "key: canary-key");
/// assert!(sightings()[0].starts_with("in a file, on thread ") && sightings()[0].ends_with(": key: canary-key"));
/// ```
pub fn look(place: &str, text: impl AsRef<[u8]>) {
    let Some(line) = line_with_one(text) else { return };
    let thread = thread::current();
    let text = format!("in {place}, on thread `{}`: {line}", thread.name().unwrap_or("without a name"));
    let mut seen = seen();
    if seen.sightings.len() < CAP && seen.sightings.iter().all(|other| other.text != text) {
        seen.sightings.push(Sighting { thread: thread.id(), text });
    }
}

/// Everything seen so far in this process that has failed no test yet: where, by which thread (tests are threads), and
/// the line.
///
/// ```
/// use oar_testkit::canary::{look, sightings};
///
/// look("a dump", "model: gpt-4o");
/// assert!(sightings().is_empty(), "that is no secret");
/// look("a dump", "token: canary-1\nmodel: gpt-4o");
/// assert!(sightings()[0].ends_with(": token: canary-1"), "and no more than the line");
/// ```
pub fn sightings() -> Vec<String> {
    seen().sightings.iter().map(|sighting| sighting.text.clone()).collect()
}

/// This thread has a watch, of which [`hand_over`] is the end.
pub(super) fn watch(thread: ThreadId) {
    seen().watched.push(thread);
}

/// What the watch of this thread has to tell: what was seen on it, and on threads that have no watch of their own.
pub(super) fn hand_over(thread: ThreadId) -> Vec<String> {
    let mut seen = seen();
    leave(&mut seen, thread);
    let Seen { sightings, watched } = &mut *seen;
    let told = sightings.extract_if(.., |sighting| sighting.thread == thread || !watched.contains(&sighting.thread));
    told.map(|sighting| sighting.text).collect()
}

/// This thread's watch ends and cannot tell: what it saw is for the others.
pub(super) fn abandon(thread: ThreadId) {
    leave(&mut seen(), thread);
}

fn leave(seen: &mut Seen, thread: ThreadId) {
    if let Some(at) = seen.watched.iter().position(|other| *other == thread) {
        seen.watched.swap_remove(at);
    }
}

fn seen() -> MutexGuard<'static, Seen> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}
