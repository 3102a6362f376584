//! What stands before the gateway: clients that send one request each time they are asked, and say what they saw.

mod call;
mod seen;

mod http1;
mod http2;

pub use call::{Call, Conduct, Parting};
pub use http1::Http1;
pub use http2::Http2;
pub use seen::{End, Seen};
