//! On what, and with what, something was measured.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Two sentences: the machine, and the versions.
pub(crate) fn machine(binary: &Path) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let versions = [
        said(&binary.display().to_string(), &["--version"]),
        said("rustc", &["--version"]),
        said("/usr/sbin/nginx", &["-v"]).replace("nginx version: ", ""),
        said("go", &["version"]).replace("go version ", ""),
        postgres(),
    ];
    let versions: Vec<_> = versions.into_iter().filter(|version| !version.is_empty()).collect();
    format!("{cores} cores of {}, Linux {}. With {}.", processor(), kernel.trim(), versions.join("; "))
}

fn processor() -> String {
    let told = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix("model name"));
    line.map_or("an unknown processor", |line| line.trim_start_matches([' ', '\t', ':'])).to_owned()
}

fn postgres() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/with-postgres.sh");
    let folder = said(&script.display().to_string(), &["--find"]);
    said(&format!("{folder}/postgres"), &["--version"])
}

/// The first line that a program says; nothing when there is no such program. nginx says its version as an error.
fn said(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output();
    let said = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
    String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_and_the_versions_are_told() {
        let told = machine(Path::new("/bin/no-such-program"));
        assert!(told.contains(" cores of ") && told.contains("; ") && !told.contains("no-such-program"), "{told}");
        assert_eq!(said("/bin/no-such-program", &[]), "");
    }
}
