//! `/api/conversations/{id}` and the messages below it.

use crate::refusal::{self, OtherSite, Unauthorised};
use crate::wire::{Made, Messages, NewMessage, Newest, Outcome, Place, Row, Status};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chat::http::cookies::{ByCookie, OwnPage};
use chat::http::{Body, IdempotencyKey, Path, Query, Shared, count, refusals};
use chat::ids::ChatId;
use chat::send::{Draft, Kind};
use chat::{Error, Result, topics};

/// Messages in an answer: by default (004), at most.
const NEWEST: (u64, u64) = (10, 100);

/// The newest messages of a conversation.
#[utoipa::path(
    get,
    path = "/api/conversations/{id}",
    operation_id = "readConversation",
    tag = "conversations",
    security(("session" = [])),
    params(("id" = ChatId, Path, description = "The conversation"), Newest),
    responses(
        (status = 200, description = "The messages, oldest first", body = Messages),
        refusals::Invalid,
        Unauthorised,
        refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn list(
    State(backend): State<Shared>,
    ByCookie(caller): ByCookie,
    Path(id): Path<ChatId>,
    Query(newest): Query<Newest>,
) -> Result<Json<Messages>> {
    let count = count(newest.count, NEWEST.0, NEWEST.1)? as usize;
    let page = topics::read(&backend, caller, id, count).await?;
    Ok(Json(Row::rows(id, page).collect()))
}

/// Posts a message.
#[utoipa::path(
    post,
    path = "/api/conversations/{id}",
    operation_id = "postToConversation",
    tag = "conversations",
    security(("session" = [])),
    params(("id" = ChatId, Path, description = "The conversation"), IdempotencyKey),
    request_body(content(
        (NewMessage = "application/json"),
        (NewMessage = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "Where the message is", body = Made),
        refusals::Invalid,
        Unauthorised,
        OtherSite,
        refusals::NotFound,
        refusals::Conflict,
        refusals::UnsupportedMediaType,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn post(
    State(backend): State<Shared>,
    ByCookie(caller): ByCookie,
    OwnPage: OwnPage,
    Path(id): Path<ChatId>,
    IdempotencyKey(client_id): IdempotencyKey,
    Body(body): Body<NewMessage>,
) -> Result<Json<Made>> {
    let draft = Draft { text: body.text, kind: Kind::Text, client_id };
    Ok(Json(topics::post(&backend, caller.into(), id, draft).await?.into()))
}

/// One message.
#[utoipa::path(
    get,
    path = "/api/conversations/{id}/{message_id}",
    operation_id = "readMessage",
    tag = "conversations",
    security(("session" = [])),
    params(Place),
    responses(
        (status = 200, description = "The message", body = Row),
        refusals::Invalid,
        Unauthorised,
        refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn read(
    State(backend): State<Shared>,
    ByCookie(caller): ByCookie,
    Path(place): Path<Place>,
) -> Result<Json<Row>> {
    let page = topics::message(&backend, caller, place.id, place.message_id).await?;
    let row = Row::rows(place.id, page).next();
    row.map(Json).ok_or_else(|| Error::internal("a page without its message"))
}

/// Deletes a message of the caller's own.
#[utoipa::path(
    delete,
    path = "/api/conversations/{id}/{message_id}",
    operation_id = "deleteMessage",
    tag = "conversations",
    security(("session" = [])),
    params(Place),
    responses(
        (status = 200, description = "It is gone", body = Status),
        refusals::Invalid,
        Unauthorised,
        OtherSite,
        refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn delete(
    State(backend): State<Shared>,
    ByCookie(caller): ByCookie,
    OwnPage: OwnPage,
    Path(place): Path<Place>,
) -> Result<Response> {
    let user = caller.confirm(&backend).await?.user_id;
    match topics::delete(&backend, user, place.id, place.message_id).await {
        Ok(()) => Ok(Json(Status { status: Outcome::Success }).into_response()),
        Err(error) => Ok(refusal::of_others_messages(error)),
    }
}
