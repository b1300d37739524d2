//! Open sockets (`Connections`): `connection#<id>` says whose a connection is; `user#<id>` lists a user's
//! connections, one attribute each, so that one atomic update tells which came first and which went last.

use super::{Item, Result, Store, StoreError, n, number_of, read, s, stands, write};
use crate::clock::Timestamp;
use crate::ids::UserId;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnValue};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Every open connection is in this one partition of the index `live`: enough for the 500 new connections
/// a second that API Gateway takes by default.
const LIVE: &str = "live";
const SOCKET: &str = "socket:";

/// An open socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// API Gateway's id.
    pub connection_id: String,
    /// Whose it is.
    pub user_id: UserId,
    /// The session that opened it.
    pub session_id: String,
    /// When API Gateway ends it at the latest, in seconds since the epoch.
    pub expires_at: i64,
}

/// A user's sockets and when it was last seen.
#[derive(Clone, Debug, Default)]
pub struct Sockets {
    /// Open sockets.
    pub open: Vec<Socket>,
    /// When the last one closed.
    pub last_seen: Option<Timestamp>,
}

/// One of a user's sockets.
#[derive(Clone, Debug)]
pub struct Socket {
    /// API Gateway's id.
    pub connection_id: String,
    /// The session that opened it.
    pub session_id: String,
}

impl Sockets {
    fn from_item(item: &Item, now: Timestamp) -> Self {
        let open = item.iter().filter_map(|(name, socket)| {
            let connection_id = name.strip_prefix(SOCKET)?.to_owned();
            let socket = socket.as_m().ok()?;
            stands(socket, now)
                .then_some(Socket { connection_id, session_id: super::text_of(socket, "session_id")? })
        });
        Self { open: open.collect(), last_seen: number_of(item, "last_seen").map(Timestamp) }
    }
}

fn connection_key(connection: &str) -> String {
    format!("connection#{connection}")
}

fn user_key(user: UserId) -> String {
    format!("user#{user}")
}

impl Store {
    /// Whose a connection is; `None` for one that was not opened or has ended.
    pub async fn connection(&self, connection: &str) -> Result<Option<Connection>> {
        let got = self
            .client
            .get_item()
            .table_name(&self.tables.connections)
            .key("pk", s(connection_key(connection)))
            .consistent_read(true)
            .send()
            .await?;
        got.item.map(read).transpose()
    }

    /// Records an open connection. True when it is the user's only one.
    pub async fn open_connection(&self, connection: &Connection, now: Timestamp) -> Result<bool> {
        let socket = HashMap::from([
            ("expires_at".to_owned(), n(connection.expires_at)),
            ("session_id".to_owned(), s(&connection.session_id)),
        ]);
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.connections)
            .key("pk", s(user_key(connection.user_id)))
            .update_expression("SET #socket = :socket")
            .expression_attribute_names("#socket", format!("{SOCKET}{}", connection.connection_id))
            .expression_attribute_values(":socket", AttributeValue::M(socket))
            .return_values(ReturnValue::AllOld)
            .send()
            .await?;
        let before = Sockets::from_item(&updated.attributes.unwrap_or_default(), now);
        // Second, so that a connection whose owner is known is one that messages reach.
        let keys = [("pk", s(connection_key(&connection.connection_id))), ("live", s(LIVE))];
        self.client
            .put_item()
            .table_name(&self.tables.connections)
            .set_item(Some(write(connection, keys)?))
            .send()
            .await?;
        Ok(before.open.iter().all(|socket| socket.connection_id == connection.connection_id))
    }

    /// Records that a user's connection ended. True when none is left to the user because of it. With
    /// `expiring_before`, one that expires later (and so is younger) stays as it is.
    pub async fn close_connection(
        &self,
        user: UserId,
        connection: &str,
        now: Timestamp,
        expiring_before: Option<Timestamp>,
    ) -> Result<bool> {
        let expiring_before = expiring_before.map_or(i64::MAX, Timestamp::seconds);
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.connections)
            .key("pk", s(user_key(user)))
            .update_expression("REMOVE #socket SET last_seen = :now")
            .condition_expression("#socket.expires_at < :expiring_before")
            .expression_attribute_values(":expiring_before", n(expiring_before))
            .expression_attribute_names("#socket", format!("{SOCKET}{connection}"))
            .expression_attribute_values(":now", n(now.0))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let last = match updated.map_err(StoreError::from) {
            Ok(updated) => Sockets::from_item(&updated.attributes.unwrap_or_default(), now).open.is_empty(),
            Err(StoreError::Refused(_)) => false,
            Err(error) => return Err(error),
        };
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.tables.connections)
            .key("pk", s(connection_key(connection)))
            .condition_expression("attribute_not_exists(pk) OR expires_at < :expiring_before")
            .expression_attribute_values(":expiring_before", n(expiring_before))
            .send()
            .await;
        match deleted.map_err(StoreError::from) {
            Ok(_) | Err(StoreError::Refused(_)) => Ok(last),
            Err(error) => Err(error),
        }
    }

    /// The sockets of some users; one that never had any is left out. A page of up to 100 users is one call.
    pub async fn sockets(&self, users: &[UserId], now: Timestamp) -> Result<HashMap<UserId, Sockets>> {
        let keys = users.iter().map(|&user| Item::from([("pk".to_owned(), s(user_key(user)))])).collect();
        let keys_of = |keys| KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        let items = self.batch_get(&self.tables.connections, keys, keys_of).await?;
        let by_key: HashMap<_, _> =
            items.into_iter().filter_map(|item| Some((super::text_of(&item, "pk")?, item))).collect();
        Ok(users
            .iter()
            .filter_map(|&user| Some((user, Sockets::from_item(by_key.get(&user_key(user))?, now))))
            .collect())
    }

    /// Every open connection with its user. Eventually consistent: for notices, not for messages.
    pub async fn online(&self, now: Timestamp) -> Result<Vec<(UserId, String)>> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.tables.connections)
            .index_name("live")
            .key_condition_expression("live = :live")
            .filter_expression("expires_at > :now")
            .expression_attribute_values(":live", s(LIVE))
            .expression_attribute_values(":now", n(now.seconds()))
            .into_paginator()
            .send();
        let mut online = Vec::new();
        while let Some(page) = pages.next().await {
            online.extend(page?.items.unwrap_or_default().iter().filter_map(|item| {
                let user = number_of::<u64>(item, "user_id")?.try_into().ok()?;
                Some((user, super::text_of(item, "connection_id")?))
            }));
        }
        Ok(online)
    }
}
