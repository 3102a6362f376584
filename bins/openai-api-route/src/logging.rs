//! Where log lines go and how they look.

mod clock;
mod format;
mod lines;

use crate::cli::{Cli, LogFormat};
use clock::Clock;
use format::lines;
pub(crate) use lines::Outlet;
use std::io::{self, IsTerminal, stderr};
use tracing_subscriber::EnvFilter;

/// Starts logging to standard error, until what it returns is dropped. `RUST_LOG` decides what is logged; without it,
/// everything from `info` on.
///
/// # Errors
///
/// The thread that writes cannot be started.
pub(crate) fn start(cli: &Cli) -> io::Result<Outlet> {
    let (writer, outlet) = lines::start(stderr())?;
    let default = if cli.dblog { "info,oar_record=debug" } else { "info" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let subscriber = subscriber.with_target(false).with_timer(Clock);
    // A line that cannot be written would be complained about with `eprintln!`, which panics where standard error is
    // closed or full: no request may fail for the log's sake.
    let subscriber = subscriber.log_internal_errors(false);
    let format = cli.log_format;
    match format {
        LogFormat::Text => subscriber.with_ansi(colours()).map_event_format(lines(format, Clock)).init(),
        LogFormat::Json => subscriber.json().flatten_event(true).map_event_format(lines(format, Clock)).init(),
    }
    Ok(outlet)
}

/// Colours are for people who look at a terminal and do not mind: <https://no-color.org>.
fn colours() -> bool {
    stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
