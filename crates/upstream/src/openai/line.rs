//! Connections that remember: only what a connection has seen can tell a server that fails from one that has just closed a
//! connection for being idle.

use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection of HTTP/1, on which one request follows the other, with a memory of what has passed.
///
/// HTTP/2 has many requests at a time on one connection, and says itself which of them were not taken (RFC 9113 section
/// 6.8), so there the memory is handed to nobody.
#[derive(Debug)]
pub(super) struct Line<S> {
    stream: S,
    memory: Memory,
}

/// What a [`Line`] remembers. hyper-util hands it out with each response and with each error of its connection.
#[derive(Clone, Debug)]
pub(super) struct Memory(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    seen: Seen,
    is_given_up: bool,
    /// Who waits until there is room to write.
    writer: Option<Waker>,
}

/// How far the requests of a connection have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// No answer has come yet, so the connection was made for the request that is on it.
    First,
    /// The last request has its answer.
    Answered,
    /// Another request has followed, and not a byte of its answer.
    AskedAgain,
    /// Some of its answer.
    Heard,
}

impl<S> Line<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, memory: Memory::new() }
    }
}

impl Memory {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(State { seen: Seen::First, is_given_up: false, writer: None })))
    }

    /// The memory of a connection, if it has one.
    pub(super) fn of_connection(connected: &Connected) -> Option<Self> {
        let mut extensions = http::Extensions::new();
        connected.get_extras(&mut extensions);
        extensions.remove()
    }

    /// The memory of the connection that a response came on, if it has one.
    pub(super) fn of_response<B>(response: &http::Response<B>) -> Option<&Self> {
        response.extensions().get()
    }

    /// The memory of the connection on which a request failed, if it has one.
    pub(super) fn of_error(error: &legacy::Error) -> Option<Self> {
        Self::of_connection(error.connect_info()?)
    }

    /// Nobody waits for the answer any more. hyper ends the connection, but first writes what it holds of the request: a
    /// server that takes nothing would keep both for ever.
    pub(super) fn gives_up(&self) {
        let mut state = self.state();
        state.is_given_up = true;
        if let Some(writer) = state.writer.take() {
            writer.wake();
        }
    }

    /// What came of writing, unless the request was given up.
    fn written(&self, written: Poll<io::Result<usize>>, cx: &Context<'_>) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        if state.is_given_up {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        state.writer = written.is_pending().then(|| cx.waker().clone());
        written
    }

    /// The head of a response has come. Where the next request overtakes this word, a stale connection passes for a broken
    /// one; never the other way round.
    pub(super) fn answered(&self) {
        self.turn(|_| Seen::Answered);
    }

    /// Whether a request was sent after an earlier one's answer, and nothing has come since.
    pub(super) fn is_stale(&self) -> bool {
        self.state().seen == Seen::AskedAgain
    }

    /// Bytes are about to go out: if this fails, a request was cut off all the same.
    fn writes(&self) {
        self.turn(|seen| if seen == Seen::Answered { Seen::AskedAgain } else { seen });
    }

    fn reads(&self) {
        self.turn(|seen| if seen == Seen::AskedAgain { Seen::Heard } else { seen });
    }

    fn turn(&self, next: impl FnOnce(Seen) -> Seen) {
        let mut state = self.state();
        state.seen = next(state.seen);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Connection> Connection for Line<S> {
    fn connected(&self) -> Connected {
        let connected = self.stream.connected();
        if connected.is_negotiated_h2() { connected } else { connected.extra(self.memory.clone()) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.memory.reads();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.memory.writes();
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.memory.written(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.memory.writes();
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.memory.written(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Agreed on this protocol.
    struct Agreed(fn(Connected) -> Connected);

    impl Connection for Agreed {
        fn connected(&self) -> Connected {
            (self.0)(Connected::new())
        }
    }

    /// U15: requests that share a connection cannot tell whose silence it was.
    #[test]
    fn only_http_1_hands_its_memory_out() {
        for (agreed, expected) in [(Agreed(|it| it), true), (Agreed(Connected::negotiated_h2), false)] {
            let mut extensions = http::Extensions::new();
            Line::new(agreed).connected().get_extras(&mut extensions);
            assert_eq!(extensions.get::<Memory>().is_some(), expected);
        }
    }

    /// Whether the connection is stale after `words`, each of which is what happens on it.
    fn is_stale(words: &str) -> bool {
        let memory = Line::new(()).memory;
        for word in words.split(' ') {
            match word {
                "write" => memory.writes(),
                "read" => memory.reads(),
                "answered" => memory.answered(),
                _ => panic!("{word}"),
            }
        }
        memory.is_stale()
    }

    /// U15.
    #[test]
    fn a_connection_is_stale_when_a_later_request_has_heard_nothing() {
        for stale in ["write read answered write", "write read answered read write write"] {
            assert!(is_stale(stale), "{stale}");
        }
        let twice = "write read answered write read answered write";
        assert!(is_stale(twice), "{twice}");
    }

    /// U15, U07.
    #[test]
    fn a_first_request_and_one_that_has_heard_something_make_none() {
        for sound in [
            "write",
            "write read write",
            "write read answered",
            "write read answered write read",
            // An answer that begins while the request is still on its way.
            "write read answered write read write",
        ] {
            assert!(!is_stale(sound), "{sound}");
        }
    }
}
