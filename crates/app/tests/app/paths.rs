//! Paths: which are the API's, where they lead, and that none of them leads anywhere else.

use crate::service::{Service, TOKEN, config, get, parse};
use oar_app::App;
use oar_testkit::{RawClient, Script, ScriptedUpstream, request_bytes};

async fn upstream() -> ScriptedUpstream {
    ScriptedUpstream::start(Script::kept_alive(200, &[], "good")).await.unwrap()
}

/// The status of the answer to a request line; targets may hold any byte.
async fn status(service: &Service, method: &str, target: &str) -> u16 {
    let mut client = RawClient::connect(service.addr).await.unwrap();
    let head = format!("{method} {target} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {TOKEN}\r\n\r\n");
    client.send(head).await.unwrap();
    client.read_head().await.and_then(|head| head.status()).expect("an answer")
}

/// P01: dot segments, hidden slashes and odd bytes, plain, encoded once and encoded twice.
#[tokio::test]
async fn a_path_that_somebody_could_read_as_another_is_refused() {
    let upstream = upstream().await;
    let service = Service::before(&upstream).await;
    let mut targets: Vec<String> = Vec::new();
    for hidden in [".", "..", "%2e", "%2e%2e", ".%2E", "%252e%252e", "%252e.", "..%2f", "..%5c", "%255c", "%252F", "\\"]
    {
        targets.extend([format!("/v1/{hidden}/admin"), format!("/v1/files/{hidden}"), format!("/v1/{hidden}")]);
    }
    let odd = ["/v1//chat", "/v1/a//b", "/v1/%00", "/v1/%0d%0a", "/v1/%250a", "/v1/a%7f", "/v1\\..\\x", "/v1/\\"];
    targets.extend(odd.map(ToOwned::to_owned));
    targets.extend(["/v1/x?y=\u{e9}", "/v1/%2f", "/v1/..;/admin%2f..", "/v1/你好"].map(ToOwned::to_owned));
    for target in targets {
        let expected = if target.starts_with("/v1\\") { 404 } else { 400 };
        assert_eq!(status(&service, "GET", &target).await, expected, "{target}");
    }
    assert!(upstream.connections().is_empty());
    service.stop().await;
}

/// P02.
#[tokio::test]
async fn a_path_outside_the_api_is_nobodys() {
    let upstream = upstream().await;
    let service = Service::before(&upstream).await;
    let targets = ["/", "/v1", "/v1/", "/v2/x", "/V1/x", "//v1/x", "/x/../v1/x", "/%76%31/x", "/v1x", "/metrics/x"];
    for target in targets {
        assert_eq!(status(&service, "GET", target).await, 404, "{target}");
    }
    assert_eq!(status(&service, "OPTIONS", "*").await, 404);
    assert!(upstream.connections().is_empty());
    service.stop().await;
}

/// P03.
#[tokio::test]
async fn the_endpoints_own_path_comes_first_whatever_is_asked() {
    let upstream = upstream().await;
    let moved = config("dbtype: none", &[("only", &upstream)]).replace("/v1'", "/openai/v1'");
    let service = Service::start(&moved).await;
    for (target, seen) in [
        ("/v1/chat/completions?x=1", "/openai/v1/chat/completions?x=1"),
        ("/v1/v1/x", "/openai/v1/v1/x"),
        ("/v1/files/a%20b?", "/openai/v1/files/a%20b?"),
        ("/v1/files/?/../..", "/openai/v1/files/?/../.."),
        ("/v1/files/x#/../y", "/openai/v1/files/x"),
        ("http://evil.test/v1/x", "/openai/v1/x"),
    ] {
        assert_eq!(status(&service, "GET", target).await, 200, "{target}");
        assert_eq!(upstream.requests().pop().unwrap().head.target(), seen, "{target}");
    }
    service.stop().await;
}

/// P04.
#[tokio::test]
async fn every_method_is_the_apis_but_two() {
    let upstream = upstream().await;
    let service = Service::before(&upstream).await;
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
        assert_eq!(status(&service, method, "/v1/files/x").await, 200, "{method}");
        assert_eq!(upstream.requests().pop().unwrap().head.method(), method);
    }
    let hits = upstream.hits();
    for (method, target) in [("TRACE", "/v1/files/x"), ("CONNECT", "/v1/files/x"), ("CONNECT", "evil.test:443")] {
        assert_eq!(status(&service, method, target).await, 405, "{method} {target}");
    }
    assert_eq!(upstream.hits(), hits);
    service.stop().await;
}

/// P06: a key that would be two headers stops the start, and is not shown.
#[test]
fn a_key_with_a_line_break_is_a_problem_of_the_configuration() {
    for broken in [r"canary\r\nx-evil: 1", r"canary\nx", r"canary\0x"] {
        let upstream = format!("{{name: only, sk: \"{broken}\", endpoint: 'http://127.0.0.1:9/v1'}}");
        let text = format!("address: 127.0.0.1:0\nauthorization: t\ndbtype: none\nupstreams: [{upstream}]\n");
        let problems = App::builder(parse(&text)).build().map(|_| ()).expect_err("a problem").to_string();
        assert!(problems.contains("upstreams[0].sk") && !problems.contains("canary"), "{problems}");
    }
}

/// P06: what a client sends never breaks a line of what goes on.
#[tokio::test]
async fn a_model_with_a_line_break_is_refused() {
    let upstream = upstream().await;
    let service = Service::before(&upstream).await;
    let headers = [("authorization", &*format!("Bearer {TOKEN}")), ("content-type", "application/json")];
    for model in [r"m\r\nx-evil: 1", r"m\u0000", r"m\u0085"] {
        let body = format!(r#"{{"model": "{model}"}}"#);
        let answer = service.ask(request_bytes("POST", "/v1/chat/completions", &headers, body.as_bytes())).await;
        assert_eq!(answer.head.status(), Some(400), "{model}");
    }
    assert!(upstream.connections().is_empty());
    assert_eq!(service.ask(get("/livez")).await.head.status(), Some(200));
    service.stop().await;
}
