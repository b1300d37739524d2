//! Heads of chats (`Chats`), each under its [`HeadKey`]: `direct#<low>#<high>`, `pair#<low>#<high>`,
//! `head#<id>`, `web#<id>`, `topic#<id>`, `bot#<user>`.

use super::{Item, Result, Store, n, put_new, read, s, unless_refused, value, write};
use crate::ids::{ChatId, UserId};
use crate::log::{Entry, Head, MAX_TAIL, Message, Purge};
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Two users, in a fixed order: A with B is B with A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pair {
    low: UserId,
    high: UserId,
}

impl Pair {
    /// The pair of two different users; `None` for one user twice.
    pub fn of(one: UserId, other: UserId) -> Option<Self> {
        (one != other).then(|| Self { low: one.min(other), high: one.max(other) })
    }

    /// Both.
    pub fn users(self) -> [UserId; 2] {
        [self.low, self.high]
    }

    /// Whether `user` is one of the two.
    pub fn contains(self, user: UserId) -> bool {
        self.low == user || self.high == user
    }

    /// The one that `user` is not.
    pub fn other(self, user: UserId) -> UserId {
        if self.low == user { self.high } else { self.low }
    }
}

/// The kinds of chats that have an id and cursors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Two users (document 001).
    Direct,
    /// A private room of two, opened from the socket (document 002).
    Pair,
    /// A geolocated room (document 001).
    Room,
    /// A group (document 002).
    Group,
    /// A chat of document 003.
    Web,
    /// A conversation (document 004), for those who have posted to it.
    Topic,
}

/// Where a chat's head is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadKey {
    /// The direct chat of two.
    Direct(Pair),
    /// The private room of two.
    Pair(Pair),
    /// A chat of many: a geolocated room or a group.
    Chat(ChatId),
    /// A chat of document 003, which counts nothing as unread.
    Web(ChatId),
    /// A conversation, which counts nothing as unread either.
    Topic(ChatId),
    /// A user's chat with the bot.
    Bot(UserId),
}

impl HeadKey {
    /// The partition key.
    pub(crate) fn pk(self) -> String {
        match self {
            Self::Direct(Pair { low, high }) => format!("direct#{low}#{high}"),
            Self::Pair(Pair { low, high }) => format!("pair#{low}#{high}"),
            Self::Chat(chat) => format!("head#{chat}"),
            Self::Web(chat) => format!("web#{chat}"),
            Self::Topic(chat) => format!("topic#{chat}"),
            Self::Bot(user) => format!("bot#{user}"),
        }
    }

    /// Who takes part, where that is settled for good and the head counts their messages.
    pub fn pair(self) -> Option<Pair> {
        match self {
            Self::Direct(pair) | Self::Pair(pair) => Some(pair),
            Self::Chat(_) | Self::Web(_) | Self::Topic(_) | Self::Bot(_) => None,
        }
    }
}

/// How an append treats the tail that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Every message of the tail as read is filed: the new entry takes their place, if nothing was added.
    Replace,
    /// Whatever the tail holds stays, if there is room.
    Extend,
}

fn head_from(item: Item) -> Result<Head> {
    read(item)
}

impl Store {
    /// A chat's head.
    pub async fn head(&self, key: HeadKey) -> Result<Option<Head>> {
        let got = self
            .client
            .get_item()
            .table_name(&self.tables.chats)
            .key("pk", s(key.pk()))
            .consistent_read(true)
            .send()
            .await?;
        got.item.map(head_from).transpose()
    }

    /// Many heads, in batches of 100 at a time side by side. Those that are not there are left out.
    pub async fn heads(&self, keys: &[HeadKey]) -> Result<HashMap<ChatId, Head>> {
        let keys = keys.iter().map(|key| HashMap::from([("pk".to_owned(), s(key.pk()))])).collect();
        let keys_of = |keys| KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        let items = self.batch_get(&self.tables.chats, keys, keys_of).await?;
        items.into_iter().map(|item| head_from(item).map(|head| (head.chat_id, head))).collect()
    }

    /// A head that must be new, within a transaction.
    pub(super) fn new_head(&self, key: HeadKey, head: &Head) -> Result<TransactWriteItem> {
        put_new(&self.tables.chats, "pk", write(head, [("pk", s(key.pk()))])?)
    }

