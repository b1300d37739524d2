//! Open sockets (`Connections`). `connection#<id>` says whose a connection is. `user#<id>` lists a user's sockets,
//! `member#<id>` those of a platform's user, and `group#<id>`, one item per user, those that are in a group: one
//! attribute per socket, so that one atomic update tells which came first and which went last.

use super::{Item, Result, Store, StoreError, n, number_of, read, s, stands, write};
use crate::clock::Timestamp;
use crate::ids::{ChatId, Owner, UserId};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnValue};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What is told to everybody who listens. The connections that listen are in one partition of the index `live`: enough
/// for the 500 new connections a second that API Gateway takes by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Notices of users and groups (002).
    Notices,
    /// These, and what is said in conversations (004).
    Conversations,
}

impl Feed {
    fn partition(self) -> &'static str {
        match self {
            Self::Notices => "live",
            Self::Conversations => "conversations",
        }
    }
}

const SOCKET: &str = "socket:";
/// Sockets whose group one update changes: an expression has at most 4 KB.
const MOVED_AT_ONCE: usize = 50;
/// Sort key of items that are alone in their partition.
const ALONE: &str = "-";

/// An open socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// API Gateway's id.
    pub connection_id: String,
    /// Whose it is.
    #[serde(flatten)]
    pub owner: Owner,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// API Gateway's id.
    pub connection_id: String,
    /// The session that opened it.
    pub session_id: String,
    /// When API Gateway ends it at the latest, in seconds since the epoch.
    pub expires_at: i64,
    /// The group that it is in.
    pub group_id: Option<ChatId>,
}

impl Sockets {
    fn from_item(item: &Item, now: Timestamp) -> Self {
        let open = item.iter().filter_map(|(name, socket)| {
            let connection_id = name.strip_prefix(SOCKET)?.to_owned();
            let socket = socket.as_m().ok().filter(|socket| stands(socket, now))?;
            Some(Socket {
                connection_id,
                session_id: super::text_of(socket, "session_id")?,
                expires_at: number_of(socket, "expires_at")?,
                group_id: number_of::<u64>(socket, "group_id").and_then(|id| id.try_into().ok()),
            })
        });
        Self { open: open.collect(), last_seen: number_of(item, "last_seen").map(Timestamp) }
    }
}

impl Socket {
    fn attribute(&self) -> (String, AttributeValue) {
        let mut socket = HashMap::from([
            ("expires_at".to_owned(), n(self.expires_at)),
            ("session_id".to_owned(), s(&self.session_id)),
        ]);
        if let Some(group) = self.group_id {
            socket.insert("group_id".to_owned(), n(group));
        }
        (format!("{SOCKET}{}", self.connection_id), AttributeValue::M(socket))
    }
}

/// A socket that was taken out of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenOut {
    /// It was the last one there.
    pub last: bool,
    /// The group that it was in.
    pub group: Option<ChatId>,
}

fn alone(pk: String) -> Item {
    Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(ALONE))])
}

fn connection_key(connection: &str) -> Item {
    alone(format!("connection#{connection}"))
}

fn owner_pk(owner: &Owner) -> String {
    match owner {
        Owner::UserId(user) => format!("user#{user}"),
        Owner::MemberId(member) => format!("member#{member}"),
    }
}

fn owner_key(owner: &Owner) -> Item {
    alone(owner_pk(owner))
}

fn presence_key(group: ChatId, user: UserId) -> Item {
    Item::from([("pk".to_owned(), s(format!("group#{group}"))), ("sk".to_owned(), s(user.to_string()))])
}

impl Store {
    /// Whose a connection is; `None` for one that was not opened or has ended.
    pub async fn connection(&self, connection: &str) -> Result<Option<Connection>> {
        let got = self
            .client
            .get_item()
            .table_name(&self.tables.connections)
            .set_key(Some(connection_key(connection)))
            .consistent_read(true)
            .send()
            .await?;
        got.item.map(read).transpose()
    }

