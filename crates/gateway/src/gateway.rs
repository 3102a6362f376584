use crate::attempt::{self, Winner};
use crate::authenticate::{self, Presented};
use crate::backend::{Backend, CredentialLabel};
use crate::budget::Budget;
use crate::cors;
use crate::head::{Head, Wanted};
use crate::ledger::{Desk, Ledger};
use crate::models::{self, Catalogue, Listing};
use crate::read::{self, Asked};
use crate::reject::{self, Reject};
use crate::relay::{self, AnswerBody};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
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
use std::time::Duration;
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
    limits: Limits,
    label: CredentialLabel,
    tunnels: TaskTracker,
    catalogue: Catalogue,
    budget: Budget,
}

/// The address of the client's end of the connection: put it into the request's extensions before serving it.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// What one request may use up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest request body. Default: 64 MiB.
    pub body_bytes: usize,
    /// How much all request bodies may hold together until they have been answered; who finds no room waits for 5 s and
    /// is refused then. Default: 512 MiB.
    pub buffered_bytes: usize,
    /// How long a request body may take. Default: 120 s.
    pub body_time: Duration,
    /// How long a request body may be silent between two pieces. Default: 30 s.
    pub body_idle: Duration,
    /// How long trying one upstream after the other may take in all, until a head (and the first event of a stream) has
    /// arrived; none by default.
    pub total: Option<Duration>,
    /// How much of an answer's text is kept for the record. Default: 1 MiB.
    pub transcript_bytes: usize,
    /// How long an upstream may take to list its models. Default: 5 s.
    pub listing: Duration,
    /// How long a listing is remembered. Default: 60 s.
    pub listing_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 64 * 1024 * 1024,
            buffered_bytes: 512 * 1024 * 1024,
            body_time: Duration::from_secs(120),
            body_idle: Duration::from_secs(30),
            total: None,
            transcript_bytes: 1024 * 1024,
            listing: Duration::from_secs(5),
            listing_age: Duration::from_secs(60),
        }
    }
}

/// Collects what a gateway is made of.
pub struct Builder {
    router: Router<Arc<Backend>>,
    observers: Vec<Arc<dyn Observer>>,
    limits: Limits,
    label: CredentialLabel,
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

    /// Sets the limits.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how the tokens of callers are called in stories.
    #[must_use]
    pub const fn label(mut self, label: CredentialLabel) -> Self {
        self.label = label;
        self
    }

    /// Sets who owns the tasks that carry upgraded connections, so that a shutdown can wait for them.
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
        let transcript_cap = self.limits.transcript_bytes;
        let shared = Shared {
            router: self.router,
            desk: Arc::new(Desk { observers: self.observers, cut: self.cut, transcript_cap }),
            limits: self.limits,
            label: self.label,
            tunnels: self.tunnels,
            catalogue: Catalogue::new(self.limits.listing, self.limits.listing_age),
            budget: Budget::new(self.limits.buffered_bytes),
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
            limits: Limits::default(),
            label: CredentialLabel::default(),
            tunnels: TaskTracker::new(),
            cut: CancellationToken::new(),
        }
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
        let (head, presented, body) = Head::split(request);
        let mut ledger = Ledger::open(&head, &self.shared.desk);
        let answered = AssertUnwindSafe(self.answer(head, presented, body, &mut ledger)).catch_unwind().await;
        let mut response = match answered.unwrap_or(Err(Reject::Panicked)) {
            Ok(Answer::Relayed(winner, upgrade)) => relay::relay(winner, upgrade, ledger, &self.shared.tunnels),
            Ok(Answer::Listed(listing)) => listing.respond(ledger),
            Err(reject) => reject::refuse(&reject, ledger),
        };
        cors::allow_all_origins(response.headers_mut());
        response
    }

    async fn answer<B>(
        &self,
        mut head: Head,
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
        let asked = read::read(&head, api, body, &self.shared.limits, &mut share).await?;
        ledger.asked(&asked);
        let plan = self.plan(&caller, &asked, ledger.seed())?;
        let upgrade = head.take_upgrade();
        let until = self.until(&head);
        let request = asked.into_upstream_request(head, presented);
        let winner = attempt::attempt(&plan, &request, until, ledger).await?;
        Ok(Answer::Relayed(winner, upgrade))
    }

    fn authenticate(&self, presented: &Presented, ledger: &mut Ledger) -> Result<Caller, Reject> {
        let caller = authenticate::authenticate(&self.shared.router, presented)?;
        ledger.caller(presented.token().map(|token| self.shared.label.of(token)));
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
        let limits = [self.shared.limits.total, head.client_patience()];
        limits.into_iter().flatten().min().map(|limit| head.arrived + limit)
    }
}

/// What the stages before the point of no return come to, when they do not refuse.
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
        f.debug_struct("Builder").field("router", &self.router).field("limits", &self.limits).finish_non_exhaustive()
    }
}
