//! What all programs here do before and after their work.

use std::io::{self, Write, stderr, stdout};
use std::process::ExitCode;

/// Reads the command line, does the work, and prints what it yields. The exit code is 0 when that holds, 1 when it does
/// not, and 2 when it did not come to that.
pub async fn main<O>(
    usage: &str,
    parse: impl FnOnce(std::vec::IntoIter<String>) -> Result<O, String>,
    work: impl AsyncFnOnce(O) -> io::Result<(String, bool)>,
) -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help") {
        print(stdout(), usage);
        return ExitCode::SUCCESS;
    }
    let options = match parse(words.into_iter()) {
        Ok(options) => options,
        Err(wrong) => return refuse(&format!("{wrong}\n\n{usage}")),
    };
    match work(options).await {
        Ok((said, holds)) => {
            print(stdout(), &said);
            if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => refuse(&error.to_string()),
    }
}

fn refuse(why: &str) -> ExitCode {
    print(stderr(), why);
    ExitCode::from(2)
}

fn print(mut to: impl Write, text: &str) {
    // There is nobody left to tell if it is closed.
    let _ = writeln!(to, "{text}");
}
