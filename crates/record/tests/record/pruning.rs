//! What deleting by hand promises, on either database.

use crate::contract::on_both;
use crate::exchanges::{moment, row};
use crate::reading::{GO_INSERT, MINUTE, Readable, at, numbers};
use crate::scratch::{Database, Postgres, Sqlite};
use oar_record::{Filter, Measure, Pruned, Pruner, Query, Retention, Row, Store, Tended, Walk};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

on_both! {
    rows_of_the_go_version_are_counted_and_deleted,
    old_rows_are_deleted_and_no_others,
    rows_are_deleted_down_to_a_size,
}

trait Prunable: Readable {
    async fn pruner(&self) -> Pruner;
}

impl Prunable for Sqlite {
    async fn pruner(&self) -> Pruner {
        Pruner::sqlite(&self.path).await.unwrap()
    }
}

impl Prunable for Postgres {
    async fn pruner(&self) -> Pruner {
        Pruner::postgres(&self.url()).await.unwrap()
    }
}

/// Every step until there is nothing more to do; yields how many rows each deleted.
async fn prune(pruner: &mut Pruner, retention: Retention) -> Vec<u64> {
    let mut steps = Vec::new();
    loop {
        let Pruned { rows, tended } = pruner.step(retention, now()).await.unwrap();
        steps.extend((rows > 0).then_some(rows));
        if tended == Tended::Done {
            return steps;
        }
    }
}

/// So that rows of this age are from before the 700th minute after [`moment`].
const OLD: Retention = Retention { age: Some(Duration::from_secs(1_000 * 60)), bytes: None };

fn now() -> SystemTime {
    moment() + MINUTE * 1_700
}

async fn rows_of_the_go_version_are_counted_and_deleted<D: Prunable>(database: D) {
    database.sql(D::GO_TABLE).await;
    database.sql(GO_INSERT).await;
    let mut archive = database.archive().await;
    let mut walk: Walk<Measure> = Walk::begin(&mut archive, Filter::default()).await.unwrap();
    assert_eq!(walk.next(&mut archive).await.unwrap().unwrap()[0].elapsed_time, Some(2));
    let mut pruner = database.pruner().await;
    assert!(pruner.used().await.unwrap() > 0);
    assert_eq!(prune(&mut pruner, OLD).await, [1]);
    assert_eq!(database.text("SELECT CAST(count(*) AS text) FROM records").await, "0");
}

async fn old_rows_are_deleted_and_no_others(database: impl Prunable) {
    let mut store = database.open().await;
    let aged = |number: u32| Row { created_at: at(moment() + MINUTE * number), ..row(&number.to_string()) };
    store.write(&(0..1_200).map(aged).map(Arc::new).collect::<Vec<_>>()).await.unwrap();
    database.sql("INSERT INTO records (id, created_at) VALUES (5000, '2026-03-03 17:06:07+14:00'), (5001, NULL)").await;
    let mut pruner = database.pruner().await;
    assert_eq!(pruner.would_delete(OLD, now()).await.unwrap(), 701);
    let steps = prune(&mut pruner, OLD).await;
    assert_eq!((steps.iter().sum::<u64>(), steps.iter().all(|step| *step <= 500)), (701, true), "{steps:?}");
    assert!(prune(&mut pruner, OLD).await.is_empty());
    let left = numbers(&mut database.archive().await, &Query::oldest(Filter::default(), 9_999)).await;
    assert_eq!((left.len(), left[0], left.last()), (501, 701, Some(&5001)));
    store.write(&[row("new")].map(Arc::new)).await.unwrap();
}

async fn rows_are_deleted_down_to_a_size(database: impl Prunable) {
    let mut store = database.open().await;
    let heavy = |number: u32| Row { body: Some(format!("{number:08}").repeat(250)), ..row(&number.to_string()) };
    store.write(&(0..2_000).map(heavy).map(Arc::new).collect::<Vec<_>>()).await.unwrap();
    let mut pruner = database.pruner().await;
    let half = Retention { age: None, bytes: Some(pruner.used().await.unwrap() / 2) };
    let planned = pruner.would_delete(half, now()).await.unwrap();
    let steps = prune(&mut pruner, half).await;
    let gone: u64 = steps.iter().sum();
    let sane = 700..=1_300;
    assert!(
        sane.contains(&planned) && sane.contains(&gone) && steps.iter().all(|step| *step <= 500),
        "{planned}, {steps:?}"
    );
    let left = numbers(&mut database.archive().await, &Query::oldest(Filter::default(), 9_999)).await;
    assert_eq!((left[0].unsigned_abs(), left.last()), (gone + 1, Some(&2_000)), "the oldest went");
}
