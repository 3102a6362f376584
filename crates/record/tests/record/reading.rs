//! What reading promises, on either database.

use crate::contract::on_both;
use crate::exchanges::{moment, row};
use crate::scratch::{Database, Postgres, Sqlite};
use oar_record::{
    Archive, CreatedAt, Filter, Measure, OutcomeFilter, Pruner, Query, ReadError, Row, RowId, StatusFilter, Store,
    Summary, Walk,
};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

on_both! {
    rows_are_read_page_by_page_in_either_order,
    every_kind_of_a_row_tells_the_same,
    each_filter_means_what_it_says,
    moments_are_compared_whatever_their_offset,
    a_moment_that_is_far_away_or_none_hides_no_row,
    a_table_of_the_go_version_is_read_and_not_touched,
    a_row_is_found_by_each_of_its_ids,
    a_walk_reads_each_row_once_and_none_that_came_later,
    rows_that_are_written_meanwhile_are_seen,
    a_database_without_a_table_is_told,
}

/// A database that can be read without being opened for writing.
pub(crate) trait Readable: Database {
    async fn try_archive(&self) -> Result<Archive, ReadError>;

    async fn archive(&self) -> Archive {
        self.try_archive().await.unwrap()
    }
}

impl Readable for Sqlite {
    async fn try_archive(&self) -> Result<Archive, ReadError> {
        Archive::sqlite(&self.path).await
    }
}

impl Readable for Postgres {
    async fn try_archive(&self) -> Result<Archive, ReadError> {
        Archive::postgres(&self.url()).await
    }
}

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn at(created_at: SystemTime) -> Option<CreatedAt> {
    Some(CreatedAt(created_at))
}

pub(crate) async fn numbers(archive: &mut Archive, query: &Query) -> Vec<i64> {
    let rows: Vec<RowId> = archive.read(query).await.unwrap();
    rows.iter().map(|row| row.id).collect()
}

async fn matching(archive: &mut Archive, filter: Filter) -> Vec<i64> {
    numbers(archive, &Query::oldest(filter, 100)).await
}

async fn rows_are_read_page_by_page_in_either_order(database: impl Readable) {
    database.open().await.write(&["a", "b", "c", "d", "e"].map(row).map(Arc::new)).await.unwrap();
    let mut archive = database.archive().await;
    let all = Filter::default;
    for (page, expected) in [
        (Query::newest(all(), 2), &[5, 4][..]),
        (Query::newest(all(), 2).before(4), &[3, 2]),
        (Query::oldest(all(), 2).after(1), &[2, 3]),
        (Query::oldest(all(), 9).after(1).before(4), &[2, 3]),
        (Query::these(vec![4, 2, 99]), &[2, 4]),
        (Query::these(vec![]), &[]),
    ] {
        assert_eq!(numbers(&mut archive, &page).await, expected);
    }
}

async fn every_kind_of_a_row_tells_the_same(database: impl Readable) {
    database.open().await.write(&[row("a")].map(Arc::new)).await.unwrap();
    let (mut archive, query) = (database.archive().await, Query::newest(Filter::default(), 1));
    let rows: Vec<Row> = archive.read(&query).await.unwrap();
    assert_eq!(serde_json::to_value(&rows[0]).unwrap(), serde_json::to_value(Row { id: Some(1), ..row("a") }).unwrap());
    let summaries: Vec<Summary> = archive.read(&query).await.unwrap();
    assert_eq!((summaries[0].created_at, &summaries[0].attempts), (rows[0].created_at, &rows[0].attempts));
    let measures: Vec<Measure> = archive.read(&query).await.unwrap();
    assert_eq!((measures[0].created_at, &measures[0].authorization), (rows[0].created_at, &rows[0].authorization));
}

/// Ten rows, of which each differs from the rest in its own way.
fn different_rows() -> Vec<Row> {
    let text = |text: &str| Some(text.to_owned());
    let odd = [
        Row { model: text("other"), ..row("1") },
        Row { upstream: text("first"), ..row("2") },
        Row { authorization: text("sk-a…0123abcd"), ..row("3") },
        Row { authorization: text("sk-a…0123ffff"), outcome: text("all_failed"), status: Some(502), ..row("4") },
        Row { outcome: text("client_closed"), status: Some(499), ..row("5") },
        Row { body: text("50%_of \\it ÄÖ"), ..row("6") },
        Row { response: text("Needle"), ..row("7") },
        Row { error: text("a needle"), outcome: text("stream_broken"), ..row("8") },
        Row { created_at: at(moment() + MINUTE), ..row("9") },
        Row { outcome: None, status: Some(500), ..row("10") },
    ];
    odd.into()
}

