//! A prediction, as Replicate's API tells it.

use super::refusal::Refusal;
use serde::Deserialize;
use serde_json::Value;

/// The fields that matter. All others, and what they may hold tomorrow, are not looked at.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Prediction {
    pub(super) id: String,
    pub(super) status: Status,
    #[serde(default)]
    pub(super) urls: Urls,
    #[serde(default)]
    output: Value,
    #[serde(default)]
    error: Value,
    #[serde(default)]
    metrics: Value,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Urls {
    pub(super) get: Option<String>,
    pub(super) stream: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Starting,
    Processing,
    Succeeded,
    Failed,
    Canceled,
    Aborted,
    /// One that was invented later; what it is will show.
    #[serde(other)]
    Unknown,
}

impl Status {
    /// Whether nothing will change any more. A whole output says nothing about that: it may be there while the status
    /// is still `processing`.
    pub(super) const fn is_terminal(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Canceled | Self::Aborted => true,
            Self::Starting | Self::Processing | Self::Unknown => false,
        }
    }
}

/// Tokens as Replicate counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) input: Option<u64>,
    pub(super) output: Option<u64>,
}

impl Prediction {
    /// Tokens, once the prediction has ended.
    pub(super) fn tokens(&self) -> Tokens {
        let count = |name| self.metrics.get(name).and_then(Value::as_u64);
        Tokens { input: count("input_token_count"), output: count("output_token_count") }
    }

    /// Rewrites what the prediction says of its failure.
    pub(super) fn rewrite_error(&mut self, rewrite: impl Fn(&str) -> String) {
        self.error = self.error.as_str().map_or(Value::Null, |text| rewrite(text).into());
    }

    /// The text so far, which may lag behind the stream's; `None` if what it makes is no text.
    pub(super) fn text_so_far(&self) -> Option<String> {
        text_of(&self.output)
    }

    /// The text of a prediction that has ended.
    ///
    /// # Errors
    ///
    /// A 502 if it did not succeed, or if what it made is no text.
    pub(super) fn text(&self) -> Result<String, Refusal> {
        match self.status {
            Status::Succeeded => text_of(&self.output)
                .ok_or_else(|| Refusal::bad_gateway("upstream_not_text", "the model's output is not text")),
            Status::Failed => Err(failed(self.error.as_str().unwrap_or("no reason was given"))),
            Status::Canceled | Status::Aborted => Err(canceled()),
            Status::Starting | Status::Processing | Status::Unknown => Err(failed("it has not ended")),
        }
    }
}

/// Models make a text, or a list of its pieces.
fn text_of(output: &Value) -> Option<String> {
    match output {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Array(pieces) => pieces.iter().map(Value::as_str).collect(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

pub(super) fn failed(why: &str) -> Refusal {
    Refusal::bad_gateway("prediction_failed", format!("the prediction failed: {why}"))
}

pub(super) fn canceled() -> Refusal {
    Refusal::bad_gateway("prediction_canceled", "the prediction was cancelled before its end")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn prediction(fields: &Value) -> Prediction {
        let mut whole = json!({"id": "p", "status": "succeeded"});
        whole.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        serde_json::from_value(whole).expect("a prediction")
    }

    /// A18.
    #[test]
    fn only_the_four_ends_are_terminal() {
        for (status, terminal) in [
            ("starting", false),
            ("processing", false),
            ("succeeded", true),
            ("failed", true),
            ("canceled", true),
            ("aborted", true),
            ("invented-later", false),
        ] {
            assert_eq!(prediction(&json!({"status": status})).status.is_terminal(), terminal, "{status}");
        }
    }

    #[test]
    fn a_text_may_come_in_pieces() {
        let text = |output: Value| prediction(&json!({"output": output})).text().ok();
        assert_eq!(text(json!(["", " a", "\n", "你", ""])), Some(" a\n你".to_owned()));
        assert_eq!(text(json!("whole")), Some("whole".to_owned()));
        assert_eq!(text(json!(null)), Some(String::new()));
        assert_eq!(text(json!([1])), None);
        assert_eq!(text(json!({"a": 1})), None);
    }

    #[test]
    fn what_did_not_succeed_has_no_text_even_with_output() {
        for status in ["failed", "canceled", "aborted", "processing"] {
            assert!(prediction(&json!({"status": status, "output": ["a"]})).text().is_err(), "{status}");
        }
    }

    #[test]
    fn tokens_are_counted_when_they_are_told() {
        let metrics = json!({"input_token_count": 3, "output_token_count": 5, "predict_time": 1.5});
        assert_eq!(prediction(&json!({"metrics": metrics})).tokens(), Tokens { input: Some(3), output: Some(5) });
        assert_eq!(prediction(&json!({"metrics": null})).tokens(), Tokens::default());
    }
}
