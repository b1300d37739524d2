//! What spans items of several kinds and happens all or not at all: opening, making, joining and deleting chats.

use super::chats::About;
use super::claims::Claim;
use super::cursors::Cursor;
use super::heads::{HeadKey, Kind};
use super::messages::mark;
use super::{Result, Store, complete, n, put_new, s, value};
use crate::clock::Timestamp;
use crate::ids::{ChatId, UserId};
use crate::log::{Head, Message, Position};
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};

/// What became of a wish to take part in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// The user takes part.
    Yes,
    /// As many take part as the room has places for; or the chat is gone.
    Full,
    /// The user is gone.
    NoUser,
}

/// What became of a wish to leave a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The user has left.
    Yes,
    /// It takes no part (any more).
    Before,
    /// It is the only one in a chat of document 003, which has to go with it.
    Alone,
}

impl Store {
    /// Opens a chat with its first message; for a pair also a cursor for each and what the id means; and the
    /// sender's idempotency claim if there is one: all or nothing. Refused when there is such a chat by now,
    /// the id is taken, one of a pair is gone, or the claim is another attempt's.
    pub async fn open_chat(
        &self,
        key: HeadKey,
        head: &Head,
        opened: (UserId, Timestamp),
        claim: Option<&Claim>,
    ) -> Result<()> {
        let mut writes = vec![self.new_head(key, head)?];
        if let Some(pair) = key.pair() {
            let about = match key {
                HeadKey::Direct(_) => About::Direct { pair },
                _ => About::Pair { pair, owner: opened.0, created_at: opened.1 },
            };
            writes.push(self.new_about(head.chat_id, &about)?);
            for user in pair.users() {
                let kind = if let HeadKey::Direct(_) = key { Kind::Direct } else { Kind::Pair };
                let cursor =
                    Cursor::new(head.chat_id, kind, Some(pair.other(user)), Position::default(), opened.1);
                writes.push(put_new(&self.tables.unread, "user_id", cursor.item(user)?)?);
                writes.push(self.user_exists(user)?);
            }
        } else if let HeadKey::Bot(user) = key {
            writes.push(self.new_about(head.chat_id, &About::Bot)?);
            writes.push(self.user_exists(user)?);
        }
        if let Some(claim) = claim {
            writes.push(self.claim_in_transaction(claim)?);
        }
        self.client.transact_write_items().set_transact_items(Some(writes)).send().await?;
        Ok(())
    }

    /// Makes a chat of many: what it is, an empty head, and the cursor of who takes part from the
    /// beginning. Refused when the id is taken or that user is gone.
    pub async fn create_chat(
        &self,
        chat: ChatId,
        about: &About,
        member: Option<(UserId, Cursor)>,
    ) -> Result<()> {
        let key = match about {
            About::Topic(_) => HeadKey::Topic(chat),
            About::Web(_) => HeadKey::Web(chat),
            _ => HeadKey::Chat(chat),
        };
        let mut writes = vec![self.new_head(key, &Head::empty(chat, &[]))?, self.new_about(chat, about)?];
        if let Some((user, cursor)) = member {
            writes.push(put_new(&self.tables.unread, "user_id", cursor.item(user)?)?);
            writes.push(self.user_exists(user)?);
        }
        self.client.transact_write_items().set_transact_items(Some(writes)).send().await?;
        Ok(())
    }

    /// Makes a user take part in a chat of many, if it does not yet. `counted` tells of a chat that counts its
    /// participants.
    pub async fn join(&self, user: UserId, cursor: &Cursor, counted: bool) -> Result<Joined> {
        let put = Put::builder()
            .table_name(&self.tables.unread)
            .set_item(Some(cursor.item(user)?))
            .condition_expression("attribute_not_exists(user_id) OR attribute_exists(left_at)");
        let mut writes = vec![TransactWriteItem::builder().put(complete(put.build())?).build()];
        if counted {
            writes.push(self.one_more(cursor.chat_id, cursor.kind)?);
        }
        let last = writes.len();
        writes.push(self.user_exists(user)?);
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        match sent {
            Ok(_) => Ok(Joined::Yes),
            Err(error) => Ok(match super::first_refused(error)? {
                // It takes part already.
                0 => Joined::Yes,
                refused if refused == last => Joined::NoUser,
                _ => Joined::Full,
            }),
        }
    }

