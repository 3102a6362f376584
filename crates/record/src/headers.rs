//! Which headers of a request are kept.

use http::{HeaderMap, HeaderName, HeaderValue};
use oar_protocol::headers;
pub(crate) use told::told;

mod told;

/// Which headers of a request are kept. Credentials, cookies, and what proxies say about the client never are, whatever
/// is listed: see [`is_never_kept`].
///
/// ```
/// use http::header::{ACCEPT, AUTHORIZATION, DNT, USER_AGENT};
/// use oar_record::{KeepHeader, KeepHeaders};
///
/// assert!(KeepHeaders::Usual.has(&ACCEPT) && !KeepHeaders::Usual.has(&DNT));
/// let listed = KeepHeaders::These(vec![KeepHeader::Named(DNT), KeepHeader::StartingWith("user-".into())]);
/// assert!(listed.has(&DNT) && listed.has(&USER_AGENT) && !listed.has(&ACCEPT));
/// assert!(!KeepHeaders::All.has(&AUTHORIZATION), "no list has credentials");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeepHeaders {
    /// Those that [belong to the API](oar_protocol::headers::is_api), and those that tell which program asked: `origin`,
    /// `referer`, `http-referer`, `x-title` and `x-stainless-*`.
    #[default]
    Usual,
    /// All.
    All,
    /// Those that match one of these.
    These(Vec<KeepHeader>),
}

/// One item of a list of headers.
///
/// ```
/// use http::HeaderName;
/// use oar_record::{KeepHeader, KeepHeaders};
///
/// let team = KeepHeaders::These(vec![KeepHeader::StartingWith("x-team".into())]);
/// assert!(team.has(&HeaderName::from_static("x-team-name")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeepHeader {
    /// Of this name.
    Named(HeaderName),
    /// Of every name that begins like this, in lower case.
    StartingWith(String),
}

/// Which application asked, as browsers say, as clients of OpenRouter say (<https://openrouter.ai/docs/app-attribution>),
/// and, after this prefix, which of OpenAI's libraries, on which system.
const PROGRAM: [&str; 4] = ["origin", "referer", "http-referer", "x-title"];
const LIBRARY: &str = "x-stainless-";

impl KeepHeaders {
    /// Whether a header of this name is kept.
    ///
    /// ```
    /// # use oar_record::KeepHeaders;
    /// assert!(KeepHeaders::Usual.has(&http::header::USER_AGENT));
    /// ```
    pub fn has(&self, name: &HeaderName) -> bool {
        let is_wanted = match self {
            Self::Usual => {
                headers::is_api(name) || PROGRAM.contains(&name.as_str()) || name.as_str().starts_with(LIBRARY)
            }
            Self::All => true,
            Self::These(listed) => listed.iter().any(|item| match item {
                KeepHeader::Named(wanted) => wanted == name,
                KeepHeader::StartingWith(prefix) => name.as_str().starts_with(prefix.as_str()),
            }),
        };
        is_wanted && !is_never_kept(name)
    }

    /// Whether no header is kept, whatever it is called.
    ///
    /// ```
    /// # use oar_record::KeepHeaders;
    /// assert!(KeepHeaders::These(Vec::new()).has_none());
    /// ```
    pub fn has_none(&self) -> bool {
        matches!(self, Self::These(listed) if listed.is_empty())
    }

    /// The kept ones of `headers`.
    fn of<'a>(&self, headers: &'a HeaderMap) -> impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)> {
        headers.iter().filter(|(name, _)| self.has(name))
    }
}

/// Whether a header of this name is never kept: a credential, a cookie, or what a proxy says about the client.
///
/// ```
/// assert!(oar_record::is_never_kept(&http::header::COOKIE));
/// assert!(!oar_record::is_never_kept(&http::header::USER_AGENT));
/// ```
pub fn is_never_kept(name: &HeaderName) -> bool {
    headers::is_private(name)
}
