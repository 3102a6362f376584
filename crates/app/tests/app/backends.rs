//! Where embedders plug in: their backends and their observers.

#[path = "../../examples/custom_backend.rs"]
#[allow(dead_code, reason = "the test runs all of it but `main`")]
mod custom_backend;

use crate::service::{Service, TOKEN, chat, chat_body, config, parse};
use oar_app::App;
use oar_exchange::AttemptResult;
use oar_testkit::{Heard, RawClient, ScriptedUpstream, request_bytes};
use std::time::Duration;

#[tokio::test]
async fn a_backend_of_ones_own_serves_like_any_other() {
    let refusing = ScriptedUpstream::refusing().unwrap();
    let file = config("dbtype: none", &[("first", &refusing)]) + "  - {type: echo, greeting: Hello}\n";
    let service = Service::run(custom_backend::app(parse(&file)).unwrap()).await;
    let mut client = RawClient::connect(service.addr).await.unwrap();
    client.send(chat("m")).await.unwrap();
    let answer = client.read_response().await.expect("an answer");
    assert_eq!(answer.text(), format!("Hello, you asked {}\n", chat_body("m")));
    assert_eq!(answer.head.header("x-oar-upstream"), Some("echo-2"));
    assert_eq!(answer.head.header("x-oar-attempts"), Some("2"));
    service.stop().await;
}

/// U04: as long as an upstream of any other type, by its own key or the file's.
#[tokio::test]
async fn an_unreachable_replicate_is_abandoned_after_the_connect_timeout() {
    for (of_file, of_entry) in [("5s", "100ms"), ("100ms", "~")] {
        let unreachable = ScriptedUpstream::unreachable().await.unwrap();
        let (good, heard) = (ScriptedUpstream::answering(200, &[], "good").await.unwrap(), Heard::new());
        let file = format!(
            "{}  - {{type: replicate, name: first, sk: canary-key, endpoint: '{}', connect_timeout: {of_entry}}}\n  \
             - {{name: second, sk: canary-key, endpoint: '{}'}}\n",
            config(&format!("dbtype: none\nconnect_timeout: {of_file}"), &[]),
            unreachable.endpoint(),
            good.endpoint(),
        );
        let service = Service::run(App::builder(parse(&file)).observer(heard.clone()).build().unwrap()).await;
        let authorization = format!("Bearer {TOKEN}");
        let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
        let body = br#"{"model": "mistralai/mixtral-8x7b", "messages": [{"role": "user", "content": "Hello"}]}"#;
        let ask = request_bytes("POST", "/v1/chat/completions", &headers, body);
        assert_eq!(service.ask(ask).await.text(), "good");
        let story = heard.only().await;
        assert_eq!(story.attempts[0].result, AttemptResult::ConnectTimeout);
        assert!(story.attempts[0].elapsed < Duration::from_secs(4));
        service.stop().await;
    }
}

#[test]
fn the_examples_own_configuration_is_good() {
    custom_backend::app(parse(custom_backend::CONFIG)).unwrap();
}

#[test]
fn a_mistake_in_the_keys_of_ones_own_backend_is_told_with_its_place() {
    let file = "authorization: a\nupstreams:\n  - type: echo\n    greting: Hello\n  - type: eco\n    greeting: Hi\n";
    let problems = custom_backend::app(parse(file)).unwrap_err().to_string();
    for part in ["upstreams[0].greting (line 4)", "greeting", "unknown backend `eco`", "echo, openai, replicate"] {
        assert!(problems.contains(part), "{part} in\n{problems}");
    }
    let unknown = App::builder(parse(file)).build().unwrap_err().to_string();
    assert!(unknown.contains("unknown backend `echo`"), "{unknown}");
}

/// Else the entries behind it would get each other's upstreams.
#[test]
fn a_backend_that_fails_without_a_reason_is_a_problem_all_the_same() {
    let file = "authorization: a\nupstreams:\n  - {type: mute, name: first}\n  - {name: second, sk: canary-key}\n";
    let mute = App::builder(parse(file)).backend("mute", |_| Err(Vec::new().into()));
    let problems = mute.build().expect_err("a problem").to_string();
    assert!(
        problems.contains("upstreams[0].type (line 3): the backend `mute` fails, and does not say why"),
        "{problems}"
    );
}

#[tokio::test]
async fn an_observer_of_ones_own_hears_every_story() {
    let (upstream, heard) = (ScriptedUpstream::answering(200, &[], "good").await.unwrap(), Heard::new());
    let file = config("dbtype: none", &[("only", &upstream)]);
    let service = Service::run(App::builder(parse(&file)).observer(heard.clone()).build().unwrap()).await;
    service.ask(chat("m")).await;
    let story = heard.only().await;
    assert_eq!((story.answer.status, story.request.peer.to_string().as_str()), (200, "127.0.0.1"));
    assert!(!format!("{story:?}").contains(TOKEN));
    service.stop().await;
}
