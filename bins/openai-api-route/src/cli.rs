//! The command line: the Go version's words with one dash or two, and ours.

use crate::healthcheck::HealthArgs;
use crate::notify::NotifyArgs;
use crate::records::RecordsArgs;
use clap::{Arg, ArgAction, CommandFactory, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// A self-hosted gateway in front of OpenAI-style APIs: the first upstream that works answers.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = false)]
pub(crate) struct Cli {
    /// The configuration file.
    #[arg(short, long, value_name = "FILE", default_value = "./config.yaml", global = true)]
    pub(crate) config: PathBuf,

    /// Lists the upstreams and exits. Never prints a key.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true",
          action = ArgAction::Set)]
    pub(crate) list: bool,

    /// Logs what is done to the database.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true",
          action = ArgAction::Set)]
    pub(crate) dblog: bool,

    /// How log lines look.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do instead of serving.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reads the configuration and says what is wrong with it (exit code 1), or what it means (exit code 0).
    Check,
    /// Reads what was recorded, also while the gateway runs: tail, list, show, stats, export, prune.
    Records(Box<RecordsArgs>),
    /// Tries whether people would be told when something goes wrong: test.
    Notify(NotifyArgs),
    /// Asks the gateway that runs with this file whether it is ready (exit code 0) or not (exit code 1).
    Healthcheck(HealthArgs),
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people; coloured on a terminal.
    Text,
    /// One JSON object a line.
    Json,
}

/// Go's flags have one dash, so `-config FILE` becomes `--config FILE`. Only declared flags are touched: `-c` stays, and
/// so does a typo, which is then an error.
pub(crate) fn go_compatible(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let command = Cli::command();
    let declared: Vec<&str> = command.get_arguments().filter_map(Arg::get_long).chain(["help", "version"]).collect();
    let mut flags_may_come = true;
    let translate = |(index, argument): (usize, OsString)| {
        flags_may_come &= argument != "--";
        match flag_of(&argument) {
            Some(flag) if index > 0 && flags_may_come && declared.contains(&flag) => {
                let mut with_two = OsString::from("-");
                with_two.push(argument);
                with_two
            }
            _ => argument,
        }
    };
    arguments.into_iter().enumerate().map(translate).collect()
}

/// `config` of `-config=FILE`; nothing of `--config`, `-` or `file`.
fn flag_of(argument: &OsString) -> Option<&str> {
    let text = argument.to_str()?.strip_prefix('-')?;
    let flag = text.split('=').next()?;
    (flag.len() > 1 && !flag.starts_with('-')).then_some(flag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::healthcheck::Question;
    use crate::notify::Verb;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        let words = std::iter::once("openai-api-route").chain(line.split_whitespace());
        Cli::try_parse_from(go_compatible(words.map(OsString::from)))
    }

    fn config_and_list(line: &str) -> (String, bool) {
        let cli = parse(line).expect(line);
        (cli.config.display().to_string(), cli.list)
    }

    #[test]
    fn the_go_versions_flags_work_with_one_dash_or_two() {
        for line in ["-config a.yaml", "--config a.yaml", "-config=a.yaml", "-c a.yaml"] {
            assert_eq!(config_and_list(line), ("a.yaml".into(), false), "{line}");
        }
        for line in ["-list", "--list", "-list=true"] {
            assert_eq!(config_and_list(line), ("./config.yaml".into(), true), "{line}");
        }
        assert!(parse("-dblog -config x").expect("flags").dblog);
        assert!(!parse("-dblog=false").expect("flags").dblog);
    }

    #[test]
    fn a_typo_is_an_error() {
        for line in ["-confg a.yaml", "--lst", "chek"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn check_takes_the_configuration_on_either_side() {
        for line in ["check -config a.yaml", "-config a.yaml check"] {
            let cli = parse(line).expect(line);
            assert!(matches!(cli.command, Some(Command::Check)), "{line}");
            assert_eq!(cli.config.display().to_string(), "a.yaml", "{line}");
        }
    }

    #[test]
    fn channels_are_tried_with_the_configuration_on_either_side() {
        for line in ["notify test -config a.yaml", "-config a.yaml notify test", "notify -c a.yaml test"] {
            let cli = parse(line).expect(line);
            assert!(matches!(cli.command, Some(Command::Notify(NotifyArgs { verb: Verb::Test }))), "{line}");
            assert_eq!(cli.config.display().to_string(), "a.yaml", "{line}");
        }
        assert!(parse("notify").is_err(), "what to do has to be said");
    }

    #[test]
    fn health_is_asked_for_with_the_configuration_on_either_side() {
        for (line, question) in [
            ("healthcheck", Question::Ready),
            ("-config a.yaml healthcheck ready", Question::Ready),
            ("healthcheck alive -config a.yaml", Question::Alive),
        ] {
            let cli = parse(line).expect(line);
            assert!(matches!(cli.command, Some(Command::Healthcheck(args)) if args.question == question), "{line}");
        }
        assert!(parse("healthcheck well").is_err(), "it answers two questions");
    }

    #[test]
    fn the_declaration_is_consistent() {
        Cli::command().debug_assert();
    }
}
