//! Direct chats and the mailbox (document 001).

mod chats;
mod chats_v2;
mod wire;

use axum::Router;
use axum::routing::{get, post};
use chat::http::Shared;

/// The paths of this group.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/chats", get(chats::list).post(chats::send))
        .route("/chats/unread", get(chats::list_unread))
        .route("/chats/read", post(chats::mark_read))
        .route("/chats/users/{user_a_id}/{user_b_id}", get(chats::find))
        .route("/chats/{chat_id}", get(chats::history).delete(chats::delete))
        .route("/chats/{user_a_id}/{user_b_id}", get(chats::history_of_two))
        .route("/chats_v2", post(chats::send))
        .route("/chats_v2/unread", get(chats::list_unread))
        .route("/chats_v2/users/{user_a_id}/{user_b_id}", get(chats::find))
        .route("/chats_v2/{chat_id}", get(chats_v2::fetch).delete(chats::delete))
        .route("/chats_v2/{chat_id}/ack", post(chats_v2::acknowledge))
        .route("/chats_v2/{user_a_id}/{user_b_id}", get(chats_v2::fetch_of_two))
}
