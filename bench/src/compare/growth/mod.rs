//! How the cost of a request grows with what there is: upstreams, tokens, bytes, connections.

mod options;
mod run;
mod scale;
mod table;

pub use options::Options;
pub use run::run;
