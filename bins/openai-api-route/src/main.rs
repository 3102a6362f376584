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
use signals::Signals;
use std::pin::pin;
use std::process::ExitCode;
use tokio::sync::oneshot;

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
    let ended = runtime.block_on(run(app));
    // What has not ended in its time by now is not waited for: a write to a disk that hangs, say.
    runtime.shutdown_background();
    match ended {
        Ok(code) => code,
        Err(error) => fail(&*error),
    }
}

/// The first signal stops in order, the second at once.
async fn run(app: App) -> Result<ExitCode, Box<dyn std::error::Error>> {
    for warning in app.warnings() {
        tracing::warn!(hint = warning.hint.as_deref(), "{warning}");
    }
    let mut signals = Signals::listen()?;
    let listener = app.bind().await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let (hurry, hurried) = oneshot::channel::<()>();
    let mut running = pin!(app.run_until(listener, dropped(stopped), dropped(hurried)));
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

/// Resolves when the sender is dropped.
async fn dropped(sender: oneshot::Receiver<()>) {
    let _ = sender.await;
}

/// One line: what failed, and why, down to the first cause.
fn fail(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let line = causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"));
    report::complain(&format!("openai-api-route: {line}"));
    ExitCode::FAILURE
}
