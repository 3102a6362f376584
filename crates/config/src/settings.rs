//! The keys of an upstream that belong to its backend.

use crate::fault::Fault;
use crate::guest::{Findings, Guest};
use crate::node::Node;
use crate::problem::{Complaint, Place, Problem};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The keys of one upstream entry that the host did not take, for the backend to decode.
///
/// `Debug` shows keys and lines, never values.
///
/// ```
/// # use oar_config::Config;
/// #[derive(serde::Deserialize)]
/// struct Acme {
///     region: String,
/// }
///
/// let text = "upstreams:\n  - type: acme\n    timeout: 30s\n    region: eu\n";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// let settings = &config.upstreams[0].settings;
/// let acme: Acme = settings.decode().expect("the keys of Acme");
/// assert_eq!(acme.region, "eu", "and `timeout` is not its own");
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) file: String,
    pub(crate) place: Place,
    /// A section with the backend's keys alone.
    pub(crate) node: Node,
    /// Each key of the entry, the host's included, and its line.
    pub(crate) lines: Vec<(String, Option<usize>)>,
    /// The host's keys, which may be meant by a misspelled one.
    pub(crate) host: Vec<&'static str>,
    pub(crate) connect_timeout: Duration,
}

impl Settings {
    /// Decodes the backend's keys into its own struct.
    ///
    /// Every key that is not a field is a problem, with or without `deny_unknown_fields`. Texts hold what was written:
    /// `0123` stays `0123`. A key with nothing behind it is an empty text, an empty list, `false` or `None`.
    ///
    /// # Errors
    ///
    /// Every problem of these keys: all unknown keys, all values of a wrong type. No message quotes a value, even where
    /// the struct's own `Deserialize` does.
    ///
    /// ```
    /// # use oar_config::Config;
    /// # #[derive(Debug, serde::Deserialize)]
    /// # struct Acme { region: String }
    /// let text = "upstreams:\n  - type: acme\n    regoin: eu\n";
    /// let config = Config::parse(text, "config.yaml", &|_| None)?;
    /// let problems = config.upstreams[0].settings.decode::<Acme>().expect_err("a typo");
    /// let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    /// assert_eq!(told, ["upstreams[0].regoin (line 3): unknown key", "upstreams[0].region (line 2): is missing"]);
    /// # Ok::<(), oar_config::Problems>(())
    /// ```
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Vec<Problem>> {
        let mut problems: Vec<Problem> = Vec::new();
        let mut skipped: Vec<String> = Vec::new();
        loop {
            let findings = Findings::new(&self.file, &self.host, &skipped);
            let result = T::deserialize(Guest::root(&self.node, &self.place, &findings));
            keep_new(&mut problems, findings.close());
            match result {
                Ok(value) if problems.is_empty() => return Ok(value),
                Ok(_) => return Err(problems),
                Err(fault) => {
                    let blamed = fault.key.clone().filter(|key| !skipped.contains(key));
                    if !fault.follows_from(&skipped) {
                        keep_new(&mut problems, vec![self.located(fault)]);
                    }
                    // Decode again without the bad key, to find what is wrong behind it.
                    match blamed {
                        Some(key) => skipped.push(key),
                        None => return Err(problems),
                    }
                }
            }
        }
    }

    /// A struct that checks itself as a whole complains when no value is being read, so nobody has placed that yet.
    fn located(&self, fault: Fault) -> Problem {
        let fault = fault.at(&self.place, &self.node);
        let place = fault.place.unwrap_or_else(|| self.place.clone());
        place.problem(&self.file, Complaint::new(fault.message))
    }

    /// A problem that a backend found in one of the keys, the host's included. The message must not hold a secret.
    ///
    /// ```
    /// # use oar_config::Config;
    /// # let text = "upstreams:\n  - type: acme\n    region: mars\n";
    /// # let config = Config::parse(text, "config.yaml", &|_| None)?;
    /// let problem = config.upstreams[0].settings.problem("region", "is on no map");
    /// assert_eq!(problem.to_string(), "upstreams[0].region (line 3): is on no map");
    /// # Ok::<(), oar_config::Problems>(())
    /// ```
    pub fn problem(&self, key: &str, message: impl Into<String>) -> Problem {
        let line = self.lines.iter().find(|(known, _)| known == key).and_then(|(_, line)| *line);
        self.place.key(key, line).problem(&self.file, Complaint::new(message))
    }

    /// How long a connection to this upstream may take, with name resolution and TLS: its own limit, or the file's.
    ///
    /// ```
    /// # use oar_config::Config;
    /// let text = "connect_timeout: 2s\nupstreams: [{sk: key}]";
    /// let config = Config::parse(text, "config.yaml", &|_| None)?;
    /// assert_eq!(config.upstreams[0].settings.connect_timeout().as_secs(), 2);
    /// # Ok::<(), oar_config::Problems>(())
    /// ```
    pub const fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }
}

fn keep_new(kept: &mut Vec<Problem>, found: Vec<Problem>) {
    for problem in found {
        if !kept.contains(&problem) {
            kept.push(problem);
        }
    }
}
