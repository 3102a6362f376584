//! What ends a command of `records` early, and what is said of it.

use oar_app::Problems;
use oar_record::ReadError;
use std::io;
use std::path::PathBuf;

/// Why a command of `records` ends early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Whoever read what is printed has left, and wants no more.
    #[error("nobody reads what is printed")]
    NobodyListens,
    /// There is nothing to print, for this reason.
    #[error("{0}")]
    Nothing(String),
    /// The configuration does not say where the records are.
    #[error("{0}")]
    Config(Problems),
    /// The records cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What was read cannot be printed.
    #[error("the output cannot be written")]
    Output(#[source] io::Error),
    /// The file to write to cannot be made.
    #[error("`{}` cannot be written", path.display())]
    File {
        /// As it was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::NobodyListens } else { Self::Output(error) }
    }
}

/// What is said when no row fits.
pub(crate) fn nothing_fits() -> Failure {
    Failure::Nothing("no record fits".to_owned())
}
