//! Every route of the template has a row, and every row is about a route.

use std::collections::BTreeSet;

use tests::template::{http_routes, socket_routes};

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

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let rows = TABLES.iter().copied().flatten();
    let rows: BTreeSet<_> = rows.map(|row| (row.method.to_owned(), row.route.to_owned())).collect();
    let routes = http_routes();
    let without_rows: Vec<_> = routes.difference(&rows).collect();
    let without_routes: Vec<_> = rows.difference(&routes).collect();
    assert!(without_rows.is_empty(), "routes without a row: {without_rows:?}");
    assert!(without_routes.is_empty(), "rows without a route: {without_routes:?}");
}

#[test]
fn every_route_of_the_socket_has_a_frame_and_every_frame_a_route() {
    let mut keys = socket_routes();
    // What opens and ends a socket is no frame.
    keys.retain(|key| !["$connect", "$disconnect"].contains(&key.as_str()));
    let rows: BTreeSet<_> = frames::ROWS.iter().map(|row| row.route().to_owned()).collect();
    assert_eq!(rows, keys);
}
