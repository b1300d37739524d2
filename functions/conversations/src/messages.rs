//! `/api/conversations/{id}` and the messages below it.

use crate::refusal;
use crate::wire::{Made, Messages, NewMessage, Newest, Place, Row, Status};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chat::http::cookies::{ByCookie, OwnPage};
use chat::http::{Body, IdempotencyKey, Path, Query, Shared, count};
use chat::ids::ChatId;
use chat::send::{Draft, Kind};
use chat::{Error, Result, topics};

/// Messages in an answer: by default (004), at most.
const NEWEST: (u64, u64) = (10, 100);

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

pub(crate) async fn read(
    State(backend): State<Shared>,
    ByCookie(caller): ByCookie,
    Path(place): Path<Place>,
) -> Result<Json<Row>> {
    let page = topics::message(&backend, caller, place.id, place.message_id).await?;
    let row = Row::rows(place.id, page).next();
    row.map(Json).ok_or_else(|| Error::internal("a page without its message"))
}

pub(crate) async fn delete(
    State(backend): State<Shared>,
    ByCookie(caller): ByCookie,
    OwnPage: OwnPage,
    Path(place): Path<Place>,
) -> Result<Response> {
    let user = caller.confirm(&backend).await?.user_id;
    match topics::delete(&backend, user, place.id, place.message_id).await {
        Ok(()) => Ok(Json(Status::SUCCESS).into_response()),
        Err(error) => Ok(refusal::of_others_messages(error)),
    }
}
