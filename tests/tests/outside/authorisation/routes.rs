//! Every route of the template has a row, and every row is about a route.

use std::collections::BTreeSet;

use tests::workspace;

use super::{
    Row, accounts, bot, conversations, direct, frames, groups, members, operator, rooms, web_chats, web_users,
};

/// Every table of calls.
const TABLES: &[&[Row]] = &[
    accounts::ROWS,
    accounts::LINKS,
    bot::ROWS,
    conversations::ROWS,
    direct::ROWS,
    direct::MAILBOX,
    groups::ROWS,
    members::ROWS,
    operator::ROWS,
    operator::TRADES,
    rooms::OPEN,
    rooms::FULL,
    rooms::PRIVATE,
    web_chats::ROWS,
    web_users::ROWS,
    web_users::OWN,
];

/// The template, one of its lines for each event.
fn template() -> String {
    std::fs::read_to_string(workspace().join("template.yaml")).expect("the template")
}

/// What stands after a name in a line, up to the end of the value.
fn value<'a>(line: &'a str, name: &str) -> &'a str {
    let (_, rest) = line.split_once(name).unwrap_or_else(|| panic!("no {name} in {line}"));
    rest.trim_start().split([',', '}']).next().unwrap_or_default().trim()
}

/// The routes of the HTTP API but those that catch what no other takes, and but one of the two ways to write
/// a path.
fn routes() -> BTreeSet<(String, String)> {
    let template = template();
    let lines = template.lines().filter(|line| line.contains("Type: HttpApi,"));
    let route = |line: &str| {
        let path = line.split('"').nth(1).unwrap_or_else(|| panic!("no path in {line}"));
        (value(line, "Method:").to_owned(), path.to_owned())
    };
    lines.map(route).filter(|(_, path)| !path.ends_with('/') && path != "/{path+}").collect()
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let rows = TABLES.iter().copied().flatten();
    let rows: BTreeSet<_> = rows.map(|row| (row.method.to_owned(), row.route.to_owned())).collect();
    let routes = routes();
    assert!(routes.len() > 60, "the template is not read as it is written: {routes:?}");
    let without_rows: Vec<_> = routes.difference(&rows).collect();
    let without_routes: Vec<_> = rows.difference(&routes).collect();
    assert!(without_rows.is_empty(), "routes without a row: {without_rows:?}");
    assert!(without_routes.is_empty(), "rows without a route: {without_routes:?}");
}

#[test]
fn every_route_of_the_socket_has_a_frame_and_every_frame_a_route() {
    let template = template();
    let lines = template.lines().skip_while(|line| line.trim() != "Type: AWS::Serverless::WebSocketApi");
    let lines = lines.skip_while(|line| line.trim() != "Routes:").skip(1);
    // Two lines each: the name, and whose it is.
    let lines = lines.take_while(|line| line.starts_with("        "));
    let keys = lines.filter_map(|line| line.trim().strip_suffix(':'));
    // What opens and ends a socket is no frame.
    let keys: BTreeSet<_> = keys.filter(|key| !["$connect", "$disconnect"].contains(key)).collect();
    let rows: BTreeSet<_> = frames::ROWS.iter().map(frames::Row::route).collect();
    assert_eq!(rows, keys);
}
