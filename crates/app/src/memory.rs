//! How much memory there is for request bodies.

use rustix::process::{Resource, getrlimit};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The most that request bodies may hold together, however much memory there is.
const MOST_BYTES: u64 = 512 * 1024 * 1024;

/// Of memory, bodies get one part in so many: the rest is for answers, connections, records, and for what the allocator
/// keeps of bodies that are gone.
const PARTS_OF_MEMORY: u64 = 2;

/// The same of addresses, which are used up by what is only reserved as well: stacks of threads, the allocator's arenas,
/// and twice the length of a body that did not say how long it would be.
const PARTS_OF_ADDRESSES: u64 = 4;

/// Where the system tells about itself.
const ROOT: &str = "/";

/// How many bytes request bodies may hold together: 512 MiB, or less where memory is scarce. Looked up once in the life of
/// the process.
pub(crate) fn for_bodies() -> usize {
    static ROOM: LazyLock<usize> = LazyLock::new(|| {
        let room = room(limits(Path::new(ROOT)), getrlimit(Resource::As).current);
        usize::try_from(room).unwrap_or(usize::MAX)
    });
    *ROOM
}

/// Whether they may hold less than they could elsewhere.
pub(crate) fn is_scarce() -> bool {
    (for_bodies() as u64) < MOST_BYTES
}

/// `memory` are limits of what may be used, `addresses` of what may be reserved.
fn room(memory: impl IntoIterator<Item = u64>, addresses: Option<u64>) -> u64 {
    let of_memory = memory.into_iter().map(|limit| limit / PARTS_OF_MEMORY);
    let of_addresses = addresses.map(|limit| limit / PARTS_OF_ADDRESSES);
    of_memory.chain(of_addresses).fold(MOST_BYTES, u64::min)
}

/// What the machine has, and what the control groups of this process may use. What cannot be read is no limit.
fn limits(root: &Path) -> Vec<u64> {
    let read = |file: PathBuf| fs::read_to_string(root.join(file)).ok();
    let machine = read("proc/meminfo".into()).and_then(|text| total(&text));
    let groups = read("proc/self/cgroup".into()).unwrap_or_default();
    let of_groups = limit_files(&groups).into_iter().filter_map(read);
    machine.into_iter().chain(of_groups.filter_map(|text| text.trim().parse().ok())).collect()
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The files that limit the groups of `/proc/self/cgroup`, version 2 and version 1 (cgroups(7)): those of each group and
/// of all above it. In a container the path may be that of the host, where only the top is to be seen.
fn limit_files(groups: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (mount, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            _ if controllers.split(',').any(|name| name == "memory") => {
                ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let ancestors = Path::new(path.trim_start_matches('/')).ancestors();
        files.extend(ancestors.map(|group| Path::new(mount).join(group).join(file)));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1024 * 1024 * 1024;

    fn files(groups: &str) -> Vec<String> {
        limit_files(groups).iter().map(|file| file.display().to_string()).collect()
    }

    /// A root folder with these files.
    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        root
    }

    /// L09.
    #[test]
    fn bodies_get_half_of_the_memory_a_quarter_of_the_addresses_and_never_more_than_512_mib() {
        assert_eq!(room([], None), MOST_BYTES);
        assert_eq!(room([64 * GIB, 8 * GIB], Some(64 * GIB)), MOST_BYTES);
        assert_eq!(room([64 * GIB, GIB / 4], None), GIB / 8);
        assert_eq!(room([GIB], Some(GIB)), GIB / 4);
    }

    /// L09: each group above is a limit as well.
    #[test]
    fn the_limits_of_control_groups_are_found_in_both_versions() {
        let second = "0::/system.slice/gateway.service\n";
        assert_eq!(
            files(second),
            [
                "sys/fs/cgroup/system.slice/gateway.service/memory.max",
                "sys/fs/cgroup/system.slice/memory.max",
                "sys/fs/cgroup/memory.max",
            ]
        );
        let first = "9:name=systemd:/docker/1f\n5:cpu,cpuacct:/docker/1f\n4:memory:/docker/1f\n0::/\n";
        assert_eq!(
            files(first),
            [
                "sys/fs/cgroup/memory/docker/1f/memory.limit_in_bytes",
                "sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
                "sys/fs/cgroup/memory/memory.limit_in_bytes",
                "sys/fs/cgroup/memory.max",
            ]
        );
        assert!(files("nonsense\n\n1:\n").is_empty());
    }

    /// L09: a group without a limit says `max`.
    #[test]
    fn what_is_no_number_or_not_there_is_no_limit() {
        let system = root(&[
            ("proc/meminfo", "MemTotal:       24640000 kB\nMemFree:        16000000 kB\n"),
            ("proc/self/cgroup", "0::/a/b\n"),
            ("sys/fs/cgroup/a/b/memory.max", "max\n"),
            ("sys/fs/cgroup/a/memory.max", "268435456\n"),
        ]);
        assert_eq!(limits(system.path()), [24_640_000 * 1024, 268_435_456]);
        assert!(limits(root(&[("proc/meminfo", "no such line\n")]).path()).is_empty());
        assert!(limits(Path::new("/nowhere")).is_empty());
    }
}
