//! What the program says to whoever started it, and the exit code that goes with it: standard output for what was asked,
//! standard error for what went wrong.

use oar_app::Problems;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

/// Prints what was asked for; a failure if nobody takes it.
pub(crate) fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Tells all that is wrong with a configuration.
pub(crate) fn refuse(problems: &Problems) -> ExitCode {
    complain(&problems.to_string())
}

/// Tells in one line what failed, and why, down to the first cause.
pub(crate) fn fail(error: &(dyn Error + 'static)) -> ExitCode {
    complain(&format!("openai-api-route: {}", chain(error)))
}

fn complain(text: &str) -> ExitCode {
    // There is nobody left to tell if standard error is closed.
    let _ = writeln!(io::stderr(), "{text}");
    ExitCode::FAILURE
}

/// An error and its causes, the first cause last.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
