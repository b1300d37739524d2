//! What the template says, for tests that must not forget any of it.

use std::collections::BTreeSet;

use crate::workspace;

/// The template, one of its lines for each event.
fn template() -> String {
    std::fs::read_to_string(workspace().join("template.yaml")).expect("the template")
}

/// What stands after a name in a line, up to the end of the value.
fn value<'a>(line: &'a str, name: &str) -> &'a str {
    let (_, rest) = line.split_once(name).unwrap_or_else(|| panic!("no {name} in {line}"));
    rest.trim_start().split([',', '}']).next().unwrap_or_default().trim()
}

/// The routes of the HTTP API as `(method, path)`, but those that catch what no other takes, and but one of the two
/// ways to write a path.
pub fn http_routes() -> BTreeSet<(String, String)> {
    let template = template();
    let lines = template.lines().filter(|line| line.contains("Type: HttpApi,"));
    let route = |line: &str| {
        let path = line.split('"').nth(1).unwrap_or_else(|| panic!("no path in {line}"));
        (value(line, "Method:").to_owned(), path.to_owned())
    };
    let routes: BTreeSet<_> =
        lines.map(route).filter(|(_, path)| !path.ends_with('/') && path != "/{path+}").collect();
    assert!(routes.len() > 60, "the template is not read as it is written: {routes:?}");
    routes
}

/// What else invokes functions, as `<type> of <function>`: queues and schedules.
pub fn other_events() -> BTreeSet<String> {
    let template = template();
    let mut function = "";
    let mut events = BTreeSet::new();
    for line in template.lines() {
        if let Some(id) =
            line.strip_prefix("  ").filter(|id| id.ends_with("Function:") && !id.starts_with(' '))
        {
            function = id.trim_end_matches(':');
        }
        for kind in ["SQS", "ScheduleV2"] {
            if line.contains(&format!("{{Type: {kind},")) {
                events.insert(format!("{kind} of {function}"));
            }
        }
    }
    assert!(events.len() > 3, "the template is not read as it is written: {events:?}");
    events
}

/// The route keys of the WebSocket API.
pub fn socket_routes() -> BTreeSet<String> {
    let template = template();
    let lines = template.lines().skip_while(|line| line.trim() != "Type: AWS::Serverless::WebSocketApi");
    let lines = lines.skip_while(|line| line.trim() != "Routes:").skip(1);
    // Two lines each: the name, and whose it is.
    let lines = lines.take_while(|line| line.starts_with("        "));
    let routes: BTreeSet<_> =
        lines.filter_map(|line| line.trim().strip_suffix(':')).map(str::to_owned).collect();
    assert!(routes.contains("$connect"), "the template is not read as it is written: {routes:?}");
    routes
}
