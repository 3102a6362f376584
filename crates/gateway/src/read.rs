//! The whole body, once, so that every attempt can send the same bytes.

use crate::authenticate::Presented;
use crate::budget::{NoRoom, Share};
use crate::collect::{Uncollected, collect_into};
use crate::head::{Api, Head};
use crate::reject::Reject;
use crate::rules::Limits;
use bytes::Bytes;
use http::Method;
use http_body::Body;
use oar_protocol::{Facts, FactsError, Form};
use oar_routing::{Mode, Query, Repeat};
use oar_upstream::{BodyError, Connection, UpstreamRequest};
use tokio::time::timeout;

/// A request that has been read.
pub(crate) struct Asked {
    pub(crate) facts: Facts,
    pub(crate) body: Bytes,
    api: Api,
    /// A second name that allow and deny lists know the request by.
    alias: Option<String>,
    /// Whether a second upstream may carry it out after a first one may have.
    repeat: Repeat,
}

/// Reads the body, within `limits`, and what it says about routing.
pub(crate) async fn read<B>(head: &Head, api: Api, body: B, limits: &Limits, share: &mut Share) -> Result<Asked, Reject>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BodyError>,
{
    if head.is_encoded() {
        return Err(Reject::EncodedBody);
    }
    let cap = limits.body_bytes;
    if head.content_length.is_some_and(|length| length > cap as u64) {
        return Err(Reject::BodyTooLarge { cap });
    }
    let promised = head.content_length.and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    share.grow_to(promised).await.map_err(|NoRoom| Reject::Overloaded)?;
    let collecting = timeout(limits.body_time, collect_into(body, cap, limits.body_idle, share));
    let body = collecting.await.unwrap_or(Err(Uncollected::Stalled)).map_err(|why| match why {
        Uncollected::TooLong => Reject::BodyTooLarge { cap },
        Uncollected::Broken => Reject::UnreadableBody,
        Uncollected::CutOff => Reject::ClientLeft,
        Uncollected::Stalled => Reject::SlowBody,
        Uncollected::NoRoom => Reject::Overloaded,
    })?;
    // A cancelled HTTP/2 stream can look like a proper end.
    if head.content_length.is_some_and(|length| length != body.len() as u64) {
        return Err(Reject::ClientLeft);
    }
    let facts = Facts::read(head.content_type(), &body).map_err(Reject::Facts)?;
    let alias = alias(head, &api, &facts).map_err(Reject::Facts)?;
    let repeat = repeat(&head.method, &api.suffix_and_query);
    Ok(Asked { facts, body, api, alias, repeat })
}

/// Most requests only cost money when they are carried out twice. These leave something behind, or take it away.
fn repeat(method: &Method, suffix: &str) -> Repeat {
    const LASTING: [&str; 3] = ["/files", "/batches", "/fine_tuning"];
    let lasting = *method == Method::POST && LASTING.iter().any(|prefix| suffix.starts_with(prefix));
    if lasting || *method == Method::DELETE { Repeat::OnlyIfUnseen } else { Repeat::Anywhere }
}

/// A form goes by its model and by its path; a WebSocket by the model in its query and by its path.
fn alias(head: &Head, api: &Api, facts: &Facts) -> Result<Option<String>, FactsError> {
    if head.upgrade_protocol().is_some() {
        let in_query = head.uri.query().map(oar_protocol::query_model).transpose()?.flatten();
        let in_both = in_query.is_some() && facts.model.is_some();
        return if in_both { Err(FactsError::Duplicate("model")) } else { Ok(in_query) };
    }
    let is_form = matches!(facts.form, Form::Multipart | Form::UrlEncoded);
    Ok((is_form && facts.model.is_some()).then(|| api.path.clone()))
}

impl Asked {
    /// The model, or the path where the request names none.
    pub(crate) fn name(&self) -> &str {
        self.facts.model.as_deref().unwrap_or(&self.api.path)
    }

    pub(crate) fn query(&self) -> Query<'_> {
        let mode = if self.facts.stream { Mode::Stream } else { Mode::Plain };
        let query = Query::model(self.name()).mode(mode).repeat(self.repeat);
        self.alias.as_deref().map_or(query, |alias| query.or(alias))
    }

    /// The request as every attempt sends it, with what the head has for it.
    pub(crate) fn into_upstream_request(self, head: &mut Head, presented: Presented) -> UpstreamRequest {
        UpstreamRequest {
            upgrade: head.upgrade_protocol().cloned(),
            headers: head.take_outgoing_headers(),
            method: head.method.clone(),
            path_and_query: self.api.suffix_and_query,
            body: self.body,
            model: self.facts.model,
            stream: self.facts.stream,
            request_id: std::mem::take(&mut head.request_id),
            client_token: presented.into_token(),
            connection: Connection::Any,
        }
    }
}
