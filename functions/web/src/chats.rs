//! `/api/chats`, and the title of a chat.

use crate::refusal::{BadRequest, Forbidden};
use crate::wire::{Chats, Leaving, Made, Status, Titled};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use chat::http::cookies::{ByPair, OwnPage};
use chat::http::{FormBody, Path, Query, Shared, Window, refusals};
use chat::ids::ChatId;
use chat::{Result, web_chats};

/// The caller's chats.
#[utoipa::path(
    get,
    path = "/api/chats",
    operation_id = "listWebChats",
    tag = "web",
    security(("web_user_id" = [], "web_token" = []), ("web_user_id" = [], "web_access_token" = [])),
    params(Window),
    responses(
        (status = 200, description = "The chats", body = Chats),
        BadRequest,
        Forbidden,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn list(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    Query(window): Query<Window>,
) -> Result<Json<Chats>> {
    Ok(Json(web_chats::list(&backend, caller.into(), window.of_list()?).await?.into()))
}

/// Makes a chat. Its owner is alone in it at first.
#[utoipa::path(
    post,
    path = "/api/chats",
    operation_id = "createWebChat",
    tag = "web",
    security(("web_user_id" = [], "web_token" = []), ("web_user_id" = [], "web_access_token" = [])),
    request_body(content = Titled, content_type = "application/x-www-form-urlencoded"),
    responses(
        (
            status = 201, description = "The chat is there", body = Made,
            headers(("Location" = String, description = "The chat")),
        ),
        BadRequest,
        Forbidden,
        refusals::Anywhere,
    ),
)]
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

/// Takes the caller out of a chat. The last one who leaves takes the chat along.
#[utoipa::path(
    delete,
    path = "/api/chats",
    operation_id = "leaveWebChat",
    tag = "web",
    security(("web_user_id" = [], "web_token" = []), ("web_user_id" = [], "web_access_token" = [])),
    params(Leaving),
    responses(
        (status = 200, description = "The caller is out of it", body = Status),
        BadRequest,
        Forbidden,
        refusals::NotFound,
        refusals::Anywhere,
    ),
)]
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

/// Gives a chat another title.
#[utoipa::path(
    put,
    path = "/api/chats/{chat_id}",
    operation_id = "renameWebChat",
    tag = "web",
    security(("web_user_id" = [], "web_token" = []), ("web_user_id" = [], "web_access_token" = [])),
    params(("chat_id" = ChatId, Path, description = "The chat")),
    request_body(content = Titled, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It has it", body = Status),
        BadRequest,
        Forbidden,
        refusals::NotFound,
        refusals::Anywhere,
    ),
)]
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
