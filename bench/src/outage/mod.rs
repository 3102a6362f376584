//! The database goes away under load, and comes back: what do clients notice, and is every request accounted for?
//!
//! [`endure`] is one such time; [`run`] is several, each with a gateway without a database beside it, to compare with.

mod options;
mod trouble;

mod found;
mod trial;

mod run;

pub use found::Found;
pub use options::Options;
pub use run::{Comparison, run};
pub use trial::{Times, endure};
pub use trouble::Trouble;
