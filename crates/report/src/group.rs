//! Rows that are counted together.

use crate::moment;
use hdrhistogram::Histogram;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use oar_record::Measure;
use std::str::FromStr;
use std::time::SystemTime;

/// What rows are counted together by.
///
/// ```
/// use oar_report::By;
///
/// assert_eq!("model".parse(), Ok(By::Model));
/// assert_eq!(By::default(), By::Outcome);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// How they ended.
    #[default]
    Outcome,
    /// The model asked for.
    Model,
    /// Who answered, or was tried last.
    Upstream,
    /// Who asked.
    Token,
    /// The hour they arrived in.
    Hour,
    /// The day they arrived on.
    Day,
}

impl By {
    const ALL: [Self; 6] = [Self::Outcome, Self::Model, Self::Upstream, Self::Token, Self::Hour, Self::Day];

    /// The word for it.
    ///
    /// ```
    /// # use oar_report::By;
    /// assert_eq!(By::Hour.as_str(), "hour");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Outcome => "outcome",
            Self::Model => "model",
            Self::Upstream => "upstream",
            Self::Token => "token",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// Whether groups follow each other in time.
    pub(crate) const fn is_time(self) -> bool {
        matches!(self, Self::Hour | Self::Day)
    }
}

/// A word that is none of [`By`].
///
/// ```
/// let error = "week".parse::<oar_report::By>().unwrap_err();
/// assert_eq!(error.to_string(), "`week` is none of: outcome, model, upstream, token, hour, day");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is none of: {}", By::ALL.map(By::as_str).join(", "))]
pub struct WrongBy {
    word: String,
}

impl FromStr for By {
    type Err = WrongBy;

    fn from_str(word: &str) -> Result<Self, WrongBy> {
        Self::ALL.into_iter().find(|by| by.as_str() == word).ok_or_else(|| WrongBy { word: word.to_owned() })
    }
}

/// Which group a row belongs to.
pub(crate) struct Sorter {
    by: By,
    zone: TimeZone,
    /// The last quarter of an hour and its name: no zone's hour begins within one, and rows come in order.
    last: Option<(i64, String)>,
}

impl Sorter {
    pub(crate) fn new(by: By, zone: TimeZone) -> Self {
        Self { by, zone, last: None }
    }

    /// The name of the group; `-` for rows that do not tell.
    pub(crate) fn group<'a>(&'a mut self, row: &'a Measure) -> &'a str {
        let told = match self.by {
            By::Outcome => row.outcome.as_deref(),
            By::Model => row.model.as_deref(),
            By::Upstream => row.upstream.as_deref().or(row.upstream_endpoint.as_deref()),
            By::Token => row.authorization.as_deref(),
            By::Hour => row.created_at.map(|at| self.period(at.0, "%F %H:00")),
            By::Day => row.created_at.map(|at| self.period(at.0, "%F")),
        };
        told.filter(|name| !name.is_empty()).unwrap_or("-")
    }

    fn period(&mut self, at: SystemTime, format: &str) -> &str {
        // A moment beyond jiff's calendar has no name of its own either.
        let quarter = Timestamp::try_from(at).map_or(i64::MAX, |at| at.as_second().div_euclid(900));
        if self.last.as_ref().is_none_or(|(last, _)| *last != quarter) {
            self.last = Some((quarter, moment::written(at, &self.zone, format)));
        }
        self.last.as_ref().map(|(_, name)| name.as_str()).unwrap_or_default()
    }
}

/// Significant digits of a time: within a hundredth, in a few kilobytes.
const DIGITS: u8 = 2;

/// What is known of rows that are counted together.
pub(crate) struct Group {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) prompt_tokens: u64,
    pub(crate) completion_tokens: u64,
    pub(crate) elapsed: Times,
    pub(crate) first_byte: Times,
}

impl Group {
    pub(crate) fn new() -> Self {
        let (elapsed, first_byte) = (Times::new(), Times::new());
        Self { requests: 0, errors: 0, prompt_tokens: 0, completion_tokens: 0, elapsed, first_byte }
    }

    pub(crate) fn add(&mut self, row: &Measure) {
        self.requests += 1;
        self.errors += u64::from(is_error(row));
        self.prompt_tokens = self.prompt_tokens.saturating_add(tokens(row.prompt_tokens));
        self.completion_tokens = self.completion_tokens.saturating_add(tokens(row.completion_tokens));
        self.elapsed.add(row.elapsed_time);
        self.first_byte.add(row.first_byte_time);
    }
}

/// Rows of the Go version tell their status alone.
fn is_error(row: &Measure) -> bool {
    match (row.outcome.as_deref(), row.status) {
        (Some(outcome), _) => outcome != "ok",
        (None, status) => !matches!(status, Some(200..=299)),
    }
}

fn tokens(count: Option<i64>) -> u64 {
    count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default()
}

/// Times, as far as their distribution goes.
pub(crate) struct Times(Option<Histogram<u32>>);

impl Times {
    fn new() -> Self {
        Self(Histogram::new(DIGITS).ok())
    }

    /// Takes nanoseconds, keeps microseconds.
    fn add(&mut self, nanoseconds: Option<i64>) {
        let microseconds = nanoseconds.and_then(|time| u64::try_from(time / 1_000).ok());
        if let (Some(histogram), Some(time)) = (&mut self.0, microseconds) {
            // It grows as needed, and fails only where no memory can be addressed.
            let _ = histogram.record(time);
        }
    }

    /// Nanoseconds that this share of the times stays within; `None` when there are no times.
    pub(crate) fn within(&self, share: f64) -> Option<i64> {
        let histogram = self.0.as_ref().filter(|histogram| !histogram.is_empty())?;
        i64::try_from(histogram.value_at_quantile(share)).ok()?.checked_mul(1_000)
    }
}
