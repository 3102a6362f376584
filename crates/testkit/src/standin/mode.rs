use http::StatusCode;
use std::str::FromStr;

/// How a stand-in behaves to everyone.
///
/// ```
/// use oar_testkit::standin::Mode;
///
/// assert_eq!("status=503".parse(), Ok(Mode::Status(http::StatusCode::SERVICE_UNAVAILABLE)));
/// assert_eq!(Mode::default(), Mode::Answer);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Answers, except models named `error-…`.
    #[default]
    Answer,
    /// Reads every request and never answers.
    Hang,
    /// Answers every request with this status and an error object.
    Status(StatusCode),
    /// Begins every answer and breaks it off.
    Cut,
}

/// A mode that does not exist.
///
/// ```
/// let error = "polite".parse::<oar_testkit::standin::Mode>().expect_err("there is none");
/// assert_eq!(error.to_string(), "unknown mode `polite` (known: answer, hang, cut, status=CODE)");
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownMode(String);

impl std::fmt::Display for UnknownMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unknown mode `{}` (known: answer, hang, cut, status=CODE)", self.0)
    }
}

impl std::error::Error for UnknownMode {}

impl FromStr for Mode {
    type Err = UnknownMode;

    /// Reads `answer`, `hang`, `cut` or `status=503`.
    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        match text {
            "answer" => Ok(Self::Answer),
            "hang" => Ok(Self::Hang),
            "cut" => Ok(Self::Cut),
            other => other
                .strip_prefix("status=")
                .and_then(|code| code.parse().ok())
                .map(Self::Status)
                .ok_or_else(|| UnknownMode(other.to_owned())),
        }
    }
}

impl Mode {
    /// What this request gets: the stand-in's mode, or what its model's name asks for (`error-429`, `error-cut`).
    pub(super) fn for_model(self, model: &str) -> Self {
        match (self, model.strip_prefix("error-")) {
            (Self::Answer, Some("hang")) => Self::Hang,
            (Self::Answer, Some("cut")) => Self::Cut,
            (Self::Answer, Some(code)) => code.parse().map_or(self, Self::Status),
            (mode, _) => mode,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_read_as_it_is_written_on_a_command_line() {
        assert_eq!("hang".parse(), Ok(Mode::Hang));
        assert_eq!("status=503".parse(), Ok(Mode::Status(StatusCode::SERVICE_UNAVAILABLE)));
        let unknown = "status=".parse::<Mode>().unwrap_err();
        assert_eq!(unknown.to_string(), "unknown mode `status=` (known: answer, hang, cut, status=CODE)");
    }

    #[test]
    fn a_models_name_can_ask_for_an_error() {
        assert_eq!(Mode::Answer.for_model("error-429"), Mode::Status(StatusCode::TOO_MANY_REQUESTS));
        assert_eq!(Mode::Answer.for_model("error-cut"), Mode::Cut);
        assert_eq!(Mode::Answer.for_model("gpt-4o-mini"), Mode::Answer);
        assert_eq!(Mode::Hang.for_model("error-429"), Mode::Hang);
    }
}
