//! `/chats`, and what `/chats_v2` has in common with it.

use crate::wire::{ChatRef, ListedChat, NewMessage, Read, Row, TwoUsers, UnreadChat, rows};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::direct;
use chat::http::{Body, IdempotencyKey, Path, Query, Shared, User, Window};
use chat::ids::{ChatId, UserId};
use chat::send::Draft;
use chat::sessions::Bearer;
use chat::{Backend, Result};

/// Messages on a page of history: by default, at most.
const PAGE: (u64, u64) = (50, 100);

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

pub(crate) async fn list(
    State(backend): State<Shared>,
    caller: Bearer,
    Query(window): Query<Window>,
) -> Result<Json<Vec<ListedChat>>> {
    let listing = direct::list(&backend, caller.into(), window.of_list()?, |_| true).await?;
    let chats = listing.chats.into_iter();
    Ok(Json(chats.filter_map(|chat| ListedChat::new(chat, &listing.people)).collect()))
}

pub(crate) async fn list_unread(
    State(backend): State<Shared>,
    caller: Bearer,
    Query(window): Query<Window>,
) -> Result<Json<Vec<UnreadChat>>> {
    let listing = direct::list(&backend, caller.into(), window.of_list()?, |chat| chat.unread > 0).await?;
    Ok(Json(listing.chats.into_iter().map(|chat| UnreadChat::new(chat, &listing.people)).collect()))
}

pub(crate) async fn mark_read(
    State(backend): State<Shared>,
    User(user): User,
    Body(body): Body<Read>,
) -> Result<StatusCode> {
    direct::mark_read(&backend, user, body.chat_id).await?;
    Ok(StatusCode::CREATED)
}

pub(crate) async fn find(
    State(backend): State<Shared>,
    User(user): User,
    Path(two): Path<TwoUsers>,
) -> Result<Json<ChatRef>> {
    Ok(Json(direct::find(&backend, user, two.user_a_id, two.user_b_id).await?.into()))
}

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

pub(crate) async fn history_of_two(
    State(backend): State<Shared>,
    user: User,
    Path(two): Path<TwoUsers>,
    window: Query<Window>,
) -> Result<Json<Vec<Row>>> {
    let chat_id = direct::find(&backend, user.0, two.user_a_id, two.user_b_id).await?;
    history(State(backend), user, Path(chat_id), window).await
}

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
