//! As much of JSON Schema as the document uses, but for patterns and formats.

use serde_json::Value;

/// Words that say nothing that is looked at here.
const IGNORED: [&str; 5] = ["description", "example", "format", "pattern", "title"];

/// What a reference refers to, or the schema itself where it is none.
pub(crate) fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null),
        None => schema,
    }
}

/// Whether a value is as a schema says.
///
/// # Panics
///
/// At a word that is not known here, so that none is passed over.
pub(crate) fn fits(document: &Value, schema: &Value, value: &Value) -> bool {
    let fits_one = |schema: &Value| fits(document, schema, value);
    let number = value.as_f64().unwrap_or_default();
    let chars = value.as_str().map_or(0, |text| text.chars().count());
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let words = schema.as_object().unwrap_or_else(|| panic!("no schema: {schema}"));
    words.iter().all(|(word, limit)| {
        let list = limit.as_array().map(Vec::as_slice).unwrap_or_default();
        let bound = limit.as_f64().unwrap_or_default();
        match word.as_str() {
            word if IGNORED.contains(&word) => true,
            "$ref" => fits_one(resolved(document, schema)),
            "allOf" => list.iter().all(fits_one),
            "anyOf" => list.iter().any(fits_one),
            "oneOf" => list.iter().filter(|schema| fits_one(schema)).count() == 1,
            "type" if list.is_empty() => is_of_type(limit, value),
            "type" => list.iter().any(|name| is_of_type(name, value)),
            "enum" => list.contains(value),
            "required" => list.iter().all(|name| value.get(name.as_str().unwrap_or_default()).is_some()),
            "properties" => limit.as_object().into_iter().flatten().all(|(name, schema)| {
                value.get(name).is_none_or(|property| fits(document, schema, property))
            }),
            "items" => items.iter().all(|item| fits(document, limit, item)),
            "minItems" => items.len() as f64 >= bound,
            "maxItems" => items.len() as f64 <= bound,
            "minLength" => !value.is_string() || chars as f64 >= bound,
            "maxLength" => !value.is_string() || chars as f64 <= bound,
            "minimum" => !value.is_number() || number >= bound,
            "maximum" => !value.is_number() || number <= bound,
            "exclusiveMinimum" => !value.is_number() || number > bound,
            unknown => panic!("{unknown} is not known: {schema}"),
        }
    })
}

fn is_of_type(name: &Value, value: &Value) -> bool {
    match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => panic!("there is no such type: {name}"),
    }
}
