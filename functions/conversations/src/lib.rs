//! Conversations (document 004).

mod conversations;
mod messages;
mod refusal;
mod register;
mod wire;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::{get, post};
use chat::http::Shared;
use utoipa::OpenApi;

/// The paths of this group.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/auth/register", post(register::create))
        .route("/api/conversations", get(conversations::list).post(conversations::create))
        .route("/api/conversations/{id}", get(messages::list).post(messages::post))
        .route("/api/conversations/{id}/{message_id}", get(messages::read).delete(messages::delete))
        .layer(map_response(refusal::with_status))
}

#[derive(OpenApi)]
#[openapi(
    paths(
        register::create,
        conversations::create,
        conversations::list,
        messages::list,
        messages::post,
        messages::read,
        messages::delete,
    ),
    components(schemas(refusal::Refusal, refusal::Word))
)]
struct Operations;

/// What the paths of this group take and answer.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Operations::openapi()
}
