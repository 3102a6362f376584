//! When to stop, when at once, and when to read the file again.

use futures_util::stream::{self, Stream};
use std::io;
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals of somebody who wants the program to end: SIGTERM and SIGINT.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From the call on these signals no longer end the process by themselves.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one. Yields what a shell says of a process that died of it: 128 and its number.
    pub(crate) async fn next(&mut self) -> ExitCode {
        tokio::select! {
            _ = self.terminate.recv() => ExitCode::from(143),
            _ = self.interrupt.recv() => ExitCode::from(130),
        }
    }
}

/// Yields for every SIGHUP, which from the call on no longer ends the process. Several that come at once may be one.
pub(crate) fn hangups() -> io::Result<impl Stream<Item = ()>> {
    let hangup = signal(SignalKind::hangup())?;
    Ok(stream::unfold(hangup, async |mut hangup| hangup.recv().await.map(|()| ((), hangup))))
}
