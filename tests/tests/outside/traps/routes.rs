//! Every route of the template has a row, and every row is about a route.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::template::http_routes;
use tests::workspace;

use super::{
    Place, Route, accounts, bot, conversations, direct, groups, mailbox, platform_chats, rooms, signed,
    web_chats, web_users,
};

/// Every table of routes.
const TABLES: &[&[Route]] = &[
    accounts::ROUTES,
    accounts::LINKS,
    accounts::NOTIFICATIONS,
    bot::ROUTES,
    conversations::ROUTES,
    direct::ROUTES,
    direct::DELETIONS,
    groups::ROUTES,
    mailbox::ROUTES,
    mailbox::DELETIONS,
    platform_chats::OPERATORS,
    platform_chats::MEMBERS,
    rooms::ROUTES,
    signed::ROUTES,
    signed::POSTS,
    web_chats::ROUTES,
    web_users::ROUTES,
    web_users::ENDS,
];

#[test]
fn every_route_has_its_fields() {
    let rows = TABLES.iter().copied().flatten();
    let rows: BTreeSet<_> = rows.map(|row| (row.method.to_owned(), row.route.to_owned())).collect();
    let routes = http_routes();
    let without_rows: Vec<_> = routes.difference(&rows).collect();
    let without_routes: Vec<_> = rows.difference(&routes).collect();
    assert!(without_rows.is_empty(), "routes without a row: {without_rows:?}");
    assert!(without_routes.is_empty(), "rows without a route: {without_routes:?}");
}

#[test]
fn the_parameters_of_paths_are_fields() {
    for row in TABLES.iter().copied().flatten() {
        let named: BTreeSet<_> = row.route.split('/').filter_map(|part| part.strip_prefix('{')).collect();
        let named: BTreeSet<_> = named.iter().map(|part| part.trim_end_matches('}')).collect();
        let fields = row.fields.iter().filter(|field| field.place == Place::Path);
        assert_eq!(fields.map(|field| field.name).collect::<BTreeSet<_>>(), named, "{row:?}");
    }
}

/// A block, which has fields of its own.
const WHOLE: &str = "outgoingEvents";

/// What a schema of the API document stands for.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).expect("what is referred to"),
        None => schema,
    }
}

/// The names of a body's fields: of the object, or of the objects of which it may be one.
fn properties(document: &Value, schema: &Value) -> BTreeSet<String> {
    let schema = resolved(document, schema);
    let own = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    let kinds = ["oneOf", "anyOf", "allOf"].iter().filter_map(|kind| schema[kind].as_array()).flatten();
    own.chain(kinds.flat_map(|kind| properties(document, kind))).collect()
}

#[test]
fn the_fields_of_the_api_document_are_tried() {
    let document = std::fs::read_to_string(workspace().join("infra/openapi.json")).expect("the document");
    let document: Value = serde_json::from_str(&document).expect("JSON");
    let mut untried = Vec::new();
    for (method, path) in http_routes() {
        let operation = &document["paths"][&path][method.to_lowercase()];
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let mut fields: BTreeSet<_> = parameters
            .map(|parameter| resolved(&document, parameter))
            .map(|parameter| parameter["name"].as_str().expect("a name").to_owned())
            .collect();
        let bodies = operation["requestBody"]["content"].as_object().into_iter().flatten();
        fields.extend(bodies.flat_map(|(_, body)| properties(&document, &body["schema"])));
        fields.remove(WHOLE);
        let rows = TABLES.iter().copied().flatten().filter(|row| (row.method, row.route) == (&method, &path));
        let tried: Vec<_> = rows.flat_map(|row| row.fields).map(|field| field.name).collect();
        let is_tried = |field: &String| tried.iter().any(|name| name.eq_ignore_ascii_case(field));
        untried.extend(
            fields
                .into_iter()
                .filter(|field| !is_tried(field))
                .map(|field| format!("{method} {path}: {field}")),
        );
    }
    assert!(untried.is_empty(), "fields that no trap is set for:\n{}", untried.join("\n"));
}
