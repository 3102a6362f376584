//! Where it is printed.

use super::args::ColorChoice;
use oar_report::{Colours, Look, moment};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::tcgetwinsize;
use std::env::var_os;
use std::io::{BufWriter, IsTerminal, StdoutLock, stdout};

/// Standard output, as far as it decides how things look.
pub(crate) struct Terminal {
    colours: Colours,
    width: Option<usize>,
}

impl Terminal {
    pub(crate) fn new(choice: ColorChoice) -> Self {
        let colours = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            // <https://no-color.org>
            ColorChoice::Auto => stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb(),
        };
        Self { colours: if colours { Colours::Ansi } else { Colours::None }, width: width() }
    }

    pub(crate) fn look(&self) -> Look {
        let zone = moment::now().time_zone().clone();
        Look { colours: self.colours, width: self.width, zone }
    }

    /// Somewhere to print to, in large pieces.
    pub(crate) fn out() -> BufWriter<StdoutLock<'static>> {
        BufWriter::new(stdout().lock())
    }
}

/// The width of the terminal; the variable wins, for those who print into something that shows it elsewhere.
fn width() -> Option<usize> {
    let variable = var_os("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok()).filter(|columns| *columns > 0);
    let terminal = || tcgetwinsize(stdout()).ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0);
    variable.or_else(terminal)
}

fn is_set(name: &str) -> bool {
    var_os(name).is_some_and(|value| !value.is_empty())
}

fn is_dumb() -> bool {
    var_os("TERM").is_some_and(|terminal| terminal == "dumb")
}

/// Whether whoever read standard output has left: a pipe tells without being written to.
pub(crate) fn nobody_listens() -> bool {
    let out = stdout();
    let mut asked = [PollFd::new(&out, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&at_once)).is_ok() && asked.iter().any(|one| one.revents().contains(PollFlags::ERR))
}
