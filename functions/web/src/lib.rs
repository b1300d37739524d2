//! The form-and-cookie API (document 003).

mod chats;
mod members;
mod messages;
mod refusal;
mod session;
mod users;
mod wire;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::{get, post};
use chat::http::Shared;
use utoipa::OpenApi;

/// The paths of this group.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/login", post(session::create).layer(map_response(refusal::of_login)))
        .route("/api/logout", get(session::delete))
        .route("/api/user", get(users::find).post(users::create).put(users::change).delete(users::delete))
        .route("/api/user/{user_id}", get(users::read).put(users::change_own).delete(users::delete_own))
        .route("/api/chats", get(chats::list).post(chats::create).delete(chats::leave))
        .route(
            "/api/chats/{chat_id}",
            get(messages::list).post(messages::post).put(chats::rename).delete(messages::delete),
        )
        .route("/api/chats/{chat_id}/users", post(members::create))
        .layer(map_response(refusal::documented))
}

#[derive(OpenApi)]
#[openapi(paths(
    session::create,
    session::delete,
    users::find,
    users::read,
    users::create,
    users::change,
    users::change_own,
    users::delete,
    users::delete_own,
    chats::list,
    chats::create,
    chats::leave,
    chats::rename,
    messages::list,
    messages::post,
    messages::delete,
    members::create,
))]
struct Operations;

/// What the paths of this group take and answer.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Operations::openapi()
}
