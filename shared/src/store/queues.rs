//! What platforms' users have yet to acknowledge (`Queues`): under `event#<id>` what waits, under `receipt#<id>` what
//! became of a message that its receiver has acknowledged. What must happen together is one transaction, so that
//! whatever is repeated happens once.

use super::{Item, Result, Store, complete, n, put_new, read, s, stands, text_of, write};
use crate::clock::Timestamp;
use crate::ids::{MemberId, PlatformChatId};
use aws_sdk_dynamodb::types::{AttributeValue, Delete, KeysAndAttributes, Put, TransactWriteItem, Update};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long something waits to be acknowledged (contract, section 2).
pub const WAITS: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a `clientHash` stands for its first message (contract, section 1).
const CLAIM_LASTS: Duration = Duration::from_secs(24 * 3600);

/// What becomes of a message at its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Receipt {
    /// It has arrived.
    Delivered,
    /// It was read.
    Read,
}

impl Receipt {
    fn attribute(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Read => "seen",
        }
    }
}

/// Who came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Passage {
    /// Somebody takes part from now on.
    ChatEnter,
    /// Somebody takes part no longer.
    ChatLeave,
}

/// Something that waits in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id, by which it is acknowledged. Ids grow with time.
    #[serde(rename = "entry", with = "entry")]
    pub id: Uuid,
    /// What it says.
    #[serde(flatten)]
    pub content: Content,
    /// When it was queued; a message's server time.
    pub queued_at: Timestamp,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// A message.
    Message {
        /// Where it was sent.
        chat_id: PlatformChatId,
        /// Who sent it.
        sender: MemberId,
        /// The sender's name in the chat.
        sender_guid: Uuid,
        /// The receiver's name in the chat.
        receiver_guid: Uuid,
        /// To whom it was sent, by names in the chat.
        #[serde(with = "names")]
        recipients: Vec<Uuid>,
        /// What this receiver is told.
        message: String,
    },
    /// What became of a message that the queue's owner sent.
    Status {
        /// What.
        receipt: Receipt,
        /// Which message.
        about: Uuid,
        /// At whom, by its name in the chat.
        receiver_guid: Uuid,
    },
    /// Who came to a chat or left it.
    Info {
        /// Which of the two.
        passage: Passage,
        /// Where.
        chat_id: PlatformChatId,
        /// Who, by names in the chat.
        guids: Vec<Uuid>,
    },
}

impl Event {
    fn expires_at(&self) -> i64 {
        (self.queued_at + WAITS).seconds()
    }
}

/// Whom a receipt goes to, and in whose name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Who sent the message.
    pub sender: MemberId,
    /// The receiver's name in the chat.
    pub receiver_guid: Uuid,
    /// When it was sent.
    pub queued_at: Timestamp,
}

/// Where something that was queued is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// It waits.
    Waiting(Event),
    /// It is a message that was acknowledged, by these.
    Acknowledged(Acknowledged, Vec<Receipt>),
}

/// What a sender's `clientHash` stands for (`Users`, `platform-send#<userID>#<clientHash>`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformClaim {
    /// Digest of where to and what.
    pub digest: String,
    /// The message.
    pub message_id: Uuid,
    /// Its server time.
    pub sent_at: Timestamp,
}

/// An event's id is its place in the queue, and stored as nothing else: every kilobyte of an item costs.
mod entry {
    use super::{Uuid, event_key};
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&event_key(*id))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
        let entry = String::deserialize(deserializer)?;
        let id = entry.split_once('#').and_then(|(_, id)| id.parse().ok());
        id.ok_or_else(|| D::Error::custom("an entry without an id"))
    }
}

/// The names of up to 98 receivers, which each of them gets a copy of: as bytes they take a third of what texts would.
mod names {
    use super::Uuid;
    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};
    use std::fmt;

    const LENGTH: usize = size_of::<Uuid>();

    pub(super) fn serialize<S: Serializer>(names: &[Uuid], serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = names.iter().flat_map(|name| *name.as_bytes()).collect();
        serializer.serialize_bytes(&bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Uuid>, D::Error> {
        struct Names;

        impl Visitor<'_> for Names {
            type Value = Vec<Uuid>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("names of 16 bytes each")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                let (names, rest) = bytes.as_chunks::<LENGTH>();
                if rest.is_empty() {
                    Ok(names.iter().map(|name| Uuid::from_bytes(*name)).collect())
                } else {
                    Err(E::invalid_length(bytes.len(), &self))
                }
            }
        }

        deserializer.deserialize_bytes(Names)
    }
}

fn event_key(id: Uuid) -> String {
    format!("event#{id}")
}

