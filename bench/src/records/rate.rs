//! Rows a second, of the stores themselves.

use super::Options;
use super::text::text;
use crate::cli::say;
use crate::database::{Care, Server};
use crate::dice::Dice;
use crate::spread::Spread;
use oar_record::{BATCH_CAP_ROWS, CreatedAt, PostgresStore, Row, SqliteStore, Store};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// How large a request and an answer are.
const TEXT_BYTES: usize = 2048;

/// Writes full batches of the gateway's writer, one after the other, to an empty table of each store in turn, and prints
/// how many rows a second that makes. What either store confirms is on the disk: PostgreSQL is as it comes out of the box.
///
/// # Errors
///
/// A store cannot be opened, or does not take a row.
pub async fn rates(options: &Options) -> io::Result<()> {
    say(
        "\n| rows of 2 KB + 2 KB | rows/s, median | least to most | slowest batch of 500 |\n| --- | ---: | ---: | ---: |",
    );
    let server = Server::start(Care::Usual).await?;
    let (mut sqlite, mut postgres) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        let folder = tempfile::tempdir()?;
        let store = SqliteStore::open(folder.path().join("db.sqlite")).await.map_err(io::Error::other)?;
        sqlite.push(fill(store, options.time, round).await?);
        let name = format!("rate{round}");
        drop(server.create(&name).await?);
        let store = PostgresStore::connect(&server.url(&name).into()).await.map_err(io::Error::other)?;
        postgres.push(fill(store, options.time, round).await?);
        server.ask("postgres", &format!("DROP DATABASE {name} WITH (FORCE)")).await?;
    }
    say(&line("SQLite", &sqlite));
    say(&line("PostgreSQL", &postgres));
    server.end().await
}

/// How fast one store was.
struct Rate {
    rows_per_second: f64,
    slowest: Duration,
}

async fn fill(mut store: impl Store, time: Duration, round: u32) -> io::Result<Rate> {
    let mut dice = Dice::of(0x0f11, u64::from(round));
    let (mut written, mut taken, mut slowest) = (0, Duration::ZERO, Duration::ZERO);
    while taken < time {
        // Making the texts is no part of it.
        let rows: Vec<_> = (0..BATCH_CAP_ROWS).map(|_| Arc::new(row(&mut dice))).collect();
        let since = Instant::now();
        store.write(&rows).await.map_err(io::Error::other)?;
        let took = since.elapsed();
        written += rows.len();
        taken += took;
        slowest = slowest.max(took);
    }
    Ok(Rate { rows_per_second: written as f64 / taken.as_secs_f64(), slowest })
}

fn row(dice: &mut Dice) -> Row {
    let some = |text: &str| Some(text.to_owned());
    Row {
        hostname: some("gateway-1"),
        upstream_endpoint: some("https://api.openai.com/v1"),
        upstream_sk: some("sk-a…0123abcd"),
        created_at: Some(CreatedAt(SystemTime::now())),
        ip: some("192.0.2.17"),
        body: Some(text(dice, TEXT_BYTES)),
        model: some("gpt-4o-mini"),
        response: Some(text(dice, TEXT_BYTES)),
        response_time: Some(800_000_000),
        elapsed_time: Some(2_500_000_000),
        status: Some(200),
        authorization: some("tk-b…4567cdef"),
        user_agent: some("OpenAI/Python 2.8.1"),
        headers: Some(text(dice, 300)),
        exchange_id: Some(id(dice)),
        request_id: Some(id(dice)),
        method: some("POST"),
        path: some("/v1/chat/completions"),
        upstream: some("openai"),
        outcome: some("ok"),
        attempts: some(r#"[{"upstream":"openai","phase":"relay","result":"ok","status":200,"ms":812}]"#),
        stream: Some(true),
        prompt_tokens: Some(500),
        completion_tokens: Some(450),
        bytes_in: Some(2048),
        bytes_out: Some(24_000),
        first_byte_time: Some(812_000_000),
        truncated: Some(false),
        ..Row::default()
    }
}

/// A UUIDv7 as the gateway makes them: the moment first, then chance.
fn id(dice: &mut Dice) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let (one, two) = (dice.next(), dice.next());
    let (a, b, c) = (one & 0xfff, two & 0x3fff | 0x8000, one >> 16);
    format!("{:08x}-{:04x}-7{a:03x}-{b:04x}-{c:012x}", now >> 16, now & 0xffff)
}

fn line(name: &str, rates: &[Rate]) -> String {
    let Spread { median, least, most } = Spread::of(rates.iter().map(|rate| rate.rows_per_second)).unwrap_or_default();
    let slowest = rates.iter().map(|rate| rate.slowest).max().unwrap_or_default();
    format!("| {name} | {median:.0} | {least:.0} to {most:.0} | {} ms |", slowest.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_of_its_own() {
        let mut dice = Dice::of(1, 1);
        let (one, two) = (id(&mut dice), id(&mut dice));
        assert_eq!((one.len(), one.split('-').map(str::len).collect::<Vec<_>>()), (36, vec![8, 4, 4, 4, 12]));
        assert_ne!(one, two);
    }

    #[test]
    fn a_line_tells_the_median_and_the_extremes() {
        let rate = |rows_per_second| Rate { rows_per_second, slowest: Duration::from_millis(7) };
        assert_eq!(line("a", &[rate(3.0), rate(1.0), rate(2.0)]), "| a | 2 | 1 to 3 | 7 ms |");
    }
}
