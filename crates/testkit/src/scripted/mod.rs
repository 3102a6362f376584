//! An upstream that does exactly what its script says.

mod gate;
mod peer;
mod script;
mod seen;
mod server;

pub use gate::Gate;
pub use script::{Script, Step, response_bytes};
pub use seen::{Connection, SeenRequest};
pub use server::ScriptedUpstream;
