use super::address::Address;
use super::http::Http;
use crate::notifier::{NotifyError, Said};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use secrecy::SecretString;
use std::time::Duration;

/// A channel's answer, as far as it was read.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    /// How long the channel wants to be left alone, if its head says so in seconds.
    pub(super) wait: Option<Duration>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// An answer whose body has not been read.
    pub(super) fn head(status: StatusCode, headers: &HeaderMap) -> Self {
        let wait = headers.get(RETRY_AFTER).and_then(|seconds| seconds.to_str().ok()?.trim().parse().ok());
        Self { status, wait: wait.map(Duration::from_secs), body: Vec::new() }
    }

    /// Keeps a piece of the body and says so; `false` when that would be more than the cap.
    pub(super) fn keep(&mut self, piece: &[u8]) -> bool {
        let fits = self.body.len() + piece.len() <= Http::REPLY_CAP_BYTES;
        if fits {
            self.body.extend_from_slice(piece);
        }
        fits
    }

    /// The error that the status is; with how the body begins, without what it repeats of `address` and `secret`.
    pub(super) fn refusal(&self, address: &Address, secret: Option<&SecretString>) -> NotifyError {
        // Redacted as a whole: a secret that is cut is still half a secret.
        let text = address.redact(&String::from_utf8_lossy(&self.body), secret);
        NotifyError::Status { status: self.status.as_u16(), said: Said::new(&text), wait: self.wait }
    }
}
