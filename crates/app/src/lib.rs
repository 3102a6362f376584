//! A configuration turned into a running service.
//!
//! [`App::builder`] takes a [`Config`] and makes every upstream it names; [`App::run`] opens the database, serves until
//! it is told to stop, lets running requests finish, and flushes what was recorded. Embedders plug in here: their own
//! backends with [`Builder::backend`], their own listeners to requests with [`Builder::observer`], their own channels for
//! alerts with [`Builder::notifier`], their own place for records with [`Builder::store`].
//!
//! This crate refuses to decide anything about a request: that is the gateway's and the router's business.
//!
//! ```
//! use oar_app::{App, Config};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = "
//! address: 127.0.0.1:0
//! authorization: team-token
//! dbtype: none
//! upstreams:
//!   - sk: provider-key
//!     endpoint: https://api.openai.com/v1
//! ";
//! let config = Config::parse(text, "config.yaml", &|_| None)?;
//! let app = App::builder(config).build()?;
//! let listener = app.bind().await?;
//! let stop = async { /* resolve when it is time to stop */ };
//! app.run(listener, stop).await?;
//! # Ok(())
//! # }
//! ```

mod assembly;
mod backends;
mod builder;
mod kept;
mod memory;
mod upstreams;

mod app;
mod listen;
mod run;

mod current;
mod front;
mod serve;

mod access_log;
mod channels;
mod database;
mod observers;
mod tally;
mod vigil;

mod reload;
mod trial;

pub use app::App;
pub use backends::BackendError;
pub use builder::Builder;
pub use oar_config::{Config, Draft, Problem, Problems, Settings};
pub use oar_exchange as exchange;
pub use oar_notify as notify;
pub use oar_record as record;
pub use oar_upstream as upstream;
pub use run::{Operator, RunError};
pub use trial::{Trial, try_channels};
pub use upstreams::UpstreamSummary;
