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
    let mut whole = Value::Object(object);
    one_type_each(&mut whole);
    Arc::new(match whole {
        Value::Object(object) => object,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    })
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

/// Says of what may be null that it is one or the other: clients for other dialects know no list of types. Schemas are
/// ours, and so is their depth.
fn one_type_each(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Array(types)) = members.get("type") {
                let each = types.iter().map(|kind| json!({"type": kind})).collect();
                members.remove("type");
                members.insert("oneOf".to_owned(), Value::Array(each));
            }
            members.values_mut().for_each(one_type_each);
        }
        Value::Array(parts) => parts.iter_mut().for_each(one_type_each),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
