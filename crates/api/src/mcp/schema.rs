//! JSON Schema of arguments and answers, from the same derivations as OpenAPI.

use std::sync::Arc;

use rmcp::model::JsonObject;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

/// What an answer looks like.
pub(super) fn answer<T: ToSchema>() -> Arc<JsonObject> {
    let mut parts = Vec::new();
    T::schemas(&mut parts);
    let mut object = written(&T::schema());
    let parts: Map<String, Value> = parts
        .iter()
        .map(|(name, schema)| (name.clone(), Value::Object(written(schema))))
        .collect();
    object.insert("$defs".to_owned(), Value::Object(parts));
    Arc::new(object)
}

/// What arguments are taken. What is optional may be left out and need not be null.
pub(super) fn arguments<T: PartialSchema>() -> Arc<JsonObject> {
    let mut object = written(&T::schema());
    for (_, schema) in object
        .get_mut("properties")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        without_null(schema);
    }
    object.insert("additionalProperties".to_owned(), json!(false));
    Arc::new(object)
}

/// A schema whose references are to its own parts.
fn written(schema: &impl serde::Serialize) -> Map<String, Value> {
    let text = serde_json::to_string(schema).unwrap_or_default();
    let text = text.replace("#/components/schemas/", "#/$defs/");
    serde_json::from_str(&text).unwrap_or_default()
}

fn without_null(schema: &mut Value) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
}
