//! What is wrong with a configuration, and where.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;

/// One thing that is wrong with a configuration, or, as a warning, that its author may not have meant.
///
/// No field holds the value of a secret key, or of a key that nobody knows.
///
/// ```
/// # use oar_config::Config;
/// let problems = Config::parse("tiemout: 5\nupstreams: [{sk: key}]", "config.yaml", &|_| None).expect_err("a typo");
/// let problem = problems.iter().next().expect("one");
/// assert_eq!((problem.path.as_str(), problem.line), ("tiemout", Some(1)));
/// assert_eq!(problem.to_string(), "tiemout (line 1): unknown key");
/// assert_eq!(problem.hint.as_deref(), Some("did you mean `timeout`?"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it was named when it was read.
    pub file: String,
    /// Which key: `upstreams[1].endpoint`. Empty when the file as a whole is meant.
    pub path: String,
    /// The line of the key, counted from 1, if it is known.
    pub line: Option<usize>,
    /// A clause without a full stop.
    pub message: String,
    /// What to do about it, where that can be guessed.
    pub hint: Option<String>,
}

impl Problem {
    /// The same problem with advice.
    ///
    /// ```
    /// # let config = oar_config::Config::parse("upstreams: [{sk: key}]", "config.yaml", &|_| None)?;
    /// let problem = config.problem("address", "is in use").with_hint("choose another port");
    /// assert_eq!(problem.hint.as_deref(), Some("choose another port"));
    /// # Ok::<(), oar_config::Problems>(())
    /// ```
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// One line, without file and hint: `upstreams[1].endpoint (line 12): …`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.path.as_str(), self.line) {
            ("", None) => {}
            ("", Some(line)) => write!(f, "line {line}: ")?,
            (path, None) => write!(f, "{path}: ")?,
            (path, Some(line)) => write!(f, "{path} (line {line}): ")?,
        }
        f.write_str(&self.message)
    }
}

/// All the problems of one configuration; never empty.
///
/// ```text
/// config.yaml: 2 problems
///   upstreams[1].endpoint (line 12): `api.openai.com/v1` is not an absolute http or https URL
///     hint: write `https://api.openai.com/v1`
///   upstreams[2].type (line 15): unknown backend `replicat` (known: openai, replicate)
///     hint: did you mean `replicate`?
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Nothing if there are no problems, else all of them in the order of their lines.
    ///
    /// # Errors
    ///
    /// The problems, if there are any.
    ///
    /// ```
    /// # use oar_config::{Config, Problems};
    /// # let config = Config::parse("upstreams: [{sk: key}]", "config.yaml", &|_| None)?;
    /// assert!(Problems::unless_empty(Vec::new()).is_ok());
    /// let problems = Problems::unless_empty(vec![config.problem("address", "is in use")]).expect_err("one");
    /// assert_eq!(problems.to_string(), "config.yaml: 1 problem\n  address: is in use");
    /// # Ok::<(), oar_config::Problems>(())
    /// ```
    pub fn unless_empty(mut problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            return Ok(());
        }
        problems.sort_by_key(|problem| problem.line);
        Err(Self(problems))
    }

    /// The problems in the order of their lines; those without a line come first.
    ///
    /// ```
    /// # use oar_config::Config;
    /// let text = "lb_policy: best\ntimeout: soon\nupstreams: [{sk: key}]";
    /// let problems = Config::parse(text, "config.yaml", &|_| None).expect_err("two");
    /// assert_eq!(problems.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(), ["lb_policy", "timeout"]);
    /// ```
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.0.first().map_or("", |problem| problem.file.as_str());
        let noun = if self.0.len() == 1 { "problem" } else { "problems" };
        write!(f, "{file}: {} {noun}", self.0.len())?;
        for problem in &self.0 {
            write!(f, "\n  {problem}")?;
            if let Some(hint) = &problem.hint {
                write!(f, "\n    hint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl Error for Problems {}

/// What is wrong with one value, said by a decoder that does not know where the value stands.
///
/// ```
/// # use oar_config::ListenAddress;
/// let complaint = "localhost".parse::<ListenAddress>().expect_err("no port");
/// assert_eq!(complaint.to_string(), "`localhost` is not an address to listen on");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Complaint {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Complaint {}

/// Where something stands in the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) line: Option<usize>,
}

impl Place {
    /// The place of a key of the section at this place. An unknown line is the section's.
    pub(crate) fn key(&self, key: &str, line: Option<usize>) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Self { path: format!("{}{dot}{}", self.path, printable(key)), line: line.or(self.line) }
    }

    /// The place of an item, counted from 0, of the list at this place.
    pub(crate) fn item(&self, index: usize, line: Option<usize>) -> Self {
        Self { path: format!("{}[{index}]", self.path), line: line.or(self.line) }
    }

    pub(crate) fn problem(&self, file: &str, complaint: Complaint) -> Problem {
        let Complaint { message, hint } = complaint;
        Problem { file: file.to_owned(), path: self.path.clone(), line: self.line, message, hint }
    }
}

/// Where decoders leave what they find; decoding goes on after each problem.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) file: String,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
}

impl Report {
    pub(crate) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), problems: RefCell::default(), warnings: RefCell::default() }
    }

    pub(crate) fn problem(&self, place: &Place, complaint: Complaint) {
        self.add(place.problem(&self.file, complaint));
    }

    /// Keeps the first problem of each place: what follows from it there would only distract.
    pub(crate) fn add(&self, problem: Problem) {
        let mut problems = self.problems.borrow_mut();
        if !problems.iter().any(|earlier| earlier.path == problem.path && earlier.line == problem.line) {
            problems.push(problem);
        }
    }

    pub(crate) fn warn(&self, place: &Place, complaint: Complaint) {
        self.warnings.borrow_mut().push(place.problem(&self.file, complaint));
    }

    /// The problems and the warnings.
    pub(crate) fn close(self) -> (Vec<Problem>, Vec<Problem>) {
        (self.problems.into_inner(), self.warnings.into_inner())
    }
}

/// How much of a word out of the file is repeated in a message.
const PRINTABLE_CAP_CHARS: usize = 64;

/// A word out of the file, fit for one line of a terminal.
pub(crate) fn printable(word: &str) -> String {
    let mut shown = String::new();
    for letter in word.chars().take(PRINTABLE_CAP_CHARS) {
        match letter {
            '"' | '\'' | '\\' => shown.push(letter),
            _ => shown.extend(letter.escape_debug()),
        }
    }
    if word.chars().nth(PRINTABLE_CAP_CHARS).is_some() {
        shown.push('…');
    }
    shown
}
