use super::seen::Seen;
use http::HeaderValue;
use std::time::Duration;

/// How long a creation's answer waits for the prediction's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Not,
    For(Duration),
}

/// What `Prefer: wait` without a number means, and the most that it can mean.
const LONGEST_SECONDS: u64 = 60;

impl Wait {
    /// `Prefer: wait` or `wait=1` to `wait=60` (RFC 7240). What cannot be understood is not applied.
    pub(super) fn asked_by(seen: &Seen) -> Self {
        let seconds = match seen.header("prefer") {
            Some("wait") => Some(LONGEST_SECONDS),
            Some(preference) => preference.strip_prefix("wait=").and_then(|seconds| seconds.parse().ok()),
            None => None,
        };
        match seconds {
            Some(seconds @ 1..=LONGEST_SECONDS) => Self::For(Duration::from_secs(seconds)),
            Some(_) | None => Self::Not,
        }
    }

    /// What `Preference-Applied` says.
    pub(super) fn applied(self) -> Option<HeaderValue> {
        match self {
            Self::Not => None,
            Self::For(time) => HeaderValue::from_str(&format!("wait={}", time.as_secs())).ok(),
        }
    }
}
