//! A client's socket, looked at by more than one: by who reads and writes, and by who watches whether the client is there.

use bytes::BytesMut;
use socket2::SockRef;
use std::io;
use std::net::Shutdown;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

/// "The client's side is closed", and nothing else. [`Interest::READABLE`] means that as well, but is also true as long as
/// there are bytes that nobody reads; of the others only this one includes it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const CLOSED: Interest = Interest::PRIORITY;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const CLOSED: Interest = Interest::READABLE;

/// How long to rest after being woken for anything else.
const REST: Duration = Duration::from_millis(250);

/// A client's socket, and its place among those that may be open. Closed when the last who shares it lets go.
pub(crate) struct Socket {
    pub(crate) stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

impl Socket {
    pub(crate) const fn new(stream: TcpStream, place: OwnedSemaphorePermit) -> Self {
        Self { stream, _place: place }
    }

    /// Resolves when the client has closed or reset the connection, or said that it will send nothing more, even if
    /// there are bytes from before that nobody has read.
    ///
    /// hyper notices only by reading, and reads nothing while it has bytes of a next request.
    pub(crate) async fn left(&self) {
        while let Ok(ready) = self.stream.ready(CLOSED).await
            && !ready.is_read_closed()
            && !ready.is_error()
        {
            sleep(REST).await;
        }
    }

    /// Reads once; 0 is the end.
    pub(crate) async fn read(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        loop {
            self.stream.readable().await?;
            match self.stream.try_read_buf(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&self) -> io::Result<()> {
        SockRef::from(&self.stream).shutdown(Shutdown::Write)
    }

    /// Makes closing the socket a reset, however it comes to that: what waits to be sent is forgotten, and the client
    /// sees an error instead of an end.
    pub(crate) fn reset_on_close(&self) {
        // A socket that takes no options any more is beyond a reset.
        let _ = self.stream.set_zero_linger();
    }

    /// Takes [`reset_on_close`](Self::reset_on_close) back: everything has been said.
    pub(crate) fn close_in_order(&self) {
        let _ = SockRef::from(&self.stream).set_linger(None);
    }
}
