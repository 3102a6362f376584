//! A09: nothing that opens a door is ever written down, whatever happens and however much is logged.

use crate::program::{Folder, Gateway, TOKEN, chat, config};
use oar_testkit::{RawClient, Script, ScriptedUpstream, Step, request_bytes};
use std::path::Path;

/// Every secret, and what clients say, begins with this.
const CANARY: &str = "canary";

/// One that echoes what it was given in its error, one that breaks off, one that agrees to anything.
async fn upstreams() -> [ScriptedUpstream; 4] {
    let rude = "{\"error\": \"canary-key-of-rude is wrong\"}";
    let cut = Step::send("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 99\r\n\r\nhello");
    let switching = Step::send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    [
        ScriptedUpstream::refusing().unwrap(),
        ScriptedUpstream::answering(401, &[("set-cookie", "canary")], rude).await.unwrap(),
        ScriptedUpstream::start(Script::after_request([cut, Step::Fin])).await.unwrap(),
        ScriptedUpstream::start([Step::ReadHead, switching, Step::Fin]).await.unwrap(),
    ]
}

fn file(upstreams: &[ScriptedUpstream; 4], webhook: &ScriptedUpstream) -> String {
    let [refusing, rude, cutting, switching] = upstreams;
    let named = [("refusing", refusing), ("rude", rude), ("cutting", cutting), ("switching", switching)];
    let file = config(&format!("notify: {{webhook: {{url: '{}/canary-hook'}}}}", webhook.origin()), &named);
    file.replace("name: cutting, sk: canary-key-of-cutting,", "name: cutting, sk: asis, allow: [cut],")
        .replace("name: switching,", "name: switching, allow: [/v1/realtime],")
}

/// Requests that end in every way, each with all the secrets a client can have.
async fn ask_everything(gateway: &Gateway) {
    for (token, model, status) in [(TOKEN, "m", 502), (TOKEN, "cut", 200), ("canary-wrong", "m", 401)] {
        assert_eq!(gateway.ask(chat(token, model)).await.head.status(), Some(status), "{model}");
    }
    let authorization = format!("Bearer {TOKEN}");
    let mut headers = vec![
        ("authorization", authorization.as_str()),
        ("cookie", "session=canary-cookie"),
        ("x-api-key", "canary-api-key"),
        ("proxy-authorization", "Basic canary-proxy"),
    ];
    let prompt = br#"{"model": "m", "messages": [{"content": "canary-prompt"}]}"#;
    gateway.ask(request_bytes("POST", "/v1/responses?key=canary-query", &headers, prompt)).await;
    gateway.ask(request_bytes("POST", "/v1/chat/completions", &headers, b"{\"canary-broken\": ")).await;
    gateway.ask(request_bytes("GET", "/v1/models", &headers, b"")).await;
    headers[0] = ("sec-websocket-protocol", "realtime, openai-insecure-api-key.canary-client-token");
    headers.extend([("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-key", "x")]);
    let mut client = RawClient::connect(gateway.addr).await.unwrap();
    client.send(request_bytes("GET", "/v1/realtime", &headers, b"")).await.unwrap();
    assert_eq!(client.read_head().await.unwrap().status(), Some(101));
    client.read_to_close().await;
}

#[track_caller]
fn check_clean(place: &str, text: &str) {
    let found = text.lines().find(|line| line.contains(CANARY));
    assert!(found.is_none(), "{place}: {}", found.unwrap_or_default());
}

#[tokio::test]
async fn no_secret_and_no_prompt_is_logged_counted_or_listed_at_any_level() {
    let (upstreams, webhook) = (upstreams().await, ScriptedUpstream::answering(500, &[], "").await.unwrap());
    let folder = Folder::new(&file(&upstreams, &webhook)).with("RUST_LOG", "trace");
    let gateway = folder.serve(&["-dblog", "--log-format", "json"]).await;
    ask_everything(&gateway).await;
    let metrics = gateway.ask(request_bytes("GET", "/metrics", &[], b"")).await.text();
    webhook.until_read(1).await;
    let left = gateway.end("TERM").await;
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert!(left.stderr.contains(r#""level":"TRACE""#), "everything is logged");
    check_clean("standard error", &left.stderr);
    check_clean("standard output", &left.stdout);
    check_clean("metrics", &metrics);
    check_clean("an alert", &String::from_utf8_lossy(&webhook.requests()[0].body));
    for arguments in [["-list"], ["check"]] {
        let told = folder.run(&arguments).await;
        check_clean(arguments[0], &(told.stdout + &told.stderr));
    }
}

/// Prompts are what a record is for; whatever opens a door is not.
#[tokio::test]
async fn no_secret_is_recorded() {
    let (upstreams, webhook) = (upstreams().await, ScriptedUpstream::answering(200, &[], "").await.unwrap());
    let folder = Folder::new(&file(&upstreams, &webhook));
    let gateway = folder.serve(&[]).await;
    ask_everything(&gateway).await;
    assert_eq!(gateway.end("TERM").await.code, Some(0));
    assert_eq!(folder.rows().await.len(), 7);
    let stored = everything_in(folder.root.path());
    assert!(stored.contains("canary-prompt"));
    check_clean("the database", &stored.replace("canary-prompt", ""));
}

/// The bytes of the database, and of any journal beside it.
fn everything_in(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let stored = files.filter(|file| file.file_name().is_some_and(|name| name != "config.yaml"));
    stored.map(|file| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned()).collect()
}
