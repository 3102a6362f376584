use anstyle::{AnsiColor, Style};
use jiff::tz::TimeZone;
use std::fmt;

/// How text is to look: whether with colours, how wide at most, and in which time zone.
///
/// ```
/// use oar_report::{Colours, Look};
///
/// let wide = Look { colours: Colours::Ansi, width: Some(120), zone: jiff::tz::TimeZone::UTC };
/// let narrow = Look { width: Some(80), ..wide };
/// ```
#[derive(Clone, Debug)]
pub struct Look {
    /// Whether with the escape sequences of ANSI terminals.
    pub colours: Colours,
    /// How many columns a line of a table may have; any number where nobody looks at a terminal.
    pub width: Option<usize>,
    /// In which moments are told.
    pub zone: TimeZone,
}

/// Whether there are colours.
///
/// ```
/// use oar_report::{Colours, Look};
///
/// assert_eq!(Look::plain().colours, Colours::None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// Text alone.
    None,
    /// Those of ANSI terminals.
    Ansi,
}

/// What a text is, as far as its colour goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Odd,
    Bad,
    Heading,
    Aside,
}

impl Look {
    /// Text alone, of any width, in UTC.
    ///
    /// ```
    /// # use oar_report::Look;
    /// assert_eq!(Look::plain().width, None);
    /// ```
    pub fn plain() -> Self {
        Self { colours: Colours::None, width: None, zone: TimeZone::UTC }
    }

    /// The text in the colour of its tone. The text has to be safe already.
    pub(crate) fn paint<T: fmt::Display>(&self, tone: Tone, text: T) -> Painted<T> {
        let style = match self.colours {
            Colours::None => Style::new(),
            Colours::Ansi => tone.style(),
        };
        Painted { style, text }
    }
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Odd => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Heading => Style::new().bold(),
            Self::Aside => Style::new().dimmed(),
        }
    }

    /// Of an outcome, or of a status where there is none.
    pub(crate) fn of(outcome: Option<&str>, status: Option<i64>) -> Self {
        match (outcome, status) {
            (Some("ok"), _) | (None, Some(200..=299)) => Self::Good,
            (Some("client_closed" | "rejected" | "shed" | "drained"), _) | (None, Some(400..=499)) => Self::Odd,
            (Some(_), _) | (None, Some(_)) => Self::Bad,
            (None, None) => Self::Plain,
        }
    }
}

/// A text with what comes before and after it.
pub(crate) struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { style, text } = self;
        write!(f, "{style}{text}{style:#}")
    }
}
