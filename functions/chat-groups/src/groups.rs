//! `/chat_groups`: making, renaming and listing groups.

use crate::wire::{Group, Groups, NewGroup, NewName, Paging};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::http::{Body, Path, Query, Shared, User, count};
use chat::ids::ChatId;
use chat::sessions::Bearer;
use chat::{Error, Result, groups};

/// Groups on a page: by default, at most.
const PAGE: (u64, u64) = (50, 100);

pub(crate) async fn create(
    State(backend): State<Shared>,
    User(user): User,
    Body(body): Body<NewGroup>,
) -> Result<(StatusCode, Json<Group>)> {
    if body.author_id.is_some_and(|author| author != user) {
        return Err(Error::Forbidden("The author of a group is the caller"));
    }
    let group = groups::create(&backend, user, body.chat_group_name).await?;
    Ok((StatusCode::CREATED, Json(group.into())))
}

pub(crate) async fn rename(
    State(backend): State<Shared>,
    User(user): User,
    Path(chat_group_id): Path<ChatId>,
    Body(body): Body<NewName>,
) -> Result<Json<Group>> {
    if body.chat_group_id.is_some_and(|id| id != chat_group_id) {
        return Err(Error::invalid("invalid_body", "The chat_group_id of the body is not the path's"));
    }
    let group = groups::rename(&backend, user, Some(chat_group_id), &body.chat_group_name).await?;
    Ok(Json(group.into()))
}

pub(crate) async fn rename_any(
    State(backend): State<Shared>,
    User(user): User,
    Body(body): Body<NewName>,
) -> Result<Json<Group>> {
    let group = groups::rename(&backend, user, body.chat_group_id, &body.chat_group_name).await?;
    Ok(Json(group.into()))
}

pub(crate) async fn list(
    State(backend): State<Shared>,
    caller: Bearer,
    Query(paging): Query<Paging>,
) -> Result<Json<Groups>> {
    let count = count(paging.count, PAGE.0, PAGE.1)?;
    let (entries, next) = groups::list(&backend, caller.into(), paging.next, count as usize).await?;
    Ok(Json(Groups { chat_groups: entries.into_iter().map(Into::into).collect(), next }))
}
