//! How long people wait for an answer from a large table.

use super::Options;
use super::table::{self, DAYS, ERRORS, TOKENS};
use crate::cli::say;
use crate::database::{Care, Database, Server};
use crate::gateway::Gateway;
use crate::load::configuration;
use crate::spread::Spread;
use crate::upstream::Upstreams;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};
use tokio::process::Command;

/// How often each question is asked, after once to have the table's pages at hand.
const TIMES: usize = 5;

/// What the program says, with exit code 1, when there are no such rows.
const NOTHING_FITS: &str = "no record fits";

const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// A question as one asks it on the command line.
struct Question {
    name: &'static str,
    words: Vec<String>,
}

/// Makes a large table in each database, one after the other, with the gateway's own columns and indices, and prints how
/// long `openai-api-route records` takes to answer, from its start to its end.
///
/// # Errors
///
/// There is no room for the table, or a question is not answered.
pub async fn searches(options: &Options) -> io::Result<()> {
    let Options { rows, text, .. } = options;
    say(&format!(
        "\n{rows} rows over {DAYS} days, {text} + {text} bytes of text each, {TOKENS} tokens, one in {ERRORS} failed\n"
    ));
    say(
        "| | rows | SQLite, median | least to most | PostgreSQL, median | least to most |\n| --- | ---: | ---: | ---: | ---: | ---: |",
    );
    let folder = tempfile::Builder::new().prefix("oar-search.").tempdir()?;
    let sqlite = search(&Database::Sqlite(folder.path().join("db.sqlite")), folder.path(), options).await?;
    // Gone before the other one grows: there need not be room for both.
    drop(folder);
    let server = Server::start(Care::None).await?;
    let (folder, database) = (tempfile::tempdir()?, server.create("search").await?);
    let postgres = search(&database, folder.path(), options).await?;
    drop(database);
    for ((question, one), other) in questions().into_iter().zip(sqlite.answers).zip(postgres.answers) {
        say(&format!("| {} | {} | {} | {} |", question.name, one.rows, one, other));
    }
    say(&format!(
        "\nSQLite's table takes {} MiB and took {} s to fill, PostgreSQL's {} MiB and {} s.",
        sqlite.mebibytes,
        sqlite.filled.as_secs(),
        postgres.mebibytes,
        postgres.filled.as_secs()
    ));
    server.end().await
}

fn questions() -> Vec<Question> {
    let question = |name, words: &str| Question { name, words: words.split(' ').map(str::to_owned).collect() };
    let token = table::token(TOKENS / 2);
    vec![
        question("`list --limit 100`", "list --limit 100"),
        question(
            "`list --since 24h --outcome errors --token …`",
            &format!("list --since 24h --outcome errors --token {token}"),
        ),
        question("`list --since 24h --token … --limit 100`", &format!("list --since 24h --limit 100 --token {token}")),
        question("`stats --since 24h`", "stats --since 24h"),
        question("`stats --since 24h --by token`", "stats --since 24h --by token"),
    ]
}

struct Found {
    mebibytes: u64,
    filled: Duration,
    answers: Vec<Answer>,
}

async fn search(database: &Database, folder: &Path, options: &Options) -> io::Result<Found> {
    let upstreams = Upstreams::start().await?;
    let config = configuration(&upstreams, &database.keys());
    // It makes the table.
    Gateway::start(&options.binary, folder, &config).await?.stop(STOP_PATIENCE).await?;
    let (since, now) = (Instant::now(), SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default());
    table::fill(database, options.rows, options.text, now.as_secs()).await?;
    let filled = since.elapsed();
    // It brings what is left to do in order, as at every start.
    Gateway::start(&options.binary, folder, &config).await?.stop(STOP_PATIENCE).await?;
    let size = match database {
        Database::None => 0,
        Database::Sqlite(file) => file.metadata()?.len(),
        Database::Postgres { .. } => database.number("SELECT pg_total_relation_size('records')").await?,
    };
    let mut answers = Vec::new();
    for question in questions() {
        answers.push(ask(&options.binary, folder, &question).await?);
    }
    Ok(Found { mebibytes: size / 1024 / 1024, filled, answers })
}

/// How long the answers took, and how many rows there were in them.
struct Answer {
    rows: usize,
    milliseconds: Vec<f64>,
}

async fn ask(binary: &Path, folder: &Path, question: &Question) -> io::Result<Answer> {
    let mut answer = Answer { rows: 0, milliseconds: Vec::new() };
    for round in 0..=TIMES {
        let since = Instant::now();
        let mut program = Command::new(std::fs::canonicalize(binary)?);
        program.args(["records", "--json"]).args(&question.words).current_dir(folder).env_clear().stdin(Stdio::null());
        let output = program.kill_on_drop(true).output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        // A small table may have none.
        if !output.status.success() && !said.contains(NOTHING_FITS) {
            return Err(io::Error::other(format!("{}: {}", question.name, said.trim())));
        }
        answer.rows = String::from_utf8_lossy(&output.stdout).lines().count();
        answer.milliseconds.extend((round > 0).then(|| since.elapsed().as_secs_f64() * 1000.0));
    }
    Ok(answer)
}

/// The median, and the least and the most.
impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Spread { median, least, most } = Spread::of(self.milliseconds.iter().copied()).unwrap_or_default();
        write!(f, "{median:.0} ms | {least:.0} to {most:.0}")
    }
}
