//! What somebody can do about a message that a channel did not take.

use crate::notifier::NotifyError;

impl NotifyError {
    /// What to do about it, as a clause, where the answer tells. For a person who has just set the channel up.
    ///
    /// ```
    /// # use oar_notify::{NotifyError, Said};
    /// let error = NotifyError::Status { status: 404, said: Said::default(), wait: None };
    /// assert_eq!(error.advice(), Some("check the address: nothing takes messages there"));
    /// ```
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Refused { code, .. } => about_code(code),
            Self::Status { status, .. } => about_status(*status),
            Self::Panicked => None,
            Self::Answer => Some("check the address: what answers there is not what this channel is for"),
            Self::Timeout(_) => Some("check that this machine may open connections to the address"),
            Self::Unreachable(_) => {
                Some("check the address, and that this machine can reach it; proxy variables are not read")
            }
        }
    }
}

/// Feishu's numbers (<https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>) and Matrix's words
/// (<https://spec.matrix.org/latest/client-server-api/#standard-error-response>).
fn about_code(code: &str) -> Option<&'static str> {
    match code {
        "19001" => Some("check notify.feishu.webhook: no bot is known by it"),
        "19021" => Some("check notify.feishu.secret and this machine's clock"),
        "19022" => Some("add this machine's address to the IP whitelist in the bot's settings"),
        "19024" => Some("make this gateway's hostname a keyword in the bot's settings, or switch keywords off there"),
        "9499" | "11232" | "M_LIMIT_EXCEEDED" => Some("too many messages were sent just now: wait a minute"),
        "M_FORBIDDEN" => Some("invite the bot to the room, let it join, and allow it to write there"),
        "M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN" => {
            Some("check notify.matrix.token: log in as the bot again for a new one")
        }
        "M_NOT_FOUND" => Some("check notify.matrix.room, which is an ID and no alias"),
        "M_UNRECOGNIZED" => Some("check notify.matrix.homeserver: it is another server than that of the room's client"),
        _ => None,
    }
}

const fn about_status(status: u16) -> Option<&'static str> {
    match status {
        300..=399 => Some("redirects are not followed: write the address that this one leads to"),
        401 | 403 => Some("check the token or the key in the address"),
        404 | 405 | 410 => Some("check the address: nothing takes messages there"),
        429 => Some("too many messages were sent just now: wait a minute"),
        500..=599 => Some("the channel has a trouble of its own: try again later, or look at its log"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notifier::Said;
    use std::time::Duration;

    fn refused(code: &str) -> Option<&'static str> {
        NotifyError::Refused { code: code.to_owned(), said: Said::default(), temporary: false, wait: None }.advice()
    }

    fn status(status: u16) -> Option<&'static str> {
        NotifyError::Status { status, said: Said::default(), wait: None }.advice()
    }

    #[test]
    fn the_known_refusals_are_told_with_what_to_do() {
        for (code, part) in [
            ("19021", "notify.feishu.secret and this machine's clock"),
            ("19022", "IP whitelist"),
            ("19024", "keyword"),
            ("M_FORBIDDEN", "invite the bot to the room"),
            ("M_UNKNOWN_TOKEN", "notify.matrix.token"),
        ] {
            assert!(refused(code).is_some_and(|advice| advice.contains(part)), "{code}: {:?}", refused(code));
        }
        assert_eq!(refused("M_OF_TOMORROW"), None);
    }

    #[test]
    fn a_status_tells_whether_the_address_is_wrong() {
        assert!(status(308).is_some_and(|advice| advice.contains("redirects")));
        assert!(status(404).is_some_and(|advice| advice.contains("address")));
        assert!(status(503).is_some_and(|advice| advice.contains("later")));
        assert_eq!(status(418), None);
    }

    #[test]
    fn a_silent_and_a_missing_channel_are_advised() {
        let unreachable = NotifyError::Unreachable("gone".into());
        for error in [NotifyError::Timeout(Duration::from_secs(5)), NotifyError::Answer, unreachable] {
            assert!(error.advice().is_some(), "{error:?}");
        }
    }
}
