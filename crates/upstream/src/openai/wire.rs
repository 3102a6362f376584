//! The bytes of one connection: what is still to be sent, and what has come and nobody has taken yet. It holds no room for
//! what may come: most of the time nothing does, on thousands of connections at once.

use crate::Duplex;
use bytes::buf::Chain;
use bytes::{Buf, Bytes, BytesMut};
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// As much is read at once.
const PIECE_BYTES: usize = 32 * 1024;

/// A connection, and what is on its way on either side.
pub(super) struct Wire {
    stream: Box<dyn Duplex>,
    /// A request's head and body; `None` when all of them has gone out.
    unsent: Option<Chain<Bytes, Bytes>>,
    /// Whether any of the last request has gone out.
    has_sent: bool,
    received: BytesMut,
    /// Whether anything has come since the last request.
    has_heard: bool,
}

impl Wire {
    pub(super) fn new(stream: impl Duplex) -> Self {
        Self { stream: Box::new(stream), unsent: None, has_sent: false, received: BytesMut::new(), has_heard: false }
    }

    /// Takes a request that is to be sent.
    pub(super) fn begin(&mut self, head: Bytes, body: Bytes) {
        self.unsent = Some(head.chain(body));
        (self.has_sent, self.has_heard) = (false, false);
    }

    /// Whether any of the last request has gone out.
    pub(super) const fn has_sent(&self) -> bool {
        self.has_sent
    }

    /// Whether anything has come since the last request.
    pub(super) const fn has_heard(&self) -> bool {
        self.has_heard
    }

    /// Whether everything was sent and everything that came was taken.
    pub(super) fn is_quiet(&self) -> bool {
        self.unsent.is_none() && self.received.is_empty()
    }

    /// Ready when some of the request has gone out.
    pub(super) fn poll_begin(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = self.poll_send(cx);
        if sent.is_pending() && self.has_sent { Poll::Ready(Ok(())) } else { sent }
    }

    /// Ready when all of the request has gone out.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(unsent) = &mut self.unsent else { return Poll::Ready(Ok(())) };
        while unsent.has_remaining() {
            let mut slices = [IoSlice::new(&[]); 2];
            let count = unsent.chunks_vectored(&mut slices);
            let slices = slices.get(..count).unwrap_or_default();
            let sent = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.has_sent = true;
            unsent.advance(sent);
        }
        // TLS may hold some of it.
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.unsent = None;
        Poll::Ready(Ok(()))
    }

    /// Reads once, behind what has come before; 0 is the end.
    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut room = [const { MaybeUninit::uninit() }; PIECE_BYTES];
        let mut piece = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut piece))?;
        self.received.extend_from_slice(piece.filled());
        self.has_heard |= !piece.filled().is_empty();
        Poll::Ready(Ok(piece.filled().len()))
    }

    /// Takes some of what has come, as `take` does; its room is free again once all of it was taken.
    pub(super) fn take<T>(&mut self, take: impl FnOnce(&mut BytesMut) -> T) -> T {
        let taken = take(&mut self.received);
        if self.received.is_empty() {
            self.received = BytesMut::new();
        }
        taken
    }

    /// The connection for something that is not HTTP.
    pub(super) fn into_tunnel(self) -> Rewound {
        Rewound { read: self.received.freeze(), stream: self.stream }
    }
}

/// A connection of which some was read already.
pub(super) struct Rewound {
    read: Bytes,
    stream: Box<dyn Duplex>,
}

impl AsyncRead for Rewound {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.read.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let count = self.read.len().min(buffer.remaining());
        buffer.put_slice(&self.read.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
