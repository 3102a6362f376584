//! `records export`.

use crate::book::{book, complaint, objects, printed, row};
use oar_record::Row;

#[tokio::test]
async fn rows_are_exported_oldest_first_with_all_that_they_hold() {
    let folder = book(&(0..120).map(row).collect::<Vec<_>>()).await;
    let rows = objects(&printed(&folder, "export").await);
    assert_eq!(rows.len(), 120);
    assert_eq!(rows[119], serde_json::to_value(Row { id: Some(120), ..row(119) }).unwrap());
    assert_eq!(printed(&folder, "export --format csv --until 2026-03-04T05:08:00Z").await.lines().count(), 1 + 2 * 2);
}

#[tokio::test]
async fn a_table_for_spreadsheets_keeps_quotes_and_line_ends() {
    let odd = Row { response: Some("a \"quoted\",\nsecond line".to_owned()), attempts: None, ..row(0) };
    let folder = book(&[odd]).await;
    assert_eq!(printed(&folder, "export --format csv --output out.csv").await, "");
    let table = std::fs::read_to_string(folder.root.path().join("out.csv")).unwrap();
    assert!(table.starts_with("id,hostname,upstream_endpoint,upstream_sk,created_at,"), "{table}");
    assert!(table.contains("\"a \"\"quoted\"\",\nsecond line\""), "{table}");
    assert!(table.contains(",2026-03-04 05:06:07+00:00,"), "{table}");
}

#[tokio::test]
async fn a_file_that_cannot_be_made_is_told() {
    let folder = book(&[row(0)]).await;
    let told = complaint(&folder, "export --output missing/out.jsonl").await;
    assert!(told.starts_with("openai-api-route: `missing/out.jsonl` cannot be written: No such file"), "{told}");
}