    /// Commits a message: puts it at the end of the tail and counts it for its sender. Answers with the head
    /// as it then stands. Refused, with the head as it is, when it is another chat's by now, when the tail is
    /// not as [`Tail`] wants it, or when the attempt was fenced off.
    ///
    /// Never repeated by the SDK: a repeated append would be a second message.
    pub async fn append(&self, key: HeadKey, seen: &Head, entry: &Entry, tail: Tail) -> Result<Head> {
        let mut update = self
            .client
            .update_item()
            .table_name(&self.tables.chats)
            .key("pk", s(key.pk()))
            .expression_attribute_values(":entry", AttributeValue::L(vec![value(entry)?]))
            .expression_attribute_values(":chat", n(seen.chat_id))
            .expression_attribute_values(":attempt", s(&entry.attempt))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let count = if key.pair().is_some() {
            update = update
                .expression_attribute_names("#me", entry.sender.to_string())
                .expression_attribute_values(":one", n(1));
            ", sent.#me = sent.#me + :one"
        } else {
            ""
        };
        update = match tail {
            Tail::Replace => {
                let tail = seen.tail_messages();
                update
                    .update_expression(format!(
                        "SET tail = :entry, filed = :seq, filed_at = :time{count} REMOVE latest"
                    ))
                    .condition_expression(
                        "chat_id = :chat AND filed = :filed AND size(tail) = :size AND NOT contains(fenced, :attempt)",
                    )
                    .expression_attribute_values(":seq", n(seen.seq()))
                    .expression_attribute_values(":time", n(tail.last().map_or(seen.filed_at, |last| last.at).0))
                    .expression_attribute_values(":filed", n(seen.filed))
                    .expression_attribute_values(":size", n(seen.tail.len()))
            }
            Tail::Extend => update
                .update_expression(format!("SET tail = list_append(tail, :entry){count} REMOVE latest"))
                .condition_expression(
                    "chat_id = :chat AND size(tail) < :room AND NOT contains(fenced, :attempt)",
                )
                .expression_attribute_values(":room", n(MAX_TAIL)),
        };
        let once = aws_sdk_dynamodb::config::retry::RetryConfig::disabled();
        let updated = update
            .customize()
            .config_override(aws_sdk_dynamodb::Config::builder().retry_config(once))
            .send()
            .await?;
        head_from(updated.attributes.unwrap_or_default())
    }

