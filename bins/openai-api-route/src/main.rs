//! `openai-api-route`: a self-hosted gateway in front of OpenAI-style APIs.
//!
//! Flags, subcommands and exit codes; everything else is `oar-app`.

mod cli;
mod logging;
mod report;
mod signals;

use clap::Parser;
use cli::{Cli, Command};
use oar_app::{App, Draft, Problems};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse_from(cli::go_compatible(std::env::args_os()));
    let app = Draft::load(&cli.config).and_then(|draft| App::draft(draft).build());
    match (app, &cli.command) {
        (Err(problems), _) => refuse(&problems),
        (Ok(app), Some(Command::Check)) => report::check(&app, &cli.config),
        (Ok(app), None) if cli.list => report::list(&app),
        (Ok(app), None) => serve(app, &cli),
    }
}

fn refuse(problems: &Problems) -> ExitCode {
    report::complain(&problems.to_string());
    ExitCode::FAILURE
}

fn serve(app: App, cli: &Cli) -> ExitCode {
    logging::start(cli.log_format, cli.logs_the_database());
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(run(app)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&*error),
    }
}

async fn run(app: App) -> Result<(), Box<dyn std::error::Error>> {
    for warning in app.warnings() {
        tracing::warn!(hint = warning.hint.as_deref(), "{warning}");
    }
    let (stop, hurry) = signals::stop()?;
    let listener = app.bind().await?;
    tokio::select! {
        stopped = app.run(listener, stop) => stopped?,
        () = hurry => return Err("stopped by a second signal before running requests had finished".into()),
    }
    tracing::info!("stopped");
    Ok(())
}

/// One line: what failed, and why, down to the first cause.
fn fail(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let line = causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"));
    report::complain(&format!("openai-api-route: {line}"));
    ExitCode::FAILURE
}
