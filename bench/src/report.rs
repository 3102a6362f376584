//! Lines for whoever waits.

use std::io::{Write, stdout};

/// Prints a line.
pub fn say(line: &str) {
    // There is nobody left to tell if standard output is closed.
    let _ = writeln!(stdout(), "{line}");
}
