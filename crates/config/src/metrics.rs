//! Where the metrics are read, and by whom.

use crate::address::ListenAddress;
use crate::section::Section;
use crate::word::truth;

/// Where the metrics are read, and by whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricsSettings {
    /// An address of their own, from the key `metrics_listen`; `None` for the one of the API.
    pub listen: Option<ListenAddress>,
    /// Whether reading them where the API is takes a token, from the key `metrics_auth`.
    pub auth: bool,
}

pub(crate) fn metrics(top: &mut Section<'_>) -> MetricsSettings {
    let listen = top.take("metrics_listen").read(str::parse);
    let auth = top.take("metrics_auth").read(truth).unwrap_or_default();
    MetricsSettings { listen, auth }
}
