//! One row for each request, in the configured database.

use crate::service::{Database, Service, TOKEN, chat, chat_as, chat_body, config, get, parse};
use oar_app::{App, RunError};
use oar_testkit::{RawClient, Script, ScriptedUpstream, Step, request_bytes};
use std::path::Path;

#[tokio::test]
async fn each_request_is_one_row_that_tells_its_story() {
    let database = Database::new();
    let refusing = ScriptedUpstream::refusing().unwrap();
    let answer = r#"{"usage": {"prompt_tokens": 7, "completion_tokens": 5}}"#;
    let good = ScriptedUpstream::answering(200, &[("content-type", "application/json")], answer).await.unwrap();
    let service = Service::start(&config(&database.line(), &[("first", &refusing), ("second", &good)])).await;
    let told = service.ask(chat("m")).await;
    service.ask(chat_as("canary-wrong", "m")).await;
    service.ask(get("/livez")).await;
    service.stop().await;

    let rows = database.rows().await;
    let [served, refused] = &rows[..] else { panic!("two rows: {rows:?}") };
    assert_eq!((served.status, served.outcome.as_deref()), (Some(200), Some("ok")));
    assert_eq!((served.hostname.as_deref(), served.ip.as_deref()), (Some("test-host"), Some("127.0.0.1")));
    assert_eq!((served.model.as_deref(), served.stream), (Some("m"), Some(false)));
    assert_eq!((served.method.as_deref(), served.path.as_deref()), (Some("POST"), Some("/v1/chat/completions")));
    assert_eq!(served.body, Some(chat_body("m")));
    assert_eq!(served.response.as_deref(), Some(answer));
    assert_eq!((served.prompt_tokens, served.completion_tokens), (Some(7), Some(5)));
    assert_eq!((served.bytes_in, served.bytes_out), (Some(39), Some(answer.len() as i64)));
    assert_eq!(
        (served.upstream.as_deref(), served.upstream_endpoint.as_ref()),
        (Some("second"), Some(&good.endpoint()))
    );
    assert_eq!(served.request_id.as_deref(), told.head.header("x-request-id"));
    let attempts = served.attempts.as_deref().unwrap();
    assert!(attempts.contains("connect_refused") && attempts.contains(r#""upstream":"second""#), "{attempts}");
    assert_eq!((refused.status, refused.outcome.as_deref()), (Some(401), Some("rejected")));
    assert_eq!(refused.attempts.as_deref(), Some("[]"));
}

#[tokio::test]
async fn rows_tell_who_left_and_what_broke() {
    let database = Database::new();
    let hanging = ScriptedUpstream::hanging().await.unwrap();
    let service = Service::start(&config(&database.line(), &[("only", &hanging)])).await;
    let mut client = RawClient::connect(service.addr).await.unwrap();
    client.send(chat("m")).await.unwrap();
    hanging.until_read(1).await;
    client.abandon();
    hanging.closed().await;
    service.stop().await;
    let left = database.rows().await.remove(0);
    assert_eq!((left.status, left.outcome.as_deref()), (Some(499), Some("client_closed")));

    let database = Database::new();
    let cut = Step::send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello");
    let cutting = ScriptedUpstream::start(Script::after_request([cut, Step::Fin])).await.unwrap();
    let service = Service::start(&config(&database.line(), &[("only", &cutting)])).await;
    assert!(!service.ask(chat("m")).await.complete);
    service.stop().await;
    let broken = database.rows().await.remove(0);
    assert_eq!((broken.status, broken.outcome.as_deref()), (Some(200), Some("stream_broken")));
}

/// A09, A10.
#[tokio::test]
async fn the_file_holds_no_token_and_no_key_unless_asked_to() {
    let upstream = ScriptedUpstream::answering(401, &[], "").await.unwrap();
    for (line, shown) in [("", false), ("\nrecord: {secrets: plain}", true)] {
        let database = Database::new();
        let file = config(&format!("{}{line}", database.line()), &[("only", &upstream)]);
        let service = Service::start(&file).await;
        service.ask(chat("m")).await;
        service.stop().await;
        let stored = everything_in(database.folder.path());
        for secret in [TOKEN, "canary-key-of-only"] {
            assert_eq!(stored.contains(secret), shown, "{secret}");
        }
    }
}

/// The bytes of every file of a folder: the database may have a journal beside it.
fn everything_in(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned()).collect()
}

/// D13.
#[tokio::test]
async fn no_database_is_no_file() {
    let database = Database::new();
    let upstream = ScriptedUpstream::answering(200, &[], "").await.unwrap();
    let lines = format!("dbtype: none\n{}", database.line());
    let service = Service::start(&config(&lines, &[("only", &upstream)])).await;
    assert_eq!(service.ask(chat("m")).await.head.status(), Some(200));
    service.stop().await;
    assert_eq!(std::fs::read_dir(database.folder.path()).unwrap().count(), 0);
}

/// D01.
#[tokio::test]
async fn a_database_that_cannot_be_used_is_named_and_nothing_is_served() {
    let database = Database::new();
    std::fs::write(&database.path, "this is no database, whatever its name says; it is long enough to be read as one")
        .unwrap();
    let upstream = ScriptedUpstream::refusing().unwrap();
    let missing = "dbaddr: /nonexistent/folder/db.sqlite".to_owned();
    for (line, path) in [(missing, "/nonexistent/folder/db.sqlite"), (database.line(), database.path.to_str().unwrap())]
    {
        let app = App::builder(parse(&config(&line, &[("only", &upstream)]))).build().unwrap();
        let listener = app.bind().await.unwrap();
        let error = app.run(listener, std::future::pending()).await.unwrap_err();
        assert!(matches!(error, RunError::Database(_)), "{error:?}");
        assert!(error.to_string().contains(path), "{error}");
    }
}

#[tokio::test]
async fn what_was_written_is_counted() {
    let database = Database::new();
    let upstream = ScriptedUpstream::answering(200, &[], "").await.unwrap();
    let service = Service::start(&config(&database.line(), &[("only", &upstream)])).await;
    service.ask(chat("m")).await;
    while service.metric("oar_records_written_total").await < 1.0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(database.rows().await.len(), 1, "a written row can be read while the service runs");
    assert_eq!(service.metric("oar_records_db_up").await, 1.0);
    service.stop().await;
}

/// A11: in the record of a request stands who asked, as far as anybody trusted knows.
#[tokio::test]
async fn a_proxys_word_about_the_client_counts_if_the_file_trusts_it() {
    let upstream = ScriptedUpstream::answering(200, &[], "").await.unwrap();
    let authorization = format!("Bearer {TOKEN}");
    let headers = [("authorization", authorization.as_str()), ("x-forwarded-for", "1.2.3.4, 203.0.113.7")];
    for (line, ip) in [("", "127.0.0.1"), ("trusted_proxies: [127.0.0.0/8, '::1']", "203.0.113.7")] {
        let database = Database::new();
        let file = config(&format!("{}\n{line}", database.line()), &[("only", &upstream)]);
        let service = Service::start(&file).await;
        service.ask(request_bytes("GET", "/v1/files", &headers, b"")).await;
        service.stop().await;
        assert_eq!(database.rows().await[0].ip.as_deref(), Some(ip), "{line}");
    }
}
