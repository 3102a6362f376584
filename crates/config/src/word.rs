//! Small values: truth, choices, names, URLs.

use crate::problem::{Complaint, printable};
use crate::suggest::closest;
use http::Uri;
use secrecy::SecretString;

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

/// A URL that is as secret as a password, since whoever knows it may post there.
pub(crate) fn secret_url(text: &str) -> Result<SecretString, Complaint> {
    let uri: Option<Uri> = text.parse().ok();
    let good = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    });
    if !good {
        return Err(Complaint::new("is not an absolute http or https URL").hint("begin it with `https://`"));
    }
    Ok(SecretString::from(text))
}
