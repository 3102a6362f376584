//! The request path in one thread: for counting its instructions, which `make instructions` does, and for looking at them
//! function by function.
//!
//! ```sh
//! request_path CASE TIMES   # serves so many requests of that case, one after the other
//! request_path --cases      # the names of the cases
//! request_path              # every case once
//! ```
//!
//! Each answer is read to its end and must be what it should. Making the request and reading the answer are in the count;
//! starting is not, because the script takes the difference of two runs.

mod cases;
mod texts;

mod house;
mod pieces;
mod remote;

mod served;
mod wire;

use cases::{Case, Extent};
use house::{Forgetful, House};
use oar_record::{SqliteStore, Store};
use served::Served;
use std::env;
use std::error::Error;
use std::future;
use std::process::ExitCode;
use std::time::Duration;
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    // `cargo bench` says `--bench`.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => Case::all().try_for_each(|case| serve(case, 1)),
        ["--cases"] => {
            list();
            Ok(())
        }
        [name, times] => serve(Case::named(name).ok_or("there is no such case")?, times.parse()?),
        _ => Err("give me a case and how often, `--cases`, or nothing".into()),
    }
}

#[expect(clippy::print_stdout, reason = "it is what was asked for")]
fn list() {
    Case::all().for_each(|case| println!("{case}"));
}

#[expect(clippy::print_stderr, reason = "a program of its own")]
fn complain(error: &(dyn Error + Send + Sync)) {
    eprintln!("request_path: {error}");
}

/// Serves so many requests, one after the other.
fn serve(case: Case, times: u64) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match case.extent {
            Extent::Gateway => silent(case, times).await,
            Extent::Told => told(case, times, Box::new(Forgetful)).await,
            Extent::Stored => stored(case, times).await,
            Extent::Served => served(case, times).await,
        }
    })
}

async fn silent(case: Case, times: u64) -> Result<(), Failure> {
    let house = House::silent(case)?;
    for _ in 0..times {
        house.serve().await?;
    }
    Ok(())
}

/// The clock stands still, so that batches are full however slowly this runs.
async fn stored(case: Case, times: u64) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(folder.path().join("db.sqlite")).await?;
    tokio::time::pause();
    told(case, times, Box::new(store)).await
}

/// The writer runs beside the requests, as in the product.
async fn told(case: Case, times: u64, store: Box<dyn Store>) -> Result<(), Failure> {
    let (house, writer, counters) = House::told(case, store)?;
    let mut writing = JoinSet::new();
    writing.spawn(writer.run(future::pending::<Duration>()));
    for _ in 0..times {
        house.serve().await?;
    }
    // The last to hold the recorder: without it there come no more rows.
    drop(house);
    writing.join_all().await;
    if counters.written() == times { Ok(()) } else { Err(format!("{} rows of {times}", counters.written()).into()) }
}

async fn served(case: Case, times: u64) -> Result<(), Failure> {
    let mut served = Served::start(case).await?;
    for _ in 0..times {
        served.serve().await?;
    }
    Ok(())
}
