//! What the tests put at both ends of a gateway: upstreams that misbehave on cue, and clients that do.
//!
//! - [`ScriptedUpstream`] is raw TCP: it plays a [`Script`] on each connection and remembers what it saw, down to the
//!   moment at which the other side let go. Every way an upstream can fail is a script.
//! - [`LoopbackServer`] is a free port with a future for each connection: what other stand-ins are made of.
//! - [`RawClient`] is the other end: bytes out, bytes in, and every impolite way to leave.
//! - [`Heard`] is an observer that keeps the exchanges it was told.
//! - [`canary`] is what secrets look like, and a watch that sees where they get out.
//! - [`backend_contract`] is what every [`Upstream`](oar_upstream::Upstream) must do, whatever API it speaks: add this crate
//!   to your dev-dependencies to hold a backend of your own to it.
//! - [`standin`] is a server that answers like OpenAI's API, for real clients and for demonstrations.
//! - [`replicate`] is one that behaves like Replicate's.
//!
//! It refuses to listen anywhere but on loopback, and to know a gateway: it sees one only through
//! sockets and the public traits. Time is tokio's, so a paused clock pauses the scripts as well.
//!
//! ```
//! use oar_testkit::{Ending, RawClient, ScriptedUpstream, Step, request_bytes};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! // Promises ten bytes, sends five, and leaves.
//! let upstream = ScriptedUpstream::start([
//!     Step::ReadHead,
//!     Step::ReadBody,
//!     Step::send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello"),
//!     Step::Fin,
//! ])
//! .await?;
//!
//! let mut client = RawClient::connect(upstream.addr()).await?;
//! client.send(request_bytes("POST", "/v1/chat/completions", &[], b"{}")).await?;
//! let response = client.read_response().await.expect("a head arrives");
//!
//! assert_eq!((response.head.status(), response.body.as_ref()), (Some(200), &b"hello"[..]));
//! assert!(!response.complete);
//! assert_eq!(client.read_to_close().await.1, Ending::Fin);
//! assert_eq!(upstream.requests()[0].body, "{}");
//! # Ok(())
//! # }
//! ```

mod head;
mod message;
mod wire;

mod raw_client;

mod gate;
mod loopback;
mod scripted;

mod heard;

mod reply;

pub mod backend_contract;
pub mod canary;
pub mod replicate;
pub mod standin;

#[cfg(doctest)]
mod documents;

pub use gate::Gate;
pub use head::Head;
pub use heard::{Heard, exchange};
pub use loopback::LoopbackServer;
pub use message::{chunk_bytes, request_bytes, response_bytes};
pub use raw_client::{RawClient, RawResponse};
pub use scripted::{Connection, Script, ScriptedUpstream, SeenRequest, Step};
pub use wire::Ending;
