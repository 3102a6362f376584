//! `notify`: whether people would hear.

use crate::output::{chain, fail, print, refuse};
use clap::{Args, Subcommand};
use oar_app::notify::{NotifyError, SetupError};
use oar_app::{Draft, Problem, Problems, Trial, try_channels};
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// Tries the channels of the section `notify`.
#[derive(Debug, Args)]
pub(crate) struct NotifyArgs {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What to do with the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Verb {
    /// Sends one test message to each channel, and says what came back (exit code 1 if one did not take it).
    Test,
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("no channel is configured: write one under `notify` in `{0}`, or set FEISHU_WEBHOOK without that section")]
    Nobody(String),
    #[error("the runtime cannot be started")]
    Runtime(#[from] io::Error),
    #[error("alerts cannot be set up")]
    Setup(#[from] SetupError),
}

/// Does what is asked.
pub(crate) fn run(args: &NotifyArgs, config: &Path) -> ExitCode {
    let Verb::Test = args.verb;
    let draft = match load(config) {
        Ok(draft) => draft,
        Err(problems) => return refuse(&problems),
    };
    match test(&draft) {
        Ok(trials) => tell(&trials),
        Err(failure) => fail(&failure),
    }
}

/// The file, of which nothing but the channels has to be right: keys may come from an environment that only the gateway has.
fn load(config: &Path) -> Result<Draft, Problems> {
    let draft = Draft::load(config)?;
    Problems::unless_empty(draft.problems.iter().filter(|problem| is_about_channels(problem)).cloned().collect())?;
    Ok(draft)
}

fn is_about_channels(problem: &Problem) -> bool {
    let path = problem.path.as_str();
    path == "notify" || path.starts_with("notify.") || path.starts_with("environment variable ")
}

fn test(draft: &Draft) -> Result<Vec<Trial>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let trials = runtime.block_on(try_channels(&draft.config))?;
    if trials.is_empty() { Err(Failure::Nobody(draft.config.file.clone())) } else { Ok(trials) }
}

fn tell(trials: &[Trial]) -> ExitCode {
    let printed = print(&trials.iter().map(told).collect::<String>());
    if trials.iter().all(|trial| trial.result.is_ok()) { printed } else { ExitCode::FAILURE }
}

fn told(trial: &Trial) -> String {
    let Trial { channel, elapsed, result, .. } = trial;
    let millis = elapsed.as_millis();
    match result {
        Ok(()) => format!("{channel}: delivered in {millis} ms\n"),
        Err(error) => format!("{channel}: not delivered, after {millis} ms: {}\n{}", chain(error), hint(error)),
    }
}

fn hint(error: &NotifyError) -> String {
    error.advice().map(|advice| format!("  hint: {advice}\n")).unwrap_or_default()
}
