//! `/chats_v2`: the mailbox.

use crate::wire::{Ack, Acknowledgement, Fetch, Left, Row, TwoUsers, rows};
use axum::Json;
use axum::extract::State;
use axum::response::AppendHeaders;
use chat::clock::Timestamp;
use chat::direct::{self, Removal};
use chat::http::{Body, Path, Query, Shared, User, refusals};
use chat::ids::ChatId;
use chat::{Error, Result};

/// The document's header, and how many unread messages are left.
type LeftHeader = AppendHeaders<[(&'static str, String); 1]>;

fn left_header(left: u64) -> LeftHeader {
    AppendHeaders([("unread_count", left.to_string())])
}

/// Hands out what the caller has not read of a chat, and deletes it unless `ack=manual`.
#[utoipa::path(
    get,
    path = "/chats_v2/{chat_id}",
    operation_id = "fetchV2",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(("chat_id" = ChatId, Path, description = "The chat"), Fetch),
    responses(
        (
            status = 200,
            description = "At most 50 messages, the oldest first",
            body = Vec<Row>,
            headers(("unread_count" = u64, description = "How many unread messages are left")),
        ),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn fetch(
    State(backend): State<Shared>,
    User(user): User,
    Path(chat_id): Path<ChatId>,
    Query(query): Query<Fetch>,
) -> Result<(LeftHeader, Json<Vec<Row>>)> {
    let removal = match query.ack {
        Some(Ack::Manual) => Removal::Acknowledged,
        None => Removal::Immediate,
    };
    let fetched = direct::fetch(&backend, user, chat_id, removal).await?;
    Ok((left_header(fetched.left), Json(rows(fetched.page))))
}

/// The same for the chat of two users, of whom the caller is one. Their order does not matter.
#[utoipa::path(
    get,
    path = "/chats_v2/{user_a_id}/{user_b_id}",
    operation_id = "fetchOfTwoV2",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(TwoUsers, Fetch),
    responses(
        (
            status = 200,
            description = "At most 50 messages, the oldest first",
            body = Vec<Row>,
            headers(("unread_count" = u64, description = "How many unread messages are left")),
        ),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn fetch_of_two(
    State(backend): State<Shared>,
    user: User,
    Path(two): Path<TwoUsers>,
    query: Query<Fetch>,
) -> Result<(LeftHeader, Json<Vec<Row>>)> {
    let chat_id = direct::find(&backend, user.0, two.user_a_id, two.user_b_id).await?;
    fetch(State(backend), user, Path(chat_id), query).await
}

/// Deletes what was handed out with `ack=manual`, up to a message and with it.
#[utoipa::path(
    post,
    path = "/chats_v2/{chat_id}/ack",
    operation_id = "acknowledgeV2",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(("chat_id" = ChatId, Path, description = "The chat")),
    request_body(content(
        (Acknowledgement = "application/json"),
        (Acknowledgement = "application/x-www-form-urlencoded"),
    )),
    responses(
        (
            status = 200,
            description = "How many messages are left",
            body = Left,
            headers(("unread_count" = u64, description = "How many unread messages are left")),
        ),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::UnsupportedMediaType, refusals::Anywhere,
    ),
)]
pub(crate) async fn acknowledge(
    State(backend): State<Shared>,
    User(user): User,
    Path(chat_id): Path<ChatId>,
    Body(body): Body<Acknowledgement>,
) -> Result<(LeftHeader, Json<Left>)> {
    let up_to = Timestamp::parse_rfc3339(&body.up_to)
        .ok_or_else(|| Error::invalid("invalid_up_to", "up_to must be the message_timestamp of a message"))?;
    let unread_count = direct::acknowledge(&backend, user, chat_id, up_to).await?;
    Ok((left_header(unread_count), Json(Left { unread_count })))
}
