//! Where to listen.

use crate::problem::{Complaint, printable};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// Where to listen: `:8888` or `8888` (every address of this machine), `127.0.0.1:8888`, `[::]:8888`, `localhost:8888`.
///
/// ```
/// let address: oar_config::ListenAddress = "8888".parse()?;
/// assert_eq!(address.to_string(), ":8888");
/// assert_eq!(address.candidates(), ["[::]:8888", "0.0.0.0:8888"]);
/// # Ok::<(), oar_config::Complaint>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Every,
    Ip(IpAddr),
    Name(String),
}

impl ListenAddress {
    /// The port; 0 lets the system choose one.
    ///
    /// ```
    /// # use oar_config::ListenAddress;
    /// assert_eq!(ListenAddress::default().port(), 8888);
    /// ```
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What to hand to `bind`, in this order, until one works.
    ///
    /// Every address, as in Go, is IPv6 and IPv4 on one socket, and IPv4 alone on a machine without IPv6.
    ///
    /// ```
    /// # use oar_config::{Complaint, ListenAddress};
    /// let address: ListenAddress = "localhost:80".parse()?;
    /// assert_eq!(address.candidates(), ["localhost:80"]);
    /// # Ok::<(), Complaint>(())
    /// ```
    pub fn candidates(&self) -> Vec<String> {
        let port = self.port;
        match &self.host {
            Host::Every => vec![format!("[::]:{port}"), format!("0.0.0.0:{port}")],
            Host::Ip(_) | Host::Name(_) => vec![self.to_string()],
        }
    }
}

impl Default for ListenAddress {
    /// `:8888`
    fn default() -> Self {
        Self { host: Host::Every, port: 8888 }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Every => write!(f, ":{}", self.port),
            Host::Ip(ip) => SocketAddr::new(*ip, self.port).fmt(f),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

impl FromStr for ListenAddress {
    type Err = Complaint;

    fn from_str(text: &str) -> Result<Self, Complaint> {
        let text = text.trim();
        let wrong = |hint: String| {
            let message = format!("`{}` is not an address to listen on", printable(text));
            Complaint::new(message).hint(hint)
        };
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self { host: Host::Ip(address.ip()), port: address.port() });
        }
        let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
        let port = u16::from_str(port).map_err(|_| wrong(hint(text)))?;
        let host = if host.is_empty() { Some(Host::Every) } else { is_name(host).then(|| Host::Name(host.to_owned())) };
        Ok(Self { host: host.ok_or_else(|| wrong(hint(text)))?, port })
    }
}

/// The letters of a host name. Whether it exists is found out when it is bound.
fn is_name(host: &str) -> bool {
    host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

fn hint(text: &str) -> String {
    if let Some((_, rest)) = text.split_once("://") {
        return format!("write `{}`, without `http://` and path", printable(rest.split('/').next().unwrap_or(rest)));
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return format!("add a port: `{}`", SocketAddr::new(ip, 8888));
    }
    if is_name(text) && text.contains(|letter: char| letter.is_ascii_alphabetic()) {
        return format!("add a port: `{}:8888`", printable(text));
    }
    "write `:8888`, `127.0.0.1:8888` or `\"[::1]:8888\"`; ports end at 65535".to_owned()
}

#[cfg(test)]
mod tests {
    use super::ListenAddress;

    fn parse(text: &str) -> Result<String, (String, Option<String>)> {
        text.parse::<ListenAddress>().map(|address| address.to_string()).map_err(|wrong| (wrong.message, wrong.hint))
    }

    #[test]
    fn every_form_of_the_go_version_is_understood() {
        for (text, shown, candidates) in [
            (":8888", ":8888", vec!["[::]:8888", "0.0.0.0:8888"]),
            ("8888", ":8888", vec!["[::]:8888", "0.0.0.0:8888"]),
            ("127.0.0.1:8888", "127.0.0.1:8888", vec!["127.0.0.1:8888"]),
            ("[::]:8888", "[::]:8888", vec!["[::]:8888"]),
            ("[::1]:0", "[::1]:0", vec!["[::1]:0"]),
            ("localhost:8888", "localhost:8888", vec!["localhost:8888"]),
        ] {
            assert_eq!(parse(text), Ok(shown.to_owned()));
            assert_eq!(text.parse::<ListenAddress>().expect(text).candidates(), candidates);
        }
    }

    #[test]
    fn anything_else_is_refused_with_advice() {
        for (text, advice) in [
            ("localhost", "add a port: `localhost:8888`"),
            ("10.0.0.1", "add a port: `10.0.0.1:8888`"),
            ("fe80::aaaa", "add a port: `[fe80::aaaa]:8888`"),
            ("http://localhost:80/v1", "write `localhost:80`, without `http://` and path"),
            (":65536", "write `:8888`, `127.0.0.1:8888` or `\"[::1]:8888\"`; ports end at 65535"),
            ("a b:80", "write `:8888`, `127.0.0.1:8888` or `\"[::1]:8888\"`; ports end at 65535"),
        ] {
            let (message, hint) = parse(text).expect_err(text);
            assert_eq!(message, format!("`{text}` is not an address to listen on"));
            assert_eq!(hint.as_deref(), Some(advice));
        }
    }
}
