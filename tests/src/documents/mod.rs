//! The documents of both APIs, and what they say of what really goes over the wire: every answer that a test gets on a
//! path that the document has, and every frame that a socket gets, is held against them.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use http::Method;
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use crate::Answer;

/// The HTTP API.
static HTTP: LazyLock<Document> =
    LazyLock::new(|| Document::read(include_str!("../../../infra/openapi.json")));
/// The WebSocket API.
static SOCKET: LazyLock<Document> =
    LazyLock::new(|| Document::read(include_str!("../../../infra/asyncapi.json")));

static IS_UNCHECKED: AtomicBool = AtomicBool::new(false);

/// Holds nothing against the documents in this process from here on: for one that measures, and is no test.
pub fn leave_unchecked() {
    IS_UNCHECKED.store(true, Ordering::Relaxed);
}

/// A document, and what was made of its schemas so far.
struct Document {
    text: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Document {
    fn read(text: &str) -> Self {
        Self { text: serde_json::from_str(text).expect("a document of JSON"), validators: Mutex::default() }
    }

    /// What is wrong with a value by the schema at this place, one sentence for each; a field that the schema does not
    /// know is wrong, too.
    fn faults(&self, place: &str, value: &Value) -> Vec<String> {
        let validator = {
            let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
            validators.entry(place.to_owned()).or_insert_with(|| self.validator(place)).clone()
        };
        let errors = validator.iter_errors(value);
        errors.map(|error| format!("at {:?}: {error}", error.instance_path().as_str())).collect()
    }

    fn validator(&self, place: &str) -> Arc<Validator> {
        let schema =
            self.text.pointer(place).unwrap_or_else(|| panic!("the document has nothing at {place}"));
        let mut root = strict(schema);
        root["components"] = json!({"schemas": self.text["components"]["schemas"]});
        let options =
            jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true).offline();
        let validator = options.build(&root);
        Arc::new(validator.unwrap_or_else(|error| panic!("the schema at {place} is none: {error}")))
    }
}

/// A schema that refuses what it does not describe.
fn strict(schema: &Value) -> Value {
    let mut strict = schema.clone();
    match schema.get("items") {
        Some(items) => strict["items"] = self::strict(items),
        None => strict["unevaluatedProperties"] = json!(false),
    }
    strict
}

/// A JSON Pointer's part.
fn escaped(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

// ------------------------------------------------------------------ HTTP

/// The path of the document that serves a call, if any does. What is named comes before what is not.
fn documented_path(method: &str, path: &str) -> Option<&'static str> {
    let paths = HTTP.text["paths"].as_object().expect("paths");
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let asked: Vec<_> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
    let fits = |known: &&String| {
        let known: Vec<_> = known.split('/').collect();
        known.len() == asked.len()
            && known.iter().zip(&asked).all(|(known, asked)| match known.starts_with('{') {
                true => !asked.is_empty(),
                false => known == asked,
            })
    };
    let served = paths.iter().filter(|(_, item)| item.get(method).is_some()).map(|(path, _)| path);
    // A brace comes after every letter.
    served.filter(fits).min().map(String::as_str)
}

/// Fails unless the document has this answer: its status, and its body.
pub(crate) fn check_answer(method: &Method, path: &str, answer: &Answer) {
    if IS_UNCHECKED.load(Ordering::Relaxed) {
        return;
    }
    let method = method.as_str().to_lowercase();
    let Some(path) = documented_path(&method, path) else { return };
    let (question, status) = (&answer.question, answer.status.as_u16());
    let place = format!("/paths/{}/{method}/responses/{status}", escaped(path));
    let Some(response) = HTTP.text.pointer(&place) else {
        panic!("{question} answered {status}, which openapi.json does not have there: {}", answer.text());
    };
    let kind = answer.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    match response["content"].as_object() {
        None => assert!(
            answer.body.is_empty(),
            "{question} answered {status} with a body, which openapi.json does not have there: {}",
            answer.text(),
        ),
        Some(content) => {
            assert!(
                content.contains_key(kind),
                "{question} answered {status} with {kind:?}, which openapi.json does not have there: {}",
                answer.text(),
            );
            if kind == "application/json" {
                let place = format!("{place}/content/{}/schema", escaped(kind));
                let faults = HTTP.faults(&place, &answer.json());
                assert!(
                    faults.is_empty(),
                    "{question} answered {status} with another body than openapi.json has there: {}; the body was {}",
                    faults.join("; "),
                    answer.text(),
                );
            }
        }
    }
}