fn receipt_key(id: Uuid) -> String {
    format!("receipt#{id}")
}

fn key(member: &MemberId, entry: String) -> Item {
    Item::from([("queue".to_owned(), s(member.as_str())), ("entry".to_owned(), s(entry))])
}

fn claim_pk(sender: &MemberId, hash: &str) -> String {
    format!("platform-send#{sender}#{hash}")
}

impl Store {
    /// What waits for a member, oldest first, after the event `after`: one page of what DynamoDB reads at once (1 MB),
    /// and the event after which more follow.
    pub async fn waiting(
        &self,
        member: &MemberId,
        after: Option<Uuid>,
        most: usize,
        now: Timestamp,
    ) -> Result<(Vec<Event>, Option<Uuid>)> {
        // Nothing before the oldest that may stand, so that what expired and is yet to be removed costs nothing. All
        // keys of events have one length: one character more comes just after. '$' is next to '#'.
        let oldest = crate::ids::first_event_id(now - WAITS);
        let after = after.filter(|after| *after > oldest).unwrap_or(oldest);
        let found = self
            .client
            .query()
            .table_name(&self.tables.queues)
            .key_condition_expression("queue = :member AND entry BETWEEN :first AND :last")
            .expression_attribute_values(":member", s(member.as_str()))
            .expression_attribute_values(":first", s(format!("{}+", event_key(after))))
            .expression_attribute_values(":last", s("event$"))
            .consistent_read(true)
            .limit(i32::try_from(most).unwrap_or(i32::MAX))
            .send()
            .await?;
        let last = found.last_evaluated_key.and_then(|key| text_of(&key, "entry"));
        let last = last.and_then(|entry| entry.split_once('#')?.1.parse().ok());
        let standing = found.items.unwrap_or_default().into_iter().filter(|item| stands(item, now));
        Ok((standing.map(read).collect::<Result<_>>()?, last))
    }

    /// Where each of some events of a member's queue is; one of which nothing is known is left out.
    pub async fn places(
        &self,
        member: &MemberId,
        ids: &[Uuid],
        now: Timestamp,
    ) -> Result<HashMap<Uuid, Place>> {
        let entries = ids.iter().flat_map(|id| [event_key(*id), receipt_key(*id)]);
        let keys = entries.map(|entry| key(member, entry)).collect();
        let keys_of = |keys| KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        let items = self.batch_get(&self.tables.queues, keys, keys_of).await?;
        let mut places = HashMap::new();
        for item in items.into_iter().filter(|item| stands(item, now)) {
            let entry = text_of(&item, "entry").unwrap_or_default();
            let Some((kind, id)) = entry.split_once('#') else { continue };
            let Ok(id) = id.parse() else { continue };
            if kind == "event" {
                places.insert(id, Place::Waiting(read(item)?));
            } else {
                let both = [Receipt::Delivered, Receipt::Read].into_iter();
                let told = both.filter(|receipt| item.contains_key(receipt.attribute())).collect();
                places.insert(id, Place::Acknowledged(read(item)?, told));
            }
        }
        Ok(places)
    }

    /// What a sender's `clientHash`es stand for, in no particular order.
    pub async fn platform_claims(
        &self,
        sender: &MemberId,
        hashes: &[String],
        now: Timestamp,
    ) -> Result<HashMap<String, PlatformClaim>> {
        let pks = hashes.iter().map(|hash| claim_pk(sender, hash));
        let keys = pks.map(|pk| Item::from([("pk".to_owned(), s(pk))])).collect();
        let keys_of = |keys| KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        let mut by_pk = HashMap::new();
        for item in self.batch_get(&self.tables.users, keys, keys_of).await? {
            if let Some(pk) = text_of(&item, "pk").filter(|_| stands(&item, now)) {
                by_pk.insert(pk, item);
            }
        }
        let found = hashes.iter().filter_map(|hash| Some((hash, by_pk.remove(&claim_pk(sender, hash))?)));
        found.map(|(hash, item)| Ok((hash.clone(), read(item)?))).collect()
    }

    /// Queues a message for all its receivers together with the claim of its `clientHash`. False when the
    /// `clientHash` is claimed already: then nothing is queued.
    pub async fn queue_message(
        &self,
        sender: &MemberId,
        hash: &str,
        claim: &PlatformClaim,
        events: &[(MemberId, Event)],
        now: Timestamp,
    ) -> Result<bool> {
        let expires = n((now + CLAIM_LASTS).seconds());
        let item = write(claim, [("pk", s(claim_pk(sender, hash))), ("expires_at", expires)])?;
        let put = Put::builder()
            .table_name(&self.tables.users)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR expires_at <= :now")
            .expression_attribute_values(":now", n(now.seconds()));
        let mut writes = vec![TransactWriteItem::builder().put(complete(put.build())?).build()];
        for (member, event) in events {
            writes.push(self.queued(member, event)?);
        }
        self.unless_refused(writes).await
    }

