use super::Found;
use crate::cli::say;
use crate::database::{Care, Database, Server};
use crate::dice::Dice;
use crate::gateway::{Gateway, Stopped};
use crate::load::{self, Sent};
use crate::upstream::{Ticket, Upstreams};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How often to say how far it is.
const TELL_EVERY: u32 = 20;

const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// A database that a killed gateway leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Store {
    /// Both, in the order in which they are told.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// How often, under what load, and what is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// How often.
    pub kills: u32,
    /// At which moments.
    pub seed: u64,
    /// How many requests begin in a second.
    pub rate: u32,
    /// The latest moment after a start.
    pub longest: Duration,
    /// How long before a kill an answer must have ended to have its row.
    pub grace: Duration,
}

/// Kills a gateway again and again, and says what is left.
///
/// # Errors
///
/// The gateway or the database did not start, or could not be asked.
pub async fn kill(store: Store, binary: &Path, load: Load) -> io::Result<Found> {
    let folder = tempfile::Builder::new().prefix("oar-kills.").tempdir()?;
    let (server, database) = open(store, folder.path()).await?;
    let upstreams = Upstreams::start().await?;
    let config = load::configuration(&upstreams, &database.keys());
    let killed = Killing { binary, folder: folder.path(), config, upstreams, database, load };
    let found = killed.work(Found::nothing(store)).await?;
    drop(killed);
    if let Some(server) = server {
        server.end().await?;
    }
    Ok(found)
}

async fn open(store: Store, folder: &Path) -> io::Result<(Option<std::sync::Arc<Server>>, Database)> {
    match store {
        Store::Sqlite => Ok((None, Database::Sqlite(folder.join("db.sqlite")))),
        Store::Postgres => {
            let server = Server::start(Care::None).await?;
            let database = server.create("gateway").await?;
            Ok((Some(server), database))
        }
    }
}

struct Killing<'a> {
    binary: &'a Path,
    folder: &'a Path,
    config: String,
    upstreams: Upstreams,
    database: Database,
    load: Load,
}

/// What the clients of a gateway saw until it was killed.
struct Life {
    /// The number of the first request.
    first: u64,
    sent: Vec<Sent>,
    killed: Instant,
}

impl Killing<'_> {
    async fn work(&self, mut found: Found) -> io::Result<Found> {
        let mut gateway = self.start(&mut found).await?;
        let (mut number, mut last_row) = (0, 0);
        for round in 0..self.load.kills {
            let life = self.life(gateway, number, round).await?;
            number += life.sent.len() as u64;
            gateway = self.start(&mut found).await?;
            last_row = self.compare(&life, last_row, &mut found).await?;
            found.kills += 1;
            if found.kills.is_multiple_of(TELL_EVERY) {
                say(&format!(
                    "{}: {} kills, {} answers, {} mistakes",
                    found.store,
                    found.kills,
                    found.answered,
                    found.mistakes.count()
                ));
            }
        }
        let Stopped { status, .. } = gateway.stop(STOP_PATIENCE).await?;
        if !status.success() {
            found.mistakes.add(format!("at the end: {status}"));
        }
        self.count(&mut found).await?;
        Ok(found)
    }

    /// A start on what is left must be like any other.
    async fn start(&self, found: &mut Found) -> io::Result<Gateway> {
        let gateway = Gateway::start(self.binary, self.folder, &self.config).await?;
        let said = gateway.said()?;
        let alarms = said.lines().filter(|line| line.contains(" ERROR ") || line.contains(" WARN "));
        alarms.for_each(|line| found.mistakes.add(format!("at a start: {line}")));
        Ok(gateway)
    }

    async fn life(&self, gateway: Gateway, first: u64, round: u32) -> io::Result<Life> {
        let longest = u64::try_from(self.load.longest.as_micros()).unwrap_or(u64::MAX);
        let moment = Duration::from_micros(Dice::of(self.load.seed, u64::from(round)).below(longest));
        let stop = CancellationToken::new();
        let load = load::Load::new(gateway.addr(), &self.upstreams, self.load.rate);
        let killing = async {
            sleep(moment).await;
            let killed = Instant::now();
            let done = gateway.kill().await;
            stop.cancel();
            done.map(|()| killed)
        };
        let (sent, killed) = tokio::join!(load.run(first, &stop), killing);
        Ok(Life { first, sent, killed: killed? })
    }

    /// Holds the rows after `last_row` against what the clients saw; yields the last row's number.
    async fn compare(&self, life: &Life, last_row: u64, found: &mut Found) -> io::Result<u64> {
        let damage = self.database.damage().await?;
        damage.into_iter().for_each(|line| found.mistakes.add(format!("the database is damaged: {line}")));
        let new = format!("FROM records WHERE id > {last_row}");
        let lines = self.database.ask(&format!("SELECT request_id, count(*) {new} GROUP BY request_id")).await?;
        let mut rows: HashMap<u64, u64> = lines.iter().filter_map(|line| row(line)).collect();
        if rows.len() != lines.len() {
            found.mistakes.add(format!("{} rows are of nobody here", lines.len() - rows.len()));
        }
        for one in &life.sent {
            judge(one, rows.remove(&one.number).unwrap_or_default(), life.killed, self.load.grace, found);
        }
        // A server may commit, after we have looked, what a gateway had sent before it died: those are of an earlier life.
        let next = life.first + life.sent.len() as u64;
        let strange = rows.keys().filter(|&&number| number >= next);
        strange.for_each(|number| found.mistakes.add(format!("request {number} has a row, and was not sent")));
        self.database.number("SELECT coalesce(max(id), 0) FROM records").await
    }

    /// Nothing that came later may have changed what was found.
    async fn count(&self, found: &mut Found) -> io::Result<()> {
        let rows = self.database.number("SELECT count(*) FROM records").await?;
        let requests = self.database.number("SELECT count(DISTINCT request_id) FROM records").await?;
        let told = found.answered - found.lost + found.unanswered_rows;
        if rows != requests || (found.mistakes.count() == 0 && rows < told) {
            found
                .mistakes
                .add(format!("at the end there are {rows} rows of {requests} requests, and there were {told}"));
        }
        Ok(())
    }
}

