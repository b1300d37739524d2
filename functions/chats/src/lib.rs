//! Direct chats and the mailbox (document 001), and chats of platforms (document 000).

mod chats;
mod chats_v2;
mod signed;
mod wire;

use axum::Router;
use axum::routing::{MethodRouter, delete, get, post, put};
use chat::http::{Shared, openapi, worded};
use signed::INVALID_CHAT;
use utoipa::OpenApi;
use utoipa::openapi::path::HttpMethod;

/// The paths of this group.
pub fn routes() -> Router<Shared> {
    // What is deleted under a word that has a path of its own is a chat by that name, which there is none of.
    Router::new()
        .route("/chats", get(chats::list).post(chats::send))
        .route("/chats/unread", get(chats::list_unread).delete(signed::delete_either))
        .route("/chats/read", post(chats::mark_read).delete(signed::delete_either))
        .route("/chats/users/{user_a_id}/{user_b_id}", get(chats::find))
        .route("/chats/{chat_id}", get(chats::history).delete(signed::delete_either))
        .route("/chats/{user_a_id}/{user_b_id}", get(chats::history_of_two))
        .route("/chats_v2", post(chats::send))
        .route("/chats_v2/unread", get(chats::list_unread).delete(chats::delete_by_login))
        .route("/chats_v2/users/{user_a_id}/{user_b_id}", get(chats::find))
        .route("/chats_v2/{chat_id}", get(chats_v2::fetch).delete(chats::delete_by_login))
        .route("/chats_v2/{chat_id}/ack", post(chats_v2::acknowledge))
        .route("/chats_v2/{user_a_id}/{user_b_id}", get(chats_v2::fetch_of_two))
        .route("/backend/chats/{chat_id}", delete(signed::delete_by_operator).layer(worded(INVALID_CHAT)))
        .merge(users(
            "/backend/chats/{chat_id}/users",
            put(signed::add_by_operator),
            get(signed::view_by_operator),
            delete(signed::remove_by_operator),
        ))
        .merge(users(
            "/chats/{chat_id}/users",
            put(signed::add_by_member),
            get(signed::view_by_member),
            delete(signed::remove_by_member),
        ))
}

/// The three calls of "Chat room management" (000), each with the document's own sentence for a 400.
fn users(
    path: &str,
    add: MethodRouter<Shared>,
    view: MethodRouter<Shared>,
    remove: MethodRouter<Shared>,
) -> Router<Shared> {
    let add = add.layer(worded("Invalid parameters"));
    let view = view.layer(worded(INVALID_CHAT));
    let remove = remove.layer(worded("Bad request"));
    Router::new().route(path, add.merge(view).merge(remove))
}

#[derive(OpenApi)]
#[openapi(
    paths(
        chats::send,
        chats::list,
        chats::list_unread,
        chats::mark_read,
        chats::find,
        chats::history,
        chats::history_of_two,
        chats::delete_by_login,
        chats_v2::fetch,
        chats_v2::fetch_of_two,
        chats_v2::acknowledge,
        signed::add_by_operator,
        signed::add_by_member,
        signed::view_by_operator,
        signed::view_by_member,
        signed::remove_by_operator,
        signed::remove_by_member,
        signed::delete_by_operator,
        signed::delete_either,
    ),
    components(schemas(wire::Ack))
)]
struct Operations;

/// What the paths of this group take and answer.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut api = Operations::openapi();
    openapi::also(&mut api, HttpMethod::Post, "/chats", "/chats_v2", "sendMessageV2");
    openapi::also(&mut api, HttpMethod::Get, "/chats/unread", "/chats_v2/unread", "listUnreadV2");
    let (find, find_v2) = ("/chats/users/{user_a_id}/{user_b_id}", "/chats_v2/users/{user_a_id}/{user_b_id}");
    openapi::also(&mut api, HttpMethod::Get, find, find_v2, "findChatV2");
    api
}
