//! What the gateway wrote, read back: the answers that are hard to keep readable.

use crate::book::printed;
use crate::program::{Folder, TOKEN, config};
use oar_testkit::{RawClient, Script, ScriptedUpstream, Step, request_bytes};

/// What `records show` says after this request was answered by an upstream of this script.
async fn shown(script: Script, content_type: &str, body: &[u8]) -> String {
    let refusing = ScriptedUpstream::refusing().unwrap();
    let upstream = ScriptedUpstream::start(script).await.unwrap();
    let folder = Folder::new(&config("", &[("first", &refusing), ("second", &upstream)])).with("TZ", "UTC");
    let gateway = folder.serve(&[]).await;
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", bearer.as_str()), ("content-type", content_type), ("connection", "close")];
    let path = if content_type.starts_with("multipart") { "/v1/audio/transcriptions" } else { "/v1/chat/completions" };
    let mut client = RawClient::connect(gateway.addr).await.unwrap();
    client.send(request_bytes("POST", path, &headers, body)).await.unwrap();
    client.read_to_close().await;
    assert_eq!(gateway.end("TERM").await.code, Some(0));
    printed(&folder, "show 1").await
}

fn stream(events: &[&str], end: &[Step]) -> Script {
    let events = events.iter().map(|event| Step::event(*event));
    Script::after_request(std::iter::once(Step::event_stream()).chain(events).chain(end.iter().cloned()))
}

const ASK: &[u8] = br#"{"model":"m","stream":true,"messages":[{"role":"user","content":"weather?"}],
    "tools":[{"type":"function","function":{"name":"get_weather"}}]}"#;

#[tokio::test]
async fn a_stream_with_tool_calls_is_told_with_their_arguments() {
    let events = [
        r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"Let me "}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"look."}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","function":{"name":"get_weather","arguments":""}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"Paris\"}"}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        "[DONE]",
    ];
    let shown = shown(stream(&events, &[Step::chunk(""), Step::Fin]), "application/json", ASK).await;
    for part in [
        "row 1  ok 200  POST /v1/chat/completions m\n",
        "  tools: get_weather\n",
        "  user\n    weather?\n",
        "Let me look.\n",
    ] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    assert!(shown.lines().any(|line| line.contains("get_weather") && line.contains(r#"{"city":"Paris"}"#)), "{shown}");
    assert!(shown.contains("  first   connect_refused") && shown.contains("  second  ok"), "{shown}");
}

#[tokio::test]
async fn an_answer_of_200_kb_is_there_to_its_last_word() {
    let words: Vec<String> = (0..20_000).map(|number| format!("word{number:05} ")).collect();
    let events: Vec<String> = words
        .chunks(500)
        .map(|words| serde_json::json!({"choices": [{"index": 0, "delta": {"content": words.concat()}}]}).to_string())
        .chain(["[DONE]".to_owned()])
        .collect();
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let shown = shown(stream(&events, &[Step::chunk(""), Step::Fin]), "application/json", ASK).await;
    let text = words.concat();
    assert!(text.len() >= 200_000 && shown.contains(text.trim_end()), "{}", shown.len());
    assert!(shown.contains("answer  195.3 KiB\n") && !shown.contains("  cut "), "{}", shown.get(..600).unwrap());
}

#[tokio::test]
async fn a_stream_that_was_cut_says_so_and_keeps_what_came() {
    let events = [r#"{"choices":[{"index":0,"delta":{"content":"It was a dark and"}}]}"#];
    let shown = shown(stream(&events, &[Step::Rst]), "application/json", ASK).await;
    assert!(shown.starts_with("row 1  stream_broken 200  "), "{shown}");
    assert!(shown.contains("It was a dark and") && shown.contains("\n  error       "), "{shown}");
}

#[tokio::test]
async fn an_upload_is_a_note_and_its_model() {
    let file = "R\u{0}IFF".repeat(1000);
    let body = format!(
        "--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\ncontent-disposition: form-data; \
         name=\"file\"; filename=\"a.wav\"\r\ncontent-type: audio/wav\r\n\r\n{file}\r\n--b--\r\n"
    );
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 22\r\nconnection: close\r\n\r\n\
                  {\"text\":\"hello world\"}";
    let script = Script::after_request([Step::send(answer), Step::Fin]);
    let shown = shown(script, "multipart/form-data; boundary=b", body.as_bytes()).await;
    assert!(shown.starts_with("row 1  ok 200  POST /v1/audio/transcriptions whisper-1\n"), "{shown}");
    assert!(shown.contains("\nrequest  ") && shown.contains("multipart/form-data"), "{shown}");
    assert!(!shown.contains("IFF") && shown.contains("\"text\": \"hello world\""), "{shown}");
}
