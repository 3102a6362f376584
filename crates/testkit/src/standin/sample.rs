use serde_json::{Map, Value, json};

/// How deep a schema is followed; recursive ones have no bottom.
const DEPTH_CAP: usize = 16;

/// A value that a JSON schema describes: the simplest one, with every property that is named.
pub(super) fn of_schema(schema: &Value) -> Value {
    of(schema, 0)
}

fn of(schema: &Value, depth: usize) -> Value {
    if depth > DEPTH_CAP {
        return Value::Null;
    }
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    match kind(schema) {
        "object" => Value::Object(properties(schema, depth)),
        "array" => json!([of(&schema["items"], depth + 1)]),
        "string" => json!("stand-in"),
        "integer" | "number" => json!(1),
        "boolean" => json!(true),
        _ => Value::Null,
    }
}

/// The schema's type: the first of several.
fn kind(schema: &Value) -> &str {
    let first = schema["type"].as_array().and_then(|kinds| kinds.first());
    first.unwrap_or(&schema["type"]).as_str().unwrap_or_default()
}

fn properties(schema: &Value, depth: usize) -> Map<String, Value> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties.map(|(name, schema)| (name.clone(), of(schema, depth + 1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_every_property_with_its_type() {
        let schema = json!({"type": "object", "properties": {
            "city": {"type": "string"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            "days": {"type": ["integer", "null"]},
            "tags": {"type": "array", "items": {"type": "boolean"}},
        }});
        let expected = json!({"city": "stand-in", "unit": "celsius", "days": 1, "tags": [true]});
        assert_eq!(of_schema(&schema), expected);
    }
}
