//! What a chat's id means (`Chats`, `chat#<id>`): whose chat it is, or which room or group. What changes with
//! every message is in the head instead.

use super::heads::{HeadKey, Kind, Pair};
use super::{
    Hands, Item, Leftovers, Result, Store, StoreError, complete, n, page_of, put_new, read, s,
    unless_refused, write,
};
use crate::clock::Timestamp;
use crate::geo::{Point, Range};
use crate::ids::{ChatId, UserId};
use aws_sdk_dynamodb::types::{
    KeysAndAttributes, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Every group is in this one partition of the index `directory`, and every conversation in the other.
const GROUPS: &str = "groups";
const TOPICS: &str = "topics";

/// What an id once given to a chat means today.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum About {
    /// A direct chat.
    Direct {
        /// Whose.
        #[serde(flatten)]
        pair: Pair,
    },
    /// A room of two.
    Pair {
        /// Whose.
        #[serde(flatten)]
        pair: Pair,
        /// Who opened it.
        owner: UserId,
        /// When.
        created_at: Timestamp,
    },
    /// A geolocated room.
    Room(Room),
    /// A group.
    Group(Group),
    /// A chat of document 003.
    Web(WebChat),
    /// A conversation.
    Topic(Topic),
    /// A user's chat with the bot, which nobody names by its id.
    Bot,
    /// Nothing any more.
    Deleted,
}

impl About {
    /// The kind alone; `None` for a chat without cursors, or that is gone.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Direct { .. } => Some(Kind::Direct),
            Self::Pair { .. } => Some(Kind::Pair),
            Self::Room(_) => Some(Kind::Room),
            Self::Group(_) => Some(Kind::Group),
            Self::Web(_) => Some(Kind::Web),
            Self::Topic(_) => Some(Kind::Topic),
            Self::Bot | Self::Deleted => None,
        }
    }
}

/// A geolocated room.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Room {
    /// Its id.
    pub chat_id: ChatId,
    /// Its title.
    pub title: String,
    /// Who made it.
    pub owner: UserId,
    /// When.
    pub created_at: Timestamp,
    /// Where it is.
    #[serde(flatten)]
    pub place: Point,
    /// How many participants it takes, if not any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
}

/// A group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub chat_id: ChatId,
    /// Its name.
    pub title: String,
    /// Who made it and may rename it.
    pub owner: UserId,
    /// When.
    pub created_at: Timestamp,
}

/// A chat of document 003. How many take part is counted beside it: the last one who leaves takes it along.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WebChat {
    /// Its id.
    pub chat_id: ChatId,
    /// Its title.
    pub title: String,
    /// Who made it.
    pub owner: UserId,
    /// When.
    pub created_at: Timestamp,
}

/// A conversation about a topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Topic {
    /// Its id.
    pub chat_id: ChatId,
    /// What it is about.
    pub title: String,
    /// Who began it.
    pub owner: UserId,
    /// When.
    pub created_at: Timestamp,
}

pub(super) fn about_key(chat: ChatId) -> String {
    format!("chat#{chat}")
}

/// A deleted chat of which rows may be left.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Grave {
    /// Which.
    pub chat_id: ChatId,
    /// When it was deleted.
    pub buried_at: Timestamp,
}

impl Store {
    /// What a chat's id means.
    pub async fn about(&self, chat: ChatId) -> Result<Option<About>> {
        let got = self
            .client
            .get_item()
            .table_name(&self.tables.chats)
            .key("pk", s(about_key(chat)))
            .consistent_read(true)
            .send()
            .await?;
        got.item.map(read).transpose()
    }

    /// What many ids mean, in batches of 100 at a time side by side.
    pub async fn abouts(&self, chats: &[ChatId]) -> Result<HashMap<ChatId, About>> {
        let keys = chats.iter().map(|&chat| Item::from([("pk".to_owned(), s(about_key(chat)))])).collect();
        let keys_of = |keys| KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        let mut items = HashMap::new();
        for item in self.batch_get(&self.tables.chats, keys, keys_of).await? {
            if let Some(pk) = super::text_of(&item, "pk") {
                items.insert(pk, item);
            }
        }
        let found = chats.iter().filter_map(|&chat| Some((chat, items.remove(&about_key(chat))?)));
        found.map(|(chat, item)| Ok((chat, read(item)?))).collect()
    }

    pub(super) fn new_about(&self, chat: ChatId, about: &About) -> Result<TransactWriteItem> {
        let mut item = write(about, [("pk", s(about_key(chat)))])?;
        match about {
            About::Room(Room { place, .. }) => {
                item.extend([("cell".into(), s(place.cell())), ("place".into(), s(place.place()))]);
            }
            About::Group(_) => item.extend([("directory".into(), s(GROUPS))]),
            About::Topic(_) => item.extend([("directory".into(), s(TOPICS))]),
            About::Web(_) => item.extend([("members".into(), n(1))]),
            About::Direct { .. } | About::Pair { .. } | About::Bot | About::Deleted => {}
        }
        put_new(&self.tables.chats, "pk", item)
    }

