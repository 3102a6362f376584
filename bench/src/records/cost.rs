//! Processor time of a request, with and without a record.

use super::Options;
use crate::cli::say;
use crate::database::{Care, Database, Server};
use crate::gateway::{Gateway, Stopped};
use crate::load::{Latencies, Load, Sent, configuration};
use crate::spread::Spread;
use crate::upstream::Upstreams;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// What happens once, at the first requests, is no part of a request's cost.
const WARM_UP: Duration = Duration::from_secs(1);

/// Rows wait for a quarter of a second, so that all of them have been written by then.
const SETTLE: Duration = Duration::from_secs(1);

const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// Has gateways without a database, with SQLite and with PostgreSQL answer the same requests in turn, and prints what
/// each request cost the gateway's process: the writer and SQLite are part of it, PostgreSQL's own server is not.
///
/// # Errors
///
/// A gateway or a database does not start, or a request is not answered as it should be.
pub async fn costs(options: &Options) -> io::Result<()> {
    say(
        "\n| CPU of the gateway | µs/request, median | least to most | more than without, of each round | p99 ms |\n| --- | ---: | ---: | ---: | ---: |",
    );
    let server = Server::start(Care::Usual).await?;
    let mut all: [Vec<Cost>; 3] = Default::default();
    for round in 0..options.rounds {
        for (kind, costs) in Kind::ALL.into_iter().zip(&mut all) {
            costs.push(cost(kind, &server, round, options).await?);
        }
    }
    let [without, ..] = &all;
    for (kind, costs) in Kind::ALL.into_iter().zip(&all) {
        say(&line(kind, costs, without));
    }
    server.end().await
}

#[derive(Clone, Copy)]
enum Kind {
    None,
    Sqlite,
    Postgres,
}

impl Kind {
    const ALL: [Self; 3] = [Self::None, Self::Sqlite, Self::Postgres];

    const fn name(self) -> &'static str {
        match self {
            Self::None => "`dbtype: none`",
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    async fn open(self, server: &Arc<Server>, file: PathBuf, round: u32) -> io::Result<Database> {
        match self {
            Self::None => Ok(Database::None),
            Self::Sqlite => Ok(Database::Sqlite(file)),
            Self::Postgres => server.create(&format!("cost{round}")).await,
        }
    }
}

/// What a request cost.
struct Cost {
    microseconds: f64,
    p99: Duration,
}

async fn cost(kind: Kind, server: &Arc<Server>, round: u32, options: &Options) -> io::Result<Cost> {
    let (folder, upstreams) = (tempfile::tempdir()?, Upstreams::start().await?);
    let database = kind.open(server, folder.path().join("db.sqlite"), round).await?;
    let config = configuration(&upstreams, &database.keys());
    let gateway = Gateway::start(&options.binary, folder.path(), &config).await?;
    let load = Load::new(gateway.addr(), &upstreams, options.rate);
    let count = |time: Duration| (time.as_secs_f64() * f64::from(options.rate)) as u64;
    let warm = load.send_all(0, count(WARM_UP)).await;
    sleep(SETTLE).await;
    let before = gateway.process().usage()?.cpu;
    let sent = load.send_all(warm.len() as u64, count(options.time)).await;
    sleep(SETTLE).await;
    let after = gateway.process().usage()?.cpu;
    let waiting = gateway.metrics().await?.sum("oar_record_queue_items");
    let Stopped { status, .. } = gateway.stop(STOP_PATIENCE).await?;
    if let Some(wrong) = sent.iter().find_map(|one| one.wrong.as_ref()) {
        return Err(io::Error::other(format!("{}: {wrong}", kind.name())));
    }
    if waiting > 0 || !status.success() {
        return Err(io::Error::other(format!("{}: {waiting} rows wait; {status}", kind.name())));
    }
    let p99 = sent.iter().map(Sent::took).collect::<Latencies>().per_mille(990);
    Ok(Cost { microseconds: (after - before).as_secs_f64() * 1e6 / sent.len() as f64, p99 })
}

/// What a machine does besides changes from round to round, so costs are compared within each.
fn line(kind: Kind, costs: &[Cost], without: &[Cost]) -> String {
    let spread = |values: &mut dyn Iterator<Item = f64>| Spread::of(values).unwrap_or_default();
    let Spread { median, least, most } = spread(&mut costs.iter().map(|cost| cost.microseconds));
    let mut more = costs.iter().zip(without).map(|(cost, without)| cost.microseconds - without.microseconds);
    let more = match kind {
        Kind::None => String::new(),
        Kind::Sqlite | Kind::Postgres => {
            let Spread { median, least, most } = spread(&mut more);
            format!("{median:+.0} ({least:+.0} to {most:+.0})")
        }
    };
    let p99 = spread(&mut costs.iter().map(|cost| cost.p99.as_secs_f64() * 1000.0)).median;
    format!("| {} | {median:.0} | {least:.0} to {most:.0} | {more} | {p99:.1} |", kind.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_the_difference() {
        let cost = |microseconds| Cost { microseconds, p99: Duration::from_millis(2) };
        let costs = [cost(130.0), cost(110.0), cost(120.0)];
        let without = [cost(105.0), cost(90.0), cost(100.0)];
        assert_eq!(line(Kind::Sqlite, &costs, &without), "| SQLite | 120 | 110 to 130 | +20 (+20 to +25) | 2.0 |");
    }
}
