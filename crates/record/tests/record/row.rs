use crate::exchanges::{Change, answer, exchange, moment, refused_attempt};
use bytes::Bytes;
use oar_exchange::{AttemptResult, Exchange, Outcome, Transcript, Whole};
use oar_protocol::{Facts, StreamText};
use oar_record::{CreatedAt, HEADERS_CAP_BYTES, Row, SHORT_FIELD_CAP_BYTES};
use serde_json::{Value, json};

fn told(exchange: &Exchange) -> Value {
    serde_json::to_value(Row::from_exchange(exchange, "gateway-1")).unwrap()
}

#[test]
fn every_column_tells_its_part_of_the_exchange() {
    let attempts = r#"[{"upstream":"first","phase":"connect","result":"connect_refused","status":null,"ms":3,"detail":"connection refused"},{"upstream":"second","phase":"answer","result":"ok","status":200,"ms":890,"request_id":"req_9"}]"#;
    let expected = json!({
        "id": null,
        "hostname": "gateway-1",
        "upstream_endpoint": "https://second.test/v1",
        "upstream_sk": "sha256:two",
        "created_at": "2026-03-04 05:06:07.000123+00:00",
        "ip": "192.0.2.7",
        "body": "{\"model\":\"gpt-4o\",\"user\":\"canary-prompt\"}",
        "model": "gpt-4o",
        "response": "{\"choices\":[],\"text\":\"canary-answer\"}",
        "response_time": 900_000_000,
        "elapsed_time": 1_500_000_000,
        "status": 200,
        "authorization": "sha256:caller",
        "user_agent": "test/1",
        "headers": r#"{"Accept":["a","b"],"Content-Type":["application/json"],"User-Agent":["test/1"]}"#,
        "exchange_id": "x1",
        "request_id": "client-x1",
        "method": "POST",
        "path": "/v1/chat/completions",
        "upstream": "second",
        "outcome": "ok",
        "error": null,
        "attempts": attempts,
        "stream": false,
        "prompt_tokens": 7,
        "completion_tokens": null,
        "bytes_in": 41,
        "bytes_out": 37,
        "first_byte_time": 901_000_000,
        "truncated": false,
    });
    assert_eq!(told(&exchange("x1")), expected);
    assert_eq!(CreatedAt(moment()).to_string(), expected["created_at"]);
}

