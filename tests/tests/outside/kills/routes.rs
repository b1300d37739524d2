//! Every event of the template that changes something has an operation, and every operation has an event.

use std::collections::BTreeSet;

use tests::template::{http_routes, other_events, socket_routes};

use super::operation::routes;
use super::{
    accounts, background, conversations, direct, groups, platform_chats, rooms, signed, sockets, web_chats,
    web_users,
};

/// Methods that change nothing, and what is read all the same with a change.
const READING: &str = "GET";
const CHANGED_BY_READING: [&str; 6] = [
    "GET /api/logout",
    "GET /chat_groups/{chat_group_id}",
    "GET /chats_v2/{chat_id}",
    "GET /chats_v2/{user_a_id}/{user_b_id}",
    "GET /logout",
    "GET /register/{token}",
];

/// The events of all operations.
fn covered() -> BTreeSet<&'static str> {
    let http = routes(accounts::LOGIN)
        .chain(routes(accounts::SESSION))
        .chain(routes(accounts::APPLYING))
        .chain(routes(accounts::CONFIRMING))
        .chain(routes(conversations::OPERATIONS))
        .chain(routes(direct::OPENING))
        .chain(routes(direct::TALKING))
        .chain(routes(groups::FROM_OUTSIDE))
        .chain(routes(groups::FROM_INSIDE))
        .chain(routes(platform_chats::OPENING))
        .chain(routes(platform_chats::CHANGING))
        .chain(routes(rooms::OPERATIONS))
        .chain(routes(signed::TOKENS))
        .chain(routes(signed::BLOCKS))
        .chain(routes(web_chats::TOGETHER))
        .chain(routes(web_chats::ALONE))
        .chain(routes(web_users::ARRIVING))
        .chain(routes(web_users::SESSIONS))
        .chain(routes(web_users::CHANGING))
        .chain(routes(web_users::LEAVING))
        .chain(routes(web_users::LEAVING_CHATS));
    let sockets = routes(sockets::FIRST)
        .chain(routes(sockets::LATER))
        .chain(routes(sockets::PLACES))
        .chain(routes(sockets::OPENING))
        .chain(routes(sockets::INTRODUCING))
        .chain(routes(sockets::CLOSING));
    let others = routes(background::BURIED)
        .chain(routes(background::DELETED))
        .chain(routes(background::BROADCASTS))
        .chain(routes(background::ROTATION));
    http.chain(sockets).chain(others).collect()
}

#[test]
fn every_event_that_changes_something_has_an_operation_and_every_operation_an_event() {
    let http = http_routes().into_iter().map(|(method, path)| format!("{method} {path}"));
    let changing =
        http.filter(|route| !route.starts_with(READING) || CHANGED_BY_READING.contains(&route.as_str()));
    let changing: BTreeSet<_> = changing.chain(socket_routes()).chain(other_events()).collect();
    let covered = covered();
    let forgotten: Vec<_> = changing.iter().filter(|route| !covered.contains(route.as_str())).collect();
    assert!(forgotten.is_empty(), "events that change something and have no operation: {forgotten:?}");
    let unknown: Vec<_> = covered.iter().filter(|route| !changing.contains(**route)).collect();
    assert!(unknown.is_empty(), "operations of no event: {unknown:?}");
    let known: BTreeSet<_> = CHANGED_BY_READING.map(str::to_owned).into();
    assert!(known.is_subset(&changing), "no routes: {:?}", known.difference(&changing));
}
