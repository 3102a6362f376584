//! `records`: what the gateway has kept, read while it goes on.

mod args;
mod export;
mod failure;
mod lines;
mod list;
mod progress;
mod prune;
mod show;
mod source;
mod stats;
mod tail;
mod terminal;

pub(crate) use args::RecordsArgs;

use crate::output::{fail, refuse};
use args::Verb;
use failure::Failure;
use std::path::Path;
use std::process::ExitCode;
use terminal::Terminal;

/// Does what is asked; 1 when nothing is found or something fails, which one line tells.
pub(crate) fn run(args: &RecordsArgs, config: &Path) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(Failure::from).and_then(|runtime| runtime.block_on(obey(args, config)));
    match ended {
        Ok(()) | Err(Failure::NobodyListens) => ExitCode::SUCCESS,
        Err(Failure::Config(problems)) => refuse(&problems),
        Err(error) => fail(&error),
    }
}

async fn obey(args: &RecordsArgs, config: &Path) -> Result<(), Failure> {
    let terminal = Terminal::new(args.color);
    let database = source::database(args.db.as_deref(), config)?;
    let archive = async || source::open(&database).await;
    match &args.verb {
        Verb::Tail(tail) => tail::tail(tail, archive().await?, args.format(), &terminal).await,
        Verb::List(list) => list::list(list, archive().await?, args.format(), &terminal).await,
        Verb::Show(show) => show::show(show, archive().await?, args.format(), &terminal).await,
        Verb::Stats(stats) => stats::stats(stats, archive().await?, args.format(), &terminal).await,
        Verb::Export(export) => export::export(export, archive().await?).await,
        Verb::Prune(prune) => prune::prune(prune, &database, args.format()).await,
    }
}
