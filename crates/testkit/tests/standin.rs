//! The stand-in answers in OpenAI's shapes, and what went through it can be checked byte by byte.

use oar_testkit::standin::{Mode, Running, Standin};
use oar_testkit::{Ending, Head, RawClient, RawResponse, request_bytes};
use serde_json::{Value, json};
use std::time::Duration;

async fn running() -> Running {
    Standin::new(Mode::Answer).start().await.expect("a loopback port")
}

async fn ask(standin: &Running, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> RawResponse {
    RawClient::exchange(standin.addr(), request_bytes(method, path, headers, body)).await.expect("an answer")
}

async fn post(standin: &Running, path: &str, body: Value) -> RawResponse {
    let kind = [("content-type", "application/json")];
    ask(standin, "POST", path, &kind, body.to_string().as_bytes()).await
}

async fn upload(standin: &Running, path: &str, fields: &[(&str, &str)], file: &[u8]) -> RawResponse {
    let fields = fields
        .iter()
        .map(|(name, value)| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    let mut form = fields.collect::<String>().into_bytes();
    form.extend_from_slice(b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n");
    form.extend_from_slice(file);
    form.extend_from_slice(b"\r\n--b--\r\n");
    ask(standin, "POST", path, &[("content-type", "multipart/form-data; boundary=b")], &form).await
}

fn json_of(answer: &RawResponse) -> Value {
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// The `data:` of every event.
fn events_of(answer: &RawResponse) -> Vec<String> {
    answer.text().lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect()
}

fn chat(more: &Value) -> Value {
    let mut body = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "say hello"}]});
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

fn weather() -> Value {
    json!([{"type": "function", "function": {"name": "weather", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    }}}])
}

#[tokio::test]
async fn a_chat_is_answered_with_what_was_said_and_its_usage() {
    let answer = json_of(&post(&running().await, "/v1/chat/completions", chat(&json!({}))).await);
    assert_eq!(answer["choices"][0]["message"]["content"], "The stand-in heard: say hello");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!((&answer["usage"]["prompt_tokens"], &answer["usage"]["completion_tokens"]), (&json!(2), &json!(5)));
}

#[tokio::test]
async fn a_streamed_chat_says_the_same_and_ends_with_usage_and_done() {
    let body = chat(&json!({"stream": true, "stream_options": {"include_usage": true}}));
    let answer = post(&running().await, "/v1/chat/completions", body).await;
    assert!(answer.complete);
    let events = events_of(&answer);
    let (done, chunks) = events.split_last().unwrap();
    let chunks: Vec<Value> = chunks.iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect();
    let said: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!((said.as_str(), done.as_str()), ("The stand-in heard: say hello", "[DONE]"));
    let last = chunks.last().unwrap();
    assert_eq!((&last["choices"], &last["usage"]["total_tokens"]), (&json!([]), &json!(7)));
}

#[tokio::test]
async fn a_stream_without_include_usage_has_none() {
    let answer = post(&running().await, "/v1/chat/completions", chat(&json!({"stream": true}))).await;
    assert!(!answer.text().contains("usage"));
}

#[tokio::test]
async fn the_events_of_a_stream_come_one_by_one() {
    let standin = running().await;
    let mut client = RawClient::connect(standin.addr()).await.unwrap();
    let body = chat(&json!({"stream": true})).to_string();
    client.send(request_bytes("POST", "/v1/chat/completions", &[], body.as_bytes())).await.unwrap();
    client.read_head().await.unwrap();
    let first = client.read_chunk().await.unwrap();
    assert_eq!(first.windows(5).filter(|bytes| *bytes == b"data:").count(), 1);
}

