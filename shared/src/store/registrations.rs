//! Addresses that wait for their confirmation (`Users`, `registration#<digest>`): each for an account that comes to be
//! with it, or for one that there is. Kept under a digest of the link's token: who reads the table cannot confirm any.

use super::users::{Taken, email_key, user_key};
use super::{Result, Store, complete, n, read, s, stands, unless_refused, value, write};
use crate::clock::Timestamp;
use crate::ids::UserId;
use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};
use serde::{Deserialize, Serialize};

/// What comes of it when an address is confirmed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Registration {
    /// An account.
    Account(NewAccount),
    /// An account that there is has this address from then on.
    Address {
        /// Whose.
        user_id: UserId,
    },
}

/// An account that comes to be when its address is confirmed.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewAccount {
    /// Canonical address.
    pub email: String,
    /// Argon2id PHC string.
    pub password_hash: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// The unique name it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
}

/// An address that an account is to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Canonical address.
    pub email: String,
    /// Digest of the link's token.
    pub digest: String,
}

fn registration_key(digest: &str) -> String {
    format!("registration#{digest}")
}

impl Store {
    /// Keeps a registration until `expires`, under the digest of its token.
    pub async fn put_registration(
        &self,
        digest: &str,
        registration: &Registration,
        expires: Timestamp,
    ) -> Result<()> {
        let keys = [("pk", s(registration_key(digest))), ("expires_at", n(expires.seconds()))];
        self.client
            .put_item()
            .table_name(&self.tables.users)
            .set_item(Some(write(registration, keys)?))
            .send()
            .await?;
        Ok(())
    }

    /// A registration that is neither used nor expired.
    pub async fn registration(&self, digest: &str, now: Timestamp) -> Result<Option<Registration>> {
        let item = self.user_item(registration_key(digest)).await?;
        item.filter(|item| stands(item, now)).map(read).transpose()
    }

    /// Forgets a registration that nobody needs any more.
    pub async fn drop_registration(&self, digest: &str) -> Result<()> {
        let key = s(registration_key(digest));
        self.client.delete_item().table_name(&self.tables.users).key("pk", key).send().await?;
        Ok(())
    }

    /// Uses a registration up, within a transaction.
    pub(super) fn use_up_registration(&self, digest: &str) -> Result<TransactWriteItem> {
        let used = Delete::builder()
            .table_name(&self.tables.users)
            .key("pk", s(registration_key(digest)))
            .condition_expression("attribute_exists(pk)");
        Ok(TransactWriteItem::builder().delete(complete(used.build())?).build())
    }

    /// The end of a registration, used or not, within a transaction.
    pub(super) fn delete_registration(&self, digest: &str) -> Result<TransactWriteItem> {
        self.delete_of_users(registration_key(digest))
    }

    /// Notes the address that a user is to have, or that it is to keep the one it has. False for a user who is gone.
    pub async fn await_address(&self, user: UserId, pending: Option<&Pending>) -> Result<bool> {
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.users)
            .key("pk", s(user_key(user)))
            .condition_expression("attribute_exists(pk)");
        let update = match pending {
            Some(pending) => update
                .update_expression("SET pending = :pending")
                .expression_attribute_values(":pending", value(pending)?),
            None => update.update_expression("REMOVE pending"),
        };
        unless_refused(update.send().await)
    }

    /// Gives a user the address that it waits for, in the place of the one it had: all or nothing. `Err` within says
    /// what stands in the way.
    pub async fn confirm_address(
        &self,
        user: UserId,
        pending: &Pending,
        before: Option<&str>,
    ) -> Result<std::result::Result<(), Taken>> {
        let update = Update::builder()
            .table_name(&self.tables.users)
            .key("pk", s(user_key(user)))
            .update_expression("SET email = :email REMOVE pending")
            .expression_attribute_values(":email", s(&pending.email))
            .expression_attribute_values(":digest", s(&pending.digest));
        let update = match before {
            Some(before) => update
                .condition_expression("pending.digest = :digest AND email = :before")
                .expression_attribute_values(":before", s(before)),
            None => update.condition_expression("pending.digest = :digest AND attribute_not_exists(email)"),
        };
        let update = TransactWriteItem::builder().update(complete(update.build())?).build();
        let mut parts = vec![
            (Taken::Registration, self.use_up_registration(&pending.digest)?),
            (Taken::Id, update),
            (Taken::Email, self.claim_for(user, email_key(&pending.email))?),
        ];
        if let Some(before) = before {
            parts.push((Taken::Id, self.delete_of_users(email_key(before))?));
        }
        self.take(parts).await
    }
}
