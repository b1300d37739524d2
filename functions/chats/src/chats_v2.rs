//! `/chats_v2`: the mailbox.

use crate::wire::{Ack, Acknowledgement, Fetch, Left, Row, TwoUsers, rows};
use axum::Json;
use axum::extract::State;
use axum::response::AppendHeaders;
use chat::clock::Timestamp;
use chat::direct::{self, Removal};
use chat::http::{Body, Path, Query, Shared, User};
use chat::ids::ChatId;
use chat::{Error, Result};

/// The document's header, and how many unread messages are left.
type LeftHeader = AppendHeaders<[(&'static str, String); 1]>;

fn left_header(left: u64) -> LeftHeader {
    AppendHeaders([("unread_count", left.to_string())])
}

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

pub(crate) async fn fetch_of_two(
    State(backend): State<Shared>,
    user: User,
    Path(two): Path<TwoUsers>,
    query: Query<Fetch>,
) -> Result<(LeftHeader, Json<Vec<Row>>)> {
    let chat_id = direct::find(&backend, user.0, two.user_a_id, two.user_b_id).await?;
    fetch(State(backend), user, Path(chat_id), query).await
}

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