#[tokio::test]
async fn tools_are_called_with_arguments_that_fit_their_schema() {
    let standin = running().await;
    let answer = json_of(&post(&standin, "/v1/chat/completions", chat(&json!({"tools": weather()}))).await);
    let call = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
    let expected = json!({"name": "weather", "arguments": r#"{"city":"stand-in","days":1}"#});
    assert_eq!((call, &answer["choices"][0]["finish_reason"]), (&expected, &json!("tool_calls")));

    let streamed = post(&standin, "/v1/chat/completions", chat(&json!({"tools": weather(), "stream": true}))).await;
    let chunks = events_of(&streamed).into_iter().filter_map(|chunk| serde_json::from_str::<Value>(&chunk).ok());
    let calls = chunks.map(|chunk| chunk["choices"][0]["delta"]["tool_calls"][0]["function"].clone());
    let arguments: String = calls.filter_map(|call| call["arguments"].as_str().map(str::to_owned)).collect();
    assert_eq!(arguments, r#"{"city":"stand-in","days":1}"#);
}

#[tokio::test]
async fn a_tools_answer_is_answered_in_words() {
    let messages = json!([{"role": "user", "content": "weather?"}, {"role": "tool", "content": "rain"}]);
    let body = json!({"model": "m", "messages": messages, "tools": weather()});
    let answer = json_of(&post(&running().await, "/v1/chat/completions", body).await);
    assert_eq!(answer["choices"][0]["message"]["content"], "The stand-in heard: rain");
}

#[tokio::test]
async fn a_completion_is_answered_plain_and_streamed() {
    let standin = running().await;
    let body = json!({"model": "gpt-3.5-turbo-instruct", "prompt": "once upon"});
    let plain = json_of(&post(&standin, "/v1/completions", body).await);
    assert_eq!(plain["choices"][0]["text"], "The stand-in heard: once upon");
    let body = json!({"model": "gpt-3.5-turbo-instruct", "prompt": "once upon", "stream": true});
    let events = events_of(&post(&standin, "/v1/completions", body).await);
    assert_eq!(events.last().unwrap(), "[DONE]");
}

#[tokio::test]
async fn embeddings_are_the_same_numbers_in_either_encoding() {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let standin = running().await;
    let body = json!({"model": "e", "input": ["a", "b"], "dimensions": 3});
    let floats = json_of(&post(&standin, "/v1/embeddings", body).await);
    let body = json!({"model": "e", "input": ["a", "b"], "dimensions": 3, "encoding_format": "base64"});
    let packed = json_of(&post(&standin, "/v1/embeddings", body).await);
    for index in 0..2 {
        let bytes = BASE64_STANDARD.decode(packed["data"][index]["embedding"].as_str().unwrap()).unwrap();
        let numbers: Vec<f32> = bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
        assert_eq!((json!(numbers), numbers.len()), (floats["data"][index]["embedding"].clone(), 3));
    }
    assert_ne!(floats["data"][0]["embedding"], floats["data"][1]["embedding"]);
}

#[tokio::test]
async fn a_transcription_tells_what_arrived() {
    let standin = running().await;
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let json = json_of(&upload(&standin, "/v1/audio/transcriptions", &[("model", "whisper-1")], b"abc").await);
    assert_eq!((&json["standin"]["sha256"], &json["standin"]["bytes"]), (&json!(sha256), &json!(3)));
    let fields = [("model", "whisper-1"), ("response_format", "text")];
    let text = upload(&standin, "/v1/audio/transcriptions", &fields, b"abc").await.text();
    assert_eq!(text, format!("bytes=3 sha256={sha256} model=whisper-1\n"));
}

#[tokio::test]
async fn speech_is_long_chunked_and_always_the_same() {
    let standin = running().await;
    let body = json!({"model": "tts-1", "input": "hello", "voice": "alloy"});
    let first = post(&standin, "/v1/audio/speech", body.clone()).await;
    assert_eq!(first.head.header("content-type"), Some("audio/mpeg"));
    assert_eq!(first.head.header("transfer-encoding"), Some("chunked"));
    assert!(first.complete && first.body.len() > 300_000);
    assert_eq!(first.body, post(&standin, "/v1/audio/speech", body).await.body);
}

#[tokio::test]
async fn a_file_lives_from_its_upload_to_its_deletion() {
    let standin = running().await;
    let file = json_of(&upload(&standin, "/v1/files", &[("purpose", "batch")], b"\x00\r\n\xff").await);
    let path = format!("/v1/files/{}", file["id"].as_str().unwrap());
    assert_eq!((&file["bytes"], &file["filename"], &file["purpose"]), (&json!(4), &json!("a.bin"), &json!("batch")));
    assert_eq!(json_of(&ask(&standin, "GET", "/v1/files", &[], b"").await)["data"], json!([file]));
    assert_eq!(json_of(&ask(&standin, "GET", &path, &[], b"").await), file);
    assert_eq!(ask(&standin, "GET", &format!("{path}/content"), &[], b"").await.body.as_ref(), b"\x00\r\n\xff");
    assert_eq!(json_of(&ask(&standin, "DELETE", &path, &[], b"").await)["deleted"], true);
    assert_eq!(ask(&standin, "GET", &path, &[], b"").await.head.status(), Some(404));
}

#[tokio::test]
async fn images_and_models_have_their_shapes() {
    let standin = running().await;
    let images = json_of(&post(&standin, "/v1/images/generations", json!({"prompt": "a cat", "n": 2})).await);
    assert!(images["data"][1]["b64_json"].as_str().unwrap().starts_with("iVBORw0KGgo"));
    let models = json_of(&ask(&standin, "GET", "/v1/models", &[], b"").await);
    assert_eq!((&models["object"], &models["data"][0]["object"]), (&json!("list"), &json!("model")));
    assert_eq!(ask(&standin, "GET", "/v1/models/none", &[], b"").await.head.status(), Some(404));
}

#[tokio::test]
async fn a_streamed_response_has_numbered_events_with_openais_names() {
    let standin = running().await;
    let body = json!({"model": "gpt-4o-mini", "input": "hi there"});
    let plain = json_of(&post(&standin, "/v1/responses", body).await);
    assert_eq!(plain["output"][0]["content"][0]["text"], "The stand-in heard: hi there");
    let answer = post(&standin, "/v1/responses", json!({"model": "m", "input": "hi there", "stream": true})).await;
    let text = answer.text();
    let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(names.first(), Some(&"response.created"));
    assert_eq!(names.iter().filter(|name| **name == "response.output_text.delta").count(), 5);
    assert_eq!(names.last(), Some(&"response.completed"));
    for (number, event) in events_of(&answer).iter().enumerate() {
        let event: Value = serde_json::from_str(event).unwrap();
        assert_eq!((&event["sequence_number"], &event["type"]), (&json!(number), &json!(names[number])));
    }
}

#[tokio::test]
async fn a_models_name_asks_for_an_error() {
    let standin = running().await;
    let answer = post(&standin, "/v1/chat/completions", chat(&json!({"model": "error-429"}))).await;
    assert_eq!((answer.head.status(), answer.head.header("retry-after")), (Some(429), Some("1")));
    assert_eq!(json_of(&answer)["error"]["code"], "rate_limit_exceeded");
    let answer = upload(&standin, "/v1/audio/transcriptions", &[("model", "error-500")], b"abc").await;
    assert_eq!(answer.head.status(), Some(500));
}

#[tokio::test]
async fn a_cut_answer_never_looks_complete() {
    let standin = running().await;
    for stream in [false, true] {
        let body = chat(&json!({"model": "error-cut", "stream": stream}));
        let answer = post(&standin, "/v1/chat/completions", body).await;
        assert_eq!((answer.head.status(), answer.complete), (Some(200), false), "stream: {stream}");
        assert!(!answer.body.is_empty(), "stream: {stream}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hanging_stand_in_never_answers() {
    let standin = Standin::new(Mode::Hang).start().await.unwrap();
    let answer = post(&standin, "/v1/chat/completions", chat(&json!({})));
    assert!(tokio::time::timeout(Duration::from_secs(3600), answer).await.is_err());
    assert_eq!(standin.hits("/v1/chat/completions"), 1);
}

#[tokio::test]
async fn a_wrong_key_is_refused() {
    let standin = Standin::new(Mode::Answer).requiring_key("sk-right").start().await.unwrap();
    assert_eq!(ask(&standin, "GET", "/v1/models", &[], b"").await.head.status(), Some(401));
    let right = [("authorization", "Bearer sk-right")];
    assert_eq!(ask(&standin, "GET", "/v1/models", &right, b"").await.head.status(), Some(200));
}

#[tokio::test]
async fn every_path_is_counted() {
    let standin = running().await;
    ask(&standin, "GET", "/v1/models", &[], b"").await;
    ask(&standin, "GET", "/v1/models?x=1", &[], b"").await;
    ask(&standin, "GET", "/v1/none", &[], b"").await;
    let hits = json_of(&ask(&standin, "GET", "/_hits", &[], b"").await);
    assert_eq!(hits, json!({"/v1/models": 2, "/v1/none": 1}));
}

#[tokio::test]
async fn a_websocket_sends_every_message_back() {
    let standin = running().await;
    let mut client = RawClient::connect(standin.addr()).await.unwrap();
    // The key and its answer are those of RFC 6455, section 1.3.
    let handshake = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    client.send(request_bytes("GET", "/v1/realtime?model=m", &handshake, b"")).await.unwrap();
    let head: Head = client.read_head().await.unwrap();
    assert_eq!((head.status(), head.header("sec-websocket-accept")), (Some(101), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    // A masked "Hello" (section 5.7), then a ping, then a close.
    client.send(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58").await.unwrap();
    assert_eq!(client.read_exactly(7).await.unwrap().as_ref(), b"\x81\x05Hello");
    client.send(b"\x89\x80\0\0\0\0\x88\x80\0\0\0\0").await.unwrap();
    assert_eq!(client.read_exactly(2).await.unwrap().as_ref(), b"\x8a\x00");
    let (last, ending) = client.read_to_close().await;
    assert_eq!((last.as_ref(), ending), (&b"\x88\x00"[..], Ending::Fin));
}