    /// Takes a user out of a chat of many, if it takes part. `counted` as with [`Store::join`].
    pub async fn leave(&self, user: UserId, cursor: &Cursor, counted: bool, now: Timestamp) -> Result<Left> {
        let mut writes = vec![self.end_cursor(user, cursor.chat_id, now)?];
        if counted {
            writes.push(self.one_less(cursor.chat_id, cursor.kind)?);
        }
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        match sent {
            Ok(_) => Ok(Left::Yes),
            Err(error) => Ok(if super::first_refused(error)? == 0 { Left::Before } else { Left::Alone }),
        }
    }

    /// Deletes a filed message: the head counts it out, and a mark takes the place of its row. `latest` says which is
    /// the newest one left, where the newest one goes. Refused when the message is gone or has become the newest, or
    /// (with `latest`) another one was sent or deleted meanwhile.
    pub async fn delete_message(
        &self,
        key: HeadKey,
        seen: &Head,
        message: &Message,
        latest: Option<&Option<Message>>,
        removal: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut head = Update::builder()
            .table_name(&self.tables.chats)
            .key("pk", s(key.pk()))
            .expression_attribute_values(":chat", n(seen.chat_id))
            .expression_attribute_values(":one", n(1));
        head = match latest {
            None => head
                .update_expression("ADD deleted_count :one, purge_count :one")
                .condition_expression(
                    "chat_id = :chat AND (attribute_not_exists(latest.seq) OR latest.seq <> :seq)",
                )
                .expression_attribute_values(":seq", n(message.seq)),
            Some(latest) => head
                .update_expression("SET latest = :latest ADD deleted_count :one, purge_count :one")
                .condition_expression(
                    "chat_id = :chat AND purge_count = :count AND filed = :filed AND size(tail) = :none",
                )
                .expression_attribute_values(":count", n(seen.purge_count))
                .expression_attribute_values(":latest", value(latest)?)
                .expression_attribute_values(":filed", n(seen.filed))
                .expression_attribute_values(":none", n(0)),
        };
        let mark = Put::builder()
            .table_name(&self.tables.messages)
            .set_item(Some(mark(seen.chat_id, message, Some(removal), now)))
            .condition_expression("attribute_exists(seq) AND attribute_not_exists(removed)");
        self.client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().update(complete(head.build())?).build())
            .transact_items(TransactWriteItem::builder().put(complete(mark.build())?).build())
            .send()
            .await?;
        Ok(())
    }

    /// Deletes a chat at once and for all: its head and the cursors of its participants go, the id stays as a grave
    /// until its rows are gone. Refused when it is gone already; a chat of document 003, too, unless this is its only
    /// participant.
    pub async fn bury(
        &self,
        key: HeadKey,
        chat: ChatId,
        participants: &[UserId],
        now: Timestamp,
    ) -> Result<()> {
        let head = Delete::builder()
            .table_name(&self.tables.chats)
            .key("pk", s(key.pk()))
            .condition_expression("chat_id = :chat")
            .expression_attribute_values(":chat", n(chat));
        let mut writes = vec![
            TransactWriteItem::builder().delete(complete(head.build())?).build(),
            self.grave(key, chat, now)?,
        ];
        for &user in participants {
            let cursor = Delete::builder()
                .table_name(&self.tables.unread)
                .set_key(Some(super::cursors::key(user, chat)));
            let cursor = match key {
                HeadKey::Web(_) => {
                    cursor.condition_expression("attribute_exists(user_id) AND attribute_not_exists(left_at)")
                }
                _ => cursor,
            };
            writes.push(TransactWriteItem::builder().delete(complete(cursor.build())?).build());
        }
        self.client.transact_write_items().set_transact_items(Some(writes)).send().await?;
        Ok(())
    }
}
