//! The text of `config.yaml`, turned into a validated [`Config`], or into every problem it has at once.
//!
//! Each [`Problem`] names its file, its path, its line and, where it can be guessed, what to write instead. Values of
//! secret keys are never part of it.
//!
//! The keys of an upstream entry belong to two owners. The host, this crate, takes the keys that mean the same for each
//! backend (`type`, `name`, `timeout`, `allow`, …). All others are [`Settings`], which the backend decodes with a strict
//! struct of its own, so that each key is claimed by one struct and a typo is an error.
//!
//! This crate refuses to know which backends exist, to look anything up in the network, and to watch the file. It reads
//! one file in [`Config::load`] and nothing in [`Config::parse`].
//!
//! ```
//! use oar_config::Config;
//! use secrecy::SecretString;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Acme {
//!     sk: SecretString,
//!     region: String,
//! }
//!
//! let text = "
//! authorization: token-of-a-friend
//! upstreams:
//!   - type: acme
//!     timeout: 30s
//!     sk: ${ACME_KEY}
//!     region: eu
//! ";
//! let env = |name: &str| (name == "ACME_KEY").then(|| "key".to_owned());
//! let config = Config::parse(text, "config.yaml", &env)?;
//! let upstream = &config.upstreams[0];
//! assert_eq!(upstream.name, "acme-1");
//! let acme: Acme = upstream.settings.decode().map_err(|problems| format!("{problems:?}"))?;
//! assert_eq!(acme.region, "eu");
//!
//! let problems = Config::parse(&text.replace("timeout", "timout"), "config.yaml", &env)?.upstreams[0].settings.decode::<Acme>();
//! let problem = problems.err().and_then(|found| found.into_iter().next()).ok_or("a typo is a problem")?;
//! assert_eq!(problem.to_string(), "upstreams[0].timout (line 5): unknown key");
//! assert_eq!(problem.hint.as_deref(), Some("did you mean `timeout`?"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// From bytes to a `Config`.
mod draft;

// From text to a tree that knows its lines.
mod interpolate;
mod node;
mod tree;
mod yaml;

// From the tree to values.
mod duration;
mod section;
mod size;
mod word;

// What the values mean.
mod address;
mod config;
mod database;
mod failover;
mod kept;
mod notify;
mod record;
mod tokens;
mod upstream;

// What backends read.
mod fault;
mod guest;
mod settings;

// What went wrong, and where.
mod problem;
mod suggest;

// What may follow what.
mod restart;

pub use address::ListenAddress;
pub use config::{Config, MetricsSettings, OnClientClose, Order};
pub use database::Database;
pub use draft::Draft;
pub use failover::{FailoverOn, FailureClass};
pub use interpolate::Env;
pub use kept::{KeepSettings, KeptHeader, KeptHeaders, KeptOutcomes};
pub use notify::{Feishu, FeishuStyle, Language, Matrix, MatrixRoom, NotifySettings, ToldOutcome};
pub use problem::{Complaint, Problem, Problems};
pub use record::{RecordSettings, RetentionSettings, Secrets};
pub use settings::Settings;
pub use upstream::{Access, UpstreamConfig};
