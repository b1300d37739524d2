//! `/chat_groups`: making, renaming and listing groups.

use crate::wire::{Group, Groups, NewGroup, NewName, Paging};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::http::{Body, Path, Query, Shared, User, count, refusals};
use chat::ids::ChatId;
use chat::sessions::Bearer;
use chat::{Error, Result, groups};

/// Groups on a page: by default, at most.
const PAGE: (u64, u64) = (50, 100);

/// Makes a group, which is the caller's.
#[utoipa::path(
    post,
    path = "/chat_groups",
    operation_id = "createGroup",
    tag = "live",
    security(("login_header" = []), ("login_bearer" = [])),
    request_body(content(
        (NewGroup = "application/json"),
        (NewGroup = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 201, description = "The new group", body = Group),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::UnsupportedMediaType,
        refusals::Anywhere,
    ),
)]
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

/// Renames a group of the caller.
#[utoipa::path(
    put,
    path = "/chat_groups/{chat_group_id}",
    operation_id = "renameGroup",
    tag = "live",
    security(("login_header" = []), ("login_bearer" = [])),
    params(("chat_group_id" = ChatId, Path, description = "The group")),
    request_body(content(
        (NewName = "application/json"),
        (NewName = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "The group", body = Group),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::UnsupportedMediaType, refusals::Anywhere,
    ),
)]
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

/// Renames a group of the caller; without an id, the one that the caller is in.
#[utoipa::path(
    put,
    path = "/chat_groups",
    operation_id = "renameAnyGroup",
    tag = "live",
    security(("login_header" = []), ("login_bearer" = [])),
    request_body(content(
        (NewName = "application/json"),
        (NewName = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "The group", body = Group),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::UnsupportedMediaType, refusals::Anywhere,
    ),
)]
pub(crate) async fn rename_any(
    State(backend): State<Shared>,
    User(user): User,
    Body(body): Body<NewName>,
) -> Result<Json<Group>> {
    let group = groups::rename(&backend, user, body.chat_group_id, &body.chat_group_name).await?;
    Ok(Json(group.into()))
}

/// A page of all groups.
#[utoipa::path(
    get,
    path = "/chat_groups",
    operation_id = "listGroups",
    tag = "live",
    security(("login_header" = []), ("login_bearer" = [])),
    params(Paging),
    responses(
        (status = 200, description = "The page, and where the next one begins", body = Groups),
        refusals::Invalid, refusals::Unauthenticated, refusals::Anywhere,
    ),
)]
pub(crate) async fn list(
    State(backend): State<Shared>,
    caller: Bearer,
    Query(paging): Query<Paging>,
) -> Result<Json<Groups>> {
    let count = count(paging.count, PAGE.0, PAGE.1)?;
    let (entries, next) = groups::list(&backend, caller.into(), paging.next, count as usize).await?;
    Ok(Json(Groups { chat_groups: entries.into_iter().map(Into::into).collect(), next }))
}
