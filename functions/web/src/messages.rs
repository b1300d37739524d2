//! `/api/chats/{chat_id}`: its messages.

use crate::wire::{Made, Messages, NewMessage, Paging, Status, Unwanted};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::http::cookies::{ByPair, OwnPage};
use chat::http::{FormBody, IdempotencyKey, Path, Query, Shared};
use chat::ids::ChatId;
use chat::send::{Draft, Kind};
use chat::{Result, web_chats};

pub(crate) async fn list(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    Path(chat): Path<ChatId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Messages>> {
    let (until, count) = paging.into_parts()?;
    Ok(Json(web_chats::read(&backend, caller.into(), chat, until, count).await?.into()))
}

pub(crate) async fn post(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    OwnPage: OwnPage,
    Path(chat): Path<ChatId>,
    IdempotencyKey(client_id): IdempotencyKey,
    FormBody(body): FormBody<NewMessage>,
) -> Result<(StatusCode, Json<Made>)> {
    let draft = Draft { text: body.content, kind: Kind::Text, client_id };
    let sent = web_chats::post(&backend, caller.into(), chat, draft).await?;
    Ok((StatusCode::CREATED, Json(Made::new(sent.place().map(|(seq, _)| seq)))))
}

pub(crate) async fn delete(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    OwnPage: OwnPage,
    Path(chat): Path<ChatId>,
    Query(query): Query<Unwanted>,
) -> Result<Json<Status>> {
    let user = caller.confirm(&backend).await?.user_id;
    web_chats::delete_message(&backend, user, chat, query.id).await?;
    Ok(Json(Status::OK))
}
