//! Filed messages (`Messages`), one row per position of a chat.

use super::{Item, Result, Store, StoreError, n, number_of, read, unless_refused, write};
use crate::clock::Timestamp;
use crate::ids::ChatId;
use crate::log::Message;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use futures::future::try_join_all;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Duration;

/// How long a removed message's row stays as an empty mark: a filing that was under way meets it instead of
/// bringing the message back, and a repeated send finds its idempotency key.
const MARK_LASTS: Duration = Duration::from_secs(25 * 3600);
/// DynamoDB's limit for one BatchWriteItem.
const BATCH: usize = 25;
const BATCH_TRIES: u32 = 8;
const FILE_TRIES: u32 = 6;

/// A position of a chat: a message, or the mark of one that was removed.
#[derive(Clone, Debug)]
pub enum Row {
    /// A message.
    Live(Message),
    /// A removed message: what must still be known of it.
    Removed {
        /// Its position.
        seq: u64,
        /// Its time.
        at: Timestamp,
        /// Its sender's idempotency key, with the sender.
        key: Option<(u64, String)>,
        /// The attempt that committed it.
        attempt: String,
        /// The removal by which its author deleted it.
        removal: Option<String>,
    },
}

impl Row {
    /// The position.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Live(message) => message.seq,
            Self::Removed { seq, .. } => *seq,
        }
    }

    /// The time.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Live(message) => message.at,
            Self::Removed { at, .. } => *at,
        }
    }

    fn from_item(item: Item) -> Result<Self> {
        if !item.contains_key("removed") {
            return read(item).map(Self::Live);
        }
        let missing = |name: &str| StoreError::Malformed(format!("a removed message without {name}"));
        let key = super::text_of(&item, "client_id").zip(number_of(&item, "sender"));
        Ok(Self::Removed {
            seq: number_of(&item, "seq").ok_or_else(|| missing("seq"))?,
            at: Timestamp(number_of(&item, "at").ok_or_else(|| missing("at"))?),
            key: key.map(|(client_id, sender)| (sender, client_id)),
            attempt: super::text_of(&item, "attempt").ok_or_else(|| missing("attempt"))?,
            removal: super::text_of(&item, "removal"),
        })
    }
}

/// What stands in the place of a removed message: what must still be known of it, and, where it matters who was first,
/// by which removal it went.
pub(super) fn mark(chat: ChatId, message: &Message, removal: Option<&str>, now: Timestamp) -> Item {
    let mut mark = Item::from([
        ("chat_id".into(), n(chat)),
        ("seq".into(), n(message.seq)),
        ("at".into(), n(message.at.0)),
        ("removed".into(), AttributeValue::Bool(true)),
        ("attempt".into(), super::s(&message.attempt)),
        ("expires_at".into(), n((now + MARK_LASTS).seconds())),
    ]);
    if let Some(client_id) = &message.client_id {
        mark.insert("client_id".into(), super::s(client_id));
        mark.insert("sender".into(), n(message.sender));
    }
    if let Some(removal) = removal {
        mark.insert("removal".into(), super::s(removal));
    }
    mark
}

/// Which way to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

impl Store {
    /// Files messages, side by side. One that has a row already, or had, is left as it is.
    pub async fn file(&self, chat: ChatId, messages: &[Message]) -> Result<()> {
        try_join_all(messages.iter().map(|message| self.file_one(chat, message))).await?;
        Ok(())
    }

    async fn file_one(&self, chat: ChatId, message: &Message) -> Result<()> {
        for attempt in 0..FILE_TRIES {
            let put = self
                .client
                .put_item()
                .table_name(&self.tables.messages)
                .set_item(Some(write(message, [("chat_id", n(chat))])?))
                .condition_expression("attribute_not_exists(seq)")
                .send()
                .await;
            match put.map_err(StoreError::from) {
                Ok(_) | Err(StoreError::Refused(_)) => return Ok(()),
                // In the way of its own deletion, for instance.
                Err(StoreError::Unavailable(_)) => super::pause(attempt).await,
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Unavailable("a message could not be filed".into()))
    }

    /// One page of rows within a range of positions: at most `limit`, and at most what DynamoDB reads at
    /// once (1 MB). Empty only when the range holds no more rows.
    pub async fn rows(
        &self,
        chat: ChatId,
        range: RangeInclusive<u64>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let found = self
            .client
            .query()
            .table_name(&self.tables.messages)
            .key_condition_expression("chat_id = :chat AND seq BETWEEN :first AND :last")
            .expression_attribute_values(":chat", n(chat))
            .expression_attribute_values(":first", n(range.start()))
            .expression_attribute_values(":last", n(range.end()))
            .scan_index_forward(order == Order::Ascending)
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await?;
        found.items.unwrap_or_default().into_iter().map(Row::from_item).collect()
    }

    /// Removes messages, leaving a mark in the place of each.
    pub async fn remove(&self, chat: ChatId, messages: &[Message], now: Timestamp) -> Result<()> {
        let marks = messages.iter().map(|message| {
            let mark = mark(chat, message, None, now);
            let put = super::complete(PutRequest::builder().set_item(Some(mark)).build())?;
            Ok(WriteRequest::builder().put_request(put).build())
        });
        self.write_all(marks.collect::<Result<_>>()?).await
    }

    /// Erases what a message says; that there was one stays.
    pub async fn blank(&self, chat: ChatId, seq: u64) -> Result<()> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.messages)
            .key("chat_id", n(chat))
            .key("seq", n(seq))
            .update_expression("SET #text = :nothing, #type = :plain REMOVE client_id")
            .condition_expression("attribute_exists(seq) AND attribute_not_exists(removed)")
            .expression_attribute_names("#text", "text")
            .expression_attribute_names("#type", "type")
            .expression_attribute_values(":nothing", super::s(""))
            .expression_attribute_values(":plain", super::s("text"))
            .send()
            .await;
        unless_refused(updated).map(drop)
    }

    /// Deletes up to `most` rows of a deleted chat. True when none is left.
    pub async fn sweep(&self, chat: ChatId, most: i32) -> Result<bool> {
        let found = self
            .client
            .query()
            .table_name(&self.tables.messages)
            .key_condition_expression("chat_id = :chat")
            .expression_attribute_values(":chat", n(chat))
            .projection_expression("chat_id, seq")
            .consistent_read(true)
            .limit(most)
            .send()
            .await?;
        let deletes = found.items.unwrap_or_default().into_iter().map(|key| {
            let delete = super::complete(DeleteRequest::builder().set_key(Some(key)).build())?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        });
        self.write_all(deletes.collect::<Result<_>>()?).await?;
        Ok(found.last_evaluated_key.is_none())
    }

    /// Writes in batches side by side, sending again what DynamoDB left unprocessed.
    async fn write_all(&self, writes: Vec<WriteRequest>) -> Result<()> {
        try_join_all(writes.chunks(BATCH).map(|batch| async move {
            let mut pending = HashMap::from([(self.tables.messages.clone(), batch.to_vec())]);
            for attempt in 0..BATCH_TRIES {
                let written = self.client.batch_write_item().set_request_items(Some(pending)).send().await?;
                pending = written.unprocessed_items.unwrap_or_default();
                if pending.is_empty() {
                    return Ok(());
                }
                super::pause(attempt).await;
            }
            Err(StoreError::Unavailable("writes left unprocessed".into()))
        }))
        .await?;
        Ok(())
    }
}
