//! Which addresses a prediction may send us to.

use super::settings::{DEFAULT_ENDPOINT, DEFAULT_STREAM_HOSTS, Settings, SettingsError};
use reqwest::Url;

/// The configured origins. Predictions carry absolute URLs; whoever can shape one must not be able to choose a host.
#[derive(Debug)]
pub(super) struct Origins {
    endpoint: Url,
    streams: Vec<StreamHost>,
}

/// How far an address is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// It is on the configured origin: it gets the key.
    Key,
    /// It is on a stream host: it may be read without the key. Stream addresses are secrets themselves.
    Keyless,
}

impl Origins {
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let defaults = || DEFAULT_STREAM_HOSTS.iter().map(|&host| host.to_owned()).collect();
        let hosts = settings.stream_hosts.clone().unwrap_or_else(defaults);
        Ok(Self {
            endpoint: endpoint(&settings.endpoint)?,
            streams: hosts.iter().map(|host| StreamHost::parse(host)).collect::<Result<_, _>>()?,
        })
    }

    /// The endpoint without a slash at its end.
    pub(super) fn endpoint(&self) -> &str {
        self.endpoint.as_str().trim_end_matches('/')
    }

    /// The address of an API operation; `path` starts with a slash.
    pub(super) fn api(&self, path: &str) -> String {
        format!("{}{path}", self.endpoint())
    }

    /// An address for reading and cancelling a prediction, if it is one that may have the key.
    pub(super) fn api_link(&self, link: &str) -> Option<Url> {
        let url = plain_url(link)?;
        (url.origin() == self.endpoint.origin()).then_some(url)
    }

    /// An address to read a stream from, if it may be.
    pub(super) fn stream_link(&self, link: &str) -> Option<(Url, Trust)> {
        if let Some(url) = self.api_link(link) {
            return Some((url, Trust::Key));
        }
        let url = plain_url(link)?;
        self.streams.iter().any(|host| host.matches(&url)).then_some((url, Trust::Keyless))
    }
}

fn endpoint(text: &str) -> Result<Url, SettingsError> {
    let text = if text.is_empty() { DEFAULT_ENDPOINT } else { text };
    plain_url(text)
        .filter(|url| url.query().is_none() && url.fragment().is_none())
        .ok_or_else(|| SettingsError::Endpoint(shown(text)))
}

/// A value as it may be told. A user, a query or a fragment may hold a secret; what looks like no address may be a key.
fn shown(text: &str) -> String {
    let harmless = !text.contains(['@', '?', '#']) && (text.is_empty() || text.contains(['.', ':', '/', '*']));
    if harmless { format!("`{text}`") } else { "the value".to_owned() }
}

fn plain_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.has_host();
    (plain && matches!(url.scheme(), "http" | "https")).then_some(url)
}

/// A host, or all hosts below a domain, with its scheme and port.
#[derive(Debug)]
struct StreamHost {
    at: Url,
    below: bool,
}

impl StreamHost {
    fn parse(text: &str) -> Result<Self, SettingsError> {
        let refused = || SettingsError::StreamHost(shown(text));
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        let (below, host) = rest.strip_prefix("*.").map_or((false, rest), |domain| (true, domain));
        let at = plain_url(&format!("{scheme}://{host}")).ok_or_else(refused)?;
        let bare = at.path() == "/" && at.query().is_none() && at.fragment().is_none() && !host.contains('*');
        if bare { Ok(Self { at, below }) } else { Err(refused()) }
    }

    fn matches(&self, url: &Url) -> bool {
        if !self.below {
            return url.origin() == self.at.origin();
        }
        let (Some(host), Some(domain)) = (url.host_str(), self.at.host_str()) else { return false };
        let above = host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
        above && url.scheme() == self.at.scheme() && url.port_or_known_default() == self.at.port_or_known_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(settings: &Settings) -> Origins {
        Origins::new(settings).expect("settings are valid")
    }

    #[test]
    fn only_the_configured_origin_gets_the_key() {
        let ours = origins(&Settings::default());
        assert!(ours.api_link("https://api.replicate.com/v1/predictions/x").is_some());
        for foreign in [
            "http://api.replicate.com/v1/predictions/x",
            "https://api.replicate.com:8443/v1/predictions/x",
            "https://user@api.replicate.com/v1/predictions/x",
            "https://api.replicate.com@127.0.0.1/",
            "https://api.replicate.com.evil.test/",
            "https://stream.replicate.com/v1/files/x",
            "http://127.0.0.1:9/",
            "file:///etc/passwd",
            "/v1/predictions/x",
            "",
        ] {
            assert!(ours.api_link(foreign).is_none(), "{foreign}");
        }
    }

    #[test]
    fn streams_are_read_without_the_key_from_known_hosts_alone() {
        let ours = origins(&Settings::default());
        let trust = |link| ours.stream_link(link).map(|(_, trust)| trust);
        assert_eq!(trust("https://api.replicate.com/v1/streams/x"), Some(Trust::Key));
        assert_eq!(trust("https://stream.replicate.com/v1/files/x"), Some(Trust::Keyless));
        assert_eq!(trust("https://streaming-api.svc.rno2.c.replicate.net/v1/streams/x"), Some(Trust::Keyless));
        for foreign in [
            "http://stream.replicate.com/v1/files/x",
            "https://stream.replicate.com:444/v1/files/x",
            "https://evil.stream.replicate.com/",
            "https://replicate.net/",
            "https://notreplicate.net/",
            "https://x.replicate.net.evil.test/",
            "https://u:p@x.replicate.net/",
        ] {
            assert_eq!(trust(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn stream_hosts_may_have_a_scheme_and_a_port() {
        let hosts = ["http://127.0.0.1:9000", "*.example.test:8443", "plain.test"].map(str::to_owned).to_vec();
        let ours = origins(&Settings { stream_hosts: Some(hosts), ..Settings::default() });
        for known in ["http://127.0.0.1:9000/s", "https://a.example.test:8443/s", "https://plain.test/s"] {
            assert!(ours.stream_link(known).is_some(), "{known}");
        }
        for foreign in ["http://127.0.0.1:9001/s", "https://a.example.test/s", "https://stream.replicate.com/s"] {
            assert!(ours.stream_link(foreign).is_none(), "{foreign}");
        }
    }

    #[test]
    fn unusable_settings_name_their_key() {
        for bad in ["api.replicate.com/v1", "ftp://h/v1", "https://user:pw@h/v1", "https://h/v1?x=1", "https://h/v1#x"]
        {
            let settings = Settings { endpoint: bad.to_owned(), ..Settings::default() };
            assert_eq!(Origins::new(&settings).expect_err(bad).key(), Some("endpoint"));
        }
        for bad in ["", "*", "a/b", "https://a/b", "*.*.b", "user@a"] {
            let settings = Settings { stream_hosts: Some(vec![bad.to_owned()]), ..Settings::default() };
            assert_eq!(Origins::new(&settings).expect_err(bad).key(), Some("stream_hosts"));
        }
    }

    #[test]
    fn a_slash_at_the_end_of_the_endpoint_makes_no_difference() {
        for endpoint in ["https://h.test/v1", "https://h.test/v1/"] {
            let ours = origins(&Settings { endpoint: endpoint.to_owned(), ..Settings::default() });
            assert_eq!(ours.api("/predictions"), "https://h.test/v1/predictions");
        }
    }
}
