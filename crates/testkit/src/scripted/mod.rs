//! An upstream that does exactly what its script says.

mod peer;
mod script;
mod seen;
mod server;
mod watching;

pub use script::{Script, Step};
pub use seen::{Connection, SeenRequest};
pub use server::ScriptedUpstream;
