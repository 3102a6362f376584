//! A mixed load with faults at the built gateway, and an account of every request.
//!
//! Each request is one of the [`cases`](CASES): it is known beforehand which upstreams see it, what its client gets, and
//! how its row reads. At the end, what clients saw, what upstreams saw, what the metrics counted and what the database
//! holds must be the same story, and the process must be no larger than before.

mod cases;
mod errand;
mod options;

mod crew;
mod pace;
mod tally;
mod verdict;

mod memory;
mod watch;

mod rows;

mod account;
mod report;
mod run;

pub use account::{Account, Check};
pub use cases::{Ask, CASES, Case, Expected};
pub use memory::{Memory, Steadiness};
pub use options::Options;
pub use run::run;