    /// Lists a socket among its owner's, and answers with the others that were listed before, those that have expired
    /// included.
    pub async fn list_socket(&self, connection: &Connection) -> Result<Vec<Socket>> {
        let socket = Socket {
            connection_id: connection.connection_id.clone(),
            session_id: connection.session_id.clone(),
            expires_at: connection.expires_at,
            group_id: None,
        };
        let (name, value) = socket.attribute();
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.connections)
            .set_key(Some(owner_key(&connection.owner)))
            .update_expression("SET #socket = :socket")
            .expression_attribute_names("#socket", name)
            .expression_attribute_values(":socket", value)
            .return_values(ReturnValue::AllOld)
            .send()
            .await?;
        let ever = Timestamp::default();
        let mut before = Sockets::from_item(&updated.attributes.unwrap_or_default(), ever).open;
        before.retain(|socket| socket.connection_id != connection.connection_id);
        Ok(before)
    }

    /// Records an open connection, and what it listens to. After its socket is listed, so that a connection whose owner
    /// is known is one that messages reach.
    pub async fn open_connection(&self, connection: &Connection, feed: Option<Feed>) -> Result<()> {
        let mut item = write(connection, [])?;
        item.extend(connection_key(&connection.connection_id));
        if let Some(feed) = feed {
            item.insert("live".to_owned(), s(feed.partition()));
        }
        self.client.put_item().table_name(&self.tables.connections).set_item(Some(item)).send().await?;
        Ok(())
    }

    /// Records that an owner's connection ended. With `expiring_before`, one that expires later (and so is younger)
    /// stays as it is: then the answer is `None`. Which group it was in is left to be told to the group.
    pub async fn close_connection(
        &self,
        owner: &Owner,
        connection: &str,
        now: Timestamp,
        expiring_before: Option<Timestamp>,
    ) -> Result<Option<TakenOut>> {
        let expiring_before = expiring_before.map_or(i64::MAX, Timestamp::seconds);
        let name = format!("{SOCKET}{connection}");
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.connections)
            .set_key(Some(owner_key(owner)))
            .update_expression("REMOVE #socket SET last_seen = :now")
            .condition_expression("#socket.expires_at < :expiring_before")
            .expression_attribute_values(":expiring_before", n(expiring_before))
            .expression_attribute_names("#socket", name)
            .expression_attribute_values(":now", n(now.0))
            .return_values(ReturnValue::AllOld)
            .send()
            .await;
        let taken_out = match updated.map_err(StoreError::from) {
            Ok(updated) => {
                let before = Sockets::from_item(&updated.attributes.unwrap_or_default(), now);
                let (gone, left): (Vec<_>, Vec<_>) =
                    before.open.into_iter().partition(|socket| socket.connection_id == connection);
                TakenOut { last: left.is_empty(), group: gone.first().and_then(|socket| socket.group_id) }
            }
            Err(StoreError::Refused(_)) => TakenOut::default(),
            Err(error) => return Err(error),
        };
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.tables.connections)
            .set_key(Some(connection_key(connection)))
            .condition_expression("attribute_not_exists(pk) OR expires_at < :expiring_before")
            .expression_attribute_values(":expiring_before", n(expiring_before))
            .send()
            .await;
        match deleted.map_err(StoreError::from) {
            Ok(_) => Ok(Some(taken_out)),
            Err(StoreError::Refused(_)) => Ok(None),
            // What others are to be told of has happened; this item expires.
            Err(error) if taken_out != TakenOut::default() => {
                tracing::warn!(%error, "the record of an ended connection was left behind");
                Ok(Some(taken_out))
            }
            Err(error) => Err(error),
        }
    }

    /// The sockets of some owners; one that never had any is left out. A page of up to 100 owners is one call.
    pub async fn sockets(&self, owners: &[Owner], now: Timestamp) -> Result<HashMap<Owner, Sockets>> {
        let keys = owners.iter().map(owner_key).collect();
        let keys_of = |keys| KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        let items = self.batch_get(&self.tables.connections, keys, keys_of).await?;
        let by_key: HashMap<_, _> =
            items.into_iter().filter_map(|item| Some((super::text_of(&item, "pk")?, item))).collect();
        Ok(owners
            .iter()
            .filter_map(|owner| {
                let item = by_key.get(&owner_pk(owner))?;
                Some((owner.clone(), Sockets::from_item(item, now)))
            })
            .collect())
    }

    /// The open connections that listen to something, each with its user. Eventually consistent: for notices, not for
    /// messages to somebody.
    pub async fn listening(&self, feed: Feed, now: Timestamp) -> Result<Vec<(UserId, String)>> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.tables.connections)
            .index_name("live")
            .key_condition_expression("live = :live")
            .filter_expression("expires_at > :now")
            .expression_attribute_values(":live", s(feed.partition()))
            .expression_attribute_values(":now", n(now.seconds()))
            .into_paginator()
            .send();
        let mut listening = Vec::new();
        while let Some(page) = pages.next().await {
            listening.extend(page?.items.unwrap_or_default().iter().filter_map(|item| {
                let user = number_of::<u64>(item, "user_id")?.try_into().ok()?;
                Some((user, super::text_of(item, "connection_id")?))
            }));
        }
        Ok(listening)
    }

    /// Makes these the sockets that a user has in a group. True when it had none there before.
    pub async fn put_presence(
        &self,
        group: ChatId,
        user: UserId,
        sockets: &[Socket],
        now: Timestamp,
    ) -> Result<bool> {
        let mut item = presence_key(group, user);
        item.extend(sockets.iter().map(Socket::attribute));
        let expires = sockets.iter().map(|socket| socket.expires_at).max().unwrap_or_default();
        item.insert("expires_at".to_owned(), n(expires));
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.connections)
            .set_item(Some(item))
            .return_values(ReturnValue::AllOld)
            .send()
            .await?;
        Ok(Sockets::from_item(&put.attributes.unwrap_or_default(), now).open.is_empty())
    }

    /// Notes with a user's sockets which group they are in, and answers with how they were before. `None` when
    /// they are not all open any more.
    pub async fn move_sockets(
        &self,
        user: UserId,
        sockets: &[Socket],
        group: Option<ChatId>,
        now: Timestamp,
    ) -> Result<Option<Vec<Socket>>> {
        let mut before = Vec::with_capacity(sockets.len());
        for some in sockets.chunks(MOVED_AT_ONCE) {
            let Some(mut moved) = self.move_some(user, some, group, now).await? else { return Ok(None) };
            moved.retain(|socket| some.iter().any(|wanted| wanted.connection_id == socket.connection_id));
            before.append(&mut moved);
        }
        Ok(Some(before))
    }

    async fn move_some(
        &self,
        user: UserId,
        sockets: &[Socket],
        group: Option<ChatId>,
        now: Timestamp,
    ) -> Result<Option<Vec<Socket>>> {
        let mut update = self
            .client
            .update_item()
            .table_name(&self.tables.connections)
            .set_key(Some(owner_key(&user.into())))
            .return_values(ReturnValue::AllOld);
        let (mut changes, mut conditions) = (Vec::new(), Vec::new());
        for (place, socket) in sockets.iter().enumerate() {
            update = update.expression_attribute_names(
                format!("#socket{place}"),
                format!("{SOCKET}{}", socket.connection_id),
            );
            conditions.push(format!("attribute_exists(#socket{place})"));
            changes.push(match group {
                Some(_) => format!("#socket{place}.group_id = :group"),
                None => format!("#socket{place}.group_id"),
            });
        }
        let verb = if group.is_some() { "SET" } else { "REMOVE" };
        if let Some(group) = group {
            update = update.expression_attribute_values(":group", n(group));
        }
        let updated = update
            .update_expression(format!("{verb} {}", changes.join(", ")))
            .condition_expression(conditions.join(" AND "))
            .send()
            .await;
        match updated.map_err(StoreError::from) {
            Ok(updated) => Ok(Some(Sockets::from_item(&updated.attributes.unwrap_or_default(), now).open)),
            Err(StoreError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes a socket out of a group. True when it was there and was the user's last one in it.
    pub async fn leave_presence(
        &self,
        group: ChatId,
        user: UserId,
        connection: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.connections)
            .set_key(Some(presence_key(group, user)))
            .update_expression("REMOVE #socket SET left_at = :now")
            .condition_expression("attribute_exists(#socket)")
            .expression_attribute_names("#socket", format!("{SOCKET}{connection}"))
            .expression_attribute_values(":now", n(now.0))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let left = match updated.map_err(StoreError::from) {
            Ok(updated) => Sockets::from_item(&updated.attributes.unwrap_or_default(), now).open,
            Err(StoreError::Refused(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        if !left.is_empty() {
            return Ok(false);
        }
        // Unless somebody entered meanwhile, which puts an item without `left_at` in its place.
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.tables.connections)
            .set_key(Some(presence_key(group, user)))
            .condition_expression("left_at = :now")
            .expression_attribute_values(":now", n(now.0))
            .send()
            .await;
        match deleted.map_err(StoreError::from) {
            Ok(_) => Ok(true),
            Err(StoreError::Refused(_)) => Ok(false),
            Err(error) => {
                tracing::warn!(%error, "an empty presence was left behind");
                Ok(true)
            }
        }
    }

    /// Who is in a group, in the order of user ids, with their sockets there.
    pub async fn present(&self, group: ChatId, now: Timestamp) -> Result<Vec<(UserId, Vec<Socket>)>> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.tables.connections)
            .key_condition_expression("pk = :group")
            .expression_attribute_values(":group", s(format!("group#{group}")))
            .consistent_read(true)
            .into_paginator()
            .send();
        let mut present = Vec::new();
        while let Some(page) = pages.next().await {
            present.extend(page?.items.unwrap_or_default().iter().filter_map(|item| {
                let user = super::text_of(item, "sk")?.parse().ok()?;
                let open = Sockets::from_item(item, now).open;
                (!open.is_empty()).then_some((user, open))
            }));
        }
        present.sort_unstable_by_key(|(user, _)| *user);
        Ok(present)
    }
}
