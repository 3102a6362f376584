//! The example does what it says.

#[path = "../examples/file.rs"]
#[allow(dead_code, unreachable_pub)]
mod file;

use serde_json::Value;

#[tokio::test]
async fn the_example_writes_one_line_of_json_for_each_alert() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("alerts.jsonl");
    file::run(path.clone()).await;
    let text = std::fs::read_to_string(path).expect("a file");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let kinds: Vec<_> = lines.iter().map(|line| &line["kind"]).collect();
    assert_eq!(kinds, ["records", "recovered"]);
    assert_eq!(lines[0]["troubles"][0]["reason"], "records_stuck");
    assert_eq!(lines[1]["recovered"][0]["subject"], "records");
}
