//! Cursors (`Unread`): how far each user has read each of its chats. A user's list of chats starts here, and
//! having a cursor is taking part. The cursor of one who has left stays as a trace, which nobody sees: it tells where
//! there may be something to erase when the user is deleted.

use super::heads::{HeadKey, Kind, Pair};
use super::{Item, Result, Store, StoreError, complete, n, number_of, read, unless_refused, write};
use crate::clock::Timestamp;
use crate::ids::{ChatId, UserId};
use crate::log::{Position, Reader, Tally};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    KeysAndAttributes, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use serde::{Deserialize, Serialize};

const CREDIT_TRIES: u32 = 20;

/// A user's place in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The chat.
    pub chat_id: ChatId,
    /// What kind of chat it is.
    pub kind: Kind,
    /// The other one of a chat of two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_user: Option<UserId>,
    /// How far the user has read.
    #[serde(flatten)]
    pub position: Position,
    /// What the user has sent, in a chat of many.
    #[serde(flatten)]
    pub tally: Tally,
    /// Since when the user takes part.
    pub joined_at: Timestamp,
    /// When the user last marked something as read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
}

impl Cursor {
    /// The cursor of one who begins to take part.
    pub fn new(
        chat_id: ChatId,
        kind: Kind,
        with_user: Option<UserId>,
        position: Position,
        now: Timestamp,
    ) -> Self {
        Self { chat_id, kind, with_user, position, tally: Tally::default(), joined_at: now, read_at: None }
    }

    /// Where the chat's head is; `None` for a cursor that makes no sense.
    pub fn head_key(&self, user: UserId) -> Option<HeadKey> {
        let pair = || Pair::of(user, self.with_user?);
        match self.kind {
            Kind::Direct => pair().map(HeadKey::Direct),
            Kind::Pair => pair().map(HeadKey::Pair),
            Kind::Room | Kind::Group => Some(HeadKey::Chat(self.chat_id)),
            Kind::Web => Some(HeadKey::Web(self.chat_id)),
            Kind::Topic => Some(HeadKey::Topic(self.chat_id)),
        }
    }

    /// Its user as one who looks at the head.
    pub fn reader(&self, user: UserId) -> Reader {
        Reader { user, read: self.position, tally: self.tally }
    }

    pub(super) fn item(&self, user: UserId) -> Result<Item> {
        let mut item = write(self, [("user_id", n(user))])?;
        if let Kind::Room | Kind::Web = self.kind {
            item.insert("room_id".into(), n(self.chat_id));
        }
        Ok(item)
    }
}

/// A cursor, or what is left of one.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Trace {
    /// The cursor.
    #[serde(flatten)]
    pub cursor: Cursor,
    /// When its user left.
    pub left_at: Option<Timestamp>,
    /// How far the user's messages are erased.
    #[serde(default)]
    pub erased_through: u64,
}

fn takes_part(cursor: &Item) -> bool {
    !cursor.contains_key("left_at")
}

pub(super) fn key(user: UserId, chat: ChatId) -> Item {
    Item::from([("user_id".into(), n(user)), ("chat_id".into(), n(chat))])
}

/// What became of an update that a cursor had to be in a certain state for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It is done, or was not needed.
    Yes,
    /// The cursor is another by now: this one.
    Not(Cursor),
    /// The cursor is gone.
    Gone,
}

impl Store {
    /// A user's cursor in a chat. `None` where the user takes no part in it.
    pub async fn cursor(&self, user: UserId, chat: ChatId) -> Result<Option<Cursor>> {
        let got = self
            .client
            .get_item()
            .table_name(&self.tables.unread)
            .set_key(Some(key(user, chat)))
            .consistent_read(true)
            .send()
            .await?;
        got.item.filter(takes_part).map(read).transpose()
    }

    /// All cursors of a user.
    pub async fn cursors(&self, user: UserId) -> Result<Vec<Cursor>> {
        let cursors = self.cursor_items(user).await?;
        cursors.into_iter().filter(takes_part).map(read).collect()
    }

    /// All cursors of a user, and what is left of those in chats that it has left.
    pub async fn traces(&self, user: UserId) -> Result<Vec<Trace>> {
        self.cursor_items(user).await?.into_iter().map(read).collect()
    }

