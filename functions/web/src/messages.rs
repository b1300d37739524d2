//! `/api/chats/{chat_id}`: its messages.

use crate::refusal::{BadRequest, Forbidden};
use crate::wire::{Made, Messages, NewMessage, Paging, Status, Unwanted};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::http::cookies::{ByPair, OwnPage};
use chat::http::{FormBody, IdempotencyKey, Path, Query, Shared, Until, refusals};
use chat::ids::ChatId;
use chat::send::{Draft, Kind};
use chat::{Result, web_chats};

/// The newest messages of a chat, or those that are older than a moment.
#[utoipa::path(
    get,
    path = "/api/chats/{chat_id}",
    operation_id = "readWebChat",
    tag = "web",
    security(("web_user_id" = [], "web_token" = []), ("web_user_id" = [], "web_access_token" = [])),
    params(("chat_id" = ChatId, Path, description = "The chat"), Paging, Until),
    responses(
        (status = 200, description = "The messages", body = Messages),
        BadRequest,
        Forbidden,
        refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn list(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    Path(chat): Path<ChatId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Messages>> {
    let (until, count) = paging.into_parts()?;
    Ok(Json(web_chats::read(&backend, caller.into(), chat, until, count).await?.into()))
}

/// Sends a message.
#[utoipa::path(
    post,
    path = "/api/chats/{chat_id}",
    operation_id = "postToWebChat",
    tag = "web",
    security(("web_user_id" = [], "web_token" = []), ("web_user_id" = [], "web_access_token" = [])),
    params(("chat_id" = ChatId, Path, description = "The chat"), IdempotencyKey),
    request_body(content = NewMessage, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 201, description = "The message is there", body = Made),
        BadRequest,
        Forbidden,
        refusals::NotFound,
        refusals::Anywhere,
    ),
)]
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

/// Deletes a message of the caller's own.
#[utoipa::path(
    delete,
    path = "/api/chats/{chat_id}",
    operation_id = "deleteWebMessage",
    tag = "web",
    security(("web_user_id" = [], "web_token" = []), ("web_user_id" = [], "web_access_token" = [])),
    params(("chat_id" = ChatId, Path, description = "The chat"), Unwanted),
    responses(
        (status = 200, description = "It is gone", body = Status),
        BadRequest,
        Forbidden,
        refusals::NotFound,
        refusals::Anywhere,
    ),
)]
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
