//! `/chat_rooms/{chat_room_id}` and below: messages.

use crate::wire::{NewMessage, Posted, ReadRoom};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::http::{Body, IdempotencyKey, Path, Query, Shared, Until, User};
use chat::ids::ChatId;
use chat::send::Draft;
use chat::sessions::Bearer;
use chat::{Result, rooms};

pub(crate) async fn list(
    State(backend): State<Shared>,
    caller: Bearer,
    Path(chat_room_id): Path<ChatId>,
    Query(until): Query<Until>,
) -> Result<Json<ReadRoom>> {
    let view = rooms::read(&backend, caller.into(), chat_room_id, until.moment()?).await?;
    ReadRoom::new(view).map(Json)
}

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

pub(crate) async fn mark_read(
    State(backend): State<Shared>,
    User(user): User,
    Path(chat_room_id): Path<ChatId>,
) -> Result<StatusCode> {
    rooms::mark_read(&backend, user, chat_room_id).await?;
    Ok(StatusCode::CREATED)
}
