//! `/chats`, and what `/chats_v2` has in common with it.

use crate::wire::{ChatRef, ListedChat, NewMessage, Read, Row, TwoUsers, UnreadChat, rows};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::direct;
use chat::http::{Body, IdempotencyKey, Path, Query, Shared, User, Window, refusals};
use chat::ids::{ChatId, UserId};
use chat::send::Draft;
use chat::sessions::Bearer;
use chat::{Backend, Result};

/// Messages on a page of history: by default, at most.
const PAGE: (u64, u64) = (50, 100);

/// Sends a message to a user. Two users have one chat, whoever starts it.
#[utoipa::path(
    post,
    path = "/chats",
    operation_id = "sendMessage",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(IdempotencyKey),
    request_body(content(
        (NewMessage = "application/json"),
        (NewMessage = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 201, description = "Where the message stands", body = ChatRef),
        refusals::Invalid, refusals::Unauthenticated, refusals::NotFound, refusals::Conflict,
        refusals::UnsupportedMediaType, refusals::Anywhere,
    ),
)]
pub(crate) async fn send(
    State(backend): State<Shared>,
    caller: Bearer,
    IdempotencyKey(client_id): IdempotencyKey,
    Body(body): Body<NewMessage>,
) -> Result<(StatusCode, Json<ChatRef>)> {
    let draft = Draft { text: body.message, kind: body.kind, client_id };
    let sent = direct::send(&backend, caller.into(), body.receiver_id, draft).await?;
    Ok((StatusCode::CREATED, Json(sent.into())))
}

/// The chats of the caller, the one with the newest message first.
#[utoipa::path(
    get,
    path = "/chats",
    operation_id = "listChats",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(Window),
    responses(
        (status = 200, description = "The chats", body = Vec<ListedChat>),
        refusals::Invalid, refusals::Unauthenticated, refusals::Anywhere,
    ),
)]
pub(crate) async fn list(
    State(backend): State<Shared>,
    caller: Bearer,
    Query(window): Query<Window>,
) -> Result<Json<Vec<ListedChat>>> {
    let listing = direct::list(&backend, caller.into(), window.of_list()?, |_| true).await?;
    let chats = listing.chats.into_iter();
    Ok(Json(chats.filter_map(|chat| ListedChat::new(chat, &listing.people)).collect()))
}

/// The chats with something that the caller has not read.
#[utoipa::path(
    get,
    path = "/chats/unread",
    operation_id = "listUnread",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(Window),
    responses(
        (
            status = 200,
            description = "The chats, the one with the newest message first",
            body = Vec<UnreadChat>,
        ),
        refusals::Invalid, refusals::Unauthenticated, refusals::Anywhere,
    ),
)]
pub(crate) async fn list_unread(
    State(backend): State<Shared>,
    caller: Bearer,
    Query(window): Query<Window>,
) -> Result<Json<Vec<UnreadChat>>> {
    let listing = direct::list(&backend, caller.into(), window.of_list()?, |chat| chat.unread > 0).await?;
    Ok(Json(listing.chats.into_iter().map(|chat| UnreadChat::new(chat, &listing.people)).collect()))
}

/// Marks a chat read.
#[utoipa::path(
    post,
    path = "/chats/read",
    operation_id = "markRead",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    request_body(content(
        (Read = "application/json"),
        (Read = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 201, description = "The caller has nothing unread in it"),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::UnsupportedMediaType, refusals::Anywhere,
    ),
)]
pub(crate) async fn mark_read(
    State(backend): State<Shared>,
    User(user): User,
    Body(body): Body<Read>,
) -> Result<StatusCode> {
    direct::mark_read(&backend, user, body.chat_id).await?;
    Ok(StatusCode::CREATED)
}

/// The chat of two users, of whom the caller is one. Their order does not matter.
#[utoipa::path(
    get,
    path = "/chats/users/{user_a_id}/{user_b_id}",
    operation_id = "findChat",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(TwoUsers),
    responses(
        (status = 200, description = "The chat", body = ChatRef),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn find(
    State(backend): State<Shared>,
    User(user): User,
    Path(two): Path<TwoUsers>,
) -> Result<Json<ChatRef>> {
    Ok(Json(direct::find(&backend, user, two.user_a_id, two.user_b_id).await?.into()))
}

/// The messages of a chat, the newest first: 50, or as many as are wanted, but at most 100.
#[utoipa::path(
    get,
    path = "/chats/{chat_id}",
    operation_id = "history",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(("chat_id" = ChatId, Path, description = "The chat"), Window),
    responses(
        (status = 200, description = "The messages", body = Vec<Row>),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn history(
    State(backend): State<Shared>,
    User(user): User,
    Path(chat_id): Path<ChatId>,
    Query(window): Query<Window>,
) -> Result<Json<Vec<Row>>> {
    let (skip, take) = window.of(PAGE.0, PAGE.1)?;
    let page = direct::history(&backend, user, chat_id, skip, take).await?;
    Ok(Json(rows(page)))
}

/// The messages of the chat of two users, of whom the caller is one. Their order does not matter.
#[utoipa::path(
    get,
    path = "/chats/{user_a_id}/{user_b_id}",
    operation_id = "historyOfTwo",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(TwoUsers, Window),
    responses(
        (status = 200, description = "The messages, the newest first", body = Vec<Row>),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn history_of_two(
    State(backend): State<Shared>,
    user: User,
    Path(two): Path<TwoUsers>,
    window: Query<Window>,
) -> Result<Json<Vec<Row>>> {
    let chat_id = direct::find(&backend, user.0, two.user_a_id, two.user_b_id).await?;
    history(State(backend), user, Path(chat_id), window).await
}

/// Deletes a chat for both at once.
#[utoipa::path(
    delete,
    path = "/chats_v2/{chat_id}",
    operation_id = "deleteChatV2",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(("chat_id" = ChatId, Path, description = "The chat")),
    responses(
        (status = 204, description = "The chat is gone"),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn delete_by_login(
    State(backend): State<Shared>,
    User(user): User,
    Path(chat_id): Path<ChatId>,
) -> Result<StatusCode> {
    delete(&backend, user, chat_id).await
}

pub(crate) async fn delete(backend: &Backend, user: UserId, chat_id: ChatId) -> Result<StatusCode> {
    direct::delete(backend, user, chat_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
