//! Rooms (documents 001 and 002).

mod messages;
mod rooms;
mod wire;

use axum::Router;
use axum::routing::{get, post};
use chat::http::{Shared, openapi};
use utoipa::OpenApi;
use utoipa::openapi::path::HttpMethod;

/// The paths of this group.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/chat_rooms", get(rooms::list).post(rooms::create))
        .route("/chat_rooms/nearby", get(rooms::list_nearby))
        .route("/chat_rooms/message/unread", get(rooms::list_unread))
        .route("/chat_rooms/{chat_room_id}", get(messages::list))
        .route("/chat_rooms/{chat_room_id}/message", post(messages::send))
        .route("/chat_rooms/{chat_room_id}/message/read", post(messages::mark_read))
        .route("/chat_rooms/{chat_room_id}/read", post(messages::mark_read))
        .route("/chat_rooms/{chat_room_id}/users", get(rooms::list_users))
}

#[derive(OpenApi)]
#[openapi(paths(
    rooms::create,
    rooms::list,
    rooms::list_nearby,
    rooms::list_unread,
    rooms::list_users,
    messages::list,
    messages::send,
    messages::mark_read,
))]
struct Operations;

/// What the paths of this group take and answer.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut api = Operations::openapi();
    let (read, also_read) = ("/chat_rooms/{chat_room_id}/read", "/chat_rooms/{chat_room_id}/message/read");
    openapi::also(&mut api, HttpMethod::Post, read, also_read, "markRoomMessagesRead");
    api
}
