//! How long a client may take over what it does, and how many clients there may be.

use std::time::Duration;

/// What serving clients may use up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long a request's head may take from its first byte, and the first head from the moment of connecting: 10 s.
    /// What identifies HTTP/2 counts as a head.
    pub(crate) head: Duration,
    /// How long a connection is kept that runs no request: 75 s, longer than the clients we know keep theirs, so that
    /// rarely a request and our closing cross each other.
    pub(crate) idle: Duration,
    /// How long a client may take nothing of what waits to be sent to it: 60 s.
    pub(crate) write: Duration,
    /// How long what a client still sends is read and forgotten, after it was refused: 10 s.
    pub(crate) linger: Duration,
    /// How long running requests may take to finish once the service stops: 30 s.
    pub(crate) drain: Duration,
    /// How long requests that are cut may take to tell their clients so: 500 ms.
    pub(crate) farewell: Duration,
    /// How many connections there may be at a time; more wait to be accepted.
    pub(crate) connections: usize,
}

impl Limits {
    /// The default times, and at most so many connections.
    pub(crate) const fn of(connections: usize) -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            write: Duration::from_secs(60),
            linger: Duration::from_secs(10),
            drain: Duration::from_secs(30),
            farewell: Duration::from_millis(500),
            connections,
        }
    }
}
