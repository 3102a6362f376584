//! How many connections the process has open files for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files that are not connections of clients: the database, the log, the runtime, connections for alerts.
const RESERVED_FILES: u64 = 64;

/// Open files that a connection of a client may need: its own, the one to the upstream that answers, and one that was
/// left for it by an attempt before and is still kept for reuse.
const FILES_PER_CONNECTION: u64 = 3;

/// Even with hardly any files some clients are served; that a file is missing is then noticed when it is.
const FEWEST_CONNECTIONS: u64 = 8;

/// However many files there are, memory has an end.
const MOST_CONNECTIONS: u64 = 32 * 1024;

/// Raises the limit of open files as far as an ordinary process may, as Go's runtime does, and says how many connections
/// fit into it.
pub(crate) fn connections() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    cap(if raised.is_ok() { maximum } else { current })
}

/// `None` is no limit.
fn cap(files: Option<u64>) -> usize {
    let fit = files.map_or(MOST_CONNECTIONS, |files| files.saturating_sub(RESERVED_FILES) / FILES_PER_CONNECTION);
    usize::try_from(fit.clamp(FEWEST_CONNECTIONS, MOST_CONNECTIONS)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C18.
    #[test]
    fn connections_leave_files_for_everything_else() {
        let table = [(None, 32768), (Some(1_048_576), 32768), (Some(1024), 320), (Some(256), 64), (Some(40), 8)];
        for (files, connections) in table {
            assert_eq!(cap(files), connections, "{files:?}");
        }
    }
}
