//! D11: a database of the Go version, pointed at by ours and by the Go version again.

use crate::contract::on_both;
use crate::exchanges::row;
use crate::scratch::{Database, Kept, Postgres, Sqlite};
use oar_record::Store;
use std::sync::Arc;
use std::time::{Duration, Instant};

on_both! {
    a_hundred_thousand_rows_are_there_in_seconds_and_both_versions_go_on,
    the_errors_of_a_token_are_found_by_an_index,
}

const COLUMNS: &str = "hostname, upstream_endpoint, upstream_sk, created_at, ip, body, model, response, response_time, \
    elapsed_time, status, \"authorization\", user_agent, headers";

/// The statement that inserts so many rows as the Go version does, one a second.
fn go_rows<D: Database>(count: u32) -> String {
    let numbers = D::NUMBERS.replace("{}", &count.to_string());
    let moment = D::GO_MOMENT.replace("{}", "1700000000 + i");
    format!(
        "INSERT INTO records ({COLUMNS}) SELECT 'go', 'https://h/v1', 'sk-1', {moment}, '::1', '{{\"n\":' || i || '}}', \
         'gpt-4', 'answer ' || i, 1000000, 2000000, 200, 'token', 'ua', '{{\"A\":[\"b\"]}}' FROM {numbers}"
    )
}

async fn a_hundred_thousand_rows_are_there_in_seconds_and_both_versions_go_on<D: Database>(database: D) {
    database.sql(D::GO_TABLE).await;
    database.sql(&go_rows::<D>(100_000)).await;
    let started = Instant::now();
    let mut store = database.open().await;
    let took = started.elapsed();
    // A second or less when nothing else runs.
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert!(store.is_ready());

    store.write(&[row("ours")].map(Arc::new)).await.unwrap();
    database.sql(&go_rows::<D>(2)).await;
    assert_eq!(database.text("SELECT CAST(count(*) AS text) FROM records").await, "100003");
    let told =
        "SELECT CAST(count(*) AS text) FROM records WHERE body = '{\"n\":' || id || '}' AND response = 'answer ' || id";
    assert_eq!(database.text(told).await, "100000");
    let recent = store.recent(4).await.unwrap();
    let told: Vec<_> = recent.iter().map(|row| row.created_at.unwrap().to_string()).collect();
    assert!(told[0].starts_with("2023-11-14 22:13:22") && told[3].starts_with("2023-11-16 02:00:00"), "{told:?}");
    assert_eq!(recent[2].exchange_id.as_deref(), Some("ours"));
}

async fn the_errors_of_a_token_are_found_by_an_index<D: Database>(database: D) {
    database.open().await.write(&[row("a")].map(Arc::new)).await.unwrap();
    let plan =
        database.plan("SELECT id FROM records WHERE \"authorization\" = 'x' AND outcome <> 'ok' ORDER BY id").await;
    assert!(plan.contains("records_errors"), "{plan}");
    let plan = database.plan("SELECT id FROM records WHERE exchange_id = 'x' OR request_id = 'x'").await;
    assert!(plan.contains("records_exchange_id") && plan.contains("records_request_id"), "{plan}");
    let plan = database.plan("SELECT id FROM records WHERE created_at < '2020-01-01'").await;
    assert!(plan.contains("records_created_at"), "{plan}");
}
