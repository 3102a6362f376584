use super::refusal::Refusal;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The fields of a request that nobody has claimed yet. Null is the same as absent, as it is to OpenAI.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let mut fields: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|_| Refusal::request("invalid_json", "the request body is not a JSON object"))?;
        fields.retain(|_, value| !value.is_null());
        Ok(Self(fields))
    }

    /// Claims a field; `expected` says what its value must be: `a number`.
    pub(super) fn take<T: DeserializeOwned>(&mut self, name: &str, expected: &str) -> Result<Option<T>, Refusal> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        let wrong = |_| Refusal::field(name, format!("`{name}` must be {expected}"));
        serde_json::from_value(value).map(Some).map_err(wrong)
    }

    /// Claims a field that must be there.
    pub(super) fn need<T: DeserializeOwned>(&mut self, name: &str, expected: &str) -> Result<T, Refusal> {
        self.take(name, expected)?.ok_or_else(|| Refusal::field(name, format!("`{name}` is required")))
    }

    /// Claims a field whose value cannot be honoured unless it asks for nothing.
    pub(super) fn only(&mut self, name: &str, asks_for_nothing: fn(&Value) -> bool) -> Result<(), Refusal> {
        match self.0.remove(name) {
            Some(value) if !asks_for_nothing(&value) => Err(unsupported(name)),
            Some(_) | None => Ok(()),
        }
    }

    /// Claims a field that makes no difference to the answer.
    pub(super) fn ignore(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Nothing is dropped in silence: whatever is left is refused.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        self.0.keys().next().map_or(Ok(()), |name| Err(unsupported(name)))
    }
}

fn unsupported(name: &str) -> Refusal {
    Refusal::field(name, format!("`{name}` is not supported with Replicate's models"))
}

/// A string, or a list of strings.
#[derive(serde::Deserialize)]
#[serde(from = "StringOrList")]
pub(super) struct OneOrMore(pub(super) Vec<String>);

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum StringOrList {
    String(String),
    List(Vec<String>),
}

impl From<StringOrList> for OneOrMore {
    fn from(value: StringOrList) -> Self {
        match value {
            StringOrList::String(text) => Self(vec![text]),
            StringOrList::List(texts) => Self(texts),
        }
    }
}
