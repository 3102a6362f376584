//! `records prune`.

use crate::book::{book, objects, printed, row};
use oar_record::{CreatedAt, Row};
use std::time::{Duration, SystemTime};

fn aged(days: u32) -> Row {
    let day = Duration::from_secs(86_400);
    Row { created_at: Some(CreatedAt(SystemTime::now() - day * days)), ..row(days) }
}

#[tokio::test]
async fn what_is_older_goes_and_a_rehearsal_deletes_nothing() {
    let folder = book(&[aged(90), aged(40), aged(20), aged(1)]).await;
    let told = printed(&folder, "prune --older-than 30d --dry-run").await;
    assert!(told.starts_with("2 rows would be deleted; the records take "), "{told}");
    assert_eq!(objects(&printed(&folder, "list --json").await).len(), 4);
    let told = &objects(&printed(&folder, "prune --older-than 30d --json").await)[0];
    assert_eq!((&told["rows"], &told["dry_run"]), (&2.into(), &false.into()));
    let left: Vec<_> = objects(&printed(&folder, "list --json").await).iter().map(|row| row["id"].clone()).collect();
    assert_eq!(left, [4, 3]);
    assert!(printed(&folder, "prune --older-than 30d").await.starts_with("0 rows deleted; "));
}

#[tokio::test]
async fn what_is_too_much_goes_from_the_oldest() {
    let heavy = |number: u32| Row { body: Some("x".repeat(2_000)), ..row(number) };
    let folder = book(&(0..1_500).map(heavy).collect::<Vec<_>>()).await;
    let told = &objects(&printed(&folder, "prune --keep-bytes 2MB --json").await)[0];
    assert!(told["bytes"].as_u64().unwrap() <= 2_000_000, "{told}");
    let left = objects(&printed(&folder, "list --json --limit 9999").await);
    assert!((300..1_000).contains(&left.len()) && left[0]["id"] == 1_500, "{}", left.len());
}
