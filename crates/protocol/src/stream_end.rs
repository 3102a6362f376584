//! Whether a stream said that it was complete.

use memchr::memmem::{self, Finder};
use std::sync::LazyLock;

/// What a stream must have said before its end counts as one. A connection that simply ends looks the same whether the
/// upstream was done or died: `Connection: close` framing has no other sign.
///
/// ```
/// use oar_protocol::StreamEnd;
///
/// let end = StreamEnd::of("/chat/completions");
/// assert_eq!(end, StreamEnd::Done);
/// assert!(end.is_said_in(b"data: [DONE]\n\n"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// Chat completions and completions: `[DONE]`, or a `finish_reason`, which servers send that forget `[DONE]`.
    Done,
    /// Responses: <https://platform.openai.com/docs/api-reference/responses-streaming>.
    Response,
    /// Messages: <https://docs.anthropic.com/en/docs/build-with-claude/streaming>.
    Message,
    /// Nothing is known of this stream.
    Any,
}

impl StreamEnd {
    /// What the streams of a path, given without its `/v1`, must say.
    ///
    /// ```
    /// use oar_protocol::StreamEnd;
    ///
    /// assert_eq!(StreamEnd::of("/responses"), StreamEnd::Response);
    /// assert_eq!(StreamEnd::of("/audio/speech"), StreamEnd::Any);
    /// ```
    pub fn of(suffix: &str) -> Self {
        match suffix.trim_end_matches('/') {
            path if path.ends_with("/completions") => Self::Done,
            path if path.ends_with("/responses") => Self::Response,
            path if path.ends_with("/messages") => Self::Message,
            _ => Self::Any,
        }
    }

    /// Whether `events`, some whole events of a stream, say that it is complete. Text that talks about it does not: there
    /// the quotes are escaped.
    ///
    /// ```
    /// use oar_protocol::StreamEnd;
    ///
    /// assert!(StreamEnd::Response.is_said_in(b"data: {\"type\":\"response.completed\"}\n\n"));
    /// assert!(!StreamEnd::Done.is_said_in(b"data: {\"choices\":[{\"finish_reason\":null}]}\n\n"));
    /// ```
    pub fn is_said_in(self, events: &[u8]) -> bool {
        let says = |word: &str| memmem::find(events, word.as_bytes()).is_some();
        match self {
            Self::Done => has_done(events) || has_finish_reason(events),
            Self::Response => {
                ["response.completed\"", "response.incomplete\"", "response.failed\""].into_iter().any(says)
            }
            Self::Message => says("\"message_stop\""),
            Self::Any => true,
        }
    }
}

/// Whether there is a line `data: [DONE]`.
fn has_done(events: &[u8]) -> bool {
    static DONE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("[DONE]"));
    // Hardly any event has the word, so its lines need not be looked at.
    DONE.find(events).is_some() && {
        let mut lines = events.split(|&byte| byte == b'\n' || byte == b'\r');
        lines.any(|line| line.strip_prefix(b"data:").is_some_and(|rest| rest.trim_ascii() == b"[DONE]"))
    }
}

fn has_finish_reason(events: &[u8]) -> bool {
    static FIELD: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"finish_reason\""));
    FIELD.find_iter(events).any(|at| {
        let after = events.get(at + FIELD.needle().len()..).unwrap_or_default().trim_ascii_start();
        after.strip_prefix(b":").is_some_and(|value| value.trim_ascii_start().starts_with(b"\""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_api_has_its_own_last_word() {
        for (path, last_word) in [
            ("/chat/completions", "data: [DONE]\n\n"),
            ("/completions", "data:[DONE]\r\n\r\n"),
            ("/chat/completions", "data: {\"choices\":[{\"delta\":{},\"finish_reason\": \"stop\"}]}\n\n"),
            ("/responses", "event: response.completed\ndata: {\"type\":\"response.completed\"}\n\n"),
            ("/responses", "data: {\"type\":\"response.incomplete\"}\n\n"),
            ("/messages", "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
            ("/audio/speech", ""),
        ] {
            assert!(StreamEnd::of(path).is_said_in(last_word.as_bytes()), "{path} {last_word}");
        }
    }

    #[test]
    fn a_stream_that_just_stops_has_not_said_it() {
        for (path, last_event) in [
            ("/chat/completions", "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":null}]}\n\n"),
            ("/chat/completions", "data: {\"choices\":[{\"delta\":{\"content\":\"say [DONE]\"}}]}\n\n"),
            ("/chat/completions", "data: {\"content\":\"\\\"finish_reason\\\":\\\"stop\\\"\"}\n\n"),
            ("/responses", "data: {\"type\":\"response.output_text.delta\"}\n\n"),
            ("/messages", "data: {\"type\":\"content_block_delta\"}\n\n"),
        ] {
            assert!(!StreamEnd::of(path).is_said_in(last_event.as_bytes()), "{path} {last_event}");
        }
    }
}