async fn each_filter_means_what_it_says(database: impl Readable) {
    database.open().await.write(&different_rows().into_iter().map(Arc::new).collect::<Vec<_>>()).await.unwrap();
    let mut archive = database.archive().await;
    let text = |text: &str| Some(text.to_owned());
    let outcomes = |words: &str| words.split(',').map(|word| word.parse().unwrap()).collect::<Vec<OutcomeFilter>>();
    let statuses = |words: &str| words.split(',').map(|word| word.parse().unwrap()).collect::<Vec<StatusFilter>>();
    let all = Filter::default;
    let table: Vec<(&str, Filter, &[i64])> = vec![
        ("model", Filter { model: text("other"), ..all() }, &[1]),
        ("upstream", Filter { upstream: text("first"), ..all() }, &[2]),
        ("a whole token", Filter { token: text("sk-a…0123abcd"), ..all() }, &[3]),
        ("the beginning of a token", Filter { token: text("sk-a"), ..all() }, &[3, 4]),
        ("the beginning of its digits", Filter { token: text("0123"), ..all() }, &[3, 4]),
        ("a pattern is no pattern", Filter { token: text("sk_a"), ..all() }, &[]),
        ("errors", Filter { outcomes: outcomes("errors"), ..all() }, &[4, 5, 8]),
        ("some errors", Filter { outcomes: outcomes("stream_broken,client_closed"), ..all() }, &[5, 8]),
        ("success", Filter { outcomes: outcomes("ok"), ..all() }, &[1, 2, 3, 6, 7, 9]),
        ("either", Filter { outcomes: outcomes("errors,ok"), ..all() }, &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("a status", Filter { statuses: statuses("502"), ..all() }, &[4]),
        ("statuses", Filter { statuses: statuses("5xx,499"), ..all() }, &[4, 5, 10]),
        ("text", Filter { text: text("NEEDLE"), ..all() }, &[7, 8]),
        ("odd text", Filter { text: text("50%_OF \\it ÄÖ"), ..all() }, &[6]),
        ("since", Filter { since: Some(moment() + MINUTE), ..all() }, &[9]),
        ("until", Filter { until: Some(moment()), ..all() }, &[]),
        (
            "errors of a token",
            Filter { token: text("sk-a…0123ffff"), outcomes: outcomes("errors"), since: Some(moment()), ..all() },
            &[4],
        ),
    ];
    for (name, filter, expected) in table {
        assert_eq!(matching(&mut archive, filter.clone()).await, expected, "{name}");
        let mut walked = Vec::new();
        let mut walk: Walk<RowId> = Walk::begin(&mut archive, filter).await.unwrap();
        while let Some(rows) = walk.next(&mut archive).await.unwrap() {
            walked.extend(rows.iter().map(|row| row.id));
        }
        assert_eq!(walked, expected, "walking: {name}");
    }
}

/// One moment in four offsets, and one a nanosecond before it as far as the database tells them apart.
async fn moments_are_compared_whatever_their_offset(database: impl Readable) {
    let mut store = database.open().await;
    let offsets = ["05:06:07.000123+00:00", "13:06:07.000123+08:00", "04:06:07.000123-01:00"];
    for (number, clock) in offsets.iter().enumerate() {
        database
            .sql(&format!("INSERT INTO records (id, created_at) VALUES ({}, '2026-03-04 {clock}')", number + 1))
            .await;
    }
    database.sql("INSERT INTO records (id, created_at) VALUES (4, '2026-03-03 17:06:07.000123-12:00')").await;
    database.sql("INSERT INTO records (id, created_at) VALUES (5, '2026-03-04 19:06:07.000122+14:00')").await;
    store.write(&[Row { created_at: at(moment()), ..Row::default() }].map(Arc::new)).await.ok();
    let mut archive = database.archive().await;
    let since = |since| Filter { since: Some(since), ..Filter::default() };
    let until = |until| Filter { until: Some(until), ..Filter::default() };
    assert_eq!(matching(&mut archive, since(moment())).await[..4], [1, 2, 3, 4]);
    assert_eq!(matching(&mut archive, until(moment())).await, [5]);
    assert_eq!(matching(&mut archive, since(moment() + Duration::from_micros(1))).await, [0; 0]);
}

/// Go's zero time, the ends of what a database can say, and text that is no moment, where that is possible.
async fn a_moment_that_is_far_away_or_none_hides_no_row<D: Readable>(database: D) {
    database.open().await.write(&[row("a")].map(Arc::new)).await.unwrap();
    for (number, moment) in ["0001-01-01 00:00:00+00:00", "9999-12-31 23:59:59+00:00"].iter().enumerate() {
        database.sql(&format!("INSERT INTO records (id, created_at) VALUES ({}, '{moment}')", number + 2)).await;
    }
    database.sql(&format!("INSERT INTO records (id, created_at) VALUES (4, {})", D::NO_MOMENT)).await;
    let mut archive = database.archive().await;
    let rows: Vec<Measure> = archive.read(&Query::oldest(Filter::default(), 9)).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| row.created_at.map(|at| at.to_string())).collect();
    assert_eq!(told[1].as_deref(), Some("0001-01-01 00:00:00+00:00"));
    assert_eq!((told[2].as_deref(), told.len()), (Some("9999-12-31 23:59:59+00:00"), 4));
    let rows: Vec<Row> = archive.read(&Query::oldest(Filter::default(), 9)).await.unwrap();
    let summaries: Vec<Summary> = archive.read(&Query::oldest(Filter::default(), 9)).await.unwrap();
    assert_eq!((rows.len(), summaries.len()), (4, 4));
}

