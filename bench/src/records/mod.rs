//! What keeping records costs, and how long it takes to find one among millions. `make bench-records` prints the tables of
//! `docs/records.md`.
//!
//! - [`rates`] writes rows to the stores as fast as they go.
//! - [`costs`] compares the processor time of gateways that record with one that does not, under the same load.
//! - [`searches`] asks a table of millions of made-up rows, with the gateway's own program.

mod options;
mod text;

mod cost;
mod rate;
mod search;
mod table;

pub use cost::costs;
pub use options::{Options, Part};
pub use rate::rates;
pub use search::searches;
