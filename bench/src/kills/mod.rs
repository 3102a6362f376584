//! The gateway is killed at random moments under load: what of the records is left?
//!
//! After each kill it is started again on what the last one left behind, as its owner would.

mod options;

mod found;
mod run;

pub use found::Found;
pub use options::Options;
pub use run::{Load, Store, kill};
