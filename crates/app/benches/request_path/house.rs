//! A gateway with a token and two upstreams, of which the first answers, and no HTTP before it or behind it.

use crate::Failure;
use crate::cases::{Case, TOKEN};
use crate::pieces::{Pace, Pieces};
use crate::remote::Remote;
use async_trait::async_trait;
use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::BodyExt;
use oar_gateway::{AnswerBody, Backend, Gateway, Keep, KeepHeaders, Peer, Rules};
use oar_metrics::Metrics;
use oar_record::{Counters, Recorder, Row, Store, StoreError, Writer};
use oar_routing::{Candidate, Order, Router, Token};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A gateway, and what it is asked.
pub(crate) struct House {
    gateway: Gateway,
    head: Parts,
    body: Vec<Bytes>,
    answer_bytes: usize,
}

impl House {
    /// A gateway whose stories nobody hears.
    pub(crate) fn silent(case: Case) -> Result<Self, Failure> {
        let gateway = Gateway::builder(router(case)?).rules(nothing_kept()).build();
        Self::new(case, gateway)
    }

    /// A gateway with metrics and a recorder; what writes its rows, and how many it has written.
    pub(crate) fn told(case: Case, store: Box<dyn Store>) -> Result<(Self, Writer, Counters), Failure> {
        let (recorder, writer) = Recorder::start(store, "gateway-1");
        let counters = recorder.counters();
        let metrics = Metrics::new(["primary", "spare"]);
        let gateway = Gateway::builder(router(case)?).observer(Arc::new(metrics)).observer(Arc::new(recorder)).build();
        Ok((Self::new(case, gateway)?, writer, counters))
    }

    fn new(case: Case, gateway: Gateway) -> Result<Self, Failure> {
        let answer_bytes = case.answer().iter().map(Bytes::len).sum();
        Ok(Self { gateway, head: head(case)?, body: case.request(), answer_bytes })
    }

    /// Serves one request, reads its answer, and lets the writer take the row.
    pub(crate) async fn serve(&self) -> Result<(), Failure> {
        let body = Pieces::new(self.body.clone(), Pace::Whole);
        let response = self.gateway.serve(Request::from_parts(self.head.clone(), body)).await;
        let status = response.status();
        let bytes = read(response).await?;
        tokio::task::yield_now().await;
        if status.is_success() && bytes == self.answer_bytes {
            return Ok(());
        }
        Err(format!("the answer is {status} with {bytes} bytes, not {}", self.answer_bytes).into())
    }
}

async fn read(response: Response<AnswerBody>) -> Result<usize, Failure> {
    let mut body = response.into_body();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame?.data_ref().map_or(0, Bytes::len);
    }
    Ok(bytes)
}

fn router(case: Case) -> Result<Router<Arc<Backend>>, Failure> {
    let candidate = |name| Candidate::new(name, Arc::new(Backend::new(Arc::new(Remote::of(case)))));
    let builder = Router::builder(Order::Configured).token(Token::new(TOKEN));
    Ok(builder.candidate(candidate("primary")).candidate(candidate("spare")).build()?)
}

/// What `dbtype: none` makes of it.
fn nothing_kept() -> Rules {
    Rules { keep: Keep::NOTHING, headers: KeepHeaders::OfTheBody, ..Rules::default() }
}

/// What the official Python client sends.
fn head(case: Case) -> Result<Parts, Failure> {
    let request = Request::post(case.path())
        .header("host", "127.0.0.1:8888")
        .header("accept", "application/json")
        .header("accept-encoding", "identity")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", case.request_type())
        .header("content-length", case.request().iter().map(Bytes::len).sum::<usize>())
        .header("user-agent", "OpenAI/Python 2.0.0")
        .header("x-stainless-lang", "python")
        .header("x-stainless-os", "Linux")
        .header("x-stainless-retry-count", "0")
        .extension(Peer(Ipv4Addr::LOCALHOST.into()));
    Ok(request.body(())?.into_parts().0)
}

/// A store that forgets every row.
pub(crate) struct Forgetful;

#[async_trait]
impl Store for Forgetful {
    async fn write(&mut self, _: &[Arc<Row>]) -> Result<(), StoreError> {
        Ok(())
    }
}
