//! The documents are what the code says, have the template's routes, and are whole.

mod socket;

use saphyr::{LoadableYamlNode, Yaml};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];
const DOCUMENTS: [&str; 5] = ["signed", "direct", "live", "web", "conversations"];
/// What every operation may be answered: by API Gateway, over a limit, or in trouble.
const ANYWHERE: [&str; 5] = ["413", "429", "431", "500", "503"];

/// A file by its path from the root of the workspace.
fn file(path: &str) -> String {
    let path = format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn document() -> Value {
    serde_json::to_value(documents::http::document()).expect("JSON")
}

/// The operations of the document by method and path.
fn operations(document: &Value) -> BTreeMap<(String, &str), &Value> {
    let paths = document["paths"].as_object().expect("paths").iter();
    let all = paths.flat_map(|(path, item)| METHODS.iter().map(move |method| (method, path, item)));
    all.filter_map(|(method, path, item)| Some(((method.to_uppercase(), path.as_str()), item.get(method)?)))
        .collect()
}

#[test]
fn the_file_is_what_the_code_says() {
    let is_equal = file("infra/openapi.json") == documents::http::text().expect("a document");
    assert!(is_equal, "run `cargo run -p documents` and keep infra/openapi.json as it is then");
}

/// What a map holds.
fn values<'a, 'b>(map: &'b Yaml<'a>) -> Vec<&'b Yaml<'a>> {
    map.as_mapping().into_iter().flat_map(|map| map.values()).collect()
}

/// The routes of the template's HTTP API but those that catch what no other takes. `/x/` is `/x`.
fn routes(template: &str) -> BTreeSet<(String, String)> {
    let documents = Yaml::load_from_str(template).expect("YAML");
    let resources = values(documents[0].as_mapping_get("Resources").expect("resources"));
    let events = resources
        .iter()
        .filter_map(|resource| resource.as_mapping_get("Properties")?.as_mapping_get("Events"));
    let route = |event: &Yaml<'_>| {
        let properties = event.as_mapping_get("Properties")?;
        let text = |name| Some(properties.as_mapping_get(name)?.as_str()?.to_owned());
        let is_http = event.as_mapping_get("Type")?.as_str() == Some("HttpApi");
        Some((text("Method")?, text("Path")?)).filter(|_| is_http)
    };
    let routes = events.flat_map(values).filter_map(route);
    let routes = routes.map(|(method, path)| (method, path.trim_end_matches('/').to_owned()));
    routes.filter(|(_, path)| !path.is_empty() && path != "/{path+}").collect()
}

#[test]
fn each_route_of_the_template_is_an_operation_and_each_operation_is_a_route() {
    let routes = routes(&file("template.yaml"));
    assert!(routes.len() > 60, "the template is not read as it is written: {routes:?}");
    let document = document();
    let operations: BTreeSet<_> =
        operations(&document).into_keys().map(|(method, path)| (method, path.to_owned())).collect();
    let missing: Vec<_> = routes.difference(&operations).collect();
    let unknown: Vec<_> = operations.difference(&routes).collect();
    assert!(missing.is_empty(), "routes that no operation describes: {missing:?}");
    assert!(unknown.is_empty(), "operations that no route leads to: {unknown:?}");
}

#[test]
fn no_two_schemas_have_one_name() {
    let mut known = BTreeMap::new();
    for part in documents::http::parts() {
        for (name, schema) in part.components.map(|components| components.schemas).unwrap_or_default() {
            let schema = serde_json::to_value(schema).expect("JSON");
            let other = known.insert(name.clone(), schema.clone());
            assert!(other.is_none_or(|other| other == schema), "two schemas are called {name}");
        }
    }
}

#[test]
fn every_reference_refers_to_something() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        found.extend(value.get("$ref").and_then(Value::as_str));
        let parts = value.as_object().into_iter().flat_map(|object| object.values());
        parts.chain(value.as_array().into_iter().flatten()).for_each(|part| references(part, found));
    }
    for document in [document(), documents::socket::document()] {
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        let is_dangling = |reference: &&str| document.pointer(reference.trim_start_matches('#')).is_none();
        let dangling: Vec<_> = found.into_iter().filter(is_dangling).collect();
        assert!(dangling.is_empty(), "{dangling:?}");
    }
}

#[test]
fn operations_say_all_there_is_to_say() {
    let document = document();
    let mut names = BTreeSet::new();
    for (place, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{place:?} has no name"));
        assert!(names.insert(name), "{name} is the name of two operations");
        let tags: Vec<_> =
            operation["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert!(matches!(tags[..], [tag] if DOCUMENTS.contains(&tag)), "{name} stands in {tags:?}");
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(summary.ends_with('.'), "{name} has no sentence: {summary:?}");

        let responses = operation["responses"].as_object().expect("responses");
        let has = |status: &str| responses.contains_key(status);
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name} never succeeds");
        assert!(ANYWHERE.into_iter().all(has), "{name} never fails: {:?}", responses.keys());

        let parameters: Vec<_> = operation["parameters"].as_array().into_iter().flatten().collect();
        let in_path: BTreeSet<_> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        let parts = place.1.split('/');
        let in_route: BTreeSet<_> =
            parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(in_path, in_route, "{name}");
        let has_body = operation.get("requestBody").is_some();
        assert!(has("400") || !has_body && parameters.is_empty(), "{name} takes everything");
        // Document 003 has one status for both.
        assert!(has("415") || tags == ["web"] || !has_body, "{name} takes every content type");

        let schemes = operation["security"].as_array().into_iter().flatten();
        let schemes: Vec<_> = schemes.filter_map(Value::as_object).flat_map(|scheme| scheme.keys()).collect();
        for scheme in &schemes {
            assert!(document["components"]["securitySchemes"].get(scheme.as_str()).is_some(), "{scheme}");
        }
        assert!(has("401") || has("403") || schemes.is_empty(), "{name} lets everybody in");
    }
}
