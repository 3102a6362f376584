//! What is answered beside the API: without a token, and without asking any upstream.

use crate::service::{Service, TOKEN, chat, chat_as, config, get};
use oar_testkit::{RawClient, ScriptedUpstream, canary, request_bytes};

#[tokio::test]
async fn whoever_asks_is_told_that_the_service_lives_and_is_ready() {
    let upstream = ScriptedUpstream::refusing().unwrap();
    let service = Service::before(&upstream).await;
    for (path, text) in [("/livez", "ok\n"), ("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = service.ask(get(path)).await;
        assert_eq!((answer.head.status(), answer.text().as_str()), (Some(200), text), "{path}");
        assert_eq!(answer.head.header("access-control-allow-origin"), Some("*"), "{path}");
        let posted = service.ask(request_bytes("POST", path, &[], b"")).await;
        assert_eq!((posted.head.status(), posted.head.header("allow")), (Some(405), Some("GET, HEAD, OPTIONS")));
    }
    service.stop().await;
}

/// P02: only exactly these paths.
#[tokio::test]
async fn what_only_looks_like_such_a_path_is_the_apis() {
    let upstream = ScriptedUpstream::answering(200, &[], "upstream's").await.unwrap();
    let service = Service::before(&upstream).await;
    for path in ["/livez/x", "/metrics/", "/v1/metrics/x", "/v1/livez", "/LIVEZ", "//metrics"] {
        assert_eq!(service.ask(get(path)).await.head.status(), Some(401), "{path}");
    }
    assert!(upstream.connections().is_empty());
    service.stop().await;
}

#[tokio::test]
async fn the_metrics_page_moves_with_the_requests() {
    let refusing = ScriptedUpstream::refusing().unwrap();
    let answer = r#"{"usage": {"prompt_tokens": 7, "completion_tokens": 5}}"#;
    let good = ScriptedUpstream::answering(200, &[("content-type", "application/json")], answer).await.unwrap();
    let service = Service::start(&config("dbtype: none", &[("first", &refusing), ("second", &good)])).await;
    assert_eq!(service.metric(r#"oar_attempts_total{upstream="second",result="ok"}"#).await, 0.0);
    service.ask(chat("m")).await;
    service.ask(chat("m")).await;
    service.ask(chat_as("canary-wrong", "m")).await;
    for (series, value) in [
        (r#"oar_requests_total{outcome="ok",status="200"}"#, 2.0),
        (r#"oar_requests_total{outcome="rejected",status="401"}"#, 1.0),
        (r#"oar_attempts_total{upstream="first",result="connect_refused"}"#, 2.0),
        (r#"oar_attempts_total{upstream="second",result="ok"}"#, 2.0),
        ("oar_in_flight", 0.0),
    ] {
        assert_eq!(service.metric(series).await, value, "{series}");
    }
    let page = service.ask(get("/v1/metrics")).await.text();
    let totals = ["oar_failovers_total", "oar_tokens_total", "oar_request_duration_seconds", "oar_time_to_first_byte"];
    for family in totals {
        assert!(page.lines().any(|line| line.starts_with(family) && !line.ends_with(" 0")), "{family} in\n{page}");
    }
    service.stop().await;
}

#[tokio::test]
async fn a_request_that_runs_is_in_flight() {
    let hanging = ScriptedUpstream::hanging().await.unwrap();
    let service = Service::before(&hanging).await;
    let mut client = RawClient::connect(service.addr).await.unwrap();
    client.send(chat("m")).await.unwrap();
    hanging.until_read(1).await;
    assert_eq!(service.metric("oar_in_flight").await, 1.0);
    client.abandon();
    hanging.closed().await;
    service.stop().await;
}

/// A12, A13: labels are the configuration's words.
#[tokio::test]
async fn nothing_a_client_sends_becomes_a_label() {
    let upstream = ScriptedUpstream::answering(200, &[], "").await.unwrap();
    let service = Service::before(&upstream).await;
    service.ask(chat("m")).await;
    let before = service.ask(get("/metrics")).await.text().lines().count();
    for number in 0..20 {
        service.ask(chat(&format!("unheard-of-{number}"))).await;
    }
    let page = service.ask(get("/metrics")).await.text();
    assert_eq!(page.lines().count(), before);
    for secret in ["unheard-of", canary::WORD, "127.0.0.1"] {
        assert!(!page.contains(secret), "{secret} in\n{page}");
    }
    service.stop().await;
}

#[tokio::test]
async fn a_scraper_that_knows_openmetrics_gets_it() {
    let upstream = ScriptedUpstream::refusing().unwrap();
    let service = Service::before(&upstream).await;
    let accept = [("accept", "application/openmetrics-text; version=1.0.0, text/plain;q=0.5")];
    let answer = service.ask(request_bytes("GET", "/metrics", &accept, b"")).await;
    assert!(answer.head.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    assert!(answer.text().ends_with("# EOF\n"));
    service.stop().await;
}

/// A12: by default anybody may read them, as in the Go version.
#[tokio::test]
async fn the_metrics_may_ask_for_a_token() {
    let upstream = ScriptedUpstream::answering(200, &[], "").await.unwrap();
    let open = config("dbtype: none", &[("only", &upstream)]).replace("sk:", "noauth: true, sk:");
    let service = Service::start(&open.replace("dbtype", "metrics_auth: true\ndbtype")).await;
    let bearer = format!("Bearer {TOKEN}");
    for (token, status) in [("", 401), ("Bearer canary-wrong", 401), (&bearer, 200)] {
        let answer = service.ask(request_bytes("GET", "/metrics", &[("authorization", token)], b"")).await;
        assert_eq!(answer.head.status(), Some(status), "{token}");
        assert_eq!(answer.text().contains("oar_in_flight"), status == 200);
    }
    assert_eq!(service.ask(get("/livez")).await.head.status(), Some(200));
    service.stop().await;
}
