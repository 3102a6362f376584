//! Rows deleted, and the room for them given back, a little at a time.

use super::file::{Number, pragma};
use crate::schema::records;
use crate::store::{Pruned, Tended};
use crate::{CreatedAt, RETENTION_STEP_BYTES, RETENTION_STEP_ROWS, Retention};
use diesel::connection::SimpleConnection;
use diesel::result::Error as DieselError;
use diesel::sql_types::{BigInt, Text};
use diesel::{ExpressionMethods, QueryDsl, QueryableByName, RunQueryDsl, SqliteConnection};
use std::time::{Duration, SystemTime};

/// A moment with an offset is text of up to twelve hours before its text in UTC.
const WESTERNMOST: Duration = Duration::from_secs(12 * 60 * 60);

/// What one step gives back at most of the room that is free.
const VACUUM_BYTES: i64 = 8 * 1024 * 1024;

/// One page in so many may be free: rows that come will want it.
const SPARE: i64 = 20;

/// What a row takes, as far as it differs. Looks at no text: its length stands at the row's head.
const BYTES: &str = "coalesce(octet_length(body), 0) + coalesce(octet_length(response), 0) + 1000 AS bytes";

#[derive(QueryableByName)]
struct Old {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// Deletes a few rows that are too old, or failing that too many, and gives back a little of what is free.
pub(crate) fn step(
    retention: &Retention,
    now: SystemTime,
    connection: &mut SqliteConnection,
) -> Result<Pruned, DieselError> {
    let deleted = connection.immediate_transaction(|connection| {
        let old = match retention.cutoff(now) {
            Some(cutoff) => older(cutoff, connection)?,
            None => Vec::new(),
        };
        let few = if old.is_empty() { surplus(retention, connection)? } else { old };
        delete(&few, connection)
    })?;
    let vacuumed = give_back(connection)?;
    let tended = if deleted == 0 && vacuumed == Tended::Done { Tended::Done } else { Tended::More };
    Ok(Pruned { rows: deleted as u64, tended })
}

/// Rows from before a moment, whose [`texts`] these two are. Texts in UTC, which are ours, compare as moments; others count
/// as old when they are so in any offset.
const OLDER: &str = "created_at < ? AND (created_at LIKE '%+00:00' OR created_at < ?)";

/// The moment in UTC, and where it is earliest.
fn texts(cutoff: SystemTime) -> (String, String) {
    let text = |moment: SystemTime| CreatedAt(moment).to_string();
    (text(cutoff), cutoff.checked_sub(WESTERNMOST).map_or_else(String::new, text))
}

/// Rows from before this moment, oldest first.
fn older(cutoff: SystemTime, connection: &mut SqliteConnection) -> Result<Vec<Old>, DieselError> {
    let (here, anywhere) = texts(cutoff);
    let query =
        format!("SELECT id, {BYTES} FROM records WHERE {OLDER} ORDER BY created_at LIMIT {RETENTION_STEP_ROWS}");
    let old = diesel::sql_query(query).bind::<Text, _>(here).bind::<Text, _>(anywhere).load(connection)?;
    Ok(within(RETENTION_STEP_BYTES, old))
}

/// The oldest rows, as many as are too many.
fn surplus(retention: &Retention, connection: &mut SqliteConnection) -> Result<Vec<Old>, DieselError> {
    let Some(cap) = retention.bytes else { return Ok(Vec::new()) };
    let excess = used(connection)?.saturating_sub(cap);
    if excess == 0 {
        return Ok(Vec::new());
    }
    let query = format!("SELECT id, {BYTES} FROM records ORDER BY id LIMIT {RETENTION_STEP_ROWS}");
    Ok(within(excess.min(RETENTION_STEP_BYTES), diesel::sql_query(query).load(connection)?))
}

/// The first rows, up to the one that makes it so many bytes.
fn within(bytes: u64, rows: Vec<Old>) -> Vec<Old> {
    let mut room = i64::try_from(bytes).unwrap_or(i64::MAX);
    let fits = |row: &Old| {
        let fits = room > 0;
        room = room.saturating_sub(row.bytes);
        fits
    };
    rows.into_iter().take_while(fits).collect()
}

fn delete(rows: &[Old], connection: &mut SqliteConnection) -> Result<usize, DieselError> {
    if rows.is_empty() {
        return Ok(0);
    }
    let ids = rows.iter().map(|row| row.id);
    diesel::delete(records::table.filter(records::id.eq_any(ids))).execute(connection)
}

/// Only a file that was made with `auto_vacuum` can give pages back; in any other they are free for new rows.
fn give_back(connection: &mut SqliteConnection) -> Result<Tended, DieselError> {
    const INCREMENTAL: i64 = 2;
    let surplus = pragma("freelist_count", connection)? - pragma("page_count", connection)? / SPARE;
    if surplus <= 0 || pragma("auto_vacuum", connection)? != INCREMENTAL {
        return Ok(Tended::Done);
    }
    let step = VACUUM_BYTES / pragma("page_size", connection)?.max(1);
    connection.batch_execute(&format!("PRAGMA incremental_vacuum({})", surplus.min(step)))?;
    Ok(if surplus > step { Tended::More } else { Tended::Done })
}

/// Bytes in use: what is free inside the file is not.
pub(crate) fn used(connection: &mut SqliteConnection) -> Result<u64, DieselError> {
    let pages = pragma("page_count", connection)? - pragma("freelist_count", connection)?;
    Ok(u64::try_from(pages * pragma("page_size", connection)?).unwrap_or_default())
}

/// About how many rows there are to delete.
pub(crate) fn would_delete(
    retention: &Retention,
    now: SystemTime,
    connection: &mut SqliteConnection,
) -> Result<u64, DieselError> {
    let old = retention.cutoff(now).map_or(Ok(0), |cutoff| count_older(cutoff, connection))?;
    if retention.bytes.is_none() {
        return Ok(old);
    }
    let rows: Number = diesel::sql_query("SELECT count(*) AS value FROM records").get_result(connection)?;
    Ok(old.max(retention.surplus_rows(used(connection)?, rows.value.unsigned_abs())))
}

fn count_older(cutoff: SystemTime, connection: &mut SqliteConnection) -> Result<u64, DieselError> {
    let (here, anywhere) = texts(cutoff);
    let count = diesel::sql_query(format!("SELECT count(*) AS value FROM records WHERE {OLDER}"));
    let count: Number = count.bind::<Text, _>(here).bind::<Text, _>(anywhere).get_result(connection)?;
    Ok(count.value.unsigned_abs())
}
