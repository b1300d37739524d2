//! `/api/chats/{chat_id}/users` (extension).

use crate::wire::{Named, Status};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::http::cookies::{ByPair, OwnPage};
use chat::http::{FormBody, Path, Shared};
use chat::ids::ChatId;
use chat::{Result, web_chats};

pub(crate) async fn create(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    OwnPage: OwnPage,
    Path(chat): Path<ChatId>,
    FormBody(body): FormBody<Named>,
) -> Result<(StatusCode, Json<Status>)> {
    let user = caller.confirm(&backend).await?.user_id;
    web_chats::invite(&backend, user, chat, &body.name).await?;
    Ok((StatusCode::CREATED, Json(Status::OK)))
}
