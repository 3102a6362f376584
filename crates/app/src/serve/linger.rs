//! Closing a connection so that the last answer arrives.

use crate::serve::socket::Socket;
use bytes::BytesMut;
use std::time::Duration;
use tokio::time::timeout;

/// How long to wait for more of what is thrown away: a client that has read the answer stops sending, or closes.
const QUIET: Duration = Duration::from_secs(2);

/// As much as the largest body that would have been read. Who sends more is not listening.
const LINGER_CAP_BYTES: usize = 64 * 1024 * 1024;

/// Room for what one read throws away.
const SINK_BYTES: usize = 64 * 1024;

/// Says that nothing more will come, then reads and forgets what the client still sends, for at most `limit`.
///
/// Closing a socket that has unread bytes resets the connection, and more that arrive later do the same (RFC 9112,
/// section 9.6): a client in the middle of an upload would see a broken pipe instead of its 401 or 413.
pub(crate) async fn linger(socket: &Socket, limit: Duration) {
    if socket.finish().is_ok() {
        // Whatever is the matter, the connection is closed next.
        let _ = timeout(limit, forget(socket)).await;
    }
}

async fn forget(socket: &Socket) {
    let mut sink = BytesMut::with_capacity(SINK_BYTES);
    let mut forgotten = 0;
    while forgotten < LINGER_CAP_BYTES
        && let Ok(Ok(count @ 1..)) = timeout(QUIET, socket.read(&mut sink)).await
    {
        forgotten += count;
        sink.clear();
    }
}
