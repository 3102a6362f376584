//! `records stats`.

use crate::book::{book, failed, objects, printed, row};

#[tokio::test]
async fn rows_are_counted_and_measured() {
    let folder = book(&[row(0), failed(1), row(2)]).await;
    let told = printed(&folder, "stats").await;
    let expected = format!(
        "3 requests, 2026-03-04 05:06:07 to 2026-03-04 05:08:07\n\n\
         outcome     requests  errors     p50     p95  first p50  first p95  prompt  completion\n\
         ok                 2     0 %  1.50 s  1.50 s     901 ms     901 ms      14          24  {}\n\
         all_failed         1   100 %  1.50 s  1.50 s          -          -       7          12  {}\n\
         all                3    33 %  1.50 s  1.50 s     901 ms     901 ms      21          36\n",
        "█".repeat(30),
        "█".repeat(15),
    );
    assert_eq!(told, expected, "{told}");
}

#[tokio::test]
async fn every_group_is_told_to_programs() {
    let folder = book(&[row(0), failed(1), row(60)]).await;
    for (by, name, requests) in [
        ("model", "gpt-4o", 3),
        ("upstream", "second", 3),
        ("token", "sk-a…0123abcd", 3),
        ("outcome", "ok", 2),
        ("hour", "2026-03-04 05:00", 2),
        ("day", "2026-03-04", 3),
    ] {
        let told = &objects(&printed(&folder, &format!("stats --json --by {by}")).await)[0];
        let first = &told["groups"][0];
        assert_eq!((first[by].as_str(), first["requests"].as_u64()), (Some(name), Some(requests)), "{told}");
        assert_eq!((told["requests"].as_u64(), told["errors"].as_u64()), (Some(3), Some(1)), "{told}");
    }
    let told = &objects(&printed(&folder, "stats --json --outcome errors --since 2026-03-04").await)[0];
    assert_eq!(told["requests"], 1);
}

/// Days begin where the reader is.
#[tokio::test]
async fn periods_are_those_of_the_time_zone() {
    let folder = book(&[row(0)]).await.with("TZ", "Asia/Shanghai");
    let told = &objects(&printed(&folder, "stats --json --by hour").await)[0];
    assert_eq!(told["groups"][0]["hour"], "2026-03-04 13:00");
    assert!(printed(&folder, "list").await.contains("2026-03-04 13:06:07"));
}
