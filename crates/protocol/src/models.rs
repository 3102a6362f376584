use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::HashSet;

/// One entry of `GET /v1/models`: <https://platform.openai.com/docs/api-reference/models/object>.
///
/// What an upstream lists is kept as it came, so that fields we do not know reach the client.
///
/// ```
/// use oar_protocol::{Model, ModelList};
///
/// let named = Model::named("gpt-4o", "gateway");
/// assert_eq!(named.json(), r#"{"id":"gpt-4o","object":"model","created":0,"owned_by":"gateway"}"#);
///
/// let listed = ModelList::parse(br#"{"data": [{"id": "gpt-4o", "context_window": 128000}]}"#)?;
/// assert_eq!(listed.get("gpt-4o").map(Model::json), Some(r#"{"id": "gpt-4o", "context_window": 128000}"#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Model {
    id: String,
    json: Box<RawValue>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'a str,
}

impl Model {
    /// A model known only by name, from a configuration.
    ///
    /// ```
    /// assert_eq!(oar_protocol::Model::named("gpt-4o", "gateway").id(), "gpt-4o");
    /// ```
    pub fn named(id: &str, owned_by: &str) -> Self {
        let entry = Entry { id, object: "model", created: 0, owned_by };
        let json = serde_json::value::to_raw_value(&entry).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self { id: id.to_owned(), json }
    }

    /// The name to ask for it by.
    ///
    /// ```
    /// assert_eq!(oar_protocol::Model::named("gpt-4o", "gateway").id(), "gpt-4o");
    /// ```
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The JSON text of the entry: the answer to `GET /v1/models/{id}`.
    ///
    /// ```
    /// let json = oar_protocol::Model::named("a \"b\"", "gateway").json().to_owned();
    /// assert!(json.starts_with(r#"{"id":"a \"b\"""#));
    /// ```
    pub fn json(&self) -> &str {
        self.json.get()
    }
}

/// The models of one or more upstreams, each name once: the first entry of a name stays.
///
/// ```
/// use oar_protocol::{Model, ModelList};
///
/// let mut list = ModelList::parse(br#"{"data": [{"id": "a", "theirs": true}]}"#)?;
/// list.extend([Model::named("a", "ours"), Model::named("b", "ours")]);
/// assert_eq!(list.iter().map(Model::id).collect::<Vec<_>>(), ["a", "b"]);
/// assert!(list.get("a").is_some_and(|model| model.json().contains("theirs")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ModelList {
    models: Vec<Model>,
    names: HashSet<String>,
}

impl ModelList {
    /// Reads an upstream's answer to `GET /v1/models`. Entries without an `id` are left out.
    ///
    /// # Errors
    ///
    /// When the answer is not a JSON object with a `data` list.
    ///
    /// ```
    /// use oar_protocol::ModelList;
    ///
    /// assert_eq!(ModelList::parse(br#"{"data": [{"id": "a"}, {"no": "id"}]}"#)?.iter().count(), 1);
    /// assert!(ModelList::parse(b"<html>").is_err());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn parse(body: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Listing {
            data: Vec<Box<RawValue>>,
        }
        #[derive(Deserialize)]
        struct Id {
            id: String,
        }
        let listing: Listing = serde_json::from_slice(body)?;
        let models = listing.data.into_iter().filter_map(|json| {
            let Id { id } = serde_json::from_str(json.get()).ok()?;
            Some(Model { id, json })
        });
        Ok(models.collect())
    }

    /// The models, in the order they were added.
    ///
    /// ```
    /// # use oar_protocol::{Model, ModelList};
    /// let list = ModelList::from_iter([Model::named("b", "ours"), Model::named("a", "ours")]);
    /// assert_eq!(list.iter().map(Model::id).collect::<Vec<_>>(), ["b", "a"]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &Model> {
        self.models.iter()
    }

    /// The model of this name.
    ///
    /// ```
    /// # use oar_protocol::{Model, ModelList};
    /// let list = ModelList::from_iter([Model::named("a", "ours")]);
    /// assert!(list.get("a").is_some() && list.get("b").is_none());
    /// ```
    pub fn get(&self, id: &str) -> Option<&Model> {
        self.names.contains(id).then(|| self.models.iter().find(|model| model.id == id))?
    }

    /// The JSON text of the answer to `GET /v1/models`.
    ///
    /// ```
    /// # use oar_protocol::ModelList;
    /// assert_eq!(ModelList::default().to_json(), br#"{"object":"list","data":[]}"#);
    /// ```
    pub fn to_json(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Listing<'a> {
            object: &'static str,
            data: Vec<&'a RawValue>,
        }
        let data = self.models.iter().map(|model| &*model.json).collect();
        serde_json::to_vec(&Listing { object: "list", data }).unwrap_or_default()
    }
}

impl Extend<Model> for ModelList {
    fn extend<I: IntoIterator<Item = Model>>(&mut self, models: I) {
        for model in models {
            if self.names.insert(model.id.clone()) {
                self.models.push(model);
            }
        }
    }
}

impl FromIterator<Model> for ModelList {
    fn from_iter<I: IntoIterator<Item = Model>>(models: I) -> Self {
        let mut list = Self::default();
        list.extend(models);
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_pass_as_they_came_and_each_name_once() {
        let theirs =
            br#"{"object":"list","data":[{"id":"a","object":"model","owned_by":"x","extra":[1]},{"no":"id"}]}"#;
        let mut list: ModelList = [Model::named("a", "ours"), Model::named("b", "ours")].into_iter().collect();
        list.extend(ModelList::parse(theirs).expect("a listing").iter().cloned());
        assert_eq!(list.iter().map(Model::id).collect::<Vec<_>>(), ["a", "b"]);

        let theirs = ModelList::parse(theirs).expect("a listing");
        assert_eq!(
            String::from_utf8_lossy(&theirs.to_json()),
            r#"{"object":"list","data":[{"id":"a","object":"model","owned_by":"x","extra":[1]}]}"#
        );
        assert_eq!(theirs.get("a").map(Model::json), Some(r#"{"id":"a","object":"model","owned_by":"x","extra":[1]}"#));
        assert!(theirs.get("b").is_none());
    }
}
