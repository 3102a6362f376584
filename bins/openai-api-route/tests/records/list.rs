//! `records list`.

use crate::book::{book, complaint, failed, objects, printed, records, row};
use oar_record::Row;

#[tokio::test]
async fn rows_are_listed_newest_first_and_none_is_coloured_in_a_pipe() {
    let folder = book(&[row(0), failed(1)]).await;
    let listed = printed(&folder, "list").await;
    let expected = "     \
id time                outcome        st. model              upstream     tries  elapsed    first      tokens error
      2 2026-03-04 05:07:07 all_failed     502 gpt-4o             second           2   1.50 s        -        7+12 every upstream failed
      1 2026-03-04 05:06:07 ok             200 gpt-4o             second           2   1.50 s   901 ms        7+12
";
    assert_eq!(trimmed(&listed), expected);
}

fn trimmed(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[tokio::test]
async fn colours_and_width_are_as_asked() {
    let folder = book(&[row(0)]).await.with("COLUMNS", "60");
    let listed = printed(&folder, "list --color always").await;
    assert!(listed.contains("\u{1b}[32mok            \u{1b}[0m"), "{listed:?}");
    let plain = printed(&folder, "list --color never").await;
    assert!(plain.lines().all(|line| line.chars().count() <= 60) && !plain.contains('\u{1b}'), "{plain}");
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let other = Row { model: Some("other".to_owned()), authorization: Some("…ffff0000".to_owned()), ..row(2) };
    let folder = book(&[row(0), failed(1), other]).await;
    for (words, ids) in [
        ("", "3 2 1"),
        ("--limit 2", "3 2"),
        ("--outcome errors", "2"),
        ("--outcome ok,stream_broken", "3 1"),
        ("--status 5xx", "2"),
        ("--model other", "3"),
        ("--token sk-a", "2 1"),
        ("--token ffff", "3"),
        ("--upstream second --text HELLO", "3 2 1"),
        ("--since 2026-03-04T05:07:07Z", "3 2"),
        ("--until 2026-03-04T05:07:07Z", "1"),
        ("--since 2026-03-04 --until 2026-03-05", "3 2 1"),
    ] {
        let listed = objects(&printed(&folder, &format!("list --json {words}")).await);
        let found: Vec<String> = listed.iter().map(|row| row["id"].to_string()).collect();
        assert_eq!(found.join(" "), ids, "{words}");
    }
}

#[tokio::test]
async fn nothing_found_is_told() {
    let folder = book(&[row(0)]).await;
    for words in ["list --since 1h", "list --model nobody --json", "stats --since 1h", "export --since 1h"] {
        assert_eq!(complaint(&folder, words).await, "openai-api-route: no record fits\n");
    }
}

#[tokio::test]
async fn a_wrong_value_is_told_with_what_is_allowed() {
    let folder = book(&[row(0)]).await;
    for (words, told) in [
        (
            "list --outcome broken",
            "none of: errors, ok, upstream_error, all_failed, client_closed, stream_broken, rejected, shed, drained",
        ),
        ("list --status 42", "a status such as 429, a class such as 5xx, a range such as 500-504"),
        ("list --since yesterday", "write how long ago (`24h`, `30m`, `7d`), a day (`2026-11-20`), or RFC 3339"),
        ("stats --by colour", "none of: outcome, model, upstream, token, hour, day"),
        ("export --format xml", "[possible values: jsonl, csv]"),
        ("prune --keep-bytes 5", "write a number with a unit, such as `500MiB` or `5GB`"),
        ("prune", "--older-than <WHEN>|--keep-bytes <SIZE>"),
    ] {
        let left = records(&folder, words).await;
        assert_eq!((left.code, left.stdout.as_str()), (Some(2), ""), "{words}");
        assert!(left.stderr.starts_with("error: ") && left.stderr.contains(told), "{words}: {}", left.stderr);
    }
}

#[tokio::test]
async fn names_in_json_are_those_of_the_columns() {
    let folder = book(&[row(0)]).await;
    let listed = objects(&printed(&folder, "list --json").await);
    let expected = serde_json::to_value(Row { id: Some(1), ..row(0) }).unwrap();
    assert_eq!(listed, [expected]);
}

/// What a client wrote is data: it neither clears a screen nor names a window.
#[tokio::test]
async fn nothing_of_a_clients_reaches_the_terminal_as_a_command() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}x\r";
    let text = || Some(evil.to_owned());
    let body = serde_json::json!({"messages": [{"role": evil, "content": evil, "tool_calls": [{"id": evil, "function": {"name": evil, "arguments": evil}}]}], "user": evil});
    let rows = [Row {
        model: text(),
        path: text(),
        user_agent: text(),
        request_id: text(),
        response: text(),
        error: text(),
        outcome: text(),
        upstream: text(),
        body: Some(body.to_string()),
        headers: Some(serde_json::json!({evil: [evil]}).to_string()),
        attempts: Some(
            serde_json::json!([{"upstream": evil, "result": evil, "ms": 1, "detail": evil, "request_id": evil}])
                .to_string(),
        ),
        ..row(0)
    }];
    let folder = book(&rows).await;
    for words in ["list", "show 1", "stats --by model"] {
        let shown = printed(&folder, words).await;
        assert!(shown.contains(r"\u{1b}]0;owned"), "{shown}");
        assert!(shown.chars().all(|one| one == '\n' || !(one.is_control() || one == '\u{202e}')), "{words}: {shown:?}");
    }
}
