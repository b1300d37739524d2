//! Platforms' chats (`Chats`, `platform#<chatID>`): one item with everybody who takes part, which is what a message is
//! checked against. Its change of participants and what everybody learns of it are one transaction.

use super::queues::Event;
use super::{Result, Store, StoreError, complete, n, number_of, put_new, read, s, text_of, value, write};
use crate::clock::Timestamp;
use crate::ids::{MemberId, PlatformChatId};
use aws_sdk_dynamodb::types::{
    Delete, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One who takes part in a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Its name in this chat and no other.
    pub guid: Uuid,
    /// Who it is.
    pub member_id: MemberId,
}

/// A platform's chat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlatformChat {
    /// The platform's name for it. `chat_id` is a number in this table.
    #[serde(rename = "platform_chat_id")]
    pub chat_id: PlatformChatId,
    /// What it is about; may be empty.
    pub title: String,
    /// The participant that it belongs to.
    #[serde(rename = "owner_guid")]
    pub owner: Uuid,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its participants or its title changed last.
    pub updated_at: Timestamp,
    /// Time of the newest message: the next one is later.
    pub last_at: Timestamp,
    /// Another one with every change but that of `last_at`.
    pub revision: Uuid,
    /// In the order of joining.
    pub participants: Vec<Participant>,
}

fn pk(chat: &PlatformChatId) -> String {
    format!("platform#{chat}")
}

/// What became of a change to a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is made.
    Yes,
    /// The chat is another by now.
    Stale,
}

impl Store {
    /// A platform's chat.
    pub async fn platform_chat(&self, chat: &PlatformChatId) -> Result<Option<PlatformChat>> {
        let got = self
            .client
            .get_item()
            .table_name(&self.tables.chats)
            .key("pk", s(pk(chat)))
            .consistent_read(true)
            .send()
            .await?;
        got.item.map(read).transpose()
    }

    /// Puts a new chat in place.
    pub async fn create_platform_chat(
        &self,
        chat: &PlatformChat,
        told: &[(MemberId, Event)],
    ) -> Result<Changed> {
        let item = write(chat, [("pk", s(pk(&chat.chat_id)))])?;
        self.change_platform_chat(put_new(&self.tables.chats, "pk", item)?, told).await
    }

    /// Gives a chat another title or other participants; `revision` is the one that it had.
    pub async fn update_platform_chat(
        &self,
        chat: &PlatformChat,
        revision: Uuid,
        told: &[(MemberId, Event)],
    ) -> Result<Changed> {
        let update = Update::builder()
            .table_name(&self.tables.chats)
            .key("pk", s(pk(&chat.chat_id)))
            .update_expression(
                "SET title = :title, updated_at = :updated, revision = :new, participants = :participants",
            )
            .condition_expression("revision = :old")
            .expression_attribute_values(":title", s(&chat.title))
            .expression_attribute_values(":updated", n(chat.updated_at.0))
            .expression_attribute_values(":new", value(&chat.revision)?)
            .expression_attribute_values(":old", value(&revision)?)
            .expression_attribute_values(":participants", value(&chat.participants)?);
        let update = TransactWriteItem::builder().update(complete(update.build())?).build();
        self.change_platform_chat(update, told).await
    }

    /// Deletes a chat.
    pub async fn delete_platform_chat(
        &self,
        chat: &PlatformChat,
        told: &[(MemberId, Event)],
    ) -> Result<Changed> {
        let delete = Delete::builder()
            .table_name(&self.tables.chats)
            .key("pk", s(pk(&chat.chat_id)))
            .condition_expression("revision = :old")
            .expression_attribute_values(":old", value(&chat.revision)?);
        let delete = TransactWriteItem::builder().delete(complete(delete.build())?).build();
        self.change_platform_chat(delete, told).await
    }

    async fn change_platform_chat(
        &self,
        change: TransactWriteItem,
        told: &[(MemberId, Event)],
    ) -> Result<Changed> {
        let mut writes = vec![change];
        for (member, event) in told {
            writes.push(self.queued(member, event)?);
        }
        let is_made = self.unless_refused(writes).await?;
        Ok(if is_made { Changed::Yes } else { Changed::Stale })
    }

    /// Gives the times of so many messages to a chat, each later than all before, and answers with the first of them.
    /// `None` when the chat is not the one of this revision any more. Never in the way of another sender: whichever
    /// way the clocks differ, one of two atomic updates holds.
    pub async fn next_times(
        &self,
        chat: &PlatformChatId,
        revision: Uuid,
        count: usize,
        now: Timestamp,
    ) -> Result<Option<Timestamp>> {
        let more = i64::try_from(count).unwrap_or(i64::MAX);
        let ways = [
            ("SET last_at = :last", "revision = :revision AND last_at < :now"),
            ("SET last_at = last_at + :more", "revision = :revision AND last_at >= :now"),
        ];
        for (expression, condition) in ways {
            let update = self
                .client
                .update_item()
                .table_name(&self.tables.chats)
                .key("pk", s(pk(chat)))
                .update_expression(expression)
                .condition_expression(condition)
                .expression_attribute_values(":revision", value(&revision)?)
                .expression_attribute_values(":now", n(now.0))
                .return_values(ReturnValue::UpdatedNew)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            let update = match expression.contains(":more") {
                true => update.expression_attribute_values(":more", n(more)),
                false => update.expression_attribute_values(":last", n(now.0 + more - 1)),
            };
            match update.send().await.map_err(StoreError::from) {
                Ok(updated) => {
                    let last = number_of::<i64>(&updated.attributes.unwrap_or_default(), "last_at");
                    let last = last.ok_or_else(|| StoreError::Malformed("a chat without last_at".into()))?;
                    return Ok(Some(Timestamp(last - more + 1)));
                }
                Err(StoreError::Refused(found)) => {
                    let found = found.and_then(|found| text_of(&found, "revision"));
                    if found != Some(revision.to_string()) {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}
