//! Who may use which upstream, in what order, and what to do after each attempt.
//!
//! A [`Router`] is made once from [`Candidate`]s. For each request it tells who calls ([`Router::authenticate`]), which
//! candidates may serve them and in which order ([`Router::plan`]), how long each may take, and after each attempt what
//! to do next ([`Attempt::judge`]). [`Router::explain`] says who was left out, and why.
//!
//! This crate refuses to do anything: it opens no connection, reads no clock, spawns nothing and knows no HTTP library.
//! What a candidate *is* is the embedder's business: the payload `T`.
//!
//! ## The loop
//!
//! `ask` stands for your HTTP client. The rest is what every program writes that routes:
//!
//! ```
//! use oar_routing::{Candidate, Finding, Order, Query, Router, Token, Verdict};
//! use std::time::Duration;
//!
//! /// Sends the request and says what came of it; here the first upstream is overloaded.
//! fn ask(base: &str, _timeout: Duration) -> Finding {
//!     Finding::Status(if base.contains("cheap") { 503 } else { 200 })
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // Once.
//!     let router = Router::builder(Order::Configured)
//!         .token(Token::new("team-token"))
//!         .candidate(Candidate::new("cheap", "https://cheap.example.com/v1").deny(["gpt-4o"]))
//!         .candidate(Candidate::new("good", "https://good.example.com/v1"))
//!         .build()?;
//!
//!     // For each request.
//!     let caller = router.authenticate(Some("team-token"))?;
//!     let plan = router.plan(&caller, &Query::model("gpt-4o-mini"), 0)?;
//!     let mut answered_by = None;
//!     for attempt in plan.attempts() {
//!         match attempt.judge(ask(attempt.payload(), attempt.timeout())) {
//!             Verdict::Relay => answered_by = Some(attempt.name()),
//!             Verdict::Again | Verdict::TryNext => continue,
//!             Verdict::Stop => {}
//!         }
//!         break;
//!     }
//!     assert_eq!(answered_by.map(|name| &**name), Some("good"));
//!     Ok(())
//! }
//! ```
//!
//! Once a byte has gone to your caller, ask nobody else: the loop ends with [`Verdict::Relay`]. A client that keeps
//! connections asks the same candidate again, on a new one, when it hears [`Verdict::Again`]; one that keeps none never does.
//!
//! ## What came of an attempt
//!
//! | what came of it | say | the verdict, unless a policy says otherwise |
//! | --- | --- | --- |
//! | a response head | [`Finding::Status`] | 2xx [`Verdict::Relay`], anything else [`Verdict::TryNext`] |
//! | `101`, as it was asked to | [`Finding::Switched`] | [`Verdict::Relay`] |
//! | no connection | [`Finding::Unreachable`] | [`Verdict::TryNext`] |
//! | a kept connection was dead | [`Finding::Stale`] | [`Verdict::Again`], once |
//! | the connection failed, or what came was no response | [`Finding::Broken`] | [`Verdict::TryNext`] |
//! | nothing within [`Attempt::timeout`] | [`Finding::TimedOut`] | [`Verdict::TryNext`] |
//! | a stream whose first event is an error | [`Finding::ErrorEvent`] | [`Verdict::TryNext`] |
//! | a setting that is missing | [`Finding::Misconfigured`] | [`Verdict::Stop`] |
//!
//! ## What can be said of a candidate
//!
//! | to say | with | default |
//! | --- | --- | --- |
//! | who may use it | [`Candidate::access`] | bearers of the router's tokens |
//! | for which models or paths | [`Candidate::allow`], [`Candidate::deny`] | all |
//! | how long it may take to a response head | [`Candidate::timeouts`], [`Builder::timeouts`] | 120 s; 10 s for a stream |
//! | after which failures the next one is tried | [`Candidate::failover_on`], [`Builder::failover_on`] | [`FailoverOn::Any`] |
//!
//! What must not be done twice, such as an upload, says so with [`Query::repeat`]. With [`Order::Shuffled`] each plan has an
//! order of its own, by the seed that it is asked with. A changed configuration is another router: requests that run keep theirs.

// What a router is made of.
mod builder;
mod candidate;
mod token;

// Whom it lets in, and to what.
mod passes;
mod router;

// What serves a request.
mod lists;
mod plan;
mod query;
mod set;

// What an attempt's end means for the next.
mod policy;
mod verdict;

// What people are told of all this.
mod explain;

pub use builder::{BuildError, Builder};
pub use candidate::{Access, Candidate, Timeouts};
pub use explain::{Explanation, LeftOut, Reason};
pub use plan::{Attempt, Attempts, NoRoute, Plan};
pub use policy::{FailoverOn, FailureClass};
pub use query::{Mode, Query, Repeat};
pub use router::{Caller, Order, Router, Unauthorized};
pub use token::{Fingerprint, Token};
pub use verdict::{Finding, Verdict};
