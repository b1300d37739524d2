//! `resume` (contract, section 4): what a socket has missed, exactly, or an honest no.

use crate::backend::Backend;
use crate::chats::People;
use crate::error::Result;
use crate::frames::{ConversationEvent, MessageFrame, Recovery, Reply, WebEvent};
use crate::ids::{ChatId, UserId};
use crate::log::{Head, Message};
use crate::presence;
use crate::push::Delivery;
use crate::store::heads::Kind;
use crate::store::messages::{Order, Row};
use crate::text::json_len;
use std::collections::BTreeMap;

/// Chats that one frame may ask for.
pub const MAX_CHATS: usize = 100;
/// Messages that one frame brings at most, so that it is through long before Lambda's time is.
const MAX_MISSED: u64 = 500;
/// Text that one frame brings at most, as JSON.
const MAX_BYTES: usize = 4_000_000;

/// Sends on one connection what the user has missed of each chat since the position it knows, in order, and then what
/// became of each chat. A chat that cannot be brought whole is not brought at all, and said to be not recovered.
pub async fn resume(
    backend: &Backend,
    user: UserId,
    connection: &str,
    known: BTreeMap<ChatId, u64>,
) -> Result<()> {
    let chats: Vec<_> = known.keys().copied().collect();
    let cursors = match chats.is_empty() {
        true => Vec::new(),
        false => backend.store.cursors_in(user, &chats).await?,
    };
    let kinds: BTreeMap<_, _> = cursors.iter().map(|cursor| (cursor.chat_id, cursor.kind)).collect();
    let keys: Vec<_> = cursors.iter().filter_map(|cursor| cursor.head_key(user)).collect();
    let heads = if keys.is_empty() { Default::default() } else { backend.store.heads(&keys).await? };

    let mut budget = Budget { messages: MAX_MISSED, bytes: MAX_BYTES };
    let mut recoveries = BTreeMap::new();
    for (chat, last) in known {
        let Some((kind, head)) = kinds.get(&chat).copied().zip(heads.get(&chat)) else {
            recoveries.insert(chat, Recovery { recovered: false, seq: 0 });
            continue;
        };
        let recovered = match missed(backend, head, last, &mut budget).await? {
            Some(missed) => match send(backend, connection, kind, chat, &missed).await? {
                Delivery::Sent => true,
                Delivery::Failed(_) => false,
                Delivery::Gone => return Ok(()),
            },
            None => false,
        };
        recoveries.insert(chat, Recovery { recovered, seq: head.seq() });
    }
    presence::reply(backend, connection, &Reply::Resumed { chats: recoveries }).await?;
    Ok(())
}

/// What one frame may still bring.
struct Budget {
    messages: u64,
    bytes: usize,
}

/// Sends messages one after the other, as far as that goes.
async fn send(
    backend: &Backend,
    connection: &str,
    kind: Kind,
    chat: ChatId,
    messages: &[Message],
) -> Result<Delivery> {
    let people = match kind {
        Kind::Topic => People::find(backend, messages.iter().map(|message| message.sender)).await?,
        _ => People::default(),
    };
    for message in messages {
        let delivery = match kind {
            Kind::Web => presence::reply(backend, connection, &WebEvent::message(chat, message)).await?,
            Kind::Topic => {
                let frame = ConversationEvent::message(chat, message, people.name(message.sender));
                presence::reply(backend, connection, &frame).await?
            }
            Kind::Direct | Kind::Pair | Kind::Room | Kind::Group => {
                presence::reply(backend, connection, &MessageFrame::new(kind, chat, message)).await?
            }
        };
        if delivery != Delivery::Sent {
            return Ok(delivery);
        }
    }
    Ok(Delivery::Sent)
}

/// The messages after a position, if they are all there and few enough.
async fn missed(
    backend: &Backend,
    head: &Head,
    last: u64,
    budget: &mut Budget,
) -> Result<Option<Vec<Message>>> {
    let Some(count) = head.seq().checked_sub(last).filter(|count| *count <= budget.messages) else {
        return Ok(None);
    };
    let mut messages = Vec::with_capacity(count as usize);
    let mut next = last + 1;
    while next <= head.filed {
        let limit = count as usize;
        let rows = backend.store.rows(head.chat_id, next..=head.filed, Order::Ascending, limit).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        for row in rows {
            match row {
                Row::Live(message) if message.seq == next && !head.hides(&message) => messages.push(message),
                _ => return Ok(None),
            }
            next += 1;
        }
    }
    messages.extend(head.tail_messages().into_iter().filter(|message| message.seq > last));
    let bytes: usize = messages.iter().map(|message| json_len(&message.text)).sum();
    if bytes > budget.bytes {
        return Ok(None);
    }
    budget.messages -= count;
    budget.bytes -= bytes;
    Ok(Some(messages))
}
