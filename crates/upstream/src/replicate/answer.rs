//! Completions, whole and in chunks: <https://platform.openai.com/docs/api-reference/chat/object>.

use super::ask::{Reply, Shape, Surface};
use super::prediction::Tokens;
use super::refusal::Failure;
use bytes::Bytes;
use serde_json::{Value, json};

/// What all parts of one answer have in common.
#[derive(Debug)]
pub(super) struct Answer {
    shape: Shape,
    id: String,
    /// Seconds since 1970.
    created: u64,
}

/// How a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The model ended it, or its limit did: the tokens tell.
    Model(Tokens),
    /// A stop sequence cut it, so the model's count would not be that of the answer.
    Stop,
}

impl Answer {
    pub(super) fn new(shape: Shape, prediction: &str, created: u64) -> Self {
        let prefix = match shape.surface {
            Surface::Chat => "chatcmpl",
            Surface::Completion => "cmpl",
        };
        Self { shape, id: format!("{prefix}-{prediction}"), created }
    }

    /// Whether the tokens make a difference to how a stream ends.
    pub(super) fn wants_tokens(&self) -> bool {
        self.shape.reply == Reply::StreamWithUsage || self.shape.limit.is_some()
    }

    /// The whole answer as JSON.
    pub(super) fn whole(&self, text: &str, ending: Ending) -> Bytes {
        let (object, choice) = match self.shape.surface {
            Surface::Chat => {
                let message = json!({"role": "assistant", "content": text, "refusal": null});
                ("chat.completion", json!({"message": message}))
            }
            Surface::Completion => ("text_completion", json!({"text": text})),
        };
        let mut whole = self.object(object, &[self.choice(choice, Some(ending))]);
        set(&mut whole, "usage", usage(ending));
        whole.to_string().into()
    }

    /// What opens a stream.
    pub(super) fn opening(&self) -> Bytes {
        match self.shape.surface {
            Surface::Chat => self.chunk(json!({"delta": {"role": "assistant", "content": "", "refusal": null}}), None),
            Surface::Completion => Bytes::new(),
        }
    }

    /// More text in a stream.
    pub(super) fn text(&self, text: &str) -> Bytes {
        match self.shape.surface {
            Surface::Chat => self.chunk(json!({"delta": {"content": text}}), None),
            Surface::Completion => self.chunk(json!({"text": text}), None),
        }
    }

    /// The end of a stream that is complete.
    pub(super) fn ending(&self, ending: Ending) -> Bytes {
        let last = match self.shape.surface {
            Surface::Chat => self.chunk(json!({"delta": {}}), Some(ending)),
            Surface::Completion => self.chunk(json!({"text": ""}), Some(ending)),
        };
        let usage = match (self.shape.reply, usage(ending)) {
            (Reply::StreamWithUsage, Some(usage)) => {
                let mut chunk = self.object(self.chunk_object(), &[]);
                set(&mut chunk, "usage", Some(usage));
                event(chunk.to_string().as_bytes())
            }
            (Reply::Whole | Reply::Stream | Reply::StreamWithUsage, _) => Bytes::new(),
        };
        [last, usage, event(b"[DONE]")].concat().into()
    }

    /// What a client in the middle of a stream is told when there will be no end.
    pub(super) fn broken(failure: &Failure) -> Bytes {
        event(&failure.in_band())
    }

    fn chunk(&self, choice: Value, ending: Option<Ending>) -> Bytes {
        let mut chunk = self.object(self.chunk_object(), &[self.choice(choice, ending)]);
        // OpenAI sends `null` in every chunk before the one that counts.
        set(&mut chunk, "usage", (self.shape.reply == Reply::StreamWithUsage).then_some(Value::Null));
        event(chunk.to_string().as_bytes())
    }

    const fn chunk_object(&self) -> &'static str {
        match self.shape.surface {
            Surface::Chat => "chat.completion.chunk",
            Surface::Completion => "text_completion",
        }
    }

    fn object(&self, object: &str, choices: &[Value]) -> Value {
        let (id, created, model) = (&self.id, self.created, &self.shape.model);
        json!({
            "id": id, "object": object, "created": created, "model": model, "system_fingerprint": null, "choices": choices
        })
    }

    fn choice(&self, mut choice: Value, ending: Option<Ending>) -> Value {
        set(&mut choice, "index", Some(json!(0)));
        set(&mut choice, "logprobs", Some(Value::Null));
        set(&mut choice, "finish_reason", Some(json!(ending.map(|ending| self.finish_reason(ending)))));
        choice
    }

    /// Replicate does not tell why a model stopped, but an answer as long as it may be was cut by its limit.
    fn finish_reason(&self, ending: Ending) -> &'static str {
        match (ending, self.shape.limit) {
            (Ending::Model(Tokens { output: Some(count), .. }), Some(limit)) if count >= limit => "length",
            (Ending::Model(_) | Ending::Stop, _) => "stop",
        }
    }
}

fn usage(ending: Ending) -> Option<Value> {
    match ending {
        Ending::Model(Tokens { input: Some(input), output: Some(output) }) => Some(json!({
            "prompt_tokens": input, "completion_tokens": output, "total_tokens": input.saturating_add(output)
        })),
        Ending::Model(Tokens { .. }) | Ending::Stop => None,
    }
}

fn set(object: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(fields), Some(value)) = (object.as_object_mut(), value) {
        fields.insert(name.to_owned(), value);
    }
}

/// One server-sent event. JSON holds no line ends, so it is one line.
fn event(data: &[u8]) -> Bytes {
    [b"data: ", data, b"\n\n"].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(reply: Reply, limit: Option<u64>) -> Answer {
        Answer::new(Shape { surface: Surface::Chat, reply, model: "a/b".to_owned(), limit }, "p", 7)
    }

    fn tokens(input: u64, output: u64) -> Ending {
        Ending::Model(Tokens { input: Some(input), output: Some(output) })
    }

    #[test]
    fn an_answer_as_long_as_it_may_be_was_cut_by_its_limit() {
        for (limit, ending, reason) in [
            (Some(5), tokens(1, 5), "length"),
            (Some(5), tokens(1, 4), "stop"),
            (None, tokens(1, 5), "stop"),
            (Some(5), Ending::Model(Tokens::default()), "stop"),
            (Some(5), Ending::Stop, "stop"),
        ] {
            assert_eq!(answer(Reply::Whole, limit).finish_reason(ending), reason);
        }
    }

    #[test]
    fn a_whole_answer_has_the_keys_of_openai() {
        let whole: Value =
            serde_json::from_slice(&answer(Reply::Whole, None).whole(" hi", tokens(2, 3))).expect("JSON");
        let message = json!({"role": "assistant", "content": " hi", "refusal": null});
        let choice = json!({"index": 0, "message": message, "logprobs": null, "finish_reason": "stop"});
        let usage = json!({"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5});
        let expected = json!({
            "id": "chatcmpl-p", "object": "chat.completion", "created": 7, "model": "a/b", "system_fingerprint": null,
            "choices": [choice], "usage": usage,
        });
        assert_eq!(whole, expected);
    }

    #[test]
    fn a_stream_counts_only_when_asked() {
        let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let counted = text(answer(Reply::StreamWithUsage, None).ending(tokens(2, 3)));
        assert!(counted.contains(r#""choices":[]"#) && counted.contains(r#""total_tokens":5"#), "{counted}");
        assert!(counted.ends_with("\n\ndata: [DONE]\n\n"));
        let plain = text(answer(Reply::Stream, None).ending(tokens(2, 3)));
        assert!(!plain.contains("usage"), "{plain}");
    }
}
