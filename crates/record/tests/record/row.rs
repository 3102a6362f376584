use crate::exchanges::{Change, answer, exchange, moment, refused_attempt};
use oar_exchange::{AttemptResult, Exchange, Outcome};
use oar_record::{CreatedAt, HEADERS_CAP_BYTES, Row, SHORT_FIELD_CAP_BYTES};
use serde_json::{Value, json};

fn told(exchange: &Exchange) -> Value {
    serde_json::to_value(Row::from_exchange(exchange, "gateway-1")).unwrap()
}

#[test]
fn every_column_tells_its_part_of_the_exchange() {
    let attempts = r#"[{"upstream":"first","phase":"connect","result":"connect_refused","status":null,"ms":3,"detail":"connection refused"},{"upstream":"second","phase":"answer","result":"ok","status":200,"ms":890,"request_id":"req_9"}]"#;
    let expected = json!({
        "id": null,
        "hostname": "gateway-1",
        "upstream_endpoint": "https://second.test/v1",
        "upstream_sk": "sha256:two",
        "created_at": "2026-03-04 05:06:07.000123+00:00",
        "ip": "192.0.2.7",
        "body": "{\"model\":\"gpt-4o\"}",
        "model": "gpt-4o",
        "response": "{\"choices\":[]}",
        "response_time": 900_000_000,
        "elapsed_time": 1_500_000_000,
        "status": 200,
        "authorization": "sha256:caller",
        "user_agent": "test/1",
        "headers": r#"{"Accept":["a","b"],"Content-Type":["application/json"],"User-Agent":["test/1"]}"#,
        "exchange_id": "x1",
        "request_id": "client-x1",
        "method": "POST",
        "path": "/v1/chat/completions",
        "upstream": "second",
        "outcome": "ok",
        "error": null,
        "attempts": attempts,
        "stream": false,
        "prompt_tokens": 7,
        "completion_tokens": null,
        "bytes_in": 18,
        "bytes_out": 14,
        "first_byte_time": 901_000_000,
        "truncated": false,
    });
    assert_eq!(told(&exchange("x1")), expected);
    assert_eq!(CreatedAt(moment()).to_string(), expected["created_at"]);
}

#[test]
fn a_request_that_reached_no_upstream_names_none() {
    let mut refused = exchange("x1");
    refused.attempts.clear();
    refused.caller = None;
    refused.outcome = Outcome::Rejected;
    refused.answer = answer("application/json", "{\"error\":{}}");
    refused.answer.status = 401;
    let row = told(&refused);
    assert_eq!(
        (&row["upstream"], &row["upstream_endpoint"], &row["authorization"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!((&row["attempts"], &row["outcome"], &row["status"]), (&json!("[]"), &json!("rejected"), &json!(401)));
}

#[test]
fn an_error_answer_is_told_of_the_upstream_that_gave_it() {
    let mut relayed = exchange("x1");
    relayed.attempts.reverse();
    relayed.attempts[0].result = AttemptResult::Status;
    relayed.attempts[0].status = Some(429);
    relayed.outcome = Outcome::UpstreamError;
    relayed.answer.status = 429;
    assert_eq!(told(&relayed)["upstream"], "second");
}

#[test]
fn when_all_failed_the_last_upstream_is_told() {
    let mut failed = exchange("x1");
    failed.attempts = vec![refused_attempt()];
    failed.outcome = Outcome::AllFailed;
    failed.answer.status = 502;
    failed.error = Some("no upstream could be reached".to_owned());
    let row = told(&failed);
    assert_eq!((&row["upstream"], &row["error"]), (&json!("first"), &json!("no upstream could be reached")));
}

#[test]
fn without_a_model_the_path_stands_for_it() {
    let mut upload = exchange("x1");
    upload.request.model = None;
    upload.request.path = "/v1/audio/transcriptions".to_owned();
    assert_eq!(told(&upload)["model"], "/v1/audio/transcriptions");
}

#[test]
fn a_compressed_request_body_is_not_taken_for_text() {
    let mut compressed = exchange("x1");
    compressed.request.headers.insert("content-encoding", "br".parse().unwrap());
    assert_eq!(told(&compressed)["body"], "[18 bytes of application/json]");
}

#[test]
fn what_a_client_makes_long_is_cut_and_marked() {
    let long = "x".repeat(SHORT_FIELD_CAP_BYTES + 1);
    let changes: [(&str, Change); 4] = [
        ("path", |exchange, long| exchange.request.path = long),
        ("model", |exchange, long| exchange.request.model = Some(long)),
        ("request_id", |exchange, long| exchange.request_id = long),
        ("user_agent", |exchange, long| drop(exchange.request.headers.insert("user-agent", long.parse().unwrap()))),
    ];
    for (column, change) in changes {
        let mut exchange = exchange("x1");
        change(&mut exchange, long.clone());
        let row = told(&exchange);
        assert_eq!((&row[column], &row["truncated"]), (&json!(long[1..]), &json!(true)), "{column}");
    }
}

#[test]
fn headers_beyond_the_cap_are_left_out_and_the_rest_can_be_read() {
    let mut wordy = exchange("x1");
    for number in 0..200 {
        let value = "\"".repeat(500).parse().unwrap();
        wordy.request.headers.insert(http::HeaderName::try_from(format!("x-{number}")).unwrap(), value);
    }
    let row = told(&wordy);
    let headers = row["headers"].as_str().unwrap();
    assert!(headers.len() <= HEADERS_CAP_BYTES && headers.len() > HEADERS_CAP_BYTES - 2_000, "{}", headers.len());
    let kept: Value = serde_json::from_str(headers).unwrap();
    assert_eq!((&kept["Accept"], &row["truncated"]), (&json!(["a", "b"]), &json!(true)));
}

#[test]
fn debug_shows_nothing_a_client_wrote() {
    let shown = format!("{:?}", Row::from_exchange(&exchange("x1"), "gateway-1"));
    assert!(shown.contains("x1") && !shown.contains("gpt-4o") && !shown.contains("sha256"), "{shown}");
}
