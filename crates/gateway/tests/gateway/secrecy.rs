//! A09: what is kept is not printed, and what a defect says in its panic goes no further than standard error.
//!
//! That no log line and no answer of any test here holds a secret is watched by the house.

use crate::house::{Ask, House, PROMPT, TOKEN, entry, refusal, router};
use async_trait::async_trait;
use oar_gateway::{Backend, Gateway};
use oar_routing::{Access, Candidate, Token};
use oar_testkit::ScriptedUpstream;
use oar_testkit::canary::assert_none;
use oar_upstream::{Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use std::sync::Arc;

#[tokio::test]
async fn nothing_prints_a_token_or_a_key() {
    let upstream = ScriptedUpstream::refusing().unwrap();
    let own = Access::Tokens(vec![Token::new("canary-own-token-of-some-length")]);
    let candidate = entry("first", &upstream).access(own);
    assert_none("a candidate's `Debug`", format!("{candidate:?}"));
    assert_none("a backend's `Debug`", format!("{:?}", Backend::new(Arc::new(Indiscreet))));
    let builder = Gateway::builder(router(&[TOKEN], [candidate]));
    assert_none("a builder's `Debug`", format!("{builder:?}"));
    assert_none("a gateway's `Debug`", format!("{:?}", builder.build()));
}

/// Panics with all it was told.
struct Indiscreet;

#[async_trait]
impl Upstream for Indiscreet {
    async fn send(&self, request: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        panic!("canary, on purpose: {:?} {:?}", request.headers, request.body);
    }
}

/// L07.
#[tokio::test]
async fn what_a_panic_says_is_neither_answered_nor_told_nor_logged() {
    let house = House::with([Candidate::new("indiscreet", Arc::new(Backend::new(Arc::new(Indiscreet))))]).await;
    assert_eq!(refusal(&house.ask(&Ask::chat()).await), (500, "internal_error".into()));
    assert_none("the story", format!("{:?}", house.story().await).replace(PROMPT, ""));
}
