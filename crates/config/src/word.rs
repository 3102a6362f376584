//! Small values: truth, numbers, choices, names, networks, URLs.

use crate::problem::{Complaint, printable};
use crate::suggest::closest;
use http::Uri;
use ipnet::IpNet;
use secrecy::SecretString;
use std::net::IpAddr;

/// The longest name of an upstream or a backend: it is a label of metrics and the value of a header.
const NAME_CAP_BYTES: usize = 64;

/// `true` and `false`, and the words that the Go version's YAML took for them.
pub(crate) fn truth(text: &str) -> Result<bool, Complaint> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Ok(true),
        "false" | "no" | "off" | "n" => Ok(false),
        _ => Err(Complaint::new(format!("`{}` is neither true nor false", printable(text)))),
    }
}

/// Digits with at most one point; the standard parser would also take `inf`, `1e5` and `-1`.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    let plain = text.starts_with(|first: char| first.is_ascii_digit())
        && text.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    text.parse().ok().filter(|_| plain)
}

/// One of a few words.
pub(crate) fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, Complaint> {
    if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
    let complaint = Complaint::new(format!("`{}` is none of: {}", printable(text), words.join(", ")));
    Err(match closest(text, words) {
        Some(meant) => complaint.hint(format!("did you mean `{meant}`?")),
        None => complaint,
    })
}

/// A name that may stand in a header and a metric: visible ASCII without spaces, at most 64 bytes.
pub(crate) fn name(text: &str) -> Result<String, Complaint> {
    if text.len() > NAME_CAP_BYTES {
        return Err(Complaint::new(format!("is longer than {NAME_CAP_BYTES} bytes")));
    }
    if !is_visible(text) {
        let message = format!("`{}` may hold only visible ASCII characters, and no spaces", printable(text));
        return Err(Complaint::new(message));
    }
    Ok(text.to_owned())
}

/// Text of one line.
pub(crate) fn line(text: &str) -> Result<String, Complaint> {
    if text.chars().any(char::is_control) {
        return Err(Complaint::new("holds a control character"));
    }
    Ok(text.to_owned())
}

/// Whether each byte is visible ASCII.
pub(crate) fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// How a network may be written.
pub(crate) const NETWORK_FORMS: &str = "write `10.0.0.0/8` or `127.0.0.1`";

/// A network, or one address.
pub(crate) fn network(text: &str) -> Result<IpNet, Complaint> {
    let text = text.trim();
    text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| {
        let message = format!("`{}` is neither a network nor an address", printable(text));
        Complaint::new(message).hint(NETWORK_FORMS)
    })
}

/// A URL that is as secret as a password, since whoever knows it may post there. What comes from a file through the
/// environment often ends with a line break, which is no part of it.
pub(crate) fn secret_url(text: &str) -> Result<SecretString, Complaint> {
    let text = text.trim();
    let uri: Option<Uri> = text.parse().ok();
    let good = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    });
    if !good {
        return Err(Complaint::new("is not an absolute http or https URL").hint("begin it with `https://`"));
    }
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn a_network_or_one_address() {
        for (text, shown) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            (" 127.0.0.1 ", "127.0.0.1/32"),
            ("::1", "::1/128"),
            ("fd00::/8", "fd00::/8"),
        ] {
            assert_eq!(network(text).map(|network| network.to_string()), Ok(shown.to_owned()));
        }
        for wrong in ["localhost", "10.0.0.0/33", "10.0.0.1:80", ""] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
    }
}
