//! `/chat_groups/{chat_group_id}` and its `/presence`: entering and leaving.

use crate::wire::EnteredGroup;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::http::{Path, Query, Shared, Until, User, refusals};
use chat::ids::ChatId;
use chat::sessions::Bearer;
use chat::{Result, groups};

/// Enters a group with all sockets of the caller, and gives its newest 100 messages.
///
/// The first time makes a member. A look at messages that are older than a moment enters nothing.
#[utoipa::path(
    get,
    path = "/chat_groups/{chat_group_id}",
    operation_id = "enterGroup",
    tag = "live",
    security(("login_header" = []), ("login_bearer" = [])),
    params(("chat_group_id" = ChatId, Path, description = "The group"), Until),
    responses(
        (
            status = 200,
            description = "The group, who is in it, and its messages, the newest first",
            body = EnteredGroup,
        ),
        refusals::Invalid, refusals::Unauthenticated, refusals::NotFound, refusals::Anywhere,
    ),
)]
pub(crate) async fn enter(
    State(backend): State<Shared>,
    caller: Bearer,
    Path(chat_group_id): Path<ChatId>,
    Query(until): Query<Until>,
) -> Result<Json<EnteredGroup>> {
    let inside = groups::enter(&backend, caller.into(), chat_group_id, until.moment()?).await?;
    Ok(Json(inside.into()))
}

/// Leaves a group with all sockets of the caller.
#[utoipa::path(
    delete,
    path = "/chat_groups/{chat_group_id}/presence",
    operation_id = "leaveGroup",
    tag = "live",
    security(("login_header" = []), ("login_bearer" = [])),
    params(("chat_group_id" = ChatId, Path, description = "The group")),
    responses(
        (status = 204, description = "The caller is not in the group"),
        refusals::Invalid, refusals::Unauthenticated, refusals::NotFound, refusals::Anywhere,
    ),
)]
pub(crate) async fn leave(
    State(backend): State<Shared>,
    User(user): User,
    Path(chat_group_id): Path<ChatId>,
) -> Result<StatusCode> {
    groups::leave(&backend, user, chat_group_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
