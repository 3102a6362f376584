//! An even load: requests that begin when they are due, however long those before them take.
//!
//! How long a request took is counted from the moment it was due, so a gateway that stalls is charged for all who waited,
//! and not only for the one who noticed.

mod even;
mod latency;

pub use even::{Load, Sent, TOKEN, configuration};
pub use latency::Latencies;
