//! `openai-api-route`: a self-hosted gateway in front of OpenAI-style APIs.
//!
//! Flags, subcommands, exit codes and the log. Serving is `oar-app`, what records look like is `oar-report`.

mod cli;
#[cfg(test)]
mod manual;
mod output;

mod logging;
mod signals;

mod check;
mod healthcheck;
mod notify;
mod records;

use clap::Parser;
use cli::{Cli, Command};
use futures_util::StreamExt;
use logging::Outlet;
use oar_app::{App, Draft, Operator, Problems};
use output::{fail, refuse};
use signals::Signals;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use tokio::sync::oneshot;

fn main() -> ExitCode {
    let cli = Cli::parse_from(cli::go_compatible(std::env::args_os()));
    match &cli.command {
        Some(Command::Records(args)) => records::run(args, &cli.config),
        Some(Command::Notify(args)) => notify::run(args, &cli.config),
        Some(Command::Healthcheck(args)) => healthcheck::run(args, &cli.config),
        Some(Command::Check) => with_app(&cli, |app| check::check(&app, &cli.config)),
        None if cli.list => with_app(&cli, |app| check::list(&app)),
        None => with_app(&cli, |app| serve(app, &cli)),
    }
}

/// Hands on what the configuration has become, or tells all that is wrong with it.
fn with_app(cli: &Cli, then: impl FnOnce(App) -> ExitCode) -> ExitCode {
    match Draft::load(&cli.config).and_then(|draft| App::draft(draft).build()) {
        Ok(app) => then(app),
        Err(problems) => refuse(&problems),
    }
}

fn serve(app: App, cli: &Cli) -> ExitCode {
    match logging::start(cli) {
        Ok(log) => serve_and_log(app, cli, log),
        Err(error) => fail(&error),
    }
}

/// What is said at the end comes after what was logged.
fn serve_and_log(app: App, cli: &Cli, log: Outlet) -> ExitCode {
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    // Clients have threads of their own. The rest is accepting them, and what runs beside them: one thread writes records,
    // another one listens to signals.
    let beside = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let ended = beside.map_err(Into::into).and_then(|runtime| {
        let ended = runtime.block_on(run(app.threads(cores), cli.config.clone()));
        // What has not ended in its time by now is not waited for: a write to a disk that hangs, say.
        runtime.shutdown_background();
        ended
    });
    drop(log);
    ended.unwrap_or_else(|error| fail(&*error))
}

/// The first signal stops in order, the second at once; SIGHUP reads the file again.
async fn run(app: App, file: PathBuf) -> Result<ExitCode, Box<dyn std::error::Error>> {
    for warning in app.warnings() {
        tracing::warn!(hint = warning.hint.as_deref(), "{warning}");
    }
    let mut signals = Signals::listen()?;
    let reload = signals::hangups()?.then(move |()| read_again(file.clone()));
    let listener = app.bind().await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let (hurry, hurried) = oneshot::channel::<()>();
    let operator = Operator { stop: dropped(stopped), hurry: dropped(hurried), reload };
    let mut running = pin!(app.run_under(listener, operator));
    let asked_twice = async {
        signals.next().await;
        drop(stop);
        let code = signals.next().await;
        drop(hurry);
        code
    };
    let code = tokio::select! {
        ended = &mut running => ended.map(|()| ExitCode::SUCCESS)?,
        code = asked_twice => running.await.map(|()| code)?,
    };
    tracing::info!("stopped");
    Ok(code)
}

/// A file on a slow disk keeps nobody waiting but its reader.
async fn read_again(file: PathBuf) -> Result<Draft, Problems> {
    match tokio::task::spawn_blocking(move || Draft::load(&file)).await {
        Ok(draft) => draft,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

/// Resolves when the sender is dropped.
async fn dropped(sender: oneshot::Receiver<()>) {
    let _ = sender.await;
}
