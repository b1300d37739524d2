//! Frames with a `chat_type`: messages to a room, a group or the bot, and leaving a group.

use crate::wire::Frame;
use chat::bot::{self, engine::Engine};
use chat::chats::Kind;
use chat::clock;
use chat::frames::{BotExchange, GroupEvent, MessageFrame, Passage};
use chat::send::{self, Draft, Sent, Stored};
use chat::sessions::Caller;
use chat::{Backend, Error, Result, groups, presence, rooms};

/// A message to a room: by the other one of a room of two, which is opened if there is none, or by the room's id.
pub(crate) async fn to_room(backend: &Backend, connection: &str, caller: Caller, frame: Frame) -> Result<()> {
    let (other, room) = (frame.other_user_id, frame.chat_room_id);
    let draft = draft(frame)?;
    let sent = match (other, room) {
        (Some(other), None) => rooms::write_to(backend, caller, other, draft).await?,
        (None, Some(room)) => rooms::post(backend, caller, room, draft).await?,
        _ => return Err(incomplete("either other_user_id or chat_room_id")),
    };
    repeat(backend, connection, Kind::Room, sent).await
}

/// A message to a group, or the end of the caller's presence there.
pub(crate) async fn to_group(
    backend: &Backend,
    connection: &str,
    caller: Caller,
    frame: Frame,
) -> Result<()> {
    let group = frame.chat_group_id.ok_or_else(|| incomplete("chat_group_id"))?;
    match frame.event.as_deref() {
        None => {
            let sent = groups::post(backend, caller, group, draft(frame)?).await?;
            repeat(backend, connection, Kind::Group, sent).await
        }
        Some("leave") => {
            let user = caller.confirm(backend).await?;
            groups::leave(backend, user, group).await?;
            let left = GroupEvent::new(Passage::Leave, user, group, clock::now());
            presence::reply(backend, connection, &left).await.map(drop)
        }
        Some(_) => {
            Err(Error::invalid("unknown_event", "There is no such event; a frame can only tell of leave"))
        }
    }
}

/// A message to the bot, which answers it.
pub(crate) async fn to_bot(
    backend: &Backend,
    engine: &Engine,
    connection: &str,
    caller: Caller,
    frame: Frame,
) -> Result<()> {
    let text = frame.message.ok_or_else(|| incomplete("message"))?;
    let exchange = bot::ask(backend, engine, caller, text, frame.client_id).await?;
    if exchange.is_repeated {
        let frame = BotExchange::new(&exchange.question, &exchange.answer);
        presence::reply(backend, connection, &frame).await?;
    }
    Ok(())
}

fn draft(frame: Frame) -> Result<Draft> {
    let kind = match frame.kind.as_deref() {
        None => send::Kind::Text,
        Some(word) => send::Kind::from_word(word)
            .ok_or_else(|| Error::invalid("invalid_type", "There is no such type of message"))?,
    };
    let text = frame.message.ok_or_else(|| incomplete("message"))?;
    Ok(Draft { text, kind, client_id: frame.client_id })
}

fn incomplete(what: &str) -> Error {
    Error::invalid("invalid_frame", format!("This frame needs {what}"))
}

/// Everybody was told of a new message, its sender included. A repeated one is told to who repeats it alone.
async fn repeat(backend: &Backend, connection: &str, kind: Kind, sent: Sent) -> Result<()> {
    match &sent.outcome {
        Stored::Now(_) => Ok(()),
        Stored::Before(message) => {
            let frame = MessageFrame::new(kind, sent.chat_id, message);
            presence::reply(backend, connection, &frame).await.map(drop)
        }
        Stored::Removed { .. } | Stored::Deleted => {
            Err(Error::NotFound("message_removed", "This message was sent, and has been removed since"))
        }
    }
}
