//! What is kept of each request: as the file says it, for the gateway, which holds no more, and for the records.

use crate::observers::Own;
use oar_config::{Config, Database, KeepSettings, KeptHeader, KeptHeaders, KeptOutcomes, Problem};
use oar_gateway::Keep;
use oar_record::{KeepAddress, KeepHeader, KeepHeaders, KeepOutcomes, KeepText, Policy, is_never_kept};

/// Who reads the texts of stories. The log, the metrics and the alerts do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The records alone, if there are any.
    Records,
    /// An embedder's observers, or its store, too.
    Others,
}

impl Audience {
    pub(crate) fn of(own: &Own) -> Self {
        if own.observers.is_empty() && own.store.is_none() { Self::Records } else { Self::Others }
    }

    fn is_there(self, config: &Config) -> bool {
        self == Self::Others || !matches!(config.database, Database::None)
    }
}

/// What stories hold of requests for which these settings count.
pub(crate) fn in_stories(settings: &KeepSettings, config: &Config, audience: Audience) -> Keep {
    let bytes = |is_kept| if is_kept { settings.max_bytes } else { 0 };
    match audience.is_there(config) {
        true => Keep { request_bytes: bytes(settings.request), response_bytes: bytes(settings.response) },
        false => Keep::NOTHING,
    }
}

/// Which headers stories hold: decided before there is an upstream, so for all of them.
pub(crate) fn headers_in_stories(config: &Config, audience: Audience) -> oar_gateway::KeepHeaders {
    let wants_some = |settings: &KeepSettings| !headers(&settings.headers).has_none();
    match audience.is_there(config) && all(config).any(wants_some) {
        true => oar_gateway::KeepHeaders::All,
        false => oar_gateway::KeepHeaders::OfTheBody,
    }
}

/// What records keep.
pub(crate) fn policy(config: &Config) -> Policy {
    let upstreams = config.upstreams.iter().map(|entry| (entry.name.as_str(), in_records(&entry.keep)));
    upstreams.fold(Policy::new(in_records(&config.record.keep)), |policy, (name, keep)| policy.upstream(name, keep))
}

/// Headers that are asked for and never kept, for the operator to know.
pub(crate) fn warnings(config: &Config) -> Vec<Problem> {
    let told = |name: String| format!("`{name}` is a credential or tells of the client's address, and is never kept");
    let of_file = credentials(&config.record.keep).map(|name| config.problem("record.headers", told(name)));
    let of_upstreams = config.upstreams.iter().filter(|entry| entry.keep.headers != config.record.keep.headers);
    let of_upstreams = of_upstreams
        .flat_map(|entry| credentials(&entry.keep).map(|name| entry.settings.problem("record", told(name))));
    of_file.chain(of_upstreams).collect()
}

fn credentials(settings: &KeepSettings) -> impl Iterator<Item = String> + '_ {
    let listed: &[KeptHeader] = match &settings.headers {
        KeptHeaders::These(listed) => listed,
        KeptHeaders::Usual | KeptHeaders::All => &[],
    };
    listed.iter().filter_map(|header| match header {
        KeptHeader::Named(name) => is_never_kept(name).then(|| name.to_string()),
        KeptHeader::StartingWith(_) => None,
    })
}

/// The settings of the file and of each upstream.
fn all(config: &Config) -> impl Iterator<Item = &KeepSettings> {
    std::iter::once(&config.record.keep).chain(config.upstreams.iter().map(|entry| &entry.keep))
}

fn in_records(settings: &KeepSettings) -> oar_record::Keep {
    let text = |is_kept| if is_kept { KeepText::Kept } else { KeepText::Left };
    oar_record::Keep {
        outcomes: match settings.outcomes {
            KeptOutcomes::All => KeepOutcomes::All,
            KeptOutcomes::Errors => KeepOutcomes::Errors,
            KeptOutcomes::Sampled { per_million } => KeepOutcomes::Sampled { per_million },
        },
        request: text(settings.request),
        response: text(settings.response),
        headers: headers(&settings.headers),
        max_bytes: settings.max_bytes,
        ip: if settings.ip { KeepAddress::Kept } else { KeepAddress::Left },
    }
}

fn headers(settings: &KeptHeaders) -> KeepHeaders {
    let item = |header: &KeptHeader| match header {
        KeptHeader::Named(name) => KeepHeader::Named(name.clone()),
        KeptHeader::StartingWith(prefix) => KeepHeader::StartingWith(prefix.clone()),
    };
    match settings {
        KeptHeaders::Usual => KeepHeaders::Usual,
        KeptHeaders::All => KeepHeaders::All,
        KeptHeaders::These(listed) => KeepHeaders::These(listed.iter().map(item).collect()),
    }
}
