//! `/chat_groups/{chat_group_id}` and its `/presence`: entering and leaving.

use crate::wire::EnteredGroup;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::http::{Path, Query, Shared, Until, User};
use chat::ids::ChatId;
use chat::sessions::Bearer;
use chat::{Result, groups};

pub(crate) async fn enter(
    State(backend): State<Shared>,
    caller: Bearer,
    Path(chat_group_id): Path<ChatId>,
    Query(until): Query<Until>,
) -> Result<Json<EnteredGroup>> {
    let inside = groups::enter(&backend, caller.into(), chat_group_id, until.moment()?).await?;
    Ok(Json(inside.into()))
}

pub(crate) async fn leave(
    State(backend): State<Shared>,
    User(user): User,
    Path(chat_group_id): Path<ChatId>,
) -> Result<StatusCode> {
    groups::leave(&backend, user, chat_group_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