    /// Bars an attempt from committing, whatever becomes of a request of it that is still under way. Answers
    /// with the head as it then stands; refused when the chat is gone.
    pub async fn fence(&self, key: HeadKey, chat: ChatId, attempt: &str) -> Result<Head> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.chats)
            .key("pk", s(key.pk()))
            .update_expression("ADD fenced :attempt")
            .condition_expression("chat_id = :chat")
            .expression_attribute_values(":attempt", AttributeValue::Ss(vec![attempt.into()]))
            .expression_attribute_values(":chat", n(chat))
            .return_values(ReturnValue::AllNew)
            .send()
            .await?;
        head_from(updated.attributes.unwrap_or_default())
    }

    /// Forgets fences that nothing can run into any more.
    pub async fn unfence(&self, key: HeadKey, chat: ChatId, attempts: Vec<String>) -> Result<()> {
        self.client
            .update_item()
            .table_name(&self.tables.chats)
            .key("pk", s(key.pk()))
            .update_expression("DELETE fenced :attempts")
            .condition_expression("chat_id = :chat")
            .expression_attribute_values(":attempts", AttributeValue::Ss(attempts))
            .expression_attribute_values(":chat", n(chat))
            .send()
            .await?;
        Ok(())
    }

    /// Takes the oldest messages out of a tail, which are filed; whatever has been added to it stays. False where somebody
    /// else has taken some out meanwhile.
    pub async fn trim_tail(&self, key: HeadKey, seen: &Head, oldest: &[Message]) -> Result<bool> {
        let Some(last) = oldest.last() else { return Ok(true) };
        let places: Vec<_> = (0..oldest.len()).map(|place| format!("tail[{place}]")).collect();
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.chats)
            .key("pk", s(key.pk()))
            .update_expression(format!("SET filed = :seq, filed_at = :time REMOVE {}", places.join(", ")))
            // What has been added stands behind: as long as nothing is taken out, the oldest are these.
            .condition_expression("chat_id = :chat AND filed = :filed AND size(tail) >= :size")
            .expression_attribute_values(":seq", n(last.seq))
            .expression_attribute_values(":time", n(last.at.0))
            .expression_attribute_values(":chat", n(seen.chat_id))
            .expression_attribute_values(":filed", n(seen.filed))
            .expression_attribute_values(":size", n(oldest.len()))
            .send()
            .await;
        unless_refused(updated)
    }

    /// Empties a tail whose messages are all filed; the newest of them stays in the head as `latest`. Refused,
    /// with the head as it is, when the tail is not the one seen.
    pub async fn empty_tail(&self, key: HeadKey, seen: &Head) -> Result<Head> {
        let newest = seen.newest();
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.chats)
            .key("pk", s(key.pk()))
            .update_expression("SET tail = :empty, filed = :seq, filed_at = :time, latest = :latest")
            .condition_expression("chat_id = :chat AND filed = :filed AND size(tail) = :size")
            .expression_attribute_values(":empty", AttributeValue::L(Vec::new()))
            .expression_attribute_values(":seq", n(seen.seq()))
            .expression_attribute_values(":time", n(newest.as_ref().map_or(seen.filed_at, |last| last.at).0))
            .expression_attribute_values(":latest", value(&newest)?)
            .expression_attribute_values(":chat", n(seen.chat_id))
            .expression_attribute_values(":filed", n(seen.filed))
            .expression_attribute_values(":size", n(seen.tail.len()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await?;
        head_from(updated.attributes.unwrap_or_default())
    }

    /// Decides a removal: from here on nobody sees the messages. With `latest`, it also says which message is
    /// the newest left of those filed. Refused, with the head as it is, when another removal or (with
    /// `latest`) filing came between.
    pub async fn begin_purge(
        &self,
        key: HeadKey,
        seen: &Head,
        reader: UserId,
        purge: &Purge,
        latest: Option<&Option<Message>>,
    ) -> Result<()> {
        let (set_latest, if_latest) = match latest {
            Some(_) => (", latest = :latest", " AND filed = :filed"),
            None => ("", ""),
        };
        let mut update = self
            .client
            .update_item()
            .table_name(&self.tables.chats)
            .key("pk", s(key.pk()))
            .update_expression(format!("SET purges.#me = :purge, purge_count = :next{set_latest}"))
            .condition_expression(format!("chat_id = :chat AND purge_count = :count{if_latest}"))
            .expression_attribute_names("#me", reader.to_string())
            .expression_attribute_values(":purge", value(purge)?)
            .expression_attribute_values(":next", n(seen.purge_count + 1))
            .expression_attribute_values(":chat", n(seen.chat_id))
            .expression_attribute_values(":count", n(seen.purge_count))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(latest) = latest {
            update = update
                .expression_attribute_values(":latest", value(latest)?)
                .expression_attribute_values(":filed", n(seen.filed));
        }
        update.send().await?;
        Ok(())
    }

    /// Notes that a removal's rows are gone and its reader's cursor has followed.
    pub async fn end_purge(&self, key: HeadKey, chat: ChatId, reader: UserId, attempt: &str) -> Result<()> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.chats)
            .key("pk", s(key.pk()))
            .update_expression("REMOVE purges.#me.attempt")
            .condition_expression("chat_id = :chat AND purges.#me.attempt = :attempt")
            .expression_attribute_names("#me", reader.to_string())
            .expression_attribute_values(":chat", n(chat))
            .expression_attribute_values(":attempt", s(attempt))
            .send()
            .await;
        unless_refused(updated).map(drop)
    }

    /// Notes that one of a chat's two is gone, so that nobody writes to it any more. False when there is no such chat.
    pub async fn close_chat(&self, key: HeadKey, chat: ChatId) -> Result<bool> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.chats)
            .key("pk", s(key.pk()))
            .update_expression("SET closed = :yes")
            .condition_expression("chat_id = :chat")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":chat", n(chat))
            .send()
            .await;
        unless_refused(updated)
    }

    /// Puts another version of a user's newest message into a head, if it keeps that one; if it keeps none of this
    /// user's, it stays. After rows were changed: whoever looked at them before cannot put what it saw there into the head
    /// any more. Refused when a message was sent or removed meanwhile.
    pub async fn replace_latest(
        &self,
        key: HeadKey,
        chat: ChatId,
        sender: UserId,
        latest: Option<&Message>,
    ) -> Result<()> {
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.chats)
            .key("pk", s(key.pk()))
            .expression_attribute_values(":chat", n(chat))
            .expression_attribute_values(":one", n(1));
        let update = match latest {
            Some(latest) => update
                .update_expression("SET latest = :latest ADD purge_count :one")
                .condition_expression("chat_id = :chat AND latest.seq = :seq")
                .expression_attribute_values(":latest", value(latest)?)
                .expression_attribute_values(":seq", n(latest.seq)),
            None => update
                .update_expression("ADD purge_count :one")
                .condition_expression(
                    "chat_id = :chat AND (attribute_not_exists(latest.sender) OR latest.sender <> :sender)",
                )
                .expression_attribute_values(":sender", n(sender)),
        };
        update.send().await?;
        Ok(())
    }

    /// Deletes a head, if it is still this chat's.
    pub async fn delete_head(&self, key: HeadKey, chat: ChatId) -> Result<()> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.tables.chats)
            .key("pk", s(key.pk()))
            .condition_expression("chat_id = :chat")
            .expression_attribute_values(":chat", n(chat))
            .send()
            .await;
        unless_refused(deleted).map(drop)
    }
}

/// The head that stood in the way of a refused call, if the call asked for it and there is one.
pub fn head_in_the_way(item: Option<Box<Item>>) -> Result<Option<Head>> {
    item.map(|item| head_from(*item)).transpose()
}
