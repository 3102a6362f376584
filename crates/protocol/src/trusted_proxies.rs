//! Whose word counts about who the client is.

use http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// The proxies that stand before the gateway and say for whom they ask.
///
/// ```
/// use http::HeaderMap;
/// use oar_protocol::TrustedProxies;
///
/// let headers = HeaderMap::from_iter([("x-forwarded-for".parse()?, "203.0.113.7, 10.0.0.2".parse()?)]);
/// let proxies = TrustedProxies::new(["10.0.0.0/8".parse()?]);
/// assert_eq!(proxies.client("10.0.0.1".parse()?, &headers).to_string(), "203.0.113.7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Trusts these networks, and nobody else.
    ///
    /// ```
    /// use oar_protocol::TrustedProxies;
    ///
    /// let nobody = TrustedProxies::default();
    /// let one_network = TrustedProxies::new(["fd00::/8".parse()?]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self(networks.into_iter().collect())
    }

    /// The address of the client: `peer`'s own, unless it is a trusted proxy. Then it is the last one in
    /// `X-Forwarded-For` that is no trusted proxy's, since everything before that is what a stranger said; `peer` if
    /// what stands there is no address.
    ///
    /// ```
    /// # use http::HeaderMap;
    /// # use oar_protocol::TrustedProxies;
    /// let headers = HeaderMap::from_iter([("x-forwarded-for".parse()?, "203.0.113.7".parse()?)]);
    /// let stranger = TrustedProxies::default().client("198.51.100.1".parse()?, &headers);
    /// assert_eq!(stranger.to_string(), "198.51.100.1", "nobody is trusted");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let mut nearest = peer;
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        for hop in lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(',')) {
            if !self.trusts(nearest) {
                break;
            }
            match address(hop.trim()) {
                Some(address) => nearest = address.to_canonical(),
                None => return peer,
            }
        }
        nearest
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// With or without a port; IPv6 with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::HeaderName;

    #[track_caller]
    fn check(trusted: &[&str], peer: &str, lines: &[&str], client: &str) {
        let proxies = TrustedProxies::new(trusted.iter().map(|network| network.parse().expect("a network")));
        let name = HeaderName::from_static("x-forwarded-for");
        let headers = lines.iter().map(|line| (name.clone(), HeaderValue::from_str(line).expect("a value"))).collect();
        let told = proxies.client(peer.parse().expect("an address"), &headers);
        assert_eq!(told.to_string(), client, "{trusted:?} {peer} {lines:?}");
    }

    const PROXIES: &[&str] = &["10.0.0.0/8", "fd00::/8"];

    /// A11.
    #[test]
    fn a_stranger_is_whoever_connects_whatever_it_says() {
        check(&[], "203.0.113.7", &["1.2.3.4"], "203.0.113.7");
        check(PROXIES, "203.0.113.7", &["1.2.3.4"], "203.0.113.7");
        check(&[], "10.0.0.1", &["1.2.3.4"], "10.0.0.1");
    }

    /// A11.
    #[test]
    fn a_trusted_proxy_is_believed_and_who_asked_it_is_not() {
        check(PROXIES, "10.0.0.1", &["203.0.113.7"], "203.0.113.7");
        check(PROXIES, "10.0.0.1", &["1.2.3.4, 203.0.113.7"], "203.0.113.7");
        check(PROXIES, "10.0.0.1", &["1.2.3.4, 203.0.113.7, 10.9.9.9"], "203.0.113.7");
        check(PROXIES, "10.0.0.1", &["1.2.3.4", "203.0.113.7", "10.9.9.9"], "203.0.113.7");
        check(PROXIES, "::ffff:10.0.0.1", &["203.0.113.7:4711"], "203.0.113.7");
        check(PROXIES, "fd00::1", &["[2001:db8::7]:4711"], "2001:db8::7");
        check(PROXIES, "fd00::1", &["[2001:db8::7]"], "2001:db8::7");
        check(PROXIES, "10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3");
        check(PROXIES, "10.0.0.1", &[], "10.0.0.1");
    }

    /// A11.
    #[test]
    fn what_is_no_address_is_not_believed() {
        for nonsense in ["unknown", "", "1.2.3", "203.0.113.7 10.0.0.1", "<script>", "203.0.113.7,", "é"] {
            check(PROXIES, "10.0.0.1", &[nonsense], "10.0.0.1");
        }
        check(PROXIES, "10.0.0.1", &["nonsense, 203.0.113.7"], "203.0.113.7");
        check(PROXIES, "::ffff:10.0.0.1", &["unknown"], "10.0.0.1");
    }
}
