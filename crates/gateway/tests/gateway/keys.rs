//! Whose key goes where.

use crate::house::{Ask, CHAT, House, TOKEN, entry, entry_with, settings, status};
use oar_routing::Access;
use oar_testkit::{ScriptedUpstream, SeenRequest};
use oar_upstream::openai::Settings;

async fn good() -> ScriptedUpstream {
    ScriptedUpstream::answering(200, &[], "good").await.unwrap()
}

async fn broken() -> ScriptedUpstream {
    ScriptedUpstream::answering(500, &[], "broken").await.unwrap()
}

fn key(request: &SeenRequest) -> Vec<&str> {
    request.head.values("authorization").collect()
}

#[tokio::test]
async fn each_upstream_gets_its_own_key_and_never_the_clients_token() {
    let (first, second) = (broken().await, good().await);
    let house = House::of([&first, &second]).await;
    house.ask(&Ask::chat()).await;
    assert_eq!(key(&first.requests()[0]), ["Bearer canary-key-of-first"]);
    assert_eq!(key(&second.requests()[0]), ["Bearer canary-key-of-second"]);
    for upstream in [&first, &second] {
        assert!(!String::from_utf8_lossy(upstream.requests()[0].head.raw()).contains(TOKEN));
    }
}

/// A07.
#[tokio::test]
async fn the_clients_token_goes_to_the_upstream_that_wants_it_and_to_no_other() {
    for asis_comes_first in [true, false] {
        let (asis, other) = (broken().await, broken().await);
        let passing = Settings { sk: "asis".into(), ..settings("asis", &asis) };
        let mut entries = vec![entry_with("asis", &passing), entry("other", &other)];
        if !asis_comes_first {
            entries.reverse();
        }
        let house = House::with(entries).await;
        assert_eq!(status(&house.ask(&Ask::chat()).await), 502);
        assert_eq!(key(&asis.requests()[0]), [format!("Bearer {TOKEN}")]);
        assert_eq!(key(&other.requests()[0]), ["Bearer canary-key-of-other"]);
    }
}

/// A08.
#[tokio::test]
async fn credentials_of_any_other_kind_stop_at_the_gateway() {
    let secrets = ["cookie", "x-api-key", "api-key", "proxy-authorization", "x-forwarded-for", "x_forwarded_for"];
    for keep_header in [false, true] {
        let upstream = good().await;
        let house = House::with([entry_with("first", &Settings { keep_header, ..settings("first", &upstream) })]).await;
        let ask = secrets.iter().fold(Ask::chat(), |ask, name| ask.header(name, "canary-private"));
        house.ask(&ask.header("x-custom", "1").header("openai-organization", "org-1")).await;
        let head = upstream.requests()[0].head.clone();
        assert!(!String::from_utf8_lossy(head.raw()).contains("canary-private"), "{head:?}");
        assert_eq!(head.header("openai-organization"), Some("org-1"));
        assert_eq!(head.header("x-custom").is_some(), keep_header);
    }
}

/// P05: a header that the client names in `Connection` is the client's, not the one we set.
#[tokio::test]
async fn a_client_cannot_have_our_key_or_our_framing_removed() {
    let upstream = good().await;
    let house = House::with([entry("first", &upstream).access(Access::Anyone)]).await;
    let ask = Ask::chat().header("connection", "authorization, content-length, host");
    assert_eq!(status(&house.ask(&ask).await), 200);
    let request = &upstream.requests()[0];
    assert_eq!(key(request), ["Bearer canary-key-of-first"]);
    assert_eq!((request.body.as_ref(), request.complete), (CHAT.as_bytes(), true));
    assert!(request.head.header("host").is_some());
}
