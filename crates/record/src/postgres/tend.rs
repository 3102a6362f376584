//! Rows deleted, a few at a time.

use crate::store::{Pruned, Tended};
use crate::{CreatedAt, RETENTION_STEP_BYTES, RETENTION_STEP_ROWS, Retention};
use std::time::SystemTime;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error};

/// What a row takes: its long texts as they are stored, which nobody has to read for that, and some for all the rest.
const BYTES: &str = "coalesce(pg_column_size(body), 0) + coalesce(pg_column_size(response), 0) \
                     + coalesce(pg_column_size(headers), 0) + coalesce(pg_column_size(attempts), 0) + 400";

/// A table of more pages is measured by about so many of them.
const SAMPLE_PAGES: i64 = 2_000;

/// Which rows, and which of them first.
struct Rows {
    of: &'static str,
    order: &'static str,
}

/// Rows and bytes that went.
struct Gone {
    rows: u64,
    bytes: u64,
}

/// Bytes of rows that were more than this cap when they were last measured, and are still there. Measuring takes longer
/// than a step does.
#[derive(Debug, Default)]
pub(super) struct Excess {
    cap: u64,
    bytes: u64,
}

impl Excess {
    /// What is left of the last measurement, if it was for this cap and all went well since; else a new one.
    async fn take(&mut self, cap: u64, client: &Client) -> Result<u64, Error> {
        let left = std::mem::take(&mut self.bytes);
        if left > 0 && self.cap == cap { Ok(left) } else { Ok(used(client).await?.saturating_sub(cap)) }
    }
}

/// Deletes a few rows that are too old, or failing that too many.
pub(super) async fn step(
    client: &Client,
    retention: &Retention,
    now: SystemTime,
    excess: &mut Excess,
) -> Result<Pruned, Error> {
    if let Some(cutoff) = retention.cutoff(now) {
        let old = Rows { of: "WHERE created_at < $2", order: "created_at, id" };
        let cutoff = CreatedAt(cutoff);
        let gone = delete(client, &old, RETENTION_STEP_BYTES, &[(&cutoff, Type::TIMESTAMPTZ)]).await?;
        if gone.rows > 0 {
            return Ok(Pruned { rows: gone.rows, tended: Tended::More });
        }
    }
    let Some(cap) = retention.bytes else { return Ok(Pruned { rows: 0, tended: Tended::Done }) };
    let bytes = excess.take(cap, client).await?;
    if bytes == 0 {
        return Ok(Pruned { rows: 0, tended: Tended::Done });
    }
    let all = Rows { of: "", order: "id" };
    let gone = delete(client, &all, bytes.min(RETENTION_STEP_BYTES), &[]).await?;
    // No row left: what was measured was an estimate.
    let left = if gone.rows > 0 { bytes.saturating_sub(gone.bytes) } else { 0 };
    *excess = Excess { cap, bytes: left };
    Ok(Pruned { rows: gone.rows, tended: if left > 0 { Tended::More } else { Tended::Done } })
}

type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// Deletes the first of these rows, up to the one that makes it so many bytes.
async fn delete(client: &Client, rows: &Rows, bytes: u64, more: &[Parameter<'_>]) -> Result<Gone, Error> {
    let Rows { of, order } = rows;
    let statement = format!(
        "WITH few AS (SELECT id, created_at, {BYTES} AS bytes FROM records {of} \
                      ORDER BY {order} LIMIT {RETENTION_STEP_ROWS}), \
              room AS (SELECT id, sum(bytes) OVER (ORDER BY {order}) - bytes AS before FROM few), \
              gone AS (DELETE FROM records WHERE id IN (SELECT id FROM room WHERE before < $1) \
                       RETURNING {BYTES} AS bytes) \
         SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone"
    );
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let mut parameters: Vec<Parameter<'_>> = vec![(&bytes, Type::INT8)];
    parameters.extend_from_slice(more);
    let mut gone = Gone { rows: 0, bytes: 0 };
    for row in client.query_typed(&statement, &parameters).await? {
        gone.rows = row.try_get::<_, i64>(0)?.unsigned_abs();
        gone.bytes = u64::try_from(row.try_get::<_, i64>(1)?).unwrap_or_default();
    }
    Ok(gone)
}

/// The bytes of all rows. What files hold would be the wrong measure: they do not shrink when rows go, and everything would.
pub(super) async fn used(client: &Client) -> Result<u64, Error> {
    let pages = "SELECT pg_relation_size('records') / current_setting('block_size')::bigint";
    let pages: i64 = client.query_one(pages, &[]).await?.try_get(0)?;
    let sample = if pages > SAMPLE_PAGES {
        format!("TABLESAMPLE SYSTEM ({SAMPLE_PAGES} * 100.0 / {pages})")
    } else {
        String::new()
    };
    let share = format!("least(1, {SAMPLE_PAGES}.0 / greatest({pages}, 1))");
    let bytes = format!("SELECT (coalesce(sum({BYTES}), 0) / {share})::bigint FROM records {sample}");
    let bytes: i64 = client.query_one(&bytes, &[]).await?.try_get(0)?;
    Ok(u64::try_from(bytes).unwrap_or_default())
}

/// About how many rows there are to delete.
pub(super) async fn would_delete(client: &Client, retention: &Retention, now: SystemTime) -> Result<u64, Error> {
    let old = match retention.cutoff(now) {
        Some(cutoff) => {
            count(client, "SELECT count(*) FROM records WHERE created_at < $1", &[&CreatedAt(cutoff)]).await?
        }
        None => 0,
    };
    if retention.bytes.is_none() {
        return Ok(old);
    }
    let (used, rows) = (used(client).await?, count(client, "SELECT count(*) FROM records", &[]).await?);
    Ok(old.max(retention.surplus_rows(used, rows)))
}

async fn count(client: &Client, question: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
    Ok(client.query_one(question, parameters).await?.try_get::<_, i64>(0)?.unsigned_abs())
}
