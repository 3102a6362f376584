//! The first bytes of a connection, which say which version of HTTP it speaks.
//!
//! hyper-util can tell the versions apart, too, but waits for ever for a client that says nothing, or half of it.

use crate::serve::socket::Socket;
use bytes::{Bytes, BytesMut};
use std::io;

/// Room for the first read: a request's head, and mostly its body. hyper makes its buffer larger for each further read.
const READ_BYTES: usize = 4 * 1024;

/// RFC 9113, section 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The version of HTTP that a client has begun to speak, and what was read to tell: it is part of the conversation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    Http1(Bytes),
    Http2(Bytes),
}

impl Opening {
    /// Reads as much as it takes; `None` when the client left before. Dropping the future loses what was read.
    pub(crate) async fn read(socket: &Socket) -> io::Result<Option<Self>> {
        // Whoever says nothing takes no room.
        socket.stream.readable().await?;
        let mut read = BytesMut::with_capacity(READ_BYTES);
        while socket.read(&mut read).await? > 0 {
            if let Some(opening) = Self::of(&read) {
                return Ok(Some(opening));
            }
        }
        Ok(None)
    }

    fn of(read: &[u8]) -> Option<Self> {
        let told = read.len().min(PREFACE.len());
        if read.get(..told) != PREFACE.get(..told) {
            return Some(Self::Http1(Bytes::copy_from_slice(read)));
        }
        (told == PREFACE.len()).then(|| Self::Http2(Bytes::copy_from_slice(read)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_preface_is_needed_to_tell_and_one_other_byte_is_enough() {
        for told in 1..PREFACE.len() {
            assert_eq!(Opening::of(&PREFACE[..told]), None);
        }
        assert_eq!(Opening::of(PREFACE), Some(Opening::Http2(Bytes::from_static(PREFACE))));
        for http1 in ["G", "P\r", "PO", "PRI * HTTP/1.1"] {
            assert_eq!(Opening::of(http1.as_bytes()), Some(Opening::Http1(http1.into())));
        }
    }
}
