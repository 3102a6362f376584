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
    /// More text.
    Output(String),
    /// The model gave up, and why.
    Error(String),
    /// All has been said.
    Done,
    /// The stream ended before the prediction did, or does not tell how it ended.
    Lost,
}

impl Events {
    pub(super) fn new(response: Response) -> Self {
        Self { response, splitter: Splitter::new() }
    }

    /// The next thing that matters: comments and logs do not.
    pub(super) async fn next(&mut self) -> Heard {
        loop {
            if let Some(heard) = std::iter::from_fn(|| self.splitter.next_event()).find_map(heard) {
                return heard;
            }
            match self.response.chunk().await {
                Ok(Some(bytes)) => self.splitter.push(&bytes),
                Ok(None) | Err(_) => return Heard::Lost,
            }
        }
    }
}

fn heard(event: Event) -> Option<Heard> {
    match event.name.as_deref() {
        Some("output") => (!event.data.is_empty()).then_some(Heard::Output(event.data)),
        Some("error") => Some(Heard::Error(detail(event.data))),
        Some("done") => Some(done(&event.data)),
        Some(_) | None => None,
    }
}

/// `{}`, or `{"reason": "canceled"}`, or `{"reason": "error"}`.
fn done(data: &str) -> Heard {
    let told: Value = serde_json::from_str(data).unwrap_or_default();
    if told.get("reason").is_some_and(|reason| !reason.is_null()) { Heard::Lost } else { Heard::Done }
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
        let hear =
            |name: &str, data: &str| heard(Event { name: Some(name.to_owned()), data: data.to_owned(), id: None });
        assert_eq!(hear("output", " Once\n"), Some(Heard::Output(" Once\n".to_owned())));
        assert_eq!(hear("output", ""), None);
        assert_eq!(hear("logs", "loading"), None);
        assert_eq!(hear("error", r#"{"detail": "oops"}"#), Some(Heard::Error("oops".to_owned())));
        assert_eq!(hear("error", "oops"), Some(Heard::Error("oops".to_owned())));
        for (data, expected) in [
            ("{}", Heard::Done),
            ("", Heard::Done),
            (r#"{"reason": null}"#, Heard::Done),
            (r#"{"reason": "canceled"}"#, Heard::Lost),
            (r#"{"reason": "error"}"#, Heard::Lost),
        ] {
            assert_eq!(hear("done", data), Some(expected), "{data}");
        }
        assert_eq!(heard(Event::default()), None);
    }
}
