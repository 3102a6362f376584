//! What a process uses, as Linux tells it: <https://man7.org/linux/man-pages/man5/proc.5.html>.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// How many ticks of `/proc/PID/stat` make a second. Every Linux that this runs on says 100 (`getconf CLK_TCK`).
const TICKS_PER_SECOND: u64 = 100;

/// A running process.
#[derive(Clone, Debug)]
pub struct Process {
    folder: PathBuf,
}

/// What a process used at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Memory in RAM, in KiB.
    pub resident_kib: u64,
    /// Open files, sockets among them.
    pub files: u64,
    /// Threads.
    pub threads: u64,
    /// Time on a processor since its start, of all threads.
    pub cpu: Duration,
}

impl Process {
    /// The process with this id.
    pub fn of(id: u32) -> Self {
        Self { folder: PathBuf::from(format!("/proc/{id}")) }
    }

    /// What it uses now.
    ///
    /// # Errors
    ///
    /// The process has ended, or this is no Linux.
    pub fn usage(&self) -> io::Result<Usage> {
        let status = fs::read_to_string(self.folder.join("status"))?;
        let stat = fs::read_to_string(self.folder.join("stat"))?;
        Ok(Usage {
            resident_kib: field(&status, "VmRSS:")?,
            files: fs::read_dir(self.folder.join("fd"))?.count() as u64,
            threads: field(&status, "Threads:")?,
            cpu: cpu(&stat).ok_or(io::ErrorKind::InvalidData)?,
        })
    }
}

fn field(status: &str, name: &str) -> io::Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    // What has died and not been buried yet has a file without most of its lines.
    number.ok_or_else(|| io::Error::other("the process has ended"))
}

/// The 14th and the 15th field. The 2nd is the program's name in brackets and may hold anything.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 1000 / TICKS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something() {
        let usage = Process::of(std::process::id()).usage().unwrap();
        assert!(usage.resident_kib > 100 && usage.files >= 3 && usage.threads >= 1, "{usage:?}");
    }

    #[test]
    fn a_name_may_hold_spaces_and_brackets() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 4 0 1";
        assert_eq!(cpu(stat), Some(Duration::from_secs(2)));
    }
}