// --------------------------------------------------------------- frames

/// Who sends a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A client.
    Client,
    /// The system.
    System,
}

/// An example of a frame in the AsyncAPI document.
#[derive(Clone, Debug)]
pub struct FrameExample {
    /// The frame's name.
    pub name: &'static str,
    /// The example.
    pub frame: &'static Value,
    /// The names of the frames that may answer it.
    pub answers: Vec<&'static str>,
}

/// The document's operations of one side.
fn operations(sender: Sender) -> impl Iterator<Item = &'static Value> {
    // A document has the backend's view: it receives what clients send.
    let action = if sender == Sender::Client { "receive" } else { "send" };
    let all = SOCKET.text["operations"].as_object().expect("operations");
    all.values().filter(move |operation| operation["action"] == action)
}

/// The names of the frames in a list of references.
fn names(references: &'static Value) -> impl Iterator<Item = &'static str> {
    let all = references.as_array().into_iter().flatten();
    all.filter_map(|reference| reference["$ref"].as_str()?.rsplit('/').next())
}

/// The fields that tell frames of one name from all others, with their only values.
fn marks(schema: &Value) -> Map<String, Value> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let own =
        properties.filter_map(|(name, property)| match property["enum"].as_array().map(Vec::as_slice) {
            Some([only]) => Some((name.clone(), only.clone())),
            _ => None,
        });
    let parts = schema["allOf"].as_array().into_iter().flatten().flat_map(marks);
    own.chain(parts).collect()
}

/// The names in the document that fit a frame, or what keeps those from fitting that are nearest.
pub fn names_of(sender: Sender, frame: &Value) -> Result<Vec<&'static str>, String> {
    let mut known: Vec<_> = operations(sender).flat_map(|operation| names(&operation["messages"])).collect();
    known.sort_unstable();
    known.dedup();
    let schemas = &SOCKET.text["components"]["schemas"];
    let is_near =
        |name: &&str| marks(&schemas[*name]).iter().all(|(field, value)| frame.get(field) == Some(value));
    let near = known.into_iter().filter(is_near);
    let (mut fitting, mut faults) = (Vec::new(), Vec::new());
    for name in near {
        match SOCKET.faults(&format!("/components/schemas/{name}"), frame) {
            none if none.is_empty() => fitting.push(name),
            some => faults.push(format!("no {name} {}", some.join(", "))),
        }
    }
    if fitting.is_empty() { Err(faults.join("; ")) } else { Ok(fitting) }
}

/// Fails unless the document has this frame.
pub(crate) fn check_frame(sender: Sender, frame: &Value) {
    if IS_UNCHECKED.load(Ordering::Relaxed) {
        return;
    }
    if let Err(faults) = names_of(sender, frame) {
        panic!("asyncapi.json has no such frame of the {sender:?}: {frame}: {faults}");
    }
}

/// The examples of what clients send.
pub fn frame_examples() -> Vec<FrameExample> {
    let messages = &SOCKET.text["components"]["messages"];
    let of_operation = |operation: &'static Value| {
        let answers: Vec<_> = names(&operation["reply"]["messages"]).collect();
        names(&operation["messages"]).flat_map(move |name| {
            let examples = messages[name]["examples"].as_array().into_iter().flatten();
            let answers = answers.clone();
            examples.map(move |example| FrameExample {
                name,
                frame: &example["payload"],
                answers: answers.clone(),
            })
        })
    };
    operations(Sender::Client).flat_map(of_operation).collect()
}
