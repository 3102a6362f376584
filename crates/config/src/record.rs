//! How much a record tells.

use crate::problem::Complaint;
use crate::section::{Field, Section};
use crate::word::choice;

/// What a record keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordSettings {
    /// How tokens and keys are kept.
    pub secrets: Secrets,
}

/// How a record keeps tokens and keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Secrets {
    /// As something that tells two of them apart and opens no door.
    #[default]
    Fingerprint,
    /// As they are, which the Go version did.
    Plain,
}

const SECRETS: &[(&str, Secrets)] = &[("fingerprint", Secrets::Fingerprint), ("plain", Secrets::Plain)];

pub(crate) fn record(field: Field<'_>) -> RecordSettings {
    field.section().map(decode).unwrap_or_default()
}

fn decode(mut own: Section<'_>) -> RecordSettings {
    let field = own.take("secrets");
    let place = field.place.clone();
    let secrets = field.read(|text| choice(text, SECRETS)).unwrap_or_default();
    if secrets == Secrets::Plain {
        own.warn(&place, Complaint::new("records will hold tokens and keys that anybody who reads them can use"));
    }
    own.close();
    RecordSettings { secrets }
}
