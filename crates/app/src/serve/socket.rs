//! A client's socket, looked at by more than one: by who reads and writes, and by who watches whether the client is there.

use crate::serve::workers::Seat;
use bytes::BytesMut;
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::Shutdown;
use std::time::Duration;
use tokio::io::{Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

/// "The client's side is closed", and nothing else. [`Interest::READABLE`] means that as well, but is also true as long as
/// there are bytes that nobody reads; of the others only this one includes it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const CLOSED: Interest = Interest::PRIORITY;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const CLOSED: Interest = Interest::READABLE;

/// Whether the system tells of bytes that come after the last that were read, as epoll does when it is asked for edges.
const TELLS_OF_MORE: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// How long to rest after being woken for anything else.
const REST: Duration = Duration::from_millis(250);

/// After how much silence the system asks whether a client's machine is still there, and how often.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How much the system keeps of an answer that it cannot send yet. Without a limit that is megabytes for each client that
/// reads slowly, and that it reads at all shows late.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_CAP_BYTES: u32 = 64 * 1024;

/// A client's socket, and its place among those that may be open. Closed when the last who shares it lets go.
pub(crate) struct Socket {
    pub(crate) stream: TcpStream,
    _place: Place,
}

/// What a connection takes of what there is.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _seat: Seat,
}

impl Place {
    /// One of the connections that there may be, and where it is served.
    pub(crate) const fn new(permit: OwnedSemaphorePermit, seat: Seat) -> Self {
        Self { _permit: permit, _seat: seat }
    }
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, place: Place) -> Self {
        if let Err(error) = set_options(&SockRef::from(&stream)) {
            tracing::debug!(%error, "a client's socket does not take every option");
        }
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

    /// Reads once, if there may be anything to read; 0 is the end.
    ///
    /// Less than there was room for is all there was: nobody need ask again before the system tells of more. That is what
    /// Tokio does for those who own a socket, and it saves a call for each request.
    pub(crate) fn try_read(&self, buffer: &mut ReadBuf<'_>) -> io::Result<usize> {
        let mut all = None;
        let read = self.stream.try_io(Interest::READABLE, || {
            let count = self.stream.try_read_buf(buffer)?;
            if TELLS_OF_MORE && count > 0 && buffer.remaining() > 0 {
                all = Some(count);
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Ok(count)
        });
        all.map_or(read, Ok)
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

fn set_options(socket: &SockRef<'_>) -> io::Result<()> {
    // Events of a stream are small and must not wait for each other.
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEP_ALIVE).with_interval(KEEP_ALIVE))?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_notsent_lowat(UNSENT_CAP_BYTES)?;
    Ok(())
}
