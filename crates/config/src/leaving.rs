//! What becomes of an answer whose client has left.

use crate::section::Field;
use crate::word::choice;

/// What becomes of an upstream's answer when the client leaves before it is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnClientClose {
    /// It is given up, which ends the upstream's work (`cancel`).
    #[default]
    Cancel,
    /// It is read to its end, so that the record is complete (`drain`).
    Drain,
}

const WAYS: &[(&str, OnClientClose)] = &[("cancel", OnClientClose::Cancel), ("drain", OnClientClose::Drain)];

pub(crate) fn on_client_close(field: Field<'_>) -> Option<OnClientClose> {
    field.read(|text| choice(text, WAYS))
}
