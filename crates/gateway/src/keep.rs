//! What of the texts of a request and its answer is kept for those who hear its story.

use http::header::{self, HeaderMap, HeaderName};

/// What of the texts of a request and its answer its story holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The most bytes of the request's body; 0 for none of it. Default: 1 MiB.
    pub request_bytes: usize,
    /// The most bytes of the answer's text; 0 for none of it. Default: 1 MiB.
    pub response_bytes: usize,
}

impl Keep {
    /// Nothing of either.
    pub const NOTHING: Self = Self { request_bytes: 0, response_bytes: 0 };

    /// As much of each as one of the two keeps.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            request_bytes: self.request_bytes.max(other.request_bytes),
            response_bytes: self.response_bytes.max(other.response_bytes),
        }
    }
}

impl Default for Keep {
    fn default() -> Self {
        let mebibyte = 1024 * 1024;
        Self { request_bytes: mebibyte, response_bytes: mebibyte }
    }
}

/// Which headers of a request its story holds. Credentials are in none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepHeaders {
    /// All.
    #[default]
    All,
    /// Those alone that tell what the body is.
    OfTheBody,
}

const OF_THE_BODY: [HeaderName; 2] = [header::CONTENT_TYPE, header::CONTENT_ENCODING];

impl KeepHeaders {
    pub(crate) fn of(self, headers: &HeaderMap) -> HeaderMap {
        match self {
            Self::All => headers.clone(),
            Self::OfTheBody => {
                let value = |name: HeaderName| headers.get(&name).cloned().map(|value| (name, value));
                OF_THE_BODY.into_iter().filter_map(value).collect()
            }
        }
    }
}
