//! The watch sees what gets out, wherever it does, and says so at the end of a test.
#![allow(clippy::panic, reason = "panics are what is watched")]

use oar_testkit::canary::{Watch, sightings};
use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
use std::panic::catch_unwind;

/// One test for all, as there is one watch in a process, and it forgets nothing.
#[tokio::test]
async fn whatever_gets_out_is_seen_and_fails_the_test() {
    let watch = Watch::start();
    tracing::trace!(target: "some_dependency", token = "canary-event", "an event");
    tracing::trace_span!("a span", key = %"canary-span").in_scope(|| ());
    tracing::trace!(body = ?b"canary-bytes".to_vec(), "a body");
    log::trace!("canary-log");
    let _ = catch_unwind(|| panic!("canary-of-a-test"));
    // By a pointer, so that the panic is the library's: it quotes the text, which has no end of a character there.
    let split: fn(&str, usize) -> (&str, &str) = str::split_at;
    let _ = catch_unwind(|| split("canary-panic-é", 14));
    let upstream = ScriptedUpstream::answering(200, &[], "canary-answer").await.expect("a port");
    RawClient::exchange(upstream.addr(), request_bytes("GET", "/", &[], b"")).await.expect("an answer");

    let seen = sightings();
    for (place, word) in [
        ("the log", "canary-event"),
        ("the log", "canary-span"),
        ("the log", "99, 97, 110, 97, 114, 121"),
        ("the log", "canary-log"),
        ("the message of a panic", "canary-panic"),
        ("what a client was answered", "canary-answer"),
    ] {
        let told = seen
            .iter()
            .any(|line| line.starts_with(&format!("in {place}, on thread `whatever_gets_out")) && line.contains(word));
        assert!(told, "{word} in {seen:#?}");
    }
    assert!(!seen.iter().any(|line| line.contains("canary-of-a-test")), "a test that fails may show what it compared");

    let told = catch_unwind(|| drop(watch)).expect_err("the watch fails its test");
    assert!(told.downcast_ref::<String>().is_some_and(|text| text.contains("canary-event")));
    let first = catch_unwind(|| {
        let _watch = Watch::start();
        panic!("the first");
    });
    assert_eq!(first.expect_err("it panics").downcast_ref::<&str>(), Some(&"the first"), "and not by a second panic");
}