    /// An event in a member's queue, as part of a transaction.
    pub(super) fn queued(&self, member: &MemberId, event: &Event) -> Result<TransactWriteItem> {
        let expires = n(event.expires_at());
        let item = write(event, [("queue", s(member.as_str())), ("expires_at", expires)])?;
        put_new(&self.tables.queues, "queue", item)
    }

    /// Takes something out of a queue of which nobody need be told.
    pub async fn drop_event(&self, member: &MemberId, id: Uuid) -> Result<()> {
        let key = key(member, event_key(id));
        self.client.delete_item().table_name(&self.tables.queues).set_key(Some(key)).send().await?;
        Ok(())
    }

    /// Takes a message out of its receiver's queue for good and tells its sender why. False when it is not there any
    /// more.
    pub async fn acknowledge(
        &self,
        member: &MemberId,
        message: Uuid,
        of: &Acknowledged,
        receipt: Receipt,
        told: &Event,
    ) -> Result<bool> {
        let event = Delete::builder()
            .table_name(&self.tables.queues)
            .set_key(Some(key(member, event_key(message))))
            .condition_expression("attribute_exists(queue)");
        let expires = n((of.queued_at + WAITS).seconds());
        let mut record = write(of, [("expires_at", expires)])?;
        record.insert(receipt.attribute().to_owned(), AttributeValue::Bool(true));
        record.extend(key(member, receipt_key(message)));
        let writes = vec![
            TransactWriteItem::builder().delete(complete(event.build())?).build(),
            put_new(&self.tables.queues, "queue", record)?,
            self.queued(&of.sender, told)?,
        ];
        self.unless_refused(writes).await
    }

    /// Adds a receipt to those of a message that was acknowledged, and tells its sender. False when it was there
    /// already.
    pub async fn acknowledge_again(
        &self,
        member: &MemberId,
        message: Uuid,
        of: &Acknowledged,
        receipt: Receipt,
        told: &Event,
    ) -> Result<bool> {
        let update = Update::builder()
            .table_name(&self.tables.queues)
            .set_key(Some(key(member, receipt_key(message))))
            .update_expression("SET #receipt = :yes")
            .condition_expression("attribute_exists(queue) AND attribute_not_exists(#receipt)")
            .expression_attribute_names("#receipt", receipt.attribute())
            .expression_attribute_values(":yes", AttributeValue::Bool(true));
        let update = TransactWriteItem::builder().update(complete(update.build())?).build();
        let told = self.queued(&of.sender, told)?;
        self.unless_refused(vec![update, told]).await
    }

    /// Makes all of these writes. False when one was refused, and so none is made.
    pub(super) async fn unless_refused(&self, writes: Vec<TransactWriteItem>) -> Result<bool> {
        let written = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        super::unless_refused(written)
    }
}

#[cfg(test)]
mod tests {
    use super::super::StoreError;
    use super::*;
    use proptest::prelude::*;

    fn event(recipients: Vec<Uuid>) -> Event {
        let content = Content::Message {
            chat_id: "chat-1".parse().unwrap(),
            sender: "ann".parse().unwrap(),
            sender_guid: Uuid::from_u128(1),
            receiver_guid: Uuid::from_u128(2),
            recipients,
            message: "hello".to_owned(),
        };
        Event { id: Uuid::from_u128(3), content, queued_at: Timestamp(4) }
    }

    proptest! {
        #[test]
        fn an_event_is_read_as_it_was_written(names in prop::collection::vec(any::<u128>(), 0..99)) {
            let event = event(names.into_iter().map(Uuid::from_u128).collect());
            let item = write(&event, []).unwrap();
            prop_assert_eq!(read::<Event>(item).unwrap(), event);
        }
    }

    #[test]
    fn a_name_takes_16_bytes() {
        let item = write(&event((0..98).map(Uuid::from_u128).collect()), []).unwrap();
        assert_eq!(item["recipients"].as_b().unwrap().as_ref().len(), 98 * 16);
    }

    #[test]
    fn half_a_name_is_malformed() {
        let mut item = write(&event(vec![Uuid::from_u128(5)]), []).unwrap();
        item.insert("recipients".to_owned(), AttributeValue::B(vec![0; 24].into()));
        assert!(matches!(read::<Event>(item), Err(StoreError::Malformed(_))));
    }
}
