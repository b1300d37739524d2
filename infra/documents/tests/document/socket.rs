//! The document of the WebSocket API.

use crate::{file, values};
use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::Value;
use std::collections::BTreeSet;

fn document() -> Value {
    documents::socket::document()
}

/// What an object of the document holds, by name.
fn entries<'a>(document: &'a Value, place: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    document.pointer(place).and_then(Value::as_object).unwrap_or_else(|| panic!("nothing at {place}")).iter()
}

#[test]
fn the_file_is_what_the_code_says() {
    let is_equal = file("infra/asyncapi.json") == documents::socket::text().expect("a document");
    assert!(is_equal, "run `cargo run -p documents` and keep infra/asyncapi.json as it is then");
}

#[test]
fn each_route_key_of_the_template_is_described_and_no_other_is() {
    let template = file("template.yaml");
    let documents = Yaml::load_from_str(&template).expect("YAML");
    let resources = values(documents[0].as_mapping_get("Resources").expect("resources"));
    let routes = resources
        .iter()
        .filter(|resource| {
            resource.as_mapping_get("Type").and_then(Yaml::as_str) == Some("AWS::Serverless::WebSocketApi")
        })
        .filter_map(|resource| resource.as_mapping_get("Properties")?.as_mapping_get("Routes")?.as_mapping());
    let routes: BTreeSet<_> =
        routes.flat_map(|routes| routes.keys()).filter_map(|key| key.as_str().map(str::to_owned)).collect();
    assert!(routes.len() > 3, "the template is not read as it is written: {routes:?}");

    let document = document();
    let of_operations =
        entries(&document, "/operations").filter_map(|(_, operation)| operation.get("x-route-key"));
    let of_channel = document["channels"]["live"]["x-route-keys"].as_array().into_iter().flatten();
    let described: BTreeSet<_> =
        of_operations.chain(of_channel).filter_map(|key| key.as_str().map(str::to_owned)).collect();
    assert_eq!(described, routes);
}

#[test]
fn frames_have_a_name_and_a_sentence() {
    for (name, message) in entries(&document(), "/components/messages") {
        let summary = message["summary"].as_str().unwrap_or_default();
        assert!(summary.len() > 1 && summary.ends_with('.'), "{name:?} has no sentence: {summary:?}");
        assert!(!name.is_empty(), "{message} has no name");
    }
}

#[test]
fn each_frame_is_sent_by_one_side_and_is_of_the_channel() {
    let document = document();
    let frames: BTreeSet<_> =
        entries(&document, "/components/messages").map(|(name, _)| name.as_str()).collect();
    let in_channel: BTreeSet<_> =
        entries(&document, "/channels/live/messages").map(|(name, _)| name.as_str()).collect();
    assert_eq!(in_channel, frames);
    let named = |list: &Value| -> Vec<String> {
        let all = list.as_array().into_iter().flatten().filter_map(|reference| reference["$ref"].as_str());
        all.filter_map(|reference| reference.rsplit('/').next()).map(str::to_owned).collect()
    };
    let of = |action: &str| -> Vec<String> {
        let all = entries(&document, "/operations").filter(|(_, operation)| operation["action"] == action);
        all.flat_map(|(_, operation)| named(&operation["messages"])).collect()
    };
    let (received, sent) = (of("receive"), of("send"));
    let mut both: Vec<_> = received.iter().chain(&sent).map(String::as_str).collect();
    both.sort_unstable();
    assert_eq!(both, frames.into_iter().collect::<Vec<_>>());
    for (name, operation) in
        entries(&document, "/operations").filter(|(_, operation)| operation["action"] == "receive")
    {
        let answers = named(&operation["reply"]["messages"]);
        assert!(
            !answers.is_empty() && answers.iter().all(|answer| sent.contains(answer)),
            "{name}: {answers:?}"
        );
    }
}
