//! What people wrote to models, and what these wrote back, is nobody's business who prints a story.

use oar_exchange::{Answer, Exchange, Outcome, Request, Transcript, Whole};
use std::time::SystemTime;

const PROMPT: &str = r#"{"messages": [{"content": "canary of a prompt"}]}"#;

#[test]
fn a_story_that_is_printed_has_neither_prompt_nor_answer() {
    let mut copied = Transcript::default();
    copied.keep(&"canary of an answer".into(), 1024);
    for body in [copied, Transcript::assembled("canary of a stream".into(), Whole::All)] {
        let request =
            Request { body: PROMPT.into(), ..Request::new(http::Method::POST, "/v1/chat/completions", [127, 0, 0, 1]) };
        let exchange = Exchange {
            outcome: Outcome::Ok,
            answer: Answer { status: 200, body, ..Answer::default() },
            ..Exchange::new("0190", SystemTime::UNIX_EPOCH, request)
        };
        let printed = format!("{exchange:?}{exchange:#?}");
        assert!(!printed.contains("canary"), "a body got out, in {printed}");
        assert!(printed.contains(&format!("{} bytes", PROMPT.len())), "{printed}");
    }
}
