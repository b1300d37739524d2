//! The chat with the bot (document 002, step 4). What is said to it comes over the socket.

mod messages;
mod wire;

use axum::Router;
use axum::routing::get;
use chat::http::{Shared, openapi};
use utoipa::OpenApi;
use utoipa::openapi::path::HttpMethod;

/// The paths of this group. The document spells the first both ways.
pub fn routes() -> Router<Shared> {
    Router::new().route("/chat_bot", get(messages::list)).route("/chat-bot", get(messages::list))
}

#[derive(OpenApi)]
#[openapi(paths(messages::list,))]
struct Operations;

/// What the paths of this group take and answer.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut api = Operations::openapi();
    openapi::also(&mut api, HttpMethod::Get, "/chat_bot", "/chat-bot", "readBotHyphen");
    api
}
