//! What a request costs, beside other proxies: the same load at each of them, in turn.
//!
//! The load generator and the upstream's stand-in are processes of their own, so that what they cost is nobody else's.

mod clock;
mod pairs;
mod play;
mod wire;

mod loader;
mod stand_in;

mod behind;
mod crew;

mod peer;

mod exercise;
mod figure;
mod rounds;
mod sample;

mod options;
mod program;
mod run;
mod table;

mod machine;
mod page;
mod picture;
mod told;

pub mod growth;

pub use options::Options;
pub use program::main;
pub use run::run;
pub use told::told;
