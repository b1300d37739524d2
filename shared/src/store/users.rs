//! Accounts (`Users`): `user#<id>`, the claims `email#<address>` and `name#<canonical name>` that make them
//! unique, and `registration#<digest>` for those not confirmed yet.

use super::{
    Item, Result, Store, StoreError, complete, n, number_of, page_of, put_new, read, s, stands, write,
};
use crate::clock::Timestamp;
use crate::ids::UserId;
use aws_sdk_dynamodb::types::{Delete, KeysAndAttributes, TransactWriteItem};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Every account is in this one partition of the index `directory`: up to 1,000 new ones a second.
const DIRECTORY: &str = "users";

/// What is known of a user to everybody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Profile {
    /// The user.
    pub user_id: UserId,
    /// Its unique name, as typed, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// First name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
}

impl Profile {
    /// "First last", as far as there is any.
    pub fn full_name(&self) -> String {
        let parts = [self.first_name.as_deref(), self.last_name.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// The user name, else "first last" (contract, section 3).
    pub fn name(&self) -> String {
        self.user_name.clone().unwrap_or_else(|| self.full_name())
    }

    /// The name to show: "first last", else the user name.
    pub fn display_name(&self) -> String {
        let full = self.full_name();
        if full.is_empty() { self.name() } else { full }
    }
}

/// What only the system knows of a user.
#[derive(Clone, Serialize, Deserialize)]
pub struct Account {
    /// Its public side.
    #[serde(flatten)]
    pub profile: Profile,
    /// Confirmed address, in canonical form, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Argon2id PHC string, if it has a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// When it came to be.
    pub created_at: Timestamp,
}

/// An account that waits for its address to be confirmed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Registration {
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

/// What stands in the way of a new account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The registration was used meanwhile.
    Registration,
    /// The id: draw another.
    Id,
    /// The address.
    Email,
    /// The name.
    Name,
}

fn user_key(user: UserId) -> String {
    format!("user#{user}")
}

fn email_key(email: &str) -> String {
    format!("email#{email}")
}

fn name_key(canonical: &str) -> String {
    format!("name#{canonical}")
}

fn registration_key(digest: &str) -> String {
    format!("registration#{digest}")
}

impl Store {
    async fn user_item(&self, key: String) -> Result<Option<Item>> {
        let got = self
            .client
            .get_item()
            .table_name(&self.tables.users)
            .key("pk", s(key))
            .consistent_read(true)
            .send()
            .await?;
        Ok(got.item)
    }

    /// The account of a user.
    pub async fn account(&self, user: UserId) -> Result<Option<Account>> {
        self.user_item(user_key(user)).await?.map(read).transpose()
    }

    /// The public side of a user.
    pub async fn profile(&self, user: UserId) -> Result<Option<Profile>> {
        self.user_item(user_key(user)).await?.map(read).transpose()
    }

    /// The public sides of many users; those that do not exist are left out.
    pub async fn profiles(&self, users: &[UserId]) -> Result<HashMap<UserId, Profile>> {
        let keys = users.iter().map(|&user| Item::from([("pk".to_owned(), s(user_key(user)))])).collect();
        let keys_of = |keys| {
            KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .projection_expression("user_id, user_name, first_name, last_name")
        };
        let items = self.batch_get(&self.tables.users, keys, keys_of).await?;
        items
            .into_iter()
            .map(|item| read::<Profile>(item).map(|profile| (profile.user_id, profile)))
            .collect()
    }

    /// Who has claimed an address, given in canonical form.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<UserId>> {
        self.claimant(email_key(email)).await
    }

    /// Who has claimed a name, given in canonical form.
    pub async fn user_by_name(&self, canonical: &str) -> Result<Option<UserId>> {
        self.claimant(name_key(canonical)).await
    }

    async fn claimant(&self, key: String) -> Result<Option<UserId>> {
        let item = self.user_item(key).await?;
        Ok(item.and_then(|item| number_of::<u64>(&item, "claimed_by")?.try_into().ok()))
    }

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

    /// Makes an account, claiming address and name and using up its registration as far as it has them: all or
    /// nothing. `Err` within says what was taken.
    pub async fn create_account(
        &self,
        account: &Account,
        canonical_name: Option<&str>,
        digest: Option<&str>,
    ) -> Result<std::result::Result<(), Taken>> {
        let user = account.profile.user_id;
        let table = &self.tables.users;
        let claim =
            |key| put_new(table, "pk", Item::from([("pk".into(), s(key)), ("claimed_by".into(), n(user))]));
        let mut parts = vec![(
            Taken::Id,
            put_new(table, "pk", write(account, [("pk", s(user_key(user))), ("directory", s(DIRECTORY))])?)?,
        )];
        if let Some(digest) = digest {
            let used = Delete::builder()
                .table_name(table)
                .key("pk", s(registration_key(digest)))
                .condition_expression("attribute_exists(pk)");
            let used = TransactWriteItem::builder().delete(complete(used.build())?).build();
            parts.push((Taken::Registration, used));
        }
        if let Some(email) = &account.email {
            parts.push((Taken::Email, claim(email_key(email))?));
        }
        if let Some(name) = canonical_name {
            parts.push((Taken::Name, claim(name_key(name))?));
        }
        let (roles, writes): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        let error = match sent {
            Ok(_) => return Ok(Ok(())),
            Err(error) => error,
        };
        let refused = super::first_refused(error)?;
        roles
            .get(refused)
            .copied()
            .map(Err)
            .ok_or_else(|| StoreError::Malformed(format!("no write {refused}")))
    }

    /// Replaces a password hash, unless it was changed meanwhile.
    pub async fn replace_password_hash(&self, user: UserId, old: &str, new: &str) -> Result<()> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.users)
            .key("pk", s(user_key(user)))
            .update_expression("SET password_hash = :new")
            .condition_expression("password_hash = :old")
            .expression_attribute_values(":new", s(new))
            .expression_attribute_values(":old", s(old))
            .send()
            .await;
        match updated.map_err(StoreError::from) {
            Ok(_) | Err(StoreError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A page of all users by id, after `after`; and whether more follow.
    pub async fn directory(&self, after: Option<UserId>, count: i32) -> Result<(Vec<Profile>, bool)> {
        let found = self
            .client
            .query()
            .table_name(&self.tables.users)
            .index_name("directory")
            .key_condition_expression("directory = :users AND user_id > :after")
            .expression_attribute_values(":users", s(DIRECTORY))
            .expression_attribute_values(":after", n(after.map_or(0, UserId::get)))
            .limit(count + 1)
            .send()
            .await?;
        page_of(found.items.unwrap_or_default(), count)
    }
}
