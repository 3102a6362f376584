//! A folder with records in it, and nothing else.

use crate::program::{Folder, Left};
use oar_record::{CreatedAt, Row, SqliteStore, Store};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const CONFIG: &str =
    "authorization: ${GATEWAY_TOKEN}\nupstreams:\n  - {sk: '${KEY}', endpoint: 'https://example.com/v1'}\n";

/// 2026-03-04 05:06:07 UTC.
pub(crate) fn moment() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_772_600_767)
}

/// A successful chat, `number` minutes later.
pub(crate) fn row(number: u32) -> Row {
    let text = |text: &str| Some(text.to_owned());
    Row {
        hostname: text("gateway-1"),
        created_at: Some(CreatedAt(moment() + Duration::from_secs(60) * number)),
        ip: text("192.0.2.7"),
        body: text(r#"{"model":"gpt-4o","messages":[{"role":"user","content":"hello"}]}"#),
        model: text("gpt-4o"),
        response: text(r#"{"choices":[{"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}"#),
        response_time: Some(900_000_000),
        elapsed_time: Some(1_500_000_000),
        status: Some(200),
        authorization: text("sk-a…0123abcd"),
        user_agent: text("test/1"),
        headers: text(r#"{"Content-Type":["application/json"],"User-Agent":["test/1"]}"#),
        exchange_id: Some(format!("exchange-{number}")),
        request_id: Some(format!("request-{number}")),
        method: text("POST"),
        path: text("/v1/chat/completions"),
        upstream: text("second"),
        upstream_endpoint: text("https://second.test/v1"),
        outcome: text("ok"),
        attempts: text(
            r#"[{"upstream":"first","phase":"connect","result":"connect_refused","status":null,"ms":3,"detail":"connection refused"},
                {"upstream":"second","phase":"answer","result":"ok","status":200,"ms":890,"request_id":"req_9"}]"#,
        ),
        stream: Some(false),
        prompt_tokens: Some(7),
        completion_tokens: Some(12),
        bytes_in: Some(66),
        bytes_out: Some(84),
        first_byte_time: Some(901_000_000),
        truncated: Some(false),
        ..Row::default()
    }
}

/// One that failed.
pub(crate) fn failed(number: u32) -> Row {
    Row {
        outcome: Some("all_failed".to_owned()),
        status: Some(502),
        error: Some("every upstream failed".to_owned()),
        first_byte_time: None,
        ..row(number)
    }
}

/// A folder with `config.yaml`, whose variables nobody has set, and these rows.
pub(crate) async fn book(rows: &[Row]) -> Folder {
    let folder = Folder::new(CONFIG).with("TZ", "UTC");
    write(&folder, rows).await;
    folder
}

pub(crate) async fn write(folder: &Folder, rows: &[Row]) {
    let rows: Vec<_> = rows.iter().cloned().map(Arc::new).collect();
    SqliteStore::open(folder.database()).await.unwrap().write(&rows).await.unwrap();
}

/// What `records` with these words prints, without a complaint.
pub(crate) async fn printed(folder: &Folder, words: &str) -> String {
    let left = records(folder, words).await;
    assert_eq!((left.code, left.stderr.as_str()), (Some(0), ""), "{words}");
    left.stdout
}

/// What it complains about, in one line, with exit code 1 and nothing printed.
pub(crate) async fn complaint(folder: &Folder, words: &str) -> String {
    let left = records(folder, words).await;
    assert_eq!((left.code, left.stdout.as_str()), (Some(1), ""), "{words}: {}", left.stderr);
    assert_eq!(left.stderr.lines().count(), 1, "{}", left.stderr);
    left.stderr
}

pub(crate) async fn records(folder: &Folder, words: &str) -> Left {
    let words: Vec<&str> = std::iter::once("records").chain(words.split_whitespace()).collect();
    folder.run(&words).await
}

/// Each line of JSON as an object.
pub(crate) fn objects(lines: &str) -> Vec<serde_json::Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
