//! When to stop.

use std::future::Future;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Two moments: the first SIGTERM or SIGINT, and the second, which comes from somebody who will not wait. From the call on
/// these signals no longer end the process by themselves.
pub(crate) fn stop() -> io::Result<(impl Future<Output = ()>, impl Future<Output = ()>)> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (first, seen) = oneshot::channel();
    let hurry = async move {
        either(&mut terminate, &mut interrupt).await;
        // Nobody waits for the first one any more if the service has ended already.
        let _ = first.send(());
        either(&mut terminate, &mut interrupt).await;
    };
    let stop = async move {
        let _ = seen.await;
    };
    Ok((stop, hurry))
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
