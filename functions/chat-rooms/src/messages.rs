//! `/chat_rooms/{chat_room_id}` and below: messages.

use crate::wire::{NewMessage, Posted, ReadRoom};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::http::{Body, IdempotencyKey, Path, Query, Shared, Until, User, refusals};
use chat::ids::ChatId;
use chat::send::Draft;
use chat::sessions::Bearer;
use chat::{Result, rooms};

/// The room and its newest 100 messages, or 100 that are older than a moment.
#[utoipa::path(
    get,
    path = "/chat_rooms/{chat_room_id}",
    operation_id = "readRoom",
    tag = "live",
    security(("login_header" = []), ("login_bearer" = [])),
    params(("chat_room_id" = ChatId, Path, description = "The room"), Until),
    responses(
        (status = 200, description = "The room, its newest messages first", body = ReadRoom),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn list(
    State(backend): State<Shared>,
    caller: Bearer,
    Path(chat_room_id): Path<ChatId>,
    Query(until): Query<Until>,
) -> Result<Json<ReadRoom>> {
    let view = rooms::read(&backend, caller.into(), chat_room_id, until.moment()?).await?;
    ReadRoom::new(view).map(Json)
}

/// Sends a message to a room. The first one makes its sender a participant.
#[utoipa::path(
    post,
    path = "/chat_rooms/{chat_room_id}/message",
    operation_id = "postToRoom",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(("chat_room_id" = ChatId, Path, description = "The room"), IdempotencyKey),
    request_body(content(
        (NewMessage = "application/json"),
        (NewMessage = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 201, description = "Where the message stands", body = Posted),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::Conflict, refusals::UnsupportedMediaType, refusals::Anywhere,
    ),
)]
pub(crate) async fn send(
    State(backend): State<Shared>,
    caller: Bearer,
    Path(chat_room_id): Path<ChatId>,
    IdempotencyKey(client_id): IdempotencyKey,
    Body(body): Body<NewMessage>,
) -> Result<(StatusCode, Json<Posted>)> {
    let draft = Draft { text: body.message, kind: body.kind, client_id };
    let sent = rooms::post(&backend, caller.into(), chat_room_id, draft).await?;
    Ok((StatusCode::CREATED, Json(sent.into())))
}

/// Marks a room read.
#[utoipa::path(
    post,
    path = "/chat_rooms/{chat_room_id}/read",
    operation_id = "markRoomRead",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(("chat_room_id" = ChatId, Path, description = "The room")),
    responses(
        (status = 201, description = "The caller has nothing unread in it"),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn mark_read(
    State(backend): State<Shared>,
    User(user): User,
    Path(chat_room_id): Path<ChatId>,
) -> Result<StatusCode> {
    rooms::mark_read(&backend, user, chat_room_id).await?;
    Ok(StatusCode::CREATED)
}
