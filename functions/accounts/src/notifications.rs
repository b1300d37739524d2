//! `/notifications`.

use crate::wire::{Notifications, NotifiedChat, Status};
use axum::Json;
use axum::extract::State;
use chat::http::{Body, Query, Shared, User, Window};
use chat::sessions::Bearer;
use chat::{Result, notifications};

pub(crate) async fn list(
    State(backend): State<Shared>,
    caller: Bearer,
    Query(window): Query<Window>,
) -> Result<Json<Notifications>> {
    let listing = notifications::list(&backend, caller.into(), window.of_list()?).await?;
    Ok(Json(listing.into()))
}

pub(crate) async fn mark_read(
    State(backend): State<Shared>,
    User(user): User,
    Body(body): Body<NotifiedChat>,
) -> Result<Json<Status>> {
    let (chat, kinds) = body.into_parts()?;
    notifications::mark_read(&backend, user, chat, kinds).await?;
    Ok(Json(Status { status: "read" }))
}
