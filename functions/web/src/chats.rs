//! `/api/chats`, and the title of a chat.

use crate::wire::{Chats, Leaving, Made, Status, Titled};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use chat::http::cookies::{ByPair, OwnPage};
use chat::http::{FormBody, Path, Query, Shared, Window};
use chat::ids::ChatId;
use chat::{Result, web_chats};

pub(crate) async fn list(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    Query(window): Query<Window>,
) -> Result<Json<Chats>> {
    Ok(Json(web_chats::list(&backend, caller.into(), window.of_list()?).await?.into()))
}

pub(crate) async fn create(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    OwnPage: OwnPage,
    FormBody(body): FormBody<Titled>,
) -> Result<Response> {
    let owner = caller.confirm(&backend).await?.user_id;
    let chat = web_chats::create(&backend, owner, body.title).await?;
    let location = [(LOCATION, format!("/api/chats/{chat}"))];
    Ok((StatusCode::CREATED, location, Json(Made::new(Some(chat.get())))).into_response())
}

pub(crate) async fn leave(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    OwnPage: OwnPage,
    Query(query): Query<Leaving>,
) -> Result<Json<Status>> {
    let user = caller.confirm(&backend).await?.user_id;
    web_chats::leave(&backend, user, query.chat_id).await?;
    Ok(Json(Status::OK))
}

pub(crate) async fn rename(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    OwnPage: OwnPage,
    Path(chat): Path<ChatId>,
    FormBody(body): FormBody<Titled>,
) -> Result<Json<Status>> {
    let user = caller.confirm(&backend).await?.user_id;
    web_chats::rename(&backend, user, chat, &body.title).await?;
    Ok(Json(Status::OK))
}
