//! `/api/chats/{chat_id}/users` (extension).

use crate::refusal::{BadRequest, Forbidden};
use crate::wire::{Named, Status};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::http::cookies::{ByPair, OwnPage};
use chat::http::{FormBody, Path, Shared, refusals};
use chat::ids::ChatId;
use chat::{Result, web_chats};

/// Brings another user into a chat.
#[utoipa::path(
    post,
    path = "/api/chats/{chat_id}/users",
    operation_id = "inviteToWebChat",
    tag = "web",
    security(("web_user_id" = [], "web_token" = []), ("web_user_id" = [], "web_access_token" = [])),
    params(("chat_id" = ChatId, Path, description = "The chat")),
    request_body(content = Named, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 201, description = "The user takes part", body = Status),
        BadRequest,
        Forbidden,
        refusals::NotFound,
        refusals::Anywhere,
    ),
)]
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
