//! The way of one request, from its head to its answer: the stages in their order, and nothing else.

use crate::answer::AnswerBody;
use crate::attempt::{self, Winner};
use crate::authenticate::{self, Presented};
use crate::backend::Backend;
use crate::budget::Budget;
use crate::cors;
use crate::drain::Drains;
use crate::head::{Head, Wanted};
use crate::idle::after;
use crate::ledger::{Desk, Ledger};
use crate::models::{self, Catalogue, Listing};
use crate::read::{self, Asked};
use crate::reject::{self, Reject};
use crate::relay;
use crate::rules::Rules;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use oar_routing::{Caller, Plan, Router};
use oar_upstream::BodyError;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::Instant;

/// The gateway as a service: one request in, one response out.
///
/// Cloning shares everything. Dropping the future of [`serve`](Self::serve), or the body of its response, means that the
/// client left: the upstream's request is dropped at once, and the story told as it stands; unless the answer has begun and
/// its backend wants such answers [read to their end](crate::OnClientClose::Drain).
///
/// It is a [`tower_service::Service`] that is always ready and never fails, or [`serve`](Self::serve) for whoever needs none.
///
/// ```
/// # let router = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/router.rs"));
/// let gateway = oar_gateway::Gateway::builder(router).build();
/// let for_another_connection = gateway.clone();
/// assert_eq!(format!("{for_another_connection:?}"), format!("{gateway:?}"));
/// ```
#[derive(Clone)]
pub struct Gateway {
    pub(crate) shared: Arc<Shared>,
}

/// What all clones of a gateway share.
pub(crate) struct Shared {
    pub(crate) router: Router<Arc<Backend>>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) rules: Rules,
    pub(crate) drains: Drains,
    pub(crate) catalogue: Catalogue,
    pub(crate) budget: Budget,
}

impl Gateway {
    /// Serves one request, stage by stage, whichever way it ends. Needs a Tokio runtime with time.
    ///
    /// A panic of an upstream or of a stage is answered 500 and ends no other request.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future, or the answer's body, ends the request, as a client that leaves does. Its story is told.
    ///
    /// ```
    /// # use http_body_util::BodyExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let router = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/router.rs"));
    /// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/request.rs"));
    /// let gateway = oar_gateway::Gateway::builder(router).build();
    /// let answer = gateway.serve(request).await;
    /// assert_eq!((answer.status().as_u16(), &answer.headers()["x-oar-attempts"]), (200, &"1".parse().unwrap()));
    /// assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "hello");
    /// # }
    /// ```
    pub async fn serve<B>(&self, request: Request<B>) -> Response<AnswerBody>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BodyError>,
    {
        if cors::is_preflight(&request) {
            return cors::preflight(&request);
        }
        let (mut head, presented, body) = Head::split(request, &self.shared.rules.trusted_proxies);
        let mut ledger = Ledger::open(&head, &self.shared.desk);
        let answered = AssertUnwindSafe(self.answer(&mut head, presented, body, &mut ledger)).catch_unwind().await;
        let answered = answered.unwrap_or_else(|_| {
            ledger.attempt_panics();
            Err(Reject::Panicked)
        });
        let mut response = match answered {
            Ok(Answer::Relayed(winner, upgrade)) => relay::relay(winner, upgrade, ledger, &self.shared.drains),
            Ok(Answer::Listed(listing)) => listing.respond(ledger),
            Err(reject) => reject::refuse(&reject, ledger),
        };
        cors::allow_all_origins(response.headers_mut());
        response
    }

    async fn answer<B>(
        &self,
        head: &mut Head,
        presented: Presented,
        body: B,
        ledger: &mut Ledger,
    ) -> Result<Answer, Reject>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BodyError>,
    {
        let caller = self.authenticate(&presented, ledger)?;
        let api = match head.wanted()? {
            Wanted::Models(wanted) => {
                let request = models::listing_request(head, presented);
                let listing = self.shared.catalogue.list(wanted, &self.shared.router, &caller, &request).await?;
                return Ok(Answer::Listed(listing));
            }
            Wanted::Api(api) => api,
        };
        let mut share = self.shared.budget.share();
        let asked = read::read(head, api, body, &self.shared.rules.limits, &mut share).await?;
        ledger.asked(&asked);
        let plan = self.plan(&caller, &asked, ledger.seed())?;
        let upgrade = head.take_upgrade();
        let until = self.until(head);
        let request = asked.into_upstream_request(head, presented);
        let winner = attempt::attempt(&plan, &request, until, ledger).await?;
        Ok(Answer::Relayed(winner, upgrade))
    }

    fn authenticate(&self, presented: &Presented, ledger: &mut Ledger) -> Result<Caller, Reject> {
        let caller = authenticate::authenticate(&self.shared.router, presented)?;
        ledger.caller(presented.token().map(|token| self.shared.rules.label.of_caller(&caller, token)));
        Ok(caller)
    }

    fn plan(&self, caller: &Caller, asked: &Asked, seed: u64) -> Result<Plan<Arc<Backend>>, Reject> {
        let query = asked.query();
        self.shared.router.plan(caller, &query, seed).map_err(|_| {
            tracing::debug!(explanation = %self.shared.router.explain(caller, &query), "no upstream serves the request");
            Reject::NoRoute { name: asked.name().to_owned() }
        })
    }

    /// When trying ends: the operator's limit, or the client's, whichever comes first.
    fn until(&self, head: &Head) -> Option<Instant> {
        let limits = [self.shared.rules.limits.total, head.client_patience()];
        limits.into_iter().flatten().min().map(|limit| after(head.arrived, limit))
    }

    /// Whether the headers of a request present a token that opens something: not whether an upstream is open to anybody.
    ///
    /// ```
    /// # let router = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/router.rs"));
    /// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/request.rs"));
    /// let gateway = oar_gateway::Gateway::builder(router).build();
    /// assert!(gateway.knows(request.headers()));
    /// assert!(!gateway.knows(&http::HeaderMap::new()));
    /// ```
    pub fn knows(&self, headers: &HeaderMap) -> bool {
        let presented = Presented::take(&mut headers.clone());
        authenticate::authenticate(&self.shared.router, &presented).is_ok_and(|caller| caller.fingerprint().is_some())
    }

    /// How many bytes request bodies hold now, in blocks of 4 KiB: until an upstream's answer goes to the client.
    ///
    /// ```
    /// # let router = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/router.rs"));
    /// let gateway = oar_gateway::Gateway::builder(router).build();
    /// assert_eq!(gateway.buffered_bytes(), 0);
    /// ```
    pub fn buffered_bytes(&self) -> usize {
        self.shared.budget.held_bytes()
    }
}

/// What the stages before the point of no return come to, when they do not refuse.
#[expect(clippy::large_enum_variant, reason = "it is moved once, and nearly every answer is a relayed one")]
enum Answer {
    Relayed(Winner, Option<hyper::upgrade::OnUpgrade>),
    Listed(Listing),
}

impl<B> tower_service::Service<Request<B>> for Gateway
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError> + Send,
{
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let gateway = self.clone();
        Box::pin(async move { Ok(gateway.serve(request).await) })
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("router", &self.shared.router).finish_non_exhaustive()
    }
}
