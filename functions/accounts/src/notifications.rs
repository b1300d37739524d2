//! `/notifications`.

use crate::wire::{Notifications, NotifiedChat, Status};
use axum::Json;
use axum::extract::State;
use chat::http::{Body, Query, Shared, User, Window, refusals};
use chat::sessions::Bearer;
use chat::{Result, notifications};

/// The chats with something unread or read within a day, the one with the newest message first.
#[utoipa::path(
    get,
    path = "/notifications",
    operation_id = "listNotifications",
    tag = "live",
    security(("login_header" = []), ("login_bearer" = [])),
    params(Window),
    responses(
        (status = 200, description = "The chats", body = Notifications),
        refusals::Invalid, refusals::Unauthenticated, refusals::Anywhere,
    ),
)]
pub(crate) async fn list(
    State(backend): State<Shared>,
    caller: Bearer,
    Query(window): Query<Window>,
) -> Result<Json<Notifications>> {
    let listing = notifications::list(&backend, caller.into(), window.of_list()?).await?;
    Ok(Json(listing.into()))
}

/// Marks a chat read: a room, a group or a chat of two.
#[utoipa::path(
    put,
    path = "/notifications",
    operation_id = "readNotification",
    tag = "live",
    security(("login_header" = []), ("login_bearer" = [])),
    request_body(content(
        (NotifiedChat = "application/json"),
        (NotifiedChat = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "The caller has nothing unread in it", body = Status),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::UnsupportedMediaType, refusals::Anywhere,
    ),
)]
pub(crate) async fn mark_read(
    State(backend): State<Shared>,
    User(user): User,
    Body(body): Body<NotifiedChat>,
) -> Result<Json<Status>> {
    let (chat, kinds) = body.into_parts()?;
    notifications::mark_read(&backend, user, chat, kinds).await?;
    Ok(Json(Status { status: "read" }))
}
