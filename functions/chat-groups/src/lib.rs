//! Groups (document 002, steps 10 to 15).

mod groups;
mod presence;
mod wire;

use axum::Router;
use axum::routing::{delete, get};
use chat::http::Shared;
use utoipa::OpenApi;

/// The paths of this group.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/chat_groups", get(groups::list).post(groups::create).put(groups::rename_any))
        .route("/chat_groups/{chat_group_id}", get(presence::enter).put(groups::rename))
        .route("/chat_groups/{chat_group_id}/presence", delete(presence::leave))
}

#[derive(OpenApi)]
#[openapi(paths(
    groups::create,
    groups::rename,
    groups::rename_any,
    groups::list,
    presence::enter,
    presence::leave,
))]
struct Operations;

/// What the paths of this group take and answer.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Operations::openapi()
}
