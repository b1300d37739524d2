//! What spans items of several kinds and happens all or not at all: opening, making, joining and deleting chats.

use super::chats::{About, about_key};
use super::claims::Claim;
use super::cursors::Cursor;
use super::heads::{HeadKey, Kind, Pair};
use super::messages::mark;
use super::{Result, Store, complete, n, put_new, s, value};
use crate::clock::Timestamp;
use crate::ids::{ChatId, UserId};
use crate::log::{Head, Message, Position};
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};

/// What became of a wish to take part in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// The user takes part.
    Yes,
    /// As many take part as the room has places for.
    Full,
}

impl Store {
    /// Opens a chat with its first message; for a pair also a cursor for each and what the id means; and the
    /// sender's idempotency claim if there is one: all or nothing. Refused when there is such a chat by now,
    /// the id is taken, or the claim is another attempt's.
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
                HeadKey::Direct(_) => About::Direct { pair, deleted: false },
                _ => About::Pair { pair, owner: opened.0, created_at: opened.1 },
            };
            writes.push(self.new_about(head.chat_id, &about)?);
            for user in pair.users() {
                let kind = if let HeadKey::Direct(_) = key { Kind::Direct } else { Kind::Pair };
                let cursor =
                    Cursor::new(head.chat_id, kind, Some(pair.other(user)), Position::default(), opened.1);
                writes.push(put_new(&self.tables.unread, "user_id", cursor.item(user)?)?);
            }
        }
        if let Some(claim) = claim {
            writes.push(self.claim_in_transaction(claim)?);
        }
        self.client.transact_write_items().set_transact_items(Some(writes)).send().await?;
        Ok(())
    }

    /// Makes a room, a group or a conversation: what it is, an empty head, and the cursor of who takes part from the
    /// beginning. Refused when the id is taken.
    pub async fn create_chat(
        &self,
        chat: ChatId,
        about: &About,
        member: Option<(UserId, Cursor)>,
    ) -> Result<()> {
        let key = if let About::Topic(_) = about { HeadKey::Topic(chat) } else { HeadKey::Chat(chat) };
        let mut writes = vec![self.new_head(key, &Head::empty(chat, &[]))?, self.new_about(chat, about)?];
        if let Some((user, cursor)) = member {
            writes.push(put_new(&self.tables.unread, "user_id", cursor.item(user)?)?);
        }
        self.client.transact_write_items().set_transact_items(Some(writes)).send().await?;
        Ok(())
    }

    /// Makes a user take part in a room or a group, if it does not yet. `limited` tells of a room whose places
    /// are counted.
    pub async fn join(&self, user: UserId, cursor: &Cursor, limited: bool) -> Result<Joined> {
        let put = put_new(&self.tables.unread, "user_id", cursor.item(user)?)?;
        let mut writes = vec![put];
        if limited {
            writes.push(self.one_more_place_taken(cursor.chat_id)?);
        }
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        match sent {
            Ok(_) => Ok(Joined::Yes),
            // The first is refused for one who takes part already.
            Err(error) => Ok(if super::first_refused(error)? == 0 { Joined::Yes } else { Joined::Full }),
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

    /// Deletes a direct chat at once and for both: head and cursors go, the id stays as a grave until its rows are
    /// gone. Refused when the pair's chat is not this one (any more).
    pub async fn bury_chat(&self, pair: Pair, chat: ChatId, now: Timestamp) -> Result<()> {
        let head = Delete::builder()
            .table_name(&self.tables.chats)
            .key("pk", s(HeadKey::Direct(pair).pk()))
            .condition_expression("chat_id = :chat")
            .expression_attribute_values(":chat", n(chat));
        let about = Update::builder()
            .table_name(&self.tables.chats)
            .key("pk", s(about_key(chat)))
            .update_expression("SET deleted = :yes, grave = :grave, chat_id = :chat, buried_at = :now")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":grave", s("open"))
            .expression_attribute_values(":now", n(now.0))
            .expression_attribute_values(":chat", n(chat));
        let mut writes = vec![
            TransactWriteItem::builder().delete(complete(head.build())?).build(),
            TransactWriteItem::builder().update(complete(about.build())?).build(),
        ];
        for user in pair.users() {
            let cursor = Delete::builder()
                .table_name(&self.tables.unread)
                .key("user_id", n(user))
                .key("chat_id", n(chat));
            writes.push(TransactWriteItem::builder().delete(complete(cursor.build())?).build());
        }
        self.client.transact_write_items().set_transact_items(Some(writes)).send().await?;
        Ok(())
    }
}
