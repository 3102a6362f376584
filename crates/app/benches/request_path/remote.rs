//! The upstream: one that answers at once, from memory.

use crate::cases::Case;
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use oar_upstream::{Description, ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};

/// An upstream that gives every request the answer of one case.
pub(crate) struct Remote {
    case: Case,
    headers: HeaderMap,
    answer: Vec<Bytes>,
}

impl Remote {
    pub(crate) fn of(case: Case) -> Self {
        let header = |(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        Self { case, headers: case.answer_headers().map(header).into_iter().collect(), answer: case.answer() }
    }
}

#[async_trait]
impl Upstream for Remote {
    async fn send(&self, _: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        let body = ResponseBody::stream(self.case.coming(self.answer.clone()));
        Ok(UpstreamResponse { status: StatusCode::OK, headers: self.headers.clone(), body })
    }

    fn describe(&self) -> Description {
        let key = Some("sk-upstream-0123456789".to_owned().into());
        Description { endpoint: "https://api.example/v1".to_owned(), key, ..Description::default() }
    }
}
