//! Cursors (`Unread`): how far each user has read each of its chats. A user's list of chats starts here.

use super::{Result, Store, StoreError, n, read};
use crate::ids::{ChatId, UserId};
use crate::log::Position;
use serde::Deserialize;

/// A user's place in a chat.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Cursor {
    /// The chat.
    pub chat_id: ChatId,
    /// The other one of a direct chat.
    pub with_user: UserId,
    /// How far the user has read.
    #[serde(flatten)]
    pub position: Position,
}

impl Store {
    /// A user's cursor in a chat. `None` where the user takes no part in it.
    pub async fn cursor(&self, user: UserId, chat: ChatId) -> Result<Option<Cursor>> {
        let got = self
            .client
            .get_item()
            .table_name(&self.tables.unread)
            .key("user_id", n(user))
            .key("chat_id", n(chat))
            .consistent_read(true)
            .send()
            .await?;
        got.item.map(read).transpose()
    }

    /// All cursors of a user.
    pub async fn cursors(&self, user: UserId) -> Result<Vec<Cursor>> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.tables.unread)
            .key_condition_expression("user_id = :user")
            .expression_attribute_values(":user", n(user))
            .consistent_read(true)
            .into_paginator()
            .send();
        let mut cursors = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page?.items.unwrap_or_default() {
                cursors.push(read(item)?);
            }
        }
        Ok(cursors)
    }

    /// Moves a cursor forward. One that is there or further already stays; one that is gone stays gone.
    pub async fn advance(&self, user: UserId, chat: ChatId, to: Position) -> Result<()> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.unread)
            .key("user_id", n(user))
            .key("chat_id", n(chat))
            .update_expression("SET seq = :seq, own = :own")
            .condition_expression("seq < :seq")
            .expression_attribute_values(":seq", n(to.seq))
            .expression_attribute_values(":own", n(to.own))
            .send()
            .await;
        match updated.map_err(StoreError::from) {
            Ok(_) | Err(StoreError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
