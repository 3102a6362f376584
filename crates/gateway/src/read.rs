//! The whole body, once, so that every attempt can send the same bytes.

use crate::authenticate::Presented;
use crate::collect::{Uncollected, collect};
use crate::head::{Api, Head};
use crate::reject::Reject;
use bytes::Bytes;
use http_body::Body;
use oar_protocol::{Facts, Form};
use oar_routing::{Mode, Query};
use oar_upstream::{BodyError, UpstreamRequest};

/// A request that has been read.
pub(crate) struct Asked {
    pub(crate) facts: Facts,
    pub(crate) body: Bytes,
    api: Api,
    /// A second name that allow and deny lists know the request by.
    alias: Option<String>,
}

/// Reads the body, at most `cap` bytes of it, and what it says about routing.
pub(crate) async fn read<B>(head: &Head, api: Api, body: B, cap: usize) -> Result<Asked, Reject>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BodyError>,
{
    if head.is_encoded() {
        return Err(Reject::EncodedBody);
    }
    if head.content_length.is_some_and(|length| length > cap as u64) {
        return Err(Reject::BodyTooLarge { cap });
    }
    let body = collect(body, cap).await.map_err(|why| match why {
        Uncollected::TooLong => Reject::BodyTooLarge { cap },
        Uncollected::Broken => Reject::UnreadableBody,
        Uncollected::CutOff => Reject::ClientLeft,
    })?;
    let facts = Facts::read(head.content_type(), &body).map_err(Reject::Facts)?;
    let alias = alias(head, &api, &facts);
    Ok(Asked { facts, body, api, alias })
}

/// An upload goes by its model and by its path; a WebSocket by the model in its query and by its path.
fn alias(head: &Head, api: &Api, facts: &Facts) -> Option<String> {
    if facts.form == Form::Multipart && facts.model.is_some() {
        return Some(api.path.clone());
    }
    head.upgrade_protocol()?;
    let model = head.uri.query()?.split('&').find_map(|pair| pair.strip_prefix("model="))?;
    oar_protocol::decode_segment(model)
}

impl Asked {
    /// The model, or the path where the request names none.
    pub(crate) fn name(&self) -> &str {
        self.facts.model.as_deref().unwrap_or(&self.api.path)
    }

    pub(crate) fn query(&self) -> Query<'_> {
        let mode = if self.facts.stream { Mode::Stream } else { Mode::Plain };
        let query = Query::model(self.name()).mode(mode);
        self.alias.as_deref().map_or(query, |alias| query.or(alias))
    }

    /// The request as every attempt sends it.
    pub(crate) fn into_upstream_request(self, head: Head, presented: Presented) -> UpstreamRequest {
        UpstreamRequest {
            upgrade: head.upgrade_protocol().cloned(),
            method: head.method,
            path_and_query: self.api.suffix_and_query,
            headers: head.headers,
            body: self.body,
            model: self.facts.model,
            stream: self.facts.stream,
            request_id: head.request_id,
            client_token: presented.into_token(),
        }
    }
}