pub(crate) const GO_INSERT: &str = "INSERT INTO records (hostname, created_at, model, status, elapsed_time, \"authorization\") \
    VALUES ('go', '2024-01-02 11:04:05.5+08:00', 'gpt-4', 200, 2, 'token')";

async fn a_table_of_the_go_version_is_read_and_not_touched<D: Readable>(database: D) {
    database.sql(D::GO_TABLE).await;
    database.sql(GO_INSERT).await;
    let mut archive = database.archive().await;
    let rows: Vec<Row> = archive.read(&Query::newest(Filter::default(), 10)).await.unwrap();
    assert_eq!((rows[0].status, rows[0].outcome.as_deref(), rows[0].truncated), (Some(200), None, None));
    assert_eq!(rows[0].created_at.unwrap().to_string(), "2024-01-02 03:04:05.5+00:00");
    assert_eq!(archive.find("1", 9).await.unwrap().len() + archive.find("x", 9).await.unwrap().len(), 1);
    // None of our columns has come: each of them can still be added.
    database
        .sql("ALTER TABLE records ADD COLUMN exchange_id text; ALTER TABLE records ADD COLUMN truncated boolean")
        .await;
}

async fn a_row_is_found_by_each_of_its_ids(database: impl Readable) {
    let twice = Row { request_id: Some("client-a".to_owned()), ..row("b") };
    database.open().await.write(&[row("a"), twice, row("3")].map(Arc::new)).await.unwrap();
    let mut archive = database.archive().await;
    for (id, expected) in [
        ("1", vec![1]),
        ("a", vec![1]),
        ("client-a", vec![2, 1]),
        ("b", vec![2]),
        // A number is a row's before it is anything else.
        ("3", vec![3]),
        ("99", vec![]),
        ("' OR 1=1 --", vec![]),
    ] {
        let found: Vec<i64> = archive.find(id, 9).await.unwrap().iter().filter_map(|row| row.id).collect();
        assert_eq!(found, expected, "{id}");
    }
    assert_eq!(archive.find("client-a", 1).await.unwrap().len(), 1);
}

