//! A prediction's stream of events.

use oar_protocol::sse::{Event, Splitter};
use reqwest::Response;
use serde_json::Value;

/// An open stream.
pub(super) struct Events {
    response: Response,
    splitter: Splitter,
}

/// What a stream tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// More text; none, for an event that matters for its id alone.
    Text(String),
    /// The model gave up, and why.
    Error(String),
    /// All has been said.
    Done,
    /// The prediction has ended or will; it tells how.
    Ended,
    /// The stream ended before the prediction did.
    Lost,
}

impl Events {
    pub(super) fn new(response: Response) -> Self {
        Self { response, splitter: Splitter::new() }
    }

    /// What the next event tells, and its id.
    pub(super) async fn next(&mut self) -> (Heard, Option<String>) {
        loop {
            if let Some(Event { name, data, id }) = self.splitter.next_event() {
                return (heard(name.as_deref(), data), id);
            }
            match self.response.chunk().await {
                Ok(Some(bytes)) => self.splitter.push(&bytes),
                Ok(None) | Err(_) => return (Heard::Lost, None),
            }
        }
    }
}

fn heard(name: Option<&str>, data: String) -> Heard {
    match name {
        Some("output") => Heard::Text(data),
        Some("error") => Heard::Error(detail(data)),
        Some("done") => done(&data),
        Some(_) | None => Heard::Text(String::new()),
    }
}

/// `{}`, or `{"reason": "canceled"}`, or `{"reason": "error"}`.
fn done(data: &str) -> Heard {
    let told: Value = serde_json::from_str(data).unwrap_or_default();
    if told.get("reason").is_some_and(|reason| !reason.is_null()) { Heard::Ended } else { Heard::Done }
}

/// `{"detail": "…"}`, or the text itself.
fn detail(data: String) -> String {
    let told: Value = serde_json::from_str(&data).unwrap_or_default();
    told.get("detail").and_then(Value::as_str).map_or(data, str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_heard_as_replicate_means_them() {
        let hear = |name: &str, data: &str| heard(Some(name), data.to_owned());
        let text = |text: &str| Heard::Text(text.to_owned());
        assert_eq!(hear("output", " Once\n"), text(" Once\n"));
        assert_eq!(hear("output", ""), text(""));
        assert_eq!(hear("logs", "loading"), text(""));
        assert_eq!(hear("error", r#"{"detail": "oops"}"#), Heard::Error("oops".to_owned()));
        assert_eq!(hear("error", "oops"), Heard::Error("oops".to_owned()));
        for (data, expected) in [
            ("{}", Heard::Done),
            ("", Heard::Done),
            (r#"{"reason": null}"#, Heard::Done),
            (r#"{"reason": "canceled"}"#, Heard::Ended),
            (r#"{"reason": "error"}"#, Heard::Ended),
        ] {
            assert_eq!(hear("done", data), expected, "{data}");
        }
        assert_eq!(heard(None, "x".to_owned()), text(""));
    }

    #[tokio::test]
    async fn a_stream_is_read_with_any_line_ends_a_byte_order_mark_and_events_without_an_id() {
        let bytes = "\u{feff}: hi\r\n\r\nevent: output\r\ndata:  a\r\ndata: b\r\n\r\n\
            event: output\nid: 7:0\ndata: 你\n\n: 408: 408 Request Timeout\n\nevent: output\ndata: cut o";
        let mut events = Events::new(http::Response::new(bytes).into());
        assert_eq!(events.next().await, (Heard::Text(" a\nb".to_owned()), None));
        assert_eq!(events.next().await, (Heard::Text("你".to_owned()), Some("7:0".to_owned())));
        assert_eq!(events.next().await, (Heard::Lost, None));
    }
}
