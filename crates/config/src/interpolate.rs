//! `${VAR}` and `${VAR:-default}` inside values.

use crate::problem::Complaint;

/// Looks one variable of the environment up. An argument, so that a test has an environment of its own.
///
/// ```
/// # use oar_config::{Config, Env};
/// let env: Env<'_> = &|name| (name == "PORT").then(|| "9000".to_owned());
/// let config = Config::parse("address: :${PORT}\nupstreams: [{sk: key}]", "config.yaml", env)?;
/// assert_eq!(config.address.port(), 9000);
/// # Ok::<(), oar_config::Problems>(())
/// ```
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The text with its variables replaced; `$${` stands for a literal `${`.
///
/// Works on values that were already parsed, so that what a variable holds is text and never YAML. What it inserts is not
/// looked at again.
///
/// # Errors
///
/// Names a variable that is not set. Never quotes the text, which may be a secret.
pub(crate) fn interpolate(text: &str, env: Env<'_>) -> Result<String, Complaint> {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(escaped) = before.strip_suffix('$') {
            done.push_str(escaped);
            done.push_str("${");
            rest = after;
            continue;
        }
        let (inside, behind) = after.split_once('}').ok_or_else(unfinished)?;
        done.push_str(before);
        done.push_str(&value_of(inside, env)?);
        rest = behind;
    }
    done.push_str(rest);
    Ok(done)
}

/// As in a shell, a default also stands in for a variable that is set to nothing, and line breaks at the end of a value are
/// no part of it: a secret that was read from a file has them, and no value here means one.
fn value_of(inside: &str, env: Env<'_>) -> Result<String, Complaint> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    if !is_name(name) {
        return Err(unfinished());
    }
    let value = env(name).map(|value| value.trim_end_matches(['\r', '\n']).to_owned());
    match (value, default) {
        (Some(value), Some(default)) if value.is_empty() => Ok(default.to_owned()),
        (Some(value), _) => Ok(value),
        (None, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(Complaint::new(format!("the environment variable `{name}` is not set"))
            .hint(format!("set it, or give a default with `${{{name}:-default}}`"))),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn unfinished() -> Complaint {
    Complaint::new("holds a `${` that does not begin a `${VARIABLE}` or `${VARIABLE:-default}`")
        .hint("write `$${` for a literal `${`")
}

#[cfg(test)]
mod tests {
    use super::interpolate;

    #[test]
    fn variables_become_text_and_escapes_stay() {
        let env = |name: &str| match name {
            "A" => Some("1".to_owned()),
            "EMPTY" => Some(String::new()),
            "OF_A_FILE" => Some("two\nlines\r\n\n".to_owned()),
            "NESTED" => Some("${A}: \n- x".to_owned()),
            _ => None,
        };
        for (text, expected) in [
            ("plain $ {} }", "plain $ {} }"),
            ("${A}", "1"),
            ("x${A}y${A}z", "x1y1z"),
            ("${B:-two}", "two"),
            ("${B:-}", ""),
            ("${EMPTY}", ""),
            ("${EMPTY:-two}", "two"),
            ("${A:-two}", "1"),
            ("$${A}", "${A}"),
            ("$$${A}", "$${A}"),
            ("${NESTED}", "${A}: \n- x"),
            ("密${A}码", "密1码"),
            ("<${OF_A_FILE}>", "<two\nlines>"),
        ] {
            assert_eq!(interpolate(text, &env).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_replaced_is_a_complaint_without_the_text() {
        let message = |text: &str| interpolate(text, &|_| None).expect_err(text).message;
        assert_eq!(message("pass${MISSING}word"), "the environment variable `MISSING` is not set");
        for text in ["canary2${", "canary2${x", "canary2${}", "canary2${1A}", "${canary2!}", "${ A }"] {
            assert!(!message(text).contains("canary2"), "{text}");
        }
    }
}
