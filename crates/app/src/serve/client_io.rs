//! Reading from a client and writing to it, as hyper does it.

use crate::serve::conversation::Conversation;
use crate::serve::socket::Socket;
use bytes::Bytes;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A client's socket, read from its first byte although some were read already, and written to with patience that ends.
pub(crate) struct ClientIo {
    socket: Arc<Socket>,
    /// Read before, and not yet again.
    opening: Bytes,
    conversation: Arc<Conversation>,
    patience: Duration,
    /// Runs while bytes wait and the client takes none.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl ClientIo {
    /// `patience` is how long the client may take nothing of what waits to be written.
    pub(crate) const fn new(
        socket: Arc<Socket>,
        opening: Bytes,
        conversation: Arc<Conversation>,
        patience: Duration,
    ) -> Self {
        Self { socket, opening, conversation, patience, stalled: None }
    }

    fn poll_try_write(
        &mut self,
        cx: &mut Context<'_>,
        write: impl Fn(&Socket) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let ready = self.socket.stream.poll_write_ready(cx);
            ready!(self.or_stalled(ready, cx))?;
            match write(&self.socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => {
                    self.stalled = None;
                    return Poll::Ready(written);
                }
            }
        }
    }

    /// Turns waiting into an error once it has lasted for too long.
    fn or_stalled(&mut self, ready: Poll<io::Result<()>>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if ready.is_ready() {
            return ready;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(self.patience)));
        stalled.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for ClientIo {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.opening.is_empty() {
            let count = self.opening.len().min(buffer.remaining());
            let piece = self.opening.split_to(count);
            buffer.put_slice(&piece);
            return Poll::Ready(Ok(()));
        }
        loop {
            ready!(self.socket.stream.poll_read_ready(cx))?;
            match self.socket.try_read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(count) => {
                    if count > 0 {
                        self.conversation.bytes_came();
                    }
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for ClientIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_try_write(cx, |socket| socket.stream.try_write(bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_try_write(cx, |socket| socket.stream.try_write_vectored(pieces))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.socket.finish())
    }
}
