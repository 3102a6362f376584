//! A09: what cannot be used says why, and everything can be printed, without a key or what a client says.
#![cfg(all(feature = "openai", feature = "replicate"))]

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use oar_testkit::ScriptedUpstream;
use oar_testkit::canary::assert_none;
use oar_upstream::openai::{self, OpenAi, Transport};
use oar_upstream::replicate::{self, Replicate};
use oar_upstream::{Upstream, UpstreamRequest};
use std::error::Error;
use std::fmt::Debug;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(5);

fn request() -> UpstreamRequest {
    let mut headers = HeaderMap::new();
    headers.insert("x-anything", HeaderValue::from_static("canary-header"));
    UpstreamRequest {
        headers,
        body: Bytes::from_static(b"canary-prompt"),
        client_token: Some("canary-token".into()),
        upgrade: Some(HeaderValue::from_static("websocket")),
        ..UpstreamRequest::new(Method::POST, "/chat/completions?key=canary-query")
    }
}

/// With this key and endpoint.
fn openai(sk: &str, endpoint: &str) -> openai::Settings {
    openai::Settings { sk: sk.into(), endpoint: endpoint.to_owned(), ..openai::Settings::default() }
}

fn replicate(sk: &str, endpoint: &str) -> replicate::Settings {
    replicate::Settings { sk: sk.into(), endpoint: endpoint.to_owned(), ..replicate::Settings::default() }
}

#[test]
fn nothing_prints_a_key_a_token_or_what_a_client_says() {
    let (ours, theirs) = (openai("canary-key", "https://h/v1"), replicate("canary-key", "https://h/v1"));
    let first = OpenAi::new(&ours, Transport::new(LIMIT)).expect("usable");
    let second = Replicate::new(theirs.clone(), LIMIT).expect("usable");
    let printed: [&dyn Debug; 7] =
        [&ours, &theirs, &first, &first.describe(), &second.describe(), &request(), &request().on_fresh_connection()];
    for value in printed {
        assert_none("a value's `Debug`", format!("{value:?}{value:#?}"));
    }
}

#[test]
fn settings_that_are_unusable_say_so_without_repeating_a_secret() {
    for (sk, endpoint) in [
        ("canary\nkey", "https://h/v1"),
        ("k", "canary-key"),
        ("k", "https://canary-user:canary-pass@h/v1"),
        ("k", "https://h/v1?key=canary-query"),
        ("k", "https://h/v1#canary-fragment"),
        ("k", "ftp://canary-user@h/v1"),
    ] {
        let error = OpenAi::new(&openai(sk, endpoint), Transport::new(LIMIT)).expect_err(endpoint);
        assert_none("a problem", format!("{error} {error:?} {:?}", error.hint()));
        let error = Replicate::new(replicate(sk, endpoint), LIMIT).err().expect(endpoint);
        assert_none("a problem", format!("{error} {error:?}"));
    }
    for host in ["canary-key", "canary-user@h", "https://h?canary"] {
        let settings = replicate::Settings { stream_hosts: Some(vec![host.to_owned()]), ..replicate("k", "") };
        let Err(error) = Replicate::new(settings, LIMIT) else { continue };
        assert_none("a problem", format!("{error} {error:?}"));
    }
}

#[tokio::test]
async fn an_attempt_that_fails_names_neither_key_nor_request() {
    let nobody = ScriptedUpstream::refusing().expect("a port");
    let open = nobody.endpoint();
    for endpoint in [&open, &open.replace("http:", "https:"), ""] {
        let first = OpenAi::new(&openai("canary-key", endpoint), Transport::new(LIMIT)).expect("usable");
        let second = Replicate::new(replicate("canary-key", &open), LIMIT).expect("usable");
        for error in [first.send(&request()).await.err(), second.send(&request()).await.err()].into_iter().flatten() {
            assert_none("an error", everything_told(&error));
        }
    }
}

/// What an error and its causes say, in words and for programmers.
fn everything_told(error: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    chain.map(|error| format!("{error} {error:?}\n")).collect()
}
