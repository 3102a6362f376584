use crate::attempt::{self, Winner};
use crate::authenticate::{self, Presented};
use crate::backend::Backend;
use crate::budget::Budget;
use crate::cors;
use crate::drain::Drains;
use crate::head::{Head, Wanted};
use crate::ledger::{Desk, Ledger};
use crate::models::{self, Catalogue, Listing};
use crate::read::{self, Asked};
use crate::reject::{self, Reject};
use crate::relay::{self, AnswerBody};
use crate::rules::Rules;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use oar_exchange::Observer;
use oar_routing::{Caller, Plan, Router};
use oar_upstream::BodyError;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The gateway as a service: one request in, one response out.
///
/// Cloning shares everything. Dropping the future of [`serve`](Self::serve), or the body of its response, means that the
/// client left: the upstream's request is dropped at once, and the story told as it stands.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

struct Shared {
    router: Router<Arc<Backend>>,
    desk: Arc<Desk>,
    rules: Rules,
    drains: Drains,
    catalogue: Catalogue,
    budget: Budget,
}

/// The address of the other end of the connection, a client's or a proxy's: put it into the request's extensions before
/// serving it.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Collects what a gateway is made of.
pub struct Builder {
    router: Router<Arc<Backend>>,
    observers: Vec<Arc<dyn Observer>>,
    rules: Rules,
    tunnels: TaskTracker,
    cut: CancellationToken,
}

impl Builder {
    /// Adds somebody who hears every request's story.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Sets what it goes by.
    #[must_use]
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Sets who owns the tasks that carry upgraded connections, and those that read answers to their end whose clients
    /// have left, so that a shutdown can wait for them.
    #[must_use]
    pub fn tunnels(mut self, tunnels: TaskTracker) -> Self {
        self.tunnels = tunnels;
        self
    }

    /// Sets the token that is cancelled when requests are cut that could not finish before a shutdown: upgraded
    /// connections end then, and a request that is dropped afterwards is told as drained, not as left by its client.
    #[must_use]
    pub fn cut(mut self, cut: CancellationToken) -> Self {
        self.cut = cut;
        self
    }

    /// Builds the gateway.
    pub fn build(self) -> Gateway {
        let Rules { limits, keep, headers, .. } = self.rules;
        let shared = Shared {
            router: self.router,
            desk: Arc::new(Desk { observers: self.observers, cut: self.cut, keep, headers }),
            rules: self.rules,
            drains: Drains::new(self.tunnels),
            catalogue: Catalogue::new(limits.listing, limits.listing_age),
            budget: Budget::new(limits.buffered_bytes),
        };
        Gateway { shared: Arc::new(shared) }
    }
}

impl Gateway {
    /// Starts a gateway over a router.
    pub fn builder(router: Router<Arc<Backend>>) -> Builder {
        Builder {
            router,
            observers: Vec::new(),
            rules: Rules::default(),
            tunnels: TaskTracker::new(),
            cut: CancellationToken::new(),
        }
    }

    /// A gateway that goes on where this one stands, by other rules: with the same observers, tunnels and room for bodies,
    /// which `rules` do not change. What this one has begun it finishes by its own rules.
    #[must_use]
    pub fn reconfigured(&self, router: Router<Arc<Backend>>, rules: Rules) -> Self {
        let Rules { limits, keep, headers, .. } = rules;
        let desk = Desk { keep, headers, ..Desk::clone(&self.shared.desk) };
        let shared = Shared {
            router,
            desk: Arc::new(desk),
            rules,
            drains: self.shared.drains.clone(),
            catalogue: Catalogue::new(limits.listing, limits.listing_age),
            budget: self.shared.budget.clone(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Whether the headers of a request present a token that opens something.
    pub fn knows(&self, headers: &HeaderMap) -> bool {
        let presented = Presented::take(&mut headers.clone());
        authenticate::authenticate(&self.shared.router, &presented).is_ok_and(|caller| caller.fingerprint().is_some())
    }

    /// How many bytes request bodies hold now, in blocks of 4 KiB.
    pub fn buffered_bytes(&self) -> usize {
        self.shared.budget.held_bytes()
    }

    /// Serves one request, whichever way it ends: the way of one request, as a list of stages.
    ///
    /// A panic of an upstream or of a stage is answered 500 and ends no other request.
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
        let mut response = match answered.unwrap_or(Err(Reject::Panicked)) {
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
}

impl Gateway {
    /// When trying ends: the operator's limit, or the client's, whichever comes first.
    fn until(&self, head: &Head) -> Option<Instant> {
        let limits = [self.shared.rules.limits.total, head.client_patience()];
        limits.into_iter().flatten().min().map(|limit| head.arrived + limit)
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

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("router", &self.router).field("rules", &self.rules).finish_non_exhaustive()
    }
}
