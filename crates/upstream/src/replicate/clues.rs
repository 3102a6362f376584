use super::ask::is_plain;
use super::links::Origins;
use reqwest::Url;
use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// What a creation's answer tells about how to cancel the prediction, as far as it came and whatever else is in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Clues {
    id: Option<String>,
    cancel: Option<String>,
}

impl Clues {
    /// Reads field by field, up to where the answer was cut or is not JSON any more.
    pub(super) fn in_answer(answer: &[u8]) -> Self {
        let mut clues = Self::default();
        // Why reading ended makes no difference to what was read.
        let _unread_rest = serde_json::Deserializer::from_slice(answer).deserialize_map(&mut clues);
        clues
    }

    /// Where to ask for the end: at the address that was told, or else where the API has it, below the prediction's id.
    pub(super) fn cancel_url(&self, origins: &Origins) -> Option<Url> {
        let told = self.cancel.as_deref().and_then(|link| origins.api_link(link));
        let by_id = || {
            let id = self.id.as_deref().filter(|id| is_plain(id))?;
            origins.api_link(&origins.api(&format!("/predictions/{id}/cancel")))
        };
        told.or_else(by_id)
    }
}

impl<'de> Visitor<'de> for &mut Clues {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a prediction")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        while let Some(name) = fields.next_key::<String>()? {
            match name.as_str() {
                "id" => self.id = text(Some(&fields.next_value()?)),
                "urls" => self.cancel = text(fields.next_value::<Value>()?.get("cancel")),
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replicate::Settings;

    const BY_ID: Option<&str> = Some("https://api.replicate.com/v1/predictions/p1/cancel");
    const TOLD: Option<&str> = Some("https://api.replicate.com/told");

    fn cancel_url(answer: &str) -> Option<String> {
        let origins = Origins::new(&Settings::default()).expect("valid settings");
        Clues::in_answer(answer.as_bytes()).cancel_url(&origins).map(String::from)
    }

    #[test]
    fn an_answer_tells_as_much_as_came_of_it() {
        let whole = r#"{"id":"p1","input":{"a":[1]},"urls":{"cancel":"https://api.replicate.com/told"},"status":7}"#;
        for (cut_at, expected) in [("", TOLD), ("7}", TOLD), ("/told", BY_ID), ("1]", BY_ID), ("p1", None)] {
            let end = whole.find(cut_at).filter(|_| !cut_at.is_empty()).unwrap_or(whole.len());
            assert_eq!(cancel_url(&whole[..end]).as_deref(), expected, "{}", &whole[..end]);
        }
    }

    #[test]
    fn no_answer_can_choose_the_host_or_the_path() {
        for (answer, expected) in [
            (r#"{"urls":{"cancel":"https://evil.test/"},"id":"p1"}"#, BY_ID),
            (r#"{"urls":{"cancel":"https://evil.test/"},"id":"../p1"}"#, None),
            (r#"{"urls":[],"id":7}"#, None),
            ("[]", None),
            ("", None),
        ] {
            assert_eq!(cancel_url(answer).as_deref(), expected, "{answer}");
        }
    }
}
