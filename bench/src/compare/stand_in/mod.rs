//! The upstream's stand-in, a process of its own: what it costs is nobody else's.

mod answers;
mod certificate;
mod counts;
mod http1;
mod http2;
mod server;

pub(crate) use answers::{EVENT_START, STAMP_DIGITS};
pub(crate) use server::serve;
