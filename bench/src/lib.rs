//! Load at the built gateway: the program itself, as a child process, between clients and upstreams that live here.
//!
//! - [`gateway`] starts the program, sends it signals and waits for its end; [`process`] reads what it uses from `/proc`,
//!   [`tree`] what it spends with all that it starts, and [`scrape`] what it has counted from `/metrics`.
//! - [`upstream`] is what stands behind it: a server for each way to answer or to fail.
//! - [`client`] is what stands before it: HTTP/1.1 and HTTP/2 clients that read, dawdle, or leave.
//! - [`database`] is where it keeps its records, and can be taken away from it; [`load`] is requests at an even pace.
//! - [`soak`] puts them together for as long as one likes: each request's end is known beforehand, and at the end every
//!   request must be accounted for. `make soak` runs it.
//! - [`outage`] takes the database away under load, [`kills`] the gateway, and [`records`] measures what recording costs.
//!   `make outage`, `make kills` and `make bench-records` run them.
//! - [`alerts`] makes upstreams fail by the thousand, and measures what telling people about it costs. `make bench-alerts`
//!   runs it.
//! - [`compare`] measures what a request costs, beside nginx and others. `make bench` and `make bench-growth` run it.
//!
//! It refuses to use anything of the gateway but its program, its sockets and its files (and, to tell how fast they are,
//! the stores of `oar-record`), and to listen anywhere but on loopback. It runs on Linux.
//!
//! Clients and upstreams know the same tickets, so the answer is known beforehand, with a gateway between them or without:
//!
//! ```
//! use oar_bench::client::{Call, Conduct, Http1};
//! use oar_bench::upstream::{Kind, Role, Ticket, Upstreams, digest, plain};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let upstreams = Upstreams::start().await?;
//! let ticket = Ticket { number: 1, kind: Kind::Plain };
//! let path = "/v1/chat/completions";
//! let call = Call { path, token: "any", ticket, content_type: "application/json", body: "{}".into() };
//!
//! let mut trail = upstreams.hits().follow(ticket);
//! let (seen, _kept) = Http1::connect(upstreams.addr(Role::Good)).await?.call(&call, Conduct::Reads, &mut trail).await?;
//! assert_eq!(seen.body, plain(ticket, digest(&call.body)));
//! assert_eq!(trail.visit().seen, [Role::Good]);
//! # Ok(())
//! # }
//! ```

pub mod cli;
pub mod dice;
pub mod mistakes;
pub mod spread;

pub mod gateway;
pub mod process;
pub mod scrape;
pub mod tree;

pub mod client;
pub mod upstream;

pub mod database;
pub mod load;

pub mod alerts;
pub mod compare;
pub mod kills;
pub mod outage;
pub mod records;
pub mod soak;
