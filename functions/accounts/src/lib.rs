//! Accounts by e-mail and notifications (document 002, steps 1 to 3, 7 and 8).

mod notifications;
mod registration;
mod session;
mod users;
mod wire;

use axum::Router;
use axum::routing::{get, post};
use chat::http::Shared;
use utoipa::OpenApi;

/// The paths of this group.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/register", post(registration::create))
        .route("/register/{token}", get(registration::confirm))
        .route("/login", post(session::create))
        .route("/logout", get(session::delete))
        .route("/users", get(users::list))
        .route("/notifications", get(notifications::list).put(notifications::mark_read))
}

#[derive(OpenApi)]
#[openapi(paths(
    registration::create,
    registration::confirm,
    session::create,
    session::delete,
    users::list,
    notifications::list,
    notifications::mark_read,
))]
struct Operations;

/// What the paths of this group take and answer.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Operations::openapi()
}
