//! How much a record tells, and for how long.

use crate::kept::{KeepSettings, keep};
use crate::problem::{Complaint, printable};
use crate::section::{Field, Section};
use crate::size::database_size;
use crate::word::choice;
use std::time::Duration;

/// What records keep.
///
/// ```
/// # use oar_config::{Config, Secrets};
/// let text = "record: {response: false}\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert!(config.record.keep.request && !config.record.keep.response);
/// assert_eq!(config.record.secrets, Secrets::Fingerprint);
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordSettings {
    /// What of each request is kept, unless its upstream says otherwise.
    pub keep: KeepSettings,
    /// How tokens and keys are kept.
    pub secrets: Secrets,
    /// When records are deleted.
    pub retention: RetentionSettings,
}

/// How a record keeps tokens and keys.
///
/// ```
/// # use oar_config::{Config, Secrets};
/// let text = "record: {secrets: plain}\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert_eq!(config.record.secrets, Secrets::Plain);
/// assert_eq!(config.warnings.iter().filter(|warning| warning.path == "record.secrets").count(), 1);
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Secrets {
    /// As something that tells two of them apart and opens no door.
    #[default]
    Fingerprint,
    /// As they are, which the Go version did.
    Plain,
}

/// When records are deleted, the oldest first; never, unless the file says otherwise.
///
/// ```
/// # use oar_config::Config;
/// let text = "record: {retention: {days: 30}}\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert_eq!(config.record.retention.age.map(|age| age.as_secs()), Some(30 * 24 * 60 * 60));
/// assert_eq!(config.record.retention.bytes, None);
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetentionSettings {
    /// Once they are older than this, from the key `days`.
    pub age: Option<Duration>,
    /// Once the database is larger than this many bytes, from the key `bytes`.
    pub bytes: Option<u64>,
}

const SECRETS: &[(&str, Secrets)] = &[("fingerprint", Secrets::Fingerprint), ("plain", Secrets::Plain)];

/// A hundred years; a larger number is a slip.
const MOST_DAYS: u64 = 36_500;

const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;

pub(crate) fn record(field: Field<'_>) -> RecordSettings {
    field.section().map(decode).unwrap_or_default()
}

fn decode(mut own: Section<'_>) -> RecordSettings {
    let keep = keep(&mut own, &KeepSettings::default());
    let field = own.take("secrets");
    let place = field.place.clone();
    let secrets = field.read(|text| choice(text, SECRETS)).unwrap_or_default();
    if secrets == Secrets::Plain {
        own.warn(&place, Complaint::new("records will hold tokens and keys that anybody who reads them can use"));
    }
    let retention = own.take("retention").section().map(retention).unwrap_or_default();
    own.close();
    RecordSettings { keep, secrets, retention }
}

fn retention(mut own: Section<'_>) -> RetentionSettings {
    let age = own.take("days").read(days);
    let bytes = own.take("bytes").read(database_size);
    own.close();
    RetentionSettings { age, bytes }
}

fn days(text: &str) -> Result<Duration, Complaint> {
    match text.trim().parse() {
        Ok(days @ 1..=MOST_DAYS) => Ok(Duration::from_secs(days * SECONDS_OF_A_DAY)),
        Ok(_) | Err(_) => {
            let message = format!("`{}` is no whole number of days from 1 to {MOST_DAYS}", printable(text));
            Err(Complaint::new(message).hint("leave the key out to keep records for ever"))
        }
    }
}
