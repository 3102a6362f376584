//! `README.md`: its table of the command line names what the code has.

use crate::file;
use crate::markdown::Page;

#[test]
fn every_flag_of_the_command_line_exists() {
    let cli = file("bins/openai-api-route/src/cli.rs");
    let built_in = ["help", "version"];
    for command in Page::read("README.md").column("Command line", 0) {
        for flag in command.split(' ').filter_map(|word| word.strip_prefix("--")) {
            let field = format!(" {}: ", flag.replace('-', "_"));
            assert!(built_in.contains(&flag) || cli.contains(&field), "`--{flag}` does not exist");
        }
    }
}
