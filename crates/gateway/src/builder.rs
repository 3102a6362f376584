//! What a gateway is made of, put together once.

use crate::backend::Backend;
use crate::budget::Budget;
use crate::drain::Drains;
use crate::gateway::{Gateway, Shared};
use crate::ledger::Desk;
use crate::models::Catalogue;
use crate::rules::Rules;
use oar_exchange::Observer;
use oar_routing::Router;
use std::fmt;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Collects what a gateway is made of. From [`Gateway::builder`].
///
/// ```
/// # use oar_gateway::{Gateway, Rules};
/// # let router = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/router.rs"));
/// use tokio_util::{sync::CancellationToken, task::TaskTracker};
///
/// let (tasks, cut) = (TaskTracker::new(), CancellationToken::new());
/// let gateway = Gateway::builder(router).rules(Rules::default()).tunnels(tasks.clone()).cut(cut.clone()).build();
/// // Later, when nobody is let in any more: those that still run are cut, and waited for.
/// cut.cancel();
/// tasks.close();
/// assert!(tasks.is_empty());
/// ```
pub struct Builder {
    router: Router<Arc<Backend>>,
    observers: Vec<Arc<dyn Observer>>,
    rules: Rules,
    tunnels: TaskTracker,
    cut: CancellationToken,
}

impl Builder {
    /// Adds somebody who hears every request's story. By default nobody does.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let router = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/router.rs"));
    /// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/request.rs"));
    /// let heard = oar_testkit::Heard::new();
    /// let gateway = oar_gateway::Gateway::builder(router).observer(heard.clone()).build();
    /// drop(gateway.serve(request).await);
    /// assert_eq!(heard.only().await.outcome, oar_exchange::Outcome::ClientClosed);
    /// # }
    /// ```
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Sets what it goes by. Default: [`Rules::default`].
    ///
    /// ```
    /// # use oar_gateway::{Gateway, Limits, Rules};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let router = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/router.rs"));
    /// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/request.rs"));
    /// let limits = Limits { body_bytes: 10, ..Limits::default() };
    /// let gateway = Gateway::builder(router).rules(Rules { limits, ..Rules::default() }).build();
    /// assert_eq!(gateway.serve(request).await.status(), 413);
    /// # }
    /// ```
    #[must_use]
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Sets who owns the tasks that carry upgraded connections, and those that read answers to their end whose clients
    /// have left, so that a shutdown can wait for them. By default nobody can.
    ///
    /// ```
    /// # let router = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/router.rs"));
    /// let tasks = tokio_util::task::TaskTracker::new();
    /// let gateway = oar_gateway::Gateway::builder(router).tunnels(tasks.clone()).build();
    /// assert!(tasks.is_empty(), "nothing runs beside its requests");
    /// ```
    #[must_use]
    pub fn tunnels(mut self, tunnels: TaskTracker) -> Self {
        self.tunnels = tunnels;
        self
    }

    /// Sets the token that is cancelled when requests are cut that could not finish before a shutdown: upgraded
    /// connections end then, and a request that is dropped afterwards is told as drained, not as left by its client. By
    /// default nobody has it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let router = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/router.rs"));
    /// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/request.rs"));
    /// let (cut, heard) = (tokio_util::sync::CancellationToken::new(), oar_testkit::Heard::new());
    /// let gateway = oar_gateway::Gateway::builder(router).observer(heard.clone()).cut(cut.clone()).build();
    /// let answer = gateway.serve(request).await;
    /// cut.cancel();
    /// drop(answer);
    /// assert_eq!(heard.only().await.outcome, oar_exchange::Outcome::Drained);
    /// # }
    /// ```
    #[must_use]
    pub fn cut(mut self, cut: CancellationToken) -> Self {
        self.cut = cut;
        self
    }

    /// Builds the gateway. Needs no runtime yet.
    ///
    /// ```
    /// # let router = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/router.rs"));
    /// let gateway = oar_gateway::Gateway::builder(router).build();
    /// assert_eq!(gateway.buffered_bytes(), 0);
    /// ```
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
    ///
    /// ```
    /// # let router = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/router.rs"));
    /// let gateway = oar_gateway::Gateway::builder(router).build();
    /// assert!(format!("{gateway:?}").starts_with("Gateway"));
    /// ```
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
    ///
    /// ```
    /// # use oar_gateway::{Backend, Gateway, Limits, Rules};
    /// # use oar_routing::{Candidate, Order, Router, Token};
    /// # use std::sync::Arc;
    /// # let router = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/router.rs"));
    /// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/request.rs"));
    /// # let upstream = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/upstream.rs"));
    /// let gateway = Gateway::builder(router).build();
    /// let backend = Arc::new(Backend::new(upstream));
    /// let router = Router::builder(Order::Configured).token(Token::new("new-token")).candidate(Candidate::new("hello", backend));
    /// let reloaded = gateway.reconfigured(router.build()?, Rules::default());
    /// assert!(gateway.knows(request.headers()) && !reloaded.knows(request.headers()));
    /// # Ok::<(), oar_routing::BuildError>(())
    /// ```
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
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("router", &self.router).field("rules", &self.rules).finish_non_exhaustive()
    }
}
