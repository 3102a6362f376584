//! A text, read.

use oar_config::Config;

/// What a text without problems means, where no variable is set.
#[track_caller]
pub(crate) fn parse(text: &str) -> Config {
    parse_with(text, &[])
}

/// The same, where these variables are set.
#[track_caller]
pub(crate) fn parse_with(text: &str, env: &[(&str, &str)]) -> Config {
    let env = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Config::parse(text, "config.yaml", &env).expect(text)
}

/// The problems of a text, each followed by its hint. Secrets in it are canaries.
#[track_caller]
pub(crate) fn told(text: &str) -> Vec<String> {
    let problems = Config::parse(text, "config.yaml", &|_| None).expect_err(text);
    assert!(!format!("{problems}{problems:?}").contains("canary"), "a secret got out: {problems:?}");
    problems.iter().flat_map(|problem| [Some(problem.to_string()), problem.hint.clone()]).flatten().collect()
}
