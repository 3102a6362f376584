use crate::{Fault, UpstreamError};
use bytes::Bytes;
use http::Request;

/// Why a connection gave no response head.
pub(super) enum Unanswered {
    /// It had ended before, and nothing of this request was sent.
    Unsent(Box<Request<Bytes>>),
    /// It failed.
    Failed(UpstreamError),
}

impl From<UpstreamError> for Unanswered {
    fn from(error: UpstreamError) -> Self {
        Self::Failed(error)
    }
}

impl From<Unanswered> for UpstreamError {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Unsent(_) => Self::new(Fault::Reset),
            Unanswered::Failed(error) => error,
        }
    }
}
