//! Manual pages and completions, out of the declaration of the command line.
//!
//! The declaration is private to this program, and people who run it do not need what writes these files: so a test writes
//! them. `make dist` says where to keep them, with `OAR_MANUAL`; otherwise they are gone when the test is.

use crate::cli::Cli;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use std::path::{Path, PathBuf};
use std::{fs, io};

const PROGRAM: &str = "openai-api-route";

/// The shells that have completions.
const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// A manual page for the program and each of its subcommands, a file of completions for each shell.
fn write(folder: &Path) -> io::Result<()> {
    let (man, completions) = (folder.join("man"), folder.join("completions"));
    fs::create_dir_all(&man)?;
    fs::create_dir_all(&completions)?;
    clap_mangen::generate_to(Cli::command(), man)?;
    for shell in SHELLS {
        clap_complete::generate_to(shell, &mut Cli::command(), PROGRAM, &completions)?;
    }
    Ok(())
}

/// The words of every subcommand, each with those before it: `records`, `records-tail`.
fn subcommands(command: &Command, before: &str) -> Vec<String> {
    let named = command.get_subcommands().filter(|one| one.get_name() != "help");
    let all = named.flat_map(|one| {
        let name = format!("{before}{}", one.get_name());
        let below = subcommands(one, &format!("{name}-"));
        std::iter::once(name).chain(below)
    });
    all.collect()
}

#[test]
fn every_subcommand_has_a_manual_page_and_every_shell_its_completions() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = std::env::var_os("OAR_MANUAL").map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    write(&folder).expect("files");

    let read = |name: &str| fs::read_to_string(folder.join(name)).expect(name);
    let subcommands = subcommands(&Cli::command(), "");
    assert!(subcommands.iter().any(|name| name == "records-tail"), "{subcommands:?}");
    for name in &subcommands {
        assert!(read(&format!("man/{PROGRAM}-{name}.1")).contains(r"\-\-config"), "{name}");
    }
    assert!(read(&format!("man/{PROGRAM}.1")).contains(r"\-\-log\-format"));
    for name in [format!("{PROGRAM}.bash"), format!("_{PROGRAM}"), format!("{PROGRAM}.fish")] {
        let completions = read(&format!("completions/{name}"));
        for word in ["healthcheck", "prune", "log-format"] {
            assert!(completions.contains(word), "{name}: {word}");
        }
    }
}

/// What people load into their shell at every login.
#[test]
fn bash_takes_its_completions() {
    let scratch = tempfile::tempdir().expect("a folder");
    write(scratch.path()).expect("files");
    let file = scratch.path().join(format!("completions/{PROGRAM}.bash"));
    // Which function completes is for the file to say; it is asked what Tab makes of a word.
    let asked = r#"source "$1"; set -- $(complete -p openai-api-route); while [[ $1 != -F ]]; do shift; done
        COMP_WORDS=(openai-api-route rec) COMP_CWORD=1; "$2" openai-api-route rec openai-api-route; echo "${COMPREPLY[*]}""#;
    let said = std::process::Command::new("bash").args(["-c", asked, "bash"]).arg(file).output().expect("bash");
    assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "records", "{said:?}");
}
