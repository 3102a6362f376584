use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue};
use oar_testkit::Head;

/// What a client saw of an answer.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The status; `None` without a head.
    pub status: Option<u16>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as far as it came.
    pub body: BytesMut,
    /// How it ended.
    pub end: End,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// As its framing promised.
    Whole,
    /// Before.
    Cut,
    /// With the client leaving.
    #[default]
    Left,
    /// Before there was one: the connection ended without a head.
    Unanswered,
}

impl Seen {
    /// The answer began so.
    pub(super) fn head(head: &Head) -> Self {
        let pair =
            |(name, value): (&str, &str)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?));
        let mut headers = HeaderMap::new();
        head.headers().filter_map(pair).for_each(|(name, value)| _ = headers.append(name, value));
        Self { status: head.status(), headers, ..Self::default() }
    }

    /// The connection ended without an answer.
    pub(super) fn nothing() -> Self {
        Self { end: End::Unanswered, ..Self::default() }
    }

    /// The first header of this name, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
