//! `records show`.

use crate::book::{book, complaint, objects, printed, row};
use oar_record::Row;

#[tokio::test]
async fn a_row_is_shown_whole() {
    let folder = book(&[row(0)]).await;
    let shown = printed(&folder, "show 1").await;
    let shown: String = shown.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let expected = "\
row 1  ok 200  POST /v1/chat/completions gpt-4o
  time        2026-03-04 05:06:07.000 +00:00
  took        1.50 s to the end, 900 ms to the head, 901 ms to the first byte
  upstream    second  https://second.test/v1
  token       sk-a…0123abcd
  client      192.0.2.7  test/1
  tokens      7 of the prompt, 12 of the completion
  bytes       66 bytes in, 84 bytes out
  request id  request-0
  exchange id exchange-0
  gateway     gateway-1

attempts
  first   connect_refused          ▏                                        3 ms  connection refused
  second  ok                  200  ███████████████████████▋                 890 ms  (its id req_9)
  answer                                                  ████████████████▏ 607 ms

request  65 bytes
  user
    hello

answer  84 bytes
  assistant (stop)
    hi

headers
  Content-Type: application/json
  User-Agent: test/1
";
    assert_eq!(shown, expected, "{shown}");
}

#[tokio::test]
async fn a_row_is_found_by_any_of_its_ids() {
    let twice = Row { request_id: Some("request-0".to_owned()), ..row(1) };
    let folder = book(&[row(0), twice]).await;
    for id in ["1", "exchange-0"] {
        assert!(printed(&folder, &format!("show {id}")).await.starts_with("row 1  "), "{id}");
    }
    let shown = printed(&folder, "show request-0").await;
    assert!(shown.starts_with("row 2  ") && shown.ends_with("\nOlder rows have the same request id: 1\n"), "{shown}");
    let ids: Vec<_> =
        objects(&printed(&folder, "show request-0 --json").await).iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, [2, 1]);
    let told = "openai-api-route: no record has the number, exchange id or request id `nobody`\n";
    assert_eq!(complaint(&folder, "show nobody").await, told);
}

#[tokio::test]
async fn what_is_no_chat_is_shown_as_it_is() {
    let text = |text: &str| Some(text.to_owned());
    let json = Row { body: text(r#"{"b":{"c":[1]}}"#), response: text("plain\ntext"), ..row(0) };
    let cut = Row { body: text(r#"{"messages":[{"role":"user","content":"cut he"#), truncated: Some(true), ..row(1) };
    let folder = book(&[json, cut]).await;
    let shown = printed(&folder, "show 1").await;
    assert!(shown.contains("\n  {\n    \"b\": {\n      \"c\": [\n        1\n      ]\n    }\n  }\n"), "{shown}");
    assert!(shown.contains("answer  10 bytes\n  plain\n  text\n"), "{shown}");
    let shown = printed(&folder, "show 2").await;
    assert!(
        shown.contains("  cut         a body, the headers or another text was longer than what is kept\n"),
        "{shown}"
    );
    assert!(shown.contains(r#"{"messages":[{"role":"user","content":"cut he"#), "{shown}");
}