async fn a_walk_reads_each_row_once_and_none_that_came_later(database: impl Readable) {
    let mut store = database.open().await;
    let rows: Vec<_> = (0..130).map(|number| Arc::new(row(&format!("x{number}")))).collect();
    store.write(&rows).await.unwrap();
    // Most numbers are of rows that are gone.
    database.sql("UPDATE records SET id = id + 170000 WHERE id > 60").await;
    let mut archive = database.archive().await;
    let mut walk: Walk<Row> = Walk::begin(&mut archive, Filter::default()).await.unwrap();
    let mut read = Vec::new();
    let mut done = 0;
    while let Some(page) = walk.next(&mut archive).await.unwrap() {
        read.extend(page.iter().filter_map(|row| row.id));
        database.sql("INSERT INTO records (id) SELECT max(id) + 1 FROM records").await;
        assert!(walk.progress().0 > done || page.is_empty());
        done = walk.progress().0;
    }
    assert_eq!(walk.progress(), (170_130, 170_130));
    assert_eq!(read, (1..=60).chain(170_061..=170_130).collect::<Vec<i64>>());
}

async fn rows_that_are_written_meanwhile_are_seen(database: impl Readable) {
    let mut store = database.open().await;
    let mut archive = database.archive().await;
    assert_eq!(matching(&mut archive, Filter::default()).await, [0; 0]);
    for number in 1..5 {
        store.write(&[row(&number.to_string())].map(Arc::new)).await.unwrap();
        assert_eq!(matching(&mut archive, Filter::default()).await.last(), Some(&number));
    }
}

async fn a_database_without_a_table_is_told(database: impl Readable) {
    database.sql("CREATE TABLE something_else (id integer)").await;
    let error = database.try_archive().await.err().expect("there is no table");
    assert!(matches!(error, ReadError::NoTable { .. }), "{error:?}");
    assert!(error.to_string().ends_with("has no table of records yet; start the gateway with it once"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db.sqlite");
    let error = Archive::sqlite(&path).await.err().expect("there is no file");
    assert!(matches!(error, ReadError::NoFile { .. }) && error.to_string().contains("db.sqlite"), "{error}");
    assert!(Pruner::sqlite(&path).await.is_err());
    assert!(!path.exists());
}

/// D01: the error is SQLite's, and the file stays as it is.
#[tokio::test]
async fn a_file_that_is_no_database_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a b?%20.sqlite");
    std::fs::write(&path, "upstreams: []\n".repeat(100)).unwrap();
    let error = Archive::sqlite(&path).await.err().expect("it is no database");
    assert!(matches!(error, ReadError::Sqlite { .. }), "{error:?}");
}

/// D07: neither waits for the other.
#[tokio::test]
async fn a_file_is_read_while_somebody_holds_the_write_lock() {
    use diesel::connection::SimpleConnection;
    let database = Sqlite::new().await;
    database.open().await.write(&[row("a")].map(Arc::new)).await.unwrap();
    let mut writer = database.connection();
    writer.batch_execute("BEGIN IMMEDIATE; INSERT INTO records (id) VALUES (7)").unwrap();
    assert_eq!(matching(&mut database.archive().await, Filter::default()).await, [1]);
    writer.batch_execute("COMMIT").unwrap();
}

/// D04.
#[tokio::test]
async fn a_login_that_was_lost_is_made_again() {
    let database = Postgres::new().await;
    database.open().await.write(&[row("a")].map(Arc::new)).await.unwrap();
    let mut archive = database.archive().await;
    database
        .sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
             AND pid <> pg_backend_pid()",
        )
        .await;
    let lost: Result<Vec<RowId>, ReadError> = archive.read(&Query::newest(Filter::default(), 1)).await;
    assert!(matches!(lost, Err(ReadError::Asked { .. })), "{lost:?}");
    assert_eq!(matching(&mut archive, Filter::default()).await, [1]);
}

/// A09.
#[tokio::test]
async fn no_error_of_reading_tells_a_password() {
    for dsn in [
        "postgres://u:canary-password@127.0.0.1:1/db",
        "host=127.0.0.1 port=1 user=u password=canary-password",
        "postgres://u:canary@password@127.0.0.1:1/db",
        "host=127.0.0.1 password=canary-'password",
    ] {
        let error = Archive::postgres(&dsn.into()).await.err().expect("nobody listens there");
        let chain = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        oar_testkit::canary::assert_none(
            "an error",
            chain.map(|error| format!("{error} {error:?}")).collect::<String>(),
        );
    }
}