    /// Counts one more participant of a room with limited places, or of a chat of document 003, as part of the
    /// transaction that makes it one.
    pub(super) fn one_more(&self, chat: ChatId, kind: Kind) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.tables.chats)
            .key("pk", s(about_key(chat)))
            .update_expression("ADD members :one")
            .expression_attribute_values(":one", n(1));
        let update = match kind {
            Kind::Web => {
                update.condition_expression("kind = :web").expression_attribute_values(":web", s("web"))
            }
            _ => update
                .condition_expression("attribute_not_exists(members) OR members < #capacity")
                .expression_attribute_names("#capacity", "capacity"),
        };
        Ok(TransactWriteItem::builder().update(complete(update.build())?).build())
    }

    /// Counts one participant less, as part of the transaction that takes it out. Refused for the only one of a chat of
    /// document 003.
    pub(super) fn one_less(&self, chat: ChatId, kind: Kind) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.tables.chats)
            .key("pk", s(about_key(chat)))
            .update_expression("ADD members :less")
            .expression_attribute_values(":less", n(-1));
        let update = match kind {
            Kind::Web => {
                update.condition_expression("members > :one").expression_attribute_values(":one", n(1))
            }
            _ => update,
        };
        Ok(TransactWriteItem::builder().update(complete(update.build())?).build())
    }

    /// What is left of a chat's id when the chat is deleted, as part of the transaction that does it: a grave until its
    /// rows are gone. One of document 003 must have a single participant.
    pub(super) fn grave(&self, key: HeadKey, chat: ChatId, now: Timestamp) -> Result<TransactWriteItem> {
        let grave =
            [("pk", s(about_key(chat))), ("chat_id", n(chat)), ("grave", s("open")), ("buried_at", n(now.0))];
        let put =
            Put::builder().table_name(&self.tables.chats).set_item(Some(write(&About::Deleted, grave)?));
        let put = match key {
            HeadKey::Web(_) => put
                .condition_expression("kind = :web AND members = :one")
                .expression_attribute_values(":web", s("web"))
                .expression_attribute_values(":one", n(1)),
            _ => put,
        };
        Ok(TransactWriteItem::builder().put(complete(put.build())?).build())
    }

    /// Gives a chat of document 003 another title. False when there is no such chat.
    pub async fn rename_web(&self, chat: ChatId, title: &str) -> Result<bool> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.chats)
            .key("pk", s(about_key(chat)))
            .update_expression("SET title = :title")
            .condition_expression("kind = :web")
            .expression_attribute_values(":title", s(title))
            .expression_attribute_values(":web", s("web"))
            .send()
            .await;
        unless_refused(updated)
    }

    /// Renames a group, if `owner` is its owner. `None` where it is not, or there is no such group.
    pub async fn rename_group(&self, chat: ChatId, owner: UserId, title: &str) -> Result<Option<Group>> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.chats)
            .key("pk", s(about_key(chat)))
            .update_expression("SET title = :title")
            .condition_expression("kind = :group AND #owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":title", s(title))
            .expression_attribute_values(":group", s("group"))
            .expression_attribute_values(":owner", n(owner))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::None)
            .send()
            .await;
        match updated.map_err(StoreError::from) {
            Ok(updated) => read(updated.attributes.unwrap_or_default()).map(Some),
            Err(StoreError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A page of all groups by id, after `after`; and whether more follow. Eventually consistent.
    pub async fn groups(&self, after: Option<ChatId>, count: i32) -> Result<(Vec<Group>, bool)> {
        self.listed(GROUPS, after, count).await
    }

    /// A page of all conversations by id, after `after`; and whether more follow. Eventually consistent.
    pub async fn topics(&self, after: Option<ChatId>, count: i32) -> Result<(Vec<Topic>, bool)> {
        self.listed(TOPICS, after, count).await
    }

    async fn listed<T: DeserializeOwned>(
        &self,
        directory: &str,
        after: Option<ChatId>,
        count: i32,
    ) -> Result<(Vec<T>, bool)> {
        let found = self
            .client
            .query()
            .table_name(&self.tables.chats)
            .index_name("directory")
            .key_condition_expression("directory = :directory AND chat_id > :after")
            .expression_attribute_values(":directory", s(directory))
            .expression_attribute_values(":after", n(after.map_or(0, ChatId::get)))
            .limit(count + 1)
            .send()
            .await?;
        page_of(found.items.unwrap_or_default(), count)
    }

    /// The rooms in a range of the index of places. Eventually consistent.
    pub async fn rooms_in(&self, range: &Range) -> Result<Vec<Room>> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.tables.chats)
            .index_name("places")
            .key_condition_expression("cell = :cell AND place BETWEEN :first AND :last")
            .expression_attribute_values(":cell", s(&range.cell))
            .expression_attribute_values(":first", s(&range.first))
            .expression_attribute_values(":last", s(&range.last))
            .into_paginator()
            .send();
        let mut rooms = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page?.items.unwrap_or_default() {
                rooms.push(read(item)?);
            }
        }
        Ok(rooms)
    }

    /// Deleted chats of which rows may be left, those that were deleted first before others, a page at a time.
    /// Eventually consistent.
    pub async fn graves(&self, from: Option<Item>) -> Result<Leftovers<Grave>> {
        let found = self
            .client
            .query()
            .table_name(&self.tables.chats)
            .index_name("graves")
            .key_condition_expression("grave = :open")
            .expression_attribute_values(":open", s("open"))
            .set_exclusive_start_key(from)
            .send()
            .await?;
        Leftovers::read(found.items, found.last_evaluated_key)
    }

    /// Takes the rows of a deleted chat in hand. False where another has, and where none are left.
    pub async fn take_grave(&self, chat: ChatId, hands: &Hands<'_>) -> Result<bool> {
        self.take_in_hand(&self.tables.chats, about_key(chat), "grave", hands).await
    }

    /// Lets go of them.
    pub async fn let_grave_go(&self, chat: ChatId, hands: &Hands<'_>) -> Result<()> {
        self.let_go(&self.tables.chats, about_key(chat), hands).await
    }

    /// The rows of a deleted chat are gone: its id only says so from now on.
    pub async fn close_grave(&self, chat: ChatId) -> Result<()> {
        self.client
            .update_item()
            .table_name(&self.tables.chats)
            .key("pk", s(about_key(chat)))
            .update_expression("REMOVE grave, buried_at, worker, worked_at")
            .send()
            .await?;
        Ok(())
    }
}
