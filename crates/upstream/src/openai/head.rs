//! The heads of requests and answers of HTTP/1.1, as bytes.

use super::framing::{Chunk, Framing};
use crate::{Fault, fault};
use bytes::{BufMut, Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};
use std::io;
use std::mem::MaybeUninit;

/// The largest head of an answer.
pub(super) const HEAD_CAP_BYTES: usize = 48 * 1024;

/// How many fields it may have.
const FIELDS_CAP: usize = 100;

/// Roughly what a field takes, for room made at once.
const FIELD_BYTES: usize = 48;

/// Room for the fields that whoever relays an answer adds to its own, so that they need not be moved for them.
const MORE_FIELDS: usize = 8;

/// Why there is no head.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoHead {
    #[error("connection closed before message completed")]
    Closed,
    #[error("connection error")]
    Io(#[from] io::Error),
    #[error("message head is too large")]
    TooLarge,
    #[error("invalid HTTP version parsed")]
    Version,
    #[error("invalid HTTP status-code parsed")]
    Status,
    #[error("invalid HTTP header parsed")]
    Field,
    #[error("invalid content-length parsed")]
    ContentLength,
    #[error("unexpected transfer-encoding parsed")]
    TransferEncoding,
}

impl NoHead {
    /// What kind of failure it is.
    pub(super) fn fault(&self) -> Fault {
        match self {
            Self::Closed => Fault::Reset,
            Self::Io(error) => fault::of_request(error),
            Self::TooLarge
            | Self::Version
            | Self::Status
            | Self::Field
            | Self::ContentLength
            | Self::TransferEncoding => Fault::BadHead,
        }
    }
}

impl From<httparse::Error> for NoHead {
    fn from(error: httparse::Error) -> Self {
        match error {
            httparse::Error::Version => Self::Version,
            httparse::Error::Status => Self::Status,
            httparse::Error::TooManyHeaders => Self::TooLarge,
            httparse::Error::HeaderName
            | httparse::Error::HeaderValue
            | httparse::Error::NewLine
            | httparse::Error::Token => Self::Field,
        }
    }
}

/// A field's name or value that is none.
#[derive(Debug)]
pub(super) struct BadField;

impl From<BadField> for NoHead {
    fn from(_: BadField) -> Self {
        Self::Field
    }
}

/// A request's head (RFC 9112, section 3). Its framing is what its body says, not what its headers do.
pub(super) fn of_request(request: &Request<Bytes>) -> Bytes {
    let fields = request.headers().len() + 1;
    let path = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut head = BytesMut::with_capacity(FIELD_BYTES * (fields + 1) + path.len());
    for part in [request.method().as_str(), " ", path, " HTTP/1.1\r\n"] {
        head.put_slice(part.as_bytes());
    }
    for (name, value) in request.headers() {
        if *name != header::CONTENT_LENGTH && *name != header::TRANSFER_ENCODING {
            put_field(&mut head, name, value);
        }
    }
    if !request.body().is_empty() || means_a_body(request.method()) {
        put_field(&mut head, &header::CONTENT_LENGTH, &HeaderValue::from(request.body().len()));
    }
    head.put_slice(b"\r\n");
    head.freeze()
}

/// Whether a request without a body says so (RFC 9110, section 8.6): some servers answer 411 to one that does not.
fn means_a_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

fn put_field(head: &mut BytesMut, name: &HeaderName, value: &HeaderValue) {
    for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
        head.put_slice(part);
    }
}

/// An answer's head, and what it says of what follows.
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) framing: Framing,
    /// Whether the connection takes another request afterwards, if all goes well.
    pub(super) stays_open: bool,
}

impl Head {
    /// Takes the head of the answer to a request of this method from what has come; `None` when it is not all there.
    /// Heads that only say that another follows are passed over.
    ///
    /// # Errors
    ///
    /// What has come is no answer's head.
    pub(super) fn take(received: &mut BytesMut, method: &Method) -> Result<Option<Self>, NoHead> {
        while let Some((length, head)) = Self::read(received, method)? {
            let _ = received.split_to(length);
            if !head.status.is_informational() || head.status == StatusCode::SWITCHING_PROTOCOLS {
                return Ok(Some(head));
            }
        }
        Ok(None)
    }