#[test]
fn a_request_that_reached_no_upstream_names_none() {
    let mut refused = exchange("x1");
    refused.attempts.clear();
    refused.caller = None;
    refused.outcome = Outcome::Rejected;
    refused.answer = answer("application/json", "{\"error\":{}}");
    refused.answer.status = 401;
    let row = told(&refused);
    assert_eq!(
        (&row["upstream"], &row["upstream_endpoint"], &row["authorization"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!((&row["attempts"], &row["outcome"], &row["status"]), (&json!("[]"), &json!("rejected"), &json!(401)));
}

#[test]
fn an_error_answer_is_told_of_the_upstream_that_gave_it() {
    let mut relayed = exchange("x1");
    relayed.attempts.reverse();
    relayed.attempts[0].result = AttemptResult::Status;
    relayed.attempts[0].status = Some(429);
    relayed.outcome = Outcome::UpstreamError;
    relayed.answer.status = 429;
    assert_eq!(told(&relayed)["upstream"], "second");
}

#[test]
fn when_all_failed_the_last_upstream_is_told() {
    let mut failed = exchange("x1");
    failed.attempts = vec![refused_attempt()];
    failed.outcome = Outcome::AllFailed;
    failed.answer.status = 502;
    failed.error = Some("no upstream could be reached".to_owned());
    let row = told(&failed);
    assert_eq!((&row["upstream"], &row["error"]), (&json!("first"), &json!("no upstream could be reached")));
}

#[test]
fn without_a_model_the_path_stands_for_it() {
    let mut upload = exchange("x1");
    upload.request.model = None;
    upload.request.path = "/v1/audio/transcriptions".to_owned();
    assert_eq!(told(&upload)["model"], "/v1/audio/transcriptions");
}

#[test]
fn a_compressed_request_body_is_not_taken_for_text() {
    let mut compressed = exchange("x1");
    compressed.request.headers.insert("content-encoding", "br".parse().unwrap());
    assert_eq!(told(&compressed)["body"], "[41 bytes of application/json]");
}

#[test]
fn what_a_client_makes_long_is_cut_and_marked() {
    let long = "x".repeat(SHORT_FIELD_CAP_BYTES + 1);
    let changes: [(&str, Change); 5] = [
        ("method", |exchange, long| exchange.request.method = long.parse().unwrap()),
        ("path", |exchange, long| exchange.request.path = long),
        ("model", |exchange, long| exchange.request.model = Some(long)),
        ("request_id", |exchange, long| exchange.request_id = long),
        ("user_agent", |exchange, long| drop(exchange.request.headers.insert("user-agent", long.parse().unwrap()))),
    ];
    for (column, change) in changes {
        let mut exchange = exchange("x1");
        change(&mut exchange, long.clone());
        let row = told(&exchange);
        assert_eq!((&row[column], &row["truncated"]), (&json!(long[1..]), &json!(true)), "{column}");
    }
}

#[test]
fn headers_beyond_the_cap_are_left_out_and_the_rest_can_be_read() {
    let mut wordy = exchange("x1");
    for number in 0..200 {
        let value = "\"".repeat(500).parse().unwrap();
        wordy.request.headers.insert(http::HeaderName::try_from(format!("x-stainless-{number}")).unwrap(), value);
    }
    let row = told(&wordy);
    let headers = row["headers"].as_str().unwrap();
    assert!(headers.len() <= HEADERS_CAP_BYTES && headers.len() > HEADERS_CAP_BYTES - 2_000, "{}", headers.len());
    let kept: Value = serde_json::from_str(headers).unwrap();
    assert_eq!((&kept["Accept"], &row["truncated"]), (&json!(["a", "b"]), &json!(true)));
}

#[test]
fn debug_shows_nothing_a_client_wrote() {
    let shown = format!("{:?}", Row::from_exchange(&exchange("x1"), "gateway-1"));
    assert!(shown.contains("x1") && !shown.contains("gpt-4o") && !shown.contains("sha256"), "{shown}");
}

/// A chunk as OpenAI sends it.
fn chunk(delta: &Value) -> String {
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "gpt-4o",
        "system_fingerprint": "fp_1", "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}],
        "usage": null, "obfuscation": "x8Kq2",
    });
    format!("data: {chunk}\n\n")
}

/// The exchange of a stream of these events, put together on its way as the gateway does it.
fn streamed(events: impl IntoIterator<Item = String>) -> Exchange {
    let mut stream = StreamText::new(1 << 20);
    let mut streamed = exchange("x1");
    streamed.request.stream = true;
    streamed.answer.content_type = Some("text/event-stream; charset=utf-8".to_owned());
    streamed.answer.bytes = 0;
    for event in events {
        streamed.answer.bytes += event.len() as u64;
        stream.push(event.as_bytes());
    }
    assert!(stream.is_known());
    let whole = if stream.is_truncated() { Whole::Cut } else { Whole::All };
    streamed.answer.body = Transcript::assembled(stream.text(), whole);
    streamed
}

#[test]
fn a_stream_with_tool_calls_reads_as_what_was_said_and_called() {
    let call = |index: u64, function: Value| chunk(&json!({"tool_calls": [{"index": index, "function": function}]}));
    let events = [
        chunk(&json!({"role": "assistant", "content": ""})),
        chunk(&json!({"content": "Let me "})),
        chunk(&json!({"content": "look."})),
        call(0, json!({"name": "weather", "arguments": ""})),
        call(1, json!({"name": "time", "arguments": "{\"in\":"})),
        call(0, json!({"arguments": "{\"city\": \"Köln\"}"})),
        call(1, json!({"arguments": "\"UTC\"}"})),
        "data: [DONE]\n\n".to_owned(),
    ];
    let row = told(&streamed(events));
    let text = "Let me look.\n[tool call] weather({\"city\": \"Köln\"})\n[tool call] time({\"in\":\"UTC\"})";
    assert_eq!((&row["response"], &row["truncated"]), (&json!(text), &json!(false)));
}

#[test]
fn a_stream_of_200_kb_of_text_is_whole() {
    let text = "All happy families. ".repeat(10_240);
    let pieces = text.as_bytes().chunks(20).map(|piece| chunk(&json!({"content": String::from_utf8_lossy(piece)})));
    let row = told(&streamed(pieces));
    assert_eq!((row["response"].as_str().map(str::len), &row["truncated"]), (Some(204_800), &json!(false)));
    assert_eq!(row["response"], text);
    assert!(row["bytes_out"].as_u64().unwrap() > 2_000_000, "{}", row["bytes_out"]);
}

#[test]
fn a_stream_that_was_cut_tells_what_came_and_why_no_more() {
    let news = json!({"error": {"message": "The upstream broke off before the answer was complete."}});
    let mut cut = streamed([chunk(&json!({"content": "Half an ans"})), format!("data: {news}\n\n")]);
    cut.outcome = Outcome::StreamBroken;
    cut.error = Some("upstream's body ended early: connection reset".to_owned());
    let row = told(&cut);
    let text = format!("Half an ans\n[error] {}", news["error"]);
    assert_eq!((&row["response"], &row["outcome"]), (&json!(text), &json!("stream_broken")));
    assert_eq!(
        (&row["error"], &row["truncated"]),
        (&json!("upstream's body ended early: connection reset"), &json!(false))
    );
}

#[test]
fn an_upload_tells_its_fields_and_the_size_of_its_files() {
    let form = "--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n\
                --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"talk.mp3\"\r\n\
                content-type: audio/mpeg\r\n\r\nID3 canary\r\n--b--\r\n";
    let media_type = "multipart/form-data; boundary=b";
    let facts = Facts::read(Some(media_type), form.as_bytes()).unwrap();
    let mut upload = exchange("x1");
    upload.request.headers.insert("content-type", media_type.parse().unwrap());
    upload.request.body = Bytes::copy_from_slice(facts.outline.as_str().as_bytes());
    (upload.request.bytes, upload.request.model) = (form.len() as u64, facts.model);
    let row = told(&upload);
    let note = format!("[{} bytes of multipart/form-data]", form.len());
    let text = format!("{note}\nmodel: \"whisper-1\"\nfile: 10 bytes of audio/mpeg, \"talk.mp3\"");
    assert_eq!((&row["body"], &row["model"], &row["truncated"]), (&json!(text), &json!("whisper-1"), &json!(false)));

    // A gateway that hands the form itself over.
    upload.request.body = Bytes::from(form);
    assert_eq!(told(&upload)["body"], note);
}

/// B07: what is no text becomes what shows that something was there, and what is around it stays.
#[test]
fn nul_and_what_is_no_utf8_can_be_read_and_stored() {
    let mut odd = exchange("x1");
    odd.request.body = Bytes::from_static(b"{\"model\": \"m\", \"a\": \"\\u0000\", \"b\": \"\0\xff\xc3(\"}");
    odd.request.bytes = odd.request.body.len() as u64;
    let body = "{\"model\": \"m\", \"a\": \"\\u0000\", \"b\": \"\u{fffd}\u{fffd}\u{fffd}(\"}";
    let row = told(&odd);
    assert_eq!((&row["body"], &row["truncated"]), (&json!(body), &json!(false)));
    let stream = streamed([chunk(&json!({"content": "a\0b"}))]);
    assert_eq!(told(&stream)["response"], "a\u{fffd}b");
}
