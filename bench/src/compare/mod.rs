//! What a request costs, beside other proxies: the same load at each of them, in turn.
//!
//! The load generator and the upstream's stand-in are processes of their own, so that what they cost is nobody else's.

pub mod clock;
pub mod pairs;
pub mod play;
mod wire;

pub mod loader;
pub mod stand_in;

pub mod behind;
pub mod crew;
pub mod tree;

pub mod peer;

pub mod exercise;
pub mod figure;
pub mod rounds;
pub mod sample;

pub mod options;
pub mod program;
pub mod run;
pub mod table;

pub mod machine;
pub mod page;
pub mod picture;
pub mod told;

pub mod growth;

pub use exercise::TOKEN;
pub use options::{Options, USAGE};
pub use program::main;
pub use run::run;
pub use told::told;
pub use tree::Tree;
