//! The upstreams of a configuration, each made by its backend.

use crate::backends::{BackendError, Backends};
use oar_config::{Access, Problem, UpstreamConfig};
use oar_upstream::{Description, Upstream};
use std::sync::Arc;

/// What one upstream of the configuration has become, for listings. Holds no secret.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let file = "authorization: t\ndbtype: none\nupstreams: [{name: main, sk: key, allow: [gpt-4o]}]";
/// # let config = oar_app::Config::parse(file, "config.yaml", &|_| None)?;
/// let app = oar_app::App::builder(config).build()?;
/// let upstream = &app.upstreams()[0];
/// assert_eq!((upstream.name.as_str(), upstream.backend.as_str()), ("main", "openai"));
/// assert_eq!((upstream.access.as_str(), upstream.allow.join(", ").as_str()), ("global tokens", "gpt-4o"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UpstreamSummary {
    /// Its name.
    pub name: String,
    /// Its `type`.
    pub backend: String,
    /// Where it is.
    pub endpoint: String,
    /// Who may use it: `global tokens`, `2 own tokens`, `anyone`.
    pub access: String,
    /// The only models it serves; empty for all.
    pub allow: Vec<String>,
    /// Models it does not serve.
    pub deny: Vec<String>,
    /// Why no request to it can succeed, if so.
    pub defect: Option<String>,
}

/// An upstream that has been made.
pub(crate) struct Made {
    pub(crate) upstream: Arc<dyn Upstream>,
    description: Description,
}

/// Those that could be made, and what is wrong with the others. With no problem there is one for each entry, in their order.
pub(crate) fn make_all(entries: &[UpstreamConfig], backends: &Backends) -> (Vec<Made>, Vec<Problem>) {
    let (mut made, mut problems) = (Vec::new(), Vec::new());
    for entry in entries {
        match make(entry, backends) {
            Ok(upstream) => made.push(upstream),
            Err(error) => problems.extend(reasons(entry, error)),
        }
    }
    (made, problems)
}

/// Why an entry could not be made: at least one problem, whatever its backend says.
fn reasons(entry: &UpstreamConfig, error: BackendError) -> Vec<Problem> {
    let mut problems = error.into_problems();
    if problems.is_empty() {
        let message = format!("the backend `{}` fails, and does not say why", entry.backend);
        problems.push(entry.settings.problem("type", message));
    }
    problems
}

fn make(entry: &UpstreamConfig, backends: &Backends) -> Result<Made, BackendError> {
    let Some(factory) = backends.get(&entry.backend) else {
        return Err(entry.unknown_backend(&backends.known()).into());
    };
    let upstream = factory(&entry.settings)?;
    let description = upstream.describe();
    Ok(Made { upstream, description })
}

impl Made {
    /// For listings.
    pub(crate) fn summary(&self, entry: &UpstreamConfig) -> UpstreamSummary {
        let access = match &entry.access {
            Access::Global => "global tokens".to_owned(),
            Access::Tokens(tokens) if tokens.len() == 1 => "1 own token".to_owned(),
            Access::Tokens(tokens) => format!("{} own tokens", tokens.len()),
            Access::Anyone => "anyone".to_owned(),
        };
        UpstreamSummary {
            name: entry.name.clone(),
            backend: entry.backend.clone(),
            endpoint: self.description.endpoint.clone(),
            access,
            allow: entry.allow.clone(),
            deny: entry.deny.clone(),
            defect: self.description.defect.clone(),
        }
    }

    /// What is allowed but may not be meant.
    pub(crate) fn warning(&self, entry: &UpstreamConfig) -> Option<Problem> {
        let Description { defect, advice, .. } = &self.description;
        if let Some(defect) = defect {
            let key = defect.split(' ').next().unwrap_or_default();
            let message = format!("{defect}: every request that reaches `{}` will be answered 500", entry.name);
            return Some(entry.settings.problem(key, message));
        }
        advice.as_ref().map(|advice| entry.settings.problem("endpoint", advice))
    }
}
