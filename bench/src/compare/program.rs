//! What the programs here do before and after their work: they are their own load generator and stand-in as well.

use super::behind::STAND_IN;
use super::loader::{Order, carry_out};
use super::sample::LOADER;
use super::stand_in;
use crate::cli::{self, FromWords};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{self, Write, stderr};
use std::process::ExitCode;
use tokio::runtime::Builder;
use tokio::signal::ctrl_c;

/// Plays the role that the command line names; without one, does the work, as [`cli::main`].
pub fn main<O: FromWords>(work: impl AsyncFnOnce(O) -> io::Result<String>) -> ExitCode {
    // Thousands of connections are open at once, here and in everything that is started from here.
    let limits = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limits.maximum, ..limits });
    // One thread is enough for whoever waits, and keeps the others' cores free.
    match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(play(work)),
        Err(error) => failed(&error),
    }
}

async fn play<O: FromWords>(work: impl AsyncFnOnce(O) -> io::Result<String>) -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let played = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--role", LOADER, ..] => load(words.into_iter().skip(2)).await,
        ["--role", STAND_IN, authority] => stand_in::serve(authority.as_ref()).await,
        _ => return cli::main(async |options| Ok((interruptible(work(options)).await?, true))).await,
    };
    played.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS)
}

async fn load(words: impl Iterator<Item = String>) -> io::Result<()> {
    carry_out(&Order::parse(words).map_err(io::Error::other)?).await
}

/// So that on Ctrl-C everything is dropped, and with it ends whatever was started.
async fn interruptible<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::select! {
        done = work => done,
        _ = ctrl_c() => Err(io::ErrorKind::Interrupted.into()),
    }
}

fn failed(error: &io::Error) -> ExitCode {
    // There is nobody left to tell if standard error is closed.
    let _ = writeln!(stderr(), "{error}");
    ExitCode::FAILURE
}
