//! Tokens, keys and signed messages of platforms' users (document 000, workflow steps 2, 4 and 5).

mod messages;
mod public_key;
mod token;
mod wire;

use axum::Router;
use axum::routing::{get, post};
use chat::http::{Shared, worded};
use utoipa::OpenApi;

/// The paths of this group.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/token", post(token::create).put(token::refresh).layer(worded("Invalid parameters")))
        .route("/publicKey", get(public_key::read))
        .route("/messages", get(messages::fetch).post(messages::post).layer(worded("Bad request")))
}

#[derive(OpenApi)]
#[openapi(paths(token::create, token::refresh, public_key::read, messages::post, messages::fetch,))]
struct Operations;

/// What the paths of this group take and answer.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Operations::openapi()
}
