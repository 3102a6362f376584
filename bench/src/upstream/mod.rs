//! What stands behind the gateway: a server for each [`Role`], all in this process, with one memory of who asked them.
//!
//! What an upstream does depends on its role; what it says depends on the request alone, by way of the [`Ticket`] that
//! its `x-request-id` is. So whoever asked knows the answer beforehand, to the byte, and no two requests have the same.

mod role;
mod ticket;

mod answer;

mod connection;
mod hits;
mod play;
mod server;
mod turncoat;

pub use answer::{begun_events, digest, endless_block, events, plain};
pub use hits::{Hits, Trail, Visit};
pub use role::{Patience, Role};
pub use server::Upstreams;
pub use ticket::{Kind, Ticket};
pub use turncoat::Turncoat;