    /// The next head, and how long it is.
    fn read(received: &[u8], method: &Method) -> Result<Option<(usize, Self)>, NoHead> {
        let mut fields_found = [const { MaybeUninit::uninit() }; FIELDS_CAP];
        let mut parsed = httparse::Response::new(&mut []);
        let parser = httparse::ParserConfig::default();
        let length = match parser.parse_response_with_uninit_headers(&mut parsed, received, &mut fields_found)? {
            httparse::Status::Complete(length) if length <= HEAD_CAP_BYTES => length,
            httparse::Status::Partial if received.len() < HEAD_CAP_BYTES => return Ok(None),
            httparse::Status::Complete(_) | httparse::Status::Partial => return Err(NoHead::TooLarge),
        };
        let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(NoHead::Status)?;
        let version = if parsed.version == Some(1) { Version::Http11 } else { Version::Http10 };
        let headers = fields(received.get(..length).unwrap_or_default(), parsed.headers)?;
        let framing = framing(status, version, &headers, method)?;
        // Whoever says both how long it is and that it comes in chunks may mean two things: nothing may follow.
        let is_ambiguous =
            headers.contains_key(header::TRANSFER_ENCODING) && headers.contains_key(header::CONTENT_LENGTH);
        let stays_open = !is_ambiguous && framing != Framing::UntilClosed && version.stays_open(&headers);
        Ok(Some((length, Self { status, headers, framing, stays_open })))
    }
}

/// The fields that were found in `bytes`, of which values share one copy.
pub(super) fn fields(bytes: &[u8], found: &[httparse::Header<'_>]) -> Result<HeaderMap, BadField> {
    let copy = Bytes::copy_from_slice(bytes);
    let mut fields = HeaderMap::with_capacity(found.len() + MORE_FIELDS);
    for field in found {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| BadField)?;
        let value = HeaderValue::from_maybe_shared(same_part(&copy, bytes, field.value)).map_err(|_| BadField)?;
        fields.append(name, value);
    }
    Ok(fields)
}

/// What `part` is of `whole`, of its copy.
fn same_part(copy: &Bytes, whole: &[u8], part: &[u8]) -> Bytes {
    let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    let end = start.saturating_add(part.len());
    // An empty one may be anywhere.
    if part.is_empty() || end > copy.len() { Bytes::new() } else { copy.slice(start..end) }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

impl Version {
    /// RFC 9112, section 9.3.
    fn stays_open(self, headers: &HeaderMap) -> bool {
        let says = |option: &str| tokens(headers, &header::CONNECTION).any(|token| token.eq_ignore_ascii_case(option));
        !says("close") && (self == Self::Http11 || says("keep-alive"))
    }
}

/// RFC 9112, section 6.3.
fn framing(status: StatusCode, version: Version, headers: &HeaderMap, method: &Method) -> Result<Framing, NoHead> {
    let has_none = status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || *method == Method::HEAD;
    if has_none {
        return Ok(Framing::OVER);
    }
    if headers.contains_key(header::TRANSFER_ENCODING) {
        let is_chunked = tokens(headers, &header::TRANSFER_ENCODING).last().is_some_and(is_chunked);
        return match version {
            Version::Http10 => Err(NoHead::TransferEncoding),
            Version::Http11 if is_chunked => Ok(Framing::Chunked(Chunk::Size)),
            Version::Http11 => Ok(Framing::UntilClosed),
        };
    }
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter().flat_map(|value| value.as_bytes().split(is_comma));
    match lengths.next().map(length) {
        None => Ok(Framing::UntilClosed),
        Some(Some(first)) if lengths.all(|other| length(other) == Some(first)) => Ok(Framing::Length(first)),
        Some(_) => Err(NoHead::ContentLength),
    }
}

fn is_chunked(coding: &str) -> bool {
    coding.eq_ignore_ascii_case("chunked")
}

const fn is_comma(byte: &u8) -> bool {
    *byte == b','
}

/// Digits and nothing else.
fn length(text: &[u8]) -> Option<u64> {
    let digits = text.trim_ascii();
    let are_digits = digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| are_digits)?.parse().ok()
}

/// The members of a list that may be on several lines.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',').map(str::trim))
}
