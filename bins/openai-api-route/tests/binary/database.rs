//! D02: a PostgreSQL that is not there, that has to be there, and that somebody has to write another DSN for.

use crate::program::{Folder, chat, config};
use oar_testkit::{Script, ScriptedUpstream};
use std::time::{Duration, Instant};

/// A server that nobody is behind, with a password that is not told.
fn nowhere(nobody: &ScriptedUpstream) -> String {
    format!("dbtype: postgres\ndbaddr: 'postgres://canary-user:canary-password@{}/records'", nobody.addr())
}

#[tokio::test]
async fn a_database_that_is_not_there_is_one_warning_and_holds_up_nobody() {
    let (nobody, refusing) = (ScriptedUpstream::refusing().unwrap(), ScriptedUpstream::refusing().unwrap());
    let folder = Folder::new(&config(&nowhere(&nobody), &[("only", &refusing)])).without_rust_log();
    let gateway = folder.serve(&[]).await;
    assert_eq!(gateway.ask(chat("canary-wrong", "m")).await.head.status(), Some(401));
    let metrics = gateway.ask("GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.text();
    assert!(metrics.contains("oar_records_db_up 0"), "{metrics}");
    let left = gateway.end("TERM").await;
    let about: Vec<_> = left.stderr.lines().filter(|line| line.contains("the record database")).collect();
    let [warning] = about[..] else { panic!("one line: {about:?}") };
    assert!(
        warning.contains("WARN") && warning.contains("cannot be reached: ") && warning.contains("refused"),
        "{warning}"
    );
    assert_eq!(left.code, Some(0));
}

#[tokio::test]
async fn a_database_that_has_to_be_there_ends_the_start_within_ten_seconds() {
    let (nobody, refusing) = (ScriptedUpstream::refusing().unwrap(), ScriptedUpstream::refusing().unwrap());
    let database = format!("{}\ndb_required: true", nowhere(&nobody));
    let folder = Folder::new(&config(&database, &[("only", &refusing)])).without_rust_log();
    let started = Instant::now();
    let left = folder.run(&[]).await;
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(left.code, Some(1), "{}", left.stderr);
    let lines: Vec<_> = left.stderr.lines().filter(|line| line.contains("record database")).collect();
    let [line] = lines[..] else { panic!("one line: {}", left.stderr) };
    assert!(line.contains("cannot be reached") && line.contains("refused"), "{line}");
}

/// Whether or not it has to be there: waiting would not help.
#[tokio::test]
async fn a_database_that_wants_another_dsn_ends_the_start_at_once() {
    let refusing = ScriptedUpstream::refusing().unwrap();
    let url = std::env::var("OAR_TEST_POSTGRES");
    let url = url.expect("run `make test`, which starts a scratch PostgreSQL and sets OAR_TEST_POSTGRES");
    for (dsn, says) in [
        (format!("{}/nowhere", url.rsplit_once('/').unwrap().0), "refuses the login"),
        (format!("{url}?sslmode=verify-full"), "does not offer the tls"),
        (format!("{url}?sslmode=verify-full&sslrootcert=missing.pem"), "missing.pem"),
    ] {
        for required in [true, false] {
            let database = format!("dbtype: postgres\ndbaddr: '{dsn}'\ndb_required: {required}");
            let folder = Folder::new(&config(&database, &[("only", &refusing)])).without_rust_log();
            let left = folder.run(&[]).await;
            assert_eq!(left.code, Some(1), "{}", left.stderr);
            assert!(left.stderr.contains(says), "{}", left.stderr);
        }
    }
}

/// D02, D03: people hear of it once, since no request fails of it.
#[tokio::test]
async fn people_are_told_that_records_cannot_be_written() {
    let nobody = ScriptedUpstream::refusing().unwrap();
    let (upstream, hook) =
        (ScriptedUpstream::refusing().unwrap(), ScriptedUpstream::start(Script::kept_alive(200, &[], "")));
    let hook = hook.await.unwrap();
    let notify = format!("notify: {{webhook: {{url: '{}/canary-hook'}}}}", hook.origin());
    let folder = Folder::new(&config(&format!("{}\n{notify}", nowhere(&nobody)), &[("only", &upstream)]));
    let gateway = folder.serve(&[]).await;
    let told = tokio::time::timeout(Duration::from_secs(20), hook.until_read(1)).await;
    told.expect("people are told");
    assert_eq!(gateway.end("TERM").await.code, Some(0));
    let told = hook.requests();
    let alert: serde_json::Value = serde_json::from_slice(&told[0].body).unwrap();
    assert_eq!((told.len(), &alert["troubles"][0]["reason"]), (1, &serde_json::json!("records_stuck")));
    assert_eq!(alert["kind"], "records");
    assert!(alert["request_id"].is_null() && alert["text"].as_str().unwrap().contains("records cannot be written"));
}