fn row(line: &str) -> Option<(u64, u64)> {
    let (id, count) = line.split_once('|')?;
    let ticket: Ticket = id.parse().ok()?;
    Some((ticket.number, count.parse().ok()?))
}

fn judge(one: &Sent, rows: u64, killed: Instant, grace: Duration, found: &mut Found) {
    let answered = one.wrong.is_none();
    let age = killed.saturating_duration_since(one.ended);
    let due = answered && age > grace;
    found.answered += u64::from(answered);
    found.due += u64::from(due);
    found.unanswered_rows += u64::from(!answered && rows > 0);
    if rows > 1 {
        found.mistakes.add(format!("request {} has {rows} rows", one.number));
    }
    if due && rows == 0 {
        found.mistakes.add(format!("request {} has no row, and had ended {} ms before", one.number, age.as_millis()));
    } else if answered && rows == 0 {
        found.lost += 1;
        found.oldest_lost = found.oldest_lost.max(age);
    }
    // A kill is the only reason for not being answered.
    let before = |wrong: &String| format!("request {} before the kill: {wrong}", one.number);
    if let Some(mistake) = one.wrong.as_ref().filter(|_| one.ended < killed).map(before) {
        found.mistakes.add(mistake);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;

    fn found(ended_before: u64, wrong: Option<&str>, rows: u64) -> Found {
        let killed = Instant::now() + Duration::from_secs(60);
        let ended = killed - Duration::from_millis(ended_before);
        let (status, wrong) = (wrong.is_none().then_some(200), wrong.map(str::to_owned));
        let one = Sent { number: 1, due: ended, ended, status, wrong };
        let mut found = Found::nothing(Store::Sqlite);
        judge(&one, rows, killed, Duration::from_secs(1), &mut found);
        found
    }

    #[test]
    fn who_was_answered_a_second_ago_has_a_row_and_only_one() {
        assert_eq!((found(1001, None, 1).mistakes.count(), found(1001, None, 1).due), (0, 1));
        assert_eq!(found(1001, None, 0).mistakes.count(), 1);
        assert_eq!(found(1001, None, 2).mistakes.count(), 1);
        let young = found(999, None, 0);
        assert_eq!((young.mistakes.count(), young.lost, young.oldest_lost.as_millis()), (0, 1, 999));
    }

    #[test]
    fn who_was_not_answered_was_cut_by_the_kill() {
        assert_eq!(found(1, Some("no answer"), 0).mistakes.count(), 1);
        let cut = found(0, Some("no answer"), 1);
        assert_eq!((cut.mistakes.count(), cut.unanswered_rows), (0, 1));
    }
}
