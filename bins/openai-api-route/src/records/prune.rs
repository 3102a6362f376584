//! `records prune`: the oldest rows, deleted while the gateway goes on.

use super::args::{Format, PruneArgs};
use super::failure::Failure;
use super::progress::Progress;
use super::source::no_database;
use super::terminal::Terminal;
use oar_config::Database;
use oar_record::{Pruner, Retention, Tended, pause_after};
use std::io::Write;
use std::time::{Instant, SystemTime};

/// Deletes what is older, and what is more, than is wanted.
pub(crate) async fn prune(args: &PruneArgs, database: &Database, format: Format) -> Result<(), Failure> {
    let mut pruner = match database {
        Database::None => return Err(no_database()),
        Database::Sqlite { path } => Pruner::sqlite(path).await?,
        Database::Postgres { dsn } => Pruner::postgres(dsn).await?,
    };
    let now = SystemTime::now();
    let age = args.limits.older_than.map(|moment| now.duration_since(moment).unwrap_or_default());
    let retention = Retention { age, bytes: args.limits.keep_bytes };
    let planned = pruner.would_delete(retention, now).await?;
    let rows = if args.dry_run { planned } else { delete(&mut pruner, retention, now, planned).await? };
    let mut out = Terminal::out();
    let verb = if args.dry_run { "would be deleted" } else { "deleted" };
    let used = pruner.used().await?;
    match format {
        Format::Text => writeln!(out, "{rows} rows {verb}; the records take {used} bytes")?,
        Format::Json => writeln!(out, "{{\"rows\":{rows},\"dry_run\":{},\"bytes\":{used}}}", args.dry_run)?,
    }
    Ok(out.flush()?)
}

async fn delete(pruner: &mut Pruner, retention: Retention, now: SystemTime, planned: u64) -> Result<u64, Failure> {
    let (mut rows, mut progress) = (0, Progress::new());
    loop {
        let since = Instant::now();
        let step = pruner.step(retention, now).await?;
        rows += step.rows;
        progress.at((rows, planned.max(rows)), || format!("{rows} rows deleted"));
        match step.tended {
            Tended::More => tokio::time::sleep(pause_after(since.elapsed())).await,
            Tended::Done => break,
        }
    }
    progress.end();
    Ok(rows)
}
