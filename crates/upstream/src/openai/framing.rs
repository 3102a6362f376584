//! Where an answer's body ends: RFC 9112, sections 6.3 and 7.1.

use super::head::{BadField, fields};
use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use std::io;

/// The longest line that says how long a chunk is. What it may say besides is of no use to anybody.
const SIZE_LINE_CAP_BYTES: usize = 16 * 1024;

/// The most bytes of fields behind the last chunk.
const TRAILERS_CAP_BYTES: usize = 16 * 1024;

/// How many of those fields there may be.
const TRAILERS_CAP: usize = 100;

/// How much of a body is still to come, and how to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes; 0 when it is over.
    Length(u64),
    /// In chunks, of which the last one is empty.
    Chunked(Chunk),
    /// As long as the connection.
    UntilClosed,
}

/// What of a chunk comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// The line that says how long it is.
    Size,
    /// So many of its bytes.
    Bytes(u64),
    /// Its line end.
    End,
    /// What follows the last one.
    Trailers,
}

/// What was found in the bytes that have come.
pub(super) enum Found {
    Data(Bytes),
    /// The fields behind the last chunk, and with them the end.
    Trailers(HeaderMap),
    /// The end of the body.
    End,
    /// Too little to tell.
    TooLittle,
}

impl Framing {
    /// The body is over.
    pub(super) const OVER: Self = Self::Length(0);

    /// Takes the next piece of the body from what has come.
    ///
    /// # Errors
    ///
    /// What has come is not what it should be.
    pub(super) fn next(&mut self, received: &mut BytesMut) -> io::Result<Found> {
        match self {
            Self::Length(0) => Ok(Found::End),
            Self::Length(left) => Ok(counted(left, received)),
            Self::UntilClosed if received.is_empty() => Ok(Found::TooLittle),
            Self::UntilClosed => Ok(Found::Data(received.split().freeze())),
            Self::Chunked(chunk) => {
                let found = chunk.next(received)?;
                if matches!(found, Found::Trailers(_) | Found::End) {
                    *self = Self::OVER;
                }
                Ok(found)
            }
        }
    }

    /// The connection has ended.
    ///
    /// # Errors
    ///
    /// It should not have yet.
    pub(super) fn closed(&mut self) -> io::Result<()> {
        let missing = match self {
            Self::UntilClosed | Self::Length(0) => {
                *self = Self::OVER;
                return Ok(());
            }
            Self::Length(_) | Self::Chunked(Chunk::Bytes(_)) => "end of file before message length reached",
            Self::Chunked(_) => "unexpected EOF during chunk size line",
        };
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, missing))
    }
}

/// What has come of so many bytes.
fn counted(left: &mut u64, received: &mut BytesMut) -> Found {
    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(received.len());
    if count == 0 {
        return Found::TooLittle;
    }
    *left -= count as u64;
    Found::Data(received.split_to(count).freeze())
}

impl Chunk {
    fn next(&mut self, received: &mut BytesMut) -> io::Result<Found> {
        loop {
            match self {
                Self::Bytes(0) => *self = Self::End,
                Self::Bytes(left) => return Ok(counted(left, received)),
                Self::Trailers => return trailers(received),
                Self::Size | Self::End => match self.after_line(received)? {
                    Some(next) => *self = next,
                    None => return Ok(Found::TooLittle),
                },
            }
        }
    }

    /// Takes the line that comes next, if all of it is there: what follows it.
    fn after_line(self, received: &mut BytesMut) -> io::Result<Option<Self>> {
        let Some(line) = line(received)? else { return Ok(None) };
        let next = match (self, line) {
            (Self::End, b"") => Self::Size,
            (Self::End, _) => return Err(malformed("invalid chunk body end")),
            (Self::Size | Self::Bytes(_) | Self::Trailers, line) => match size(line)? {
                0 => Self::Trailers,
                size => Self::Bytes(size),
            },
        };
        received.advance(line.len() + LINE_END.len());
        Ok(Some(next))
    }
}

const LINE_END: &[u8] = b"\r\n";

/// The next line, without its end.
fn line(received: &BytesMut) -> io::Result<Option<&[u8]>> {
    match received.iter().position(|&byte| byte == b'\n') {
        Some(end) => match received.get(..=end).and_then(|line| line.strip_suffix(LINE_END)) {
            Some(line) => Ok(Some(line)),
            None => Err(malformed("invalid chunk line end")),
        },
        None if received.len() > SIZE_LINE_CAP_BYTES => Err(malformed("chunk extensions over limit")),
        None => Ok(None),
    }
}

/// How long a chunk is: hexadecimal, and what follows a semicolon is not looked at.
fn size(line: &[u8]) -> io::Result<u64> {
    let end = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (digits, rest) = line.split_at_checked(end).unwrap_or_default();
    let extension = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
    if rest.contains(&b'\r') || extension.is_some_and(|&first| first != b';') {
        return Err(malformed("invalid chunk size line"));
    }
    let digits = std::str::from_utf8(digits).unwrap_or_default();
    u64::from_str_radix(digits, 16).map_err(|_| malformed("invalid chunk size"))
}

/// The fields behind the last chunk, and the empty line that ends them.
fn trailers(received: &mut BytesMut) -> io::Result<Found> {
    if received.starts_with(LINE_END) {
        received.advance(LINE_END.len());
        return Ok(Found::End);
    }
    let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else {
        let is_too_long = received.len() > TRAILERS_CAP_BYTES;
        return if is_too_long { Err(malformed("chunk trailers bytes over limit")) } else { Ok(Found::TooLittle) };
    };
    let bytes = received.split_to(end + 4).freeze();
    // Whether such a line feed ends a field is told in two ways.
    if bytes.windows(2).any(|pair| matches!(pair, &[before, b'\n'] if before != b'\r')) {
        return Err(malformed("invalid trailers"));
    }
    let mut headers = [httparse::EMPTY_HEADER; TRAILERS_CAP];
    match httparse::parse_headers(&bytes, &mut headers) {
        Ok(httparse::Status::Complete((_, headers))) => {
            Ok(Found::Trailers(fields(&bytes, headers).map_err(|BadField| malformed("invalid trailers"))?))
        }
        Ok(httparse::Status::Partial) | Err(_) => Err(malformed("invalid trailers")),
    }
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
