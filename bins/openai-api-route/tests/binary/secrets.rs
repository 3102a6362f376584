//! A09: nothing that opens a door is ever written down, whatever happens and however much is logged.

use crate::program::{Folder, Gateway, TOKEN, chat, config};
use oar_testkit::canary::assert_none;
use oar_testkit::{RawClient, Script, ScriptedUpstream, Step, request_bytes};
use std::path::Path;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

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

#[tokio::test]
async fn no_secret_and_no_prompt_is_logged_counted_or_listed_at_any_level() {
    let (upstreams, webhook) = (upstreams().await, ScriptedUpstream::answering(500, &[], "").await.unwrap());
    let folder = Folder::new(&file(&upstreams, &webhook));
    let gateway = folder.serve(&["-dblog", "--log-format", "json"]).await;
    ask_everything(&gateway).await;
    let metrics = gateway.ask(request_bytes("GET", "/metrics", &[], b"")).await.text();
    webhook.until_read(1).await;
    let left = gateway.end("TERM").await;
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert!(left.stderr.contains(r#""level":"TRACE""#), "everything is logged");
    assert_none("metrics", &metrics);
    assert_none("an alert", &webhook.requests()[0].body);
    for arguments in [["-list"], ["check"]] {
        assert_eq!(folder.run(&arguments).await.code, Some(0));
    }
}

/// Prompts are what a record is for; whatever opens a door is not. SQLite's journals are looked at while they are there:
/// the last one to close the database removes them.
#[tokio::test]
async fn no_secret_is_recorded() {
    let (upstreams, webhook) = (upstreams().await, ScriptedUpstream::answering(200, &[], "").await.unwrap());
    let folder = Folder::new(&file(&upstreams, &webhook));
    let gateway = folder.serve(&[]).await;
    ask_everything(&gateway).await;
    until_written(&gateway, 7).await;
    let journal = std::fs::read(folder.root.path().join("db.sqlite-wal")).unwrap();
    assert!(String::from_utf8_lossy(&journal).contains("canary-prompt"), "rows are in the journal first");
    check_stored(&folder);
    assert_eq!(gateway.end("TERM").await.code, Some(0));
    assert_eq!(folder.rows().await.len(), 7);
    check_stored(&folder);
}

async fn until_written(gateway: &Gateway, rows: usize) {
    let line = format!("oar_records_written_total {rows}");
    let page = || gateway.ask(request_bytes("GET", "/metrics", &[], b""));
    while !page().await.text().lines().any(|told| told == line) {
        tokio::task::yield_now().await;
    }
}

fn check_stored(folder: &Folder) {
    let stored = everything_in(folder.root.path());
    assert!(stored.contains("canary-prompt"));
    assert_none("the database", stored.replace("canary-prompt", ""));
}

/// A server that hangs up, and DSNs that are none.
#[tokio::test]
async fn no_password_of_a_database_that_fails_is_told() {
    let upstream = ScriptedUpstream::refusing().unwrap();
    let stranger = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = stranger.local_addr().unwrap();
    for (dsn, starts) in [
        (format!("postgres://canary-user:canary-password@{at}/records?sslmode=disable"), true),
        (format!("host={} port={} user=u password=canary-password dbname=d sslmode=disable", at.ip(), at.port()), true),
        ("postgres://u:canary-password@127.0.0.1:port/records".to_owned(), false),
        ("host=h password='canary-password".to_owned(), false),
    ] {
        let folder = Folder::new(&config(&format!("dbtype: postgres\ndbaddr: \"{dsn}\""), &[("only", &upstream)]));
        if starts {
            let (gateway, ()) = tokio::join!(folder.serve(&["-dblog"]), hang_up_once(&stranger));
            assert!(gateway.end("TERM").await.stderr.contains("the record database is not there"));
        } else {
            assert_eq!(folder.run(&["check"]).await.code, Some(1));
        }
    }
}

async fn hang_up_once(listener: &TcpListener) {
    let (mut socket, _) = listener.accept().await.unwrap();
    let _ = socket.read(&mut [0; 1024]).await;
}

/// The program has no way to panic that a test could take; should it, the message goes where the log goes, and all of
/// that is looked at. What can be tried is a log that nobody reads, which must not make it panic.
#[tokio::test]
async fn a_log_that_nobody_reads_fails_no_request() {
    let upstream = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let folder = Folder::new(&config("", &[("only", &upstream)]));
    let gateway = folder.serve(&[]).await.unheard().await;
    for _ in 0..2 {
        assert_eq!(gateway.ask(chat(TOKEN, "m")).await.text(), "good");
    }
    assert_eq!(gateway.end("TERM").await.code, Some(0));
    assert_eq!(folder.rows().await.len(), 2);
}

/// The bytes of the database, and of any journal beside it.
fn everything_in(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let stored = files.filter(|file| file.file_name().is_some_and(|name| name != "config.yaml"));
    stored.map(|file| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned()).collect()
}
