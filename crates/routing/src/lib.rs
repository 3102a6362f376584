//! Who may use which upstream, in what order, and what to do after each attempt.
//!
//! A [`Router`] is made once from [`Candidate`]s. For each request it tells who calls ([`Router::authenticate`]), which
//! candidates may serve them and in which order ([`Router::plan`]), how long each may take, and after each attempt what
//! to do next ([`Attempt::judge`]). [`Router::explain`] says who was left out, and why.
//!
//! This crate refuses to do anything: it opens no connection, reads no clock, spawns nothing and knows no HTTP library.
//! What a candidate *is* is the embedder's business: the payload `T`.
//!
//! ```
//! use oar_routing::{Access, Candidate, Finding, Order, Query, Router, Token, Verdict};
//!
//! let router = Router::builder(Order::Configured)
//!     .token(Token::new("team-token"))
//!     .candidate(Candidate::new("cheap", "http://10.0.0.1/v1").deny(["gpt-4o"]))
//!     .candidate(Candidate::new("good", "http://10.0.0.2/v1"))
//!     .candidate(Candidate::new("mine", "http://10.0.0.3/v1").access(Access::Tokens(vec![Token::new("my-token")])))
//!     .build()?;
//!
//! let caller = router.authenticate(Some("team-token"))?;
//! let plan = router.plan(&caller, &Query::model("gpt-4o-mini"), 0)?;
//! let names: Vec<String> = plan.attempts().map(|attempt| attempt.name().to_string()).collect();
//! assert_eq!(names, ["cheap", "good"]);
//!
//! let first = plan.first();
//! assert_eq!(first.judge(Finding::Status(503)), Verdict::TryNext);
//! assert_eq!(first.judge(Finding::Status(200)), Verdict::Relay);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod token;

mod candidate;
mod lists;
mod passes;
mod query;
mod router;
mod set;

mod plan;
mod policy;
mod verdict;

mod explain;

pub use candidate::{Access, Candidate, Timeouts};
pub use explain::{Explanation, LeftOut, Reason};
pub use plan::{Attempt, Attempts, NoRoute, Plan};
pub use policy::{FailoverOn, FailureClass};
pub use query::{Mode, Query, Repeat};
pub use router::{BuildError, Builder, Caller, Order, Router, Unauthorized};
pub use token::{Fingerprint, Token};
pub use verdict::{Finding, Verdict};
