// A request that it serves.
http::Request::post("/v1/chat/completions")
    .header("host", "gateway.example")
    .header("authorization", "Bearer team-token")
    .body(http_body_util::Full::<bytes::Bytes>::from(r#"{"model": "any"}"#))
    .expect("a request")