    async fn cursor_items(&self, user: UserId) -> Result<Vec<Item>> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.tables.unread)
            .key_condition_expression("user_id = :user")
            .expression_attribute_values(":user", n(user))
            .consistent_read(true)
            .into_paginator()
            .send();
        let mut items = Vec::new();
        while let Some(page) = pages.next().await {
            items.append(&mut page?.items.unwrap_or_default());
        }
        Ok(items)
    }

    /// A user's cursors in some chats. Chats that the user takes no part in are left out.
    pub async fn cursors_in(&self, user: UserId, chats: &[ChatId]) -> Result<Vec<Cursor>> {
        let keys = chats.iter().map(|&chat| key(user, chat)).collect();
        let keys_of = |keys| KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        let items = self.batch_get(&self.tables.unread, keys, keys_of).await?;
        items.into_iter().filter(takes_part).map(read).collect()
    }

    /// Who takes part in a room or a chat of document 003, with the moment of each, in the order of user ids.
    /// Eventually consistent.
    pub async fn participants(&self, chat: ChatId) -> Result<Vec<(UserId, Timestamp)>> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.tables.unread)
            .index_name("participants")
            .key_condition_expression("room_id = :room")
            .expression_attribute_values(":room", n(chat))
            .into_paginator()
            .send();
        let mut participants = Vec::new();
        while let Some(page) = pages.next().await {
            participants.extend(page?.items.unwrap_or_default().iter().filter_map(|item| {
                let user = number_of::<u64>(item, "user_id")?.try_into().ok()?;
                Some((user, Timestamp(number_of(item, "joined_at")?)))
            }));
        }
        Ok(participants)
    }

    /// The end of a cursor that leaves a trace, as part of the transaction that takes its user out.
    pub(super) fn end_cursor(&self, user: UserId, chat: ChatId, now: Timestamp) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.tables.unread)
            .set_key(Some(key(user, chat)))
            .update_expression("SET left_at = :now REMOVE room_id")
            .condition_expression("attribute_exists(user_id) AND attribute_not_exists(left_at)")
            .expression_attribute_values(":now", n(now.0));
        Ok(TransactWriteItem::builder().update(complete(update.build())?).build())
    }

    /// Notes how far a deleted user's messages are erased, unless the cursor is gone with its chat.
    pub async fn erased(&self, user: UserId, chat: ChatId, through: u64) -> Result<()> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.unread)
            .set_key(Some(key(user, chat)))
            .update_expression("SET erased_through = :through")
            .condition_expression("attribute_exists(user_id)")
            .expression_attribute_values(":through", n(through))
            .send()
            .await;
        unless_refused(updated).map(drop)
    }

    /// Deletes what is left of a cursor. Refused while its user takes part.
    pub async fn delete_trace(&self, user: UserId, chat: ChatId) -> Result<()> {
        self.client
            .delete_item()
            .table_name(&self.tables.unread)
            .set_key(Some(key(user, chat)))
            .condition_expression("attribute_not_exists(user_id) OR attribute_exists(left_at)")
            .send()
            .await?;
        Ok(())
    }

    /// Moves a cursor forward and notes that something was read. One that is further already stays; one that is
    /// gone stays gone. It moves only while the user's tally is still the one that `to` was reckoned with.
    pub async fn advance(
        &self,
        user: UserId,
        chat: ChatId,
        to: Position,
        tally: Tally,
        now: Timestamp,
    ) -> Result<Moved> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.unread)
            .set_key(Some(key(user, chat)))
            .update_expression("SET seq = :seq, own = :own, read_at = :now")
            .condition_expression("seq <= :seq AND sent_through = :through")
            .expression_attribute_values(":seq", n(to.seq))
            .expression_attribute_values(":own", n(to.own))
            .expression_attribute_values(":now", n(now.0))
            .expression_attribute_values(":through", n(tally.sent_through))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match moved(updated.map(drop))? {
            Moved::Not(standing) if standing.position.seq >= to.seq => Ok(Moved::Yes),
            moved => Ok(moved),
        }
    }

    /// Counts messages that a user has sent to a chat of many, given by their positions in a head's tail, in
    /// order. Whoever files them does so before the head may forget them; counting them again changes nothing.
    pub async fn credit(&self, user: UserId, chat: ChatId, positions: &[u64]) -> Result<()> {
        let Some((first, last)) = positions.first().zip(positions.last()) else { return Ok(()) };
        // As if none of them was counted yet, which is usual.
        let mut more = positions.len() as u64;
        let mut below = *first;
        for _ in 0..CREDIT_TRIES {
            let updated = self
                .client
                .update_item()
                .table_name(&self.tables.unread)
                .set_key(Some(key(user, chat)))
                .update_expression("SET sent = sent + :more, sent_through = :last")
                .condition_expression("sent_through < :below")
                .expression_attribute_values(":more", n(more))
                .expression_attribute_values(":last", n(last))
                .expression_attribute_values(":below", n(below))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            let Moved::Not(standing) = moved(updated.map(drop))? else { return Ok(()) };
            let Some(counted) = standing.tally.counting(positions) else { return Ok(()) };
            more = counted.sent - standing.tally.sent;
            below = standing.tally.sent_through + 1;
        }
        Err(StoreError::Unavailable("a tally changes all the time".into()))
    }
}

fn moved<R>(updated: std::result::Result<(), SdkError<UpdateItemError, R>>) -> Result<Moved>
where
    StoreError: From<SdkError<UpdateItemError, R>>,
{
    match updated.map_err(StoreError::from) {
        Ok(()) => Ok(Moved::Yes),
        Err(StoreError::Refused(Some(standing))) => read(*standing).map(Moved::Not),
        Err(StoreError::Refused(None)) => Ok(Moved::Gone),
        Err(error) => Err(error),
    }
}
