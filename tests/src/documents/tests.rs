//! The documents are well made, and tell what is so from what is not.

use super::*;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

fn answer(status: u16, kind: &str, body: &str) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", kind.parse().expect("a header"));
    let status = StatusCode::from_u16(status).expect("a status");
    Answer { question: "a question".to_owned(), status, headers, body: Bytes::from(body.to_owned()) }
}

fn is_documented(method: Method, path: &str, answer: &Answer) -> bool {
    std::panic::catch_unwind(|| check_answer(&method, path, answer)).is_ok()
}

#[test]
fn paths_are_found_as_api_gateway_finds_them() {
    assert_eq!(documented_path("get", "/chats/7?count=1"), Some("/chats/{chat_id}"));
    assert_eq!(documented_path("get", "/chats/unread/"), Some("/chats/unread"));
    assert_eq!(documented_path("get", "/chats/7/users"), Some("/chats/{chat_id}/users"));
    assert_eq!(documented_path("get", "/chats/7/8"), Some("/chats/{user_a_id}/{user_b_id}"));
    for unknown in ["/", "/chats//", "/nothing", "/chats/1/2/3"] {
        assert_eq!(documented_path("get", unknown), None, "{unknown}");
    }
    assert_eq!(documented_path("patch", "/chats"), None);
}

#[test]
fn answers_are_what_the_document_has() {
    let json = |status, body| answer(status, "application/json", body);
    let login = |answer: &Answer| is_documented(Method::POST, "/login", answer);
    assert!(login(&json(200, r#"{"token":"x"}"#)));
    assert!(login(&json(401, r#"{"error":"No.","code":"unauthenticated"}"#)));
    assert!(login(&json(503, r#"{"message":"Service Unavailable"}"#)));
    for (status, body) in [
        (200, r#"{"token":7}"#),
        (200, r#"{"token":"x","more":1}"#),
        (200, "{}"),
        (201, r#"{"token":"x"}"#),
        (401, r#"{"error":"No.","code":"No code"}"#),
        (401, r#"{"message":"No."}"#),
    ] {
        assert!(!login(&json(status, body)), "{status} {body}");
    }
    assert!(!login(&answer(200, "text/plain", r#"{"token":"x"}"#)));
    assert!(!is_documented(Method::GET, "/chats", &json(200, r#"[{"chat_id":1}]"#)));
    assert!(is_documented(Method::GET, "/chats", &json(200, "[]")));
    assert!(is_documented(Method::DELETE, "/chats/7", &answer(204, "", "")));
    assert!(!is_documented(Method::DELETE, "/chats/7", &answer(204, "", "x")));
}

#[test]
fn frames_are_what_the_document_has() {
    let system = |frame: Value| names_of(Sender::System, &frame).ok();
    assert_eq!(system(json!({"type": "pong"})), Some(vec!["Pong"]));
    assert_eq!(system(json!({"type": "ready", "user_id": "x"})), Some(vec!["Ready"]));
    assert_eq!(system(json!({"error": "No.", "code": "no"})), Some(vec!["Refusal"]));
    let activity = json!({"type": "user_activity", "user_id": 7, "login": true});
    assert_eq!(system(activity), Some(vec!["UserActivity"]));
    for wrong in [
        json!({"type": "user_activity", "user_id": 7}),
        json!({"type": "user_activity", "user_id": 7, "login": true, "more": 1}),
        json!({"type": "ping"}),
        json!({"type": "ready", "user_id": 1.5}),
        json!({"error": "No.", "code": "no", "type": "error"}),
        json!({}),
        json!([]),
    ] {
        assert_eq!(system(wrong.clone()), None, "{wrong}");
    }
    let client = |frame: Value| names_of(Sender::Client, &frame).ok();
    assert_eq!(client(json!({"type": "ping", "token": "x"})), Some(vec!["Ping"]));
    assert_eq!(client(json!({"token": "x"})), Some(vec!["Init"]));
    assert_eq!(client(json!({"type": "pong"})), None);
}

#[test]
fn the_socket_document_is_one_by_the_schema_of_asyncapi() {
    let schema = serde_json::from_str(include_str!("../../asyncapi/3.0.0.json")).expect("a schema of JSON");
    let validator = jsonschema::options().offline().build(&schema).expect("a schema");
    let faults: Vec<_> = validator.iter_errors(&SOCKET.text).map(|error| format!("{error:?}")).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    // It says no, too.
    let mut wrong = SOCKET.text.clone();
    wrong["operations"]["ping"]["action"] = json!("listen");
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn frames_have_examples_that_fit() {
    for (name, message) in SOCKET.text["components"]["messages"].as_object().expect("messages") {
        let examples = message["examples"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert!(!examples.is_empty(), "{name} has no example");
        for example in examples {
            let faults = SOCKET.faults(&format!("/components/schemas/{name}"), &example["payload"]);
            assert!(faults.is_empty(), "{name}: {example}: {faults:?}");
        }
    }
}

/// The example of a schema. An array's is one of what it holds.
fn example_of(schema: &Value) -> Option<Value> {
    let referred = schema["$ref"].as_str().map(|reference| reference.trim_start_matches('#'));
    let schema = referred.map_or(schema, |place| HTTP.text.pointer(place).expect("what is referred to"));
    match schema.get("example") {
        Some(example) => Some(example.clone()),
        None => example_of(schema.get("items")?).map(|item| json!([item])),
    }
}

#[test]
fn bodies_have_examples_that_fit() {
    let mut count = 0;
    for (path, item) in HTTP.text["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let place = format!("/paths/{}/{method}", escaped(path));
            let statuses = operation["responses"].as_object().expect("responses").keys();
            let bodies = statuses.map(|status| format!("{place}/responses/{status}"));
            for body in bodies.chain([format!("{place}/requestBody")]) {
                let content = HTTP.text.pointer(&body).and_then(|body| body["content"].as_object());
                for (kind, content) in content.into_iter().flatten().filter(|(kind, _)| *kind != "text/html")
                {
                    let example = content.get("example").cloned().or_else(|| example_of(&content["schema"]));
                    let example = example.unwrap_or_else(|| panic!("{body} has no example of {kind}"));
                    let faults = HTTP.faults(&format!("{body}/content/{}/schema", escaped(kind)), &example);
                    assert!(faults.is_empty(), "{body}: {example}: {faults:?}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 500, "{count}");
}

#[test]
fn ids_are_what_a_javascript_client_can_hold() {
    let is_id = |id| HTTP.faults("/components/schemas/ChatId", &id).is_empty();
    assert!(is_id(json!(9_007_199_254_740_991_u64)));
    for wrong in [json!(0), json!(-1), json!(9_007_199_254_740_992_u64), json!("1"), json!(1.5)] {
        assert!(!is_id(wrong));
    }
}
