//! `GET /v1/models`: the union of what the caller may use.

use crate::answer::{self, AnswerBody};
use crate::authenticate::Presented;
use crate::backend::Backend;
use crate::collect::collect;
use crate::head::{Head, WantedModels};
use crate::ledger::Ledger;
use crate::reject::Reject;
use bytes::Bytes;
use futures_util::future::join_all;
use http::header::{self, HeaderName};
use http::{HeaderMap, Method, Response, StatusCode};
use oar_exchange::Outcome;
use oar_protocol::{Model, ModelList};
use oar_routing::{Caller, Candidate, Query, Router};
use oar_upstream::{Connection, ResponseBody, UpstreamRequest};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// No listing is longer than this; OpenAI's has some 20 KB.
const LISTING_CAP_BYTES: usize = 4 * 1024 * 1024;

/// What upstreams list, remembered for a while: one entry for each upstream, no more.
pub(crate) struct Catalogue {
    patience: Duration,
    age: Duration,
    listed: Mutex<HashMap<Arc<str>, Remembered>>,
}

struct Remembered {
    at: Instant,
    models: Arc<ModelList>,
}

/// The JSON text of an answer to a question about models.
pub(crate) struct Listing(Bytes);

impl Catalogue {
    pub(crate) fn new(patience: Duration, age: Duration) -> Self {
        Self { patience, age, listed: Mutex::default() }
    }

    /// Answers a question about models for one caller.
    pub(crate) async fn list(
        &self,
        wanted: WantedModels,
        router: &Router<Arc<Backend>>,
        caller: &Caller,
        request: &UpstreamRequest,
    ) -> Result<Listing, Reject> {
        let mut lists = Vec::new();
        for candidate in router.candidates(caller) {
            lists.push(self.models_of(candidate, request));
        }
        let models: ModelList = join_all(lists).await.into_iter().flatten().collect();
        match wanted {
            WantedModels::All => Ok(Listing(models.to_json().into())),
            WantedModels::One(id) => match models.get(&id) {
                Some(model) => Ok(Listing(Bytes::copy_from_slice(model.json().as_bytes()))),
                None => Err(Reject::UnknownModel { id }),
            },
        }
    }

    /// The models of one upstream: the names on its allow list, or what it lists itself, without what it is denied.
    async fn models_of(&self, candidate: &Candidate<Arc<Backend>>, request: &UpstreamRequest) -> Vec<Model> {
        if let Some(allowed) = candidate.allowed() {
            let mut names: Vec<&str> = allowed.filter(|name| !name.starts_with('/')).collect();
            names.sort_unstable();
            return names.into_iter().map(|name| Model::named(name, candidate.name())).collect();
        }
        let listed = self.listed_by(candidate, request).await;
        listed.iter().filter(|model| candidate.serves(&Query::model(model.id()))).cloned().collect()
    }

    async fn listed_by(&self, candidate: &Candidate<Arc<Backend>>, request: &UpstreamRequest) -> Arc<ModelList> {
        let backend = candidate.payload();
        if backend.passes_client_token {
            // What it lists depends on who asks.
            return self.ask(backend, request).await.unwrap_or_default();
        }
        if let Some(fresh) = self.recall(candidate.name(), Some(self.age)) {
            return fresh;
        }
        let listed = self.ask(backend, request).await;
        // An upstream that does not answer now is taken at its last word, and not asked again for a while.
        let models = listed.or_else(|| self.recall(candidate.name(), None)).unwrap_or_default();
        self.remember(candidate.name(), &models);
        models
    }

    async fn ask(&self, backend: &Backend, request: &UpstreamRequest) -> Option<Arc<ModelList>> {
        let listing = timeout(self.patience, fetch(backend, request, self.patience)).await.ok()??;
        Some(Arc::new(listing))
    }

    fn recall(&self, name: &Arc<str>, age: Option<Duration>) -> Option<Arc<ModelList>> {
        let listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        let remembered = listed.get(name).filter(|entry| age.is_none_or(|age| entry.at.elapsed() < age))?;
        Some(Arc::clone(&remembered.models))
    }

    fn remember(&self, name: &Arc<str>, models: &Arc<ModelList>) {
        let entry = Remembered { at: Instant::now(), models: Arc::clone(models) };
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(name), entry);
    }
}

async fn fetch(backend: &Backend, request: &UpstreamRequest, patience: Duration) -> Option<ModelList> {
    let response = backend.upstream.send(request).await.ok().filter(|response| response.status.is_success())?;
    let ResponseBody::Body(body) = response.body else { return None };
    let body = collect(body, LISTING_CAP_BYTES, patience).await.ok()?;
    ModelList::parse(&body).ok()
}

/// What would have an upstream answer with a part of its list, with none, or with what is not read here.
const NOT_FOR_A_LISTING: [HeaderName; 7] = [
    header::ACCEPT_ENCODING,
    header::RANGE,
    header::IF_RANGE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
];

/// The request that asks an upstream for its models. One client's list is every client's, so it says nothing of how this
/// one wants it.
pub(crate) fn listing_request(head: &mut Head, presented: Presented) -> UpstreamRequest {
    let mut headers = head.take_outgoing_headers();
    for name in NOT_FOR_A_LISTING {
        headers.remove(name);
    }
    UpstreamRequest {
        method: Method::GET,
        path_and_query: "/models".into(),
        headers,
        body: Bytes::new(),
        model: None,
        stream: false,
        request_id: std::mem::take(&mut head.request_id),
        client_token: presented.into_token(),
        upgrade: None,
        connection: Connection::Any,
    }
}

impl Listing {
    /// Answers with it, and closes the story.
    pub(crate) fn respond(self, ledger: Ledger) -> Response<AnswerBody> {
        answer::own(StatusCode::OK, HeaderMap::new(), self.0, ledger, (Outcome::Ok, None))
    }
}
