//! How the cost of a request grows with what there is: upstreams, tokens, bytes, connections.

pub mod options;
pub mod run;
pub mod scale;
pub mod table;

pub use options::{Options, USAGE};
pub use run::run;
