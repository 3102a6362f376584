//! What a process and all that it has started use.
//!
//! Processor time is read from each process's own clock, which the kernel keeps in nanoseconds and which goes on counting
//! the time of threads that have ended: `/proc/PID/stat` has steps of 10 ms, and `/proc/PID/task` forgets those threads.

use crate::process::Process;
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::time::Duration;

/// A process with all its descendants.
#[derive(Clone, Copy, Debug)]
pub struct Tree(u32);

/// Time on a processor since its start, of each process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent(BTreeMap<u32, Duration>);

impl Tree {
    /// The tree whose root has this id.
    pub fn of(root: u32) -> Self {
        Self(root)
    }

    /// What its processes have spent so far.
    ///
    /// # Errors
    ///
    /// One of them has just ended.
    pub fn spent(self) -> io::Result<Spent> {
        self.members()?.into_iter().map(|id| Ok((id, spent(id)?))).collect::<io::Result<_>>().map(Spent)
    }

    /// Memory in RAM of all of them, in KiB. What two of them share counts twice.
    ///
    /// # Errors
    ///
    /// As [`spent`](Self::spent).
    pub fn resident_kib(self) -> io::Result<u64> {
        self.members()?.into_iter().map(|id| Ok(Process::of(id).usage()?.resident_kib)).sum()
    }

    fn members(self) -> io::Result<Vec<u32>> {
        let mut members = vec![self.0];
        let mut seen = 0;
        while let Some(&id) = members.get(seen) {
            members.extend(children(id)?);
            seen += 1;
        }
        Ok(members)
    }
}

impl Spent {
    /// What was spent since `before`.
    ///
    /// # Errors
    ///
    /// A process has ended meanwhile, and nobody knows what it spent.
    pub fn since(&self, before: &Self) -> io::Result<Duration> {
        if let Some(gone) = before.0.keys().find(|id| !self.0.contains_key(id)) {
            return Err(io::Error::other(format!("process {gone} has ended while it was measured")));
        }
        let new = |(id, spent): (&u32, &Duration)| spent.saturating_sub(before.0.get(id).copied().unwrap_or_default());
        Ok(self.0.iter().map(new).sum())
    }
}

fn children(id: u32) -> io::Result<Vec<u32>> {
    let mut children = Vec::new();
    for task in fs::read_dir(format!("/proc/{id}/task"))? {
        // A thread that has ended since the folder was read has no children.
        let listed = fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        children.extend(listed.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
    }
    Ok(children)
}

fn spent(id: u32) -> io::Result<Duration> {
    let id = i32::try_from(id).map_err(|_| io::ErrorKind::InvalidInput)?;
    let time = clock_getcpuclockid(Pid::from_raw(id))?.now()?;
    Ok(Duration::from(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn what_a_thread_spent_is_known_after_its_end() {
        // Of this process alone: what other tests start comes and goes.
        let own = || spent(std::process::id()).unwrap();
        let before = own();
        let busy = || (0..3_000_000_u64).fold(1, |sum: u64, number| std::hint::black_box(sum ^ number));
        std::thread::spawn(busy).join().unwrap();
        assert!(own() > before + Duration::from_millis(1));
    }

    #[test]
    fn a_child_belongs_to_it() {
        let mut child = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
        let members = Tree::of(std::process::id()).members().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(members.contains(&child.id()));
    }

    #[test]
    fn a_process_that_ended_is_missed() {
        let spent = |ids: &[u32]| Spent(ids.iter().map(|&id| (id, Duration::from_secs(u64::from(id)))).collect());
        assert!(spent(&[1]).since(&spent(&[1, 2])).is_err());
        assert_eq!(spent(&[1, 2]).since(&spent(&[1])).unwrap(), Duration::from_secs(2));
    }
}
