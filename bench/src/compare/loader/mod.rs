//! The load generator, a process of its own: what it costs is nobody else's.

mod answer;
mod client;
mod closed;
mod ear;
mod even;
mod held;
mod order;
mod run;

pub(crate) use order::{Order, Pace};
pub(crate) use run::{READY, carry_out};
