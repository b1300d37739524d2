//! Accounts (`Users`): `user#<id>`, and the claims `email#<address>` and `name#<canonical name>` that make them unique.

use super::registrations::Pending;
use super::{
    Item, Result, Store, StoreError, complete, n, number_of, page_of, put_new, read, s, unless_refused, write,
};
use crate::clock::Timestamp;
use crate::ids::UserId;
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, KeysAndAttributes, TransactWriteItem, Update};
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
    /// The address that is to be its next one, as soon as it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    /// Argon2id PHC string, if it has a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// When it came to be.
    pub created_at: Timestamp,
}

/// What stands in the way of a new account, or of a change of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The registration was used meanwhile.
    Registration,
    /// The id: draw another. Of an account that is to be changed: it is another by now, or gone.
    Id,
    /// The address.
    Email,
    /// The name.
    Name,
}

pub(super) fn user_key(user: UserId) -> String {
    format!("user#{user}")
}

pub(super) fn email_key(email: &str) -> String {
    format!("email#{email}")
}

pub(super) fn name_key(canonical: &str) -> String {
    format!("name#{canonical}")
}

impl Store {
    pub(super) async fn user_item(&self, key: String) -> Result<Option<Item>> {
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
        let mut parts = vec![(
            Taken::Id,
            put_new(table, "pk", write(account, [("pk", s(user_key(user))), ("directory", s(DIRECTORY))])?)?,
        )];
        if let Some(digest) = digest {
            parts.push((Taken::Registration, self.use_up_registration(digest)?));
        }
        if let Some(email) = &account.email {
            parts.push((Taken::Email, self.claim_for(user, email_key(email))?));
        }
        if let Some(name) = canonical_name {
            parts.push((Taken::Name, self.claim_for(user, name_key(name))?));
        }
        self.take(parts).await
    }

    /// Renames a user who has this name, given in both forms as typed and canonical; where it stays the same canonical
    /// one, only how it is shown changes. All or nothing; `Err` within says what stands in the way.
    pub async fn rename_user(
        &self,
        user: UserId,
        from: Option<(&str, &str)>,
        to: (&str, &str),
    ) -> Result<std::result::Result<(), Taken>> {
        let update = Update::builder()
            .table_name(&self.tables.users)
            .key("pk", s(user_key(user)))
            .update_expression("SET user_name = :to")
            .expression_attribute_values(":to", s(to.0));
        let update = match from {
            Some((shown, _)) => update
                .condition_expression("user_name = :from")
                .expression_attribute_values(":from", s(shown)),
            None => update.condition_expression("attribute_exists(pk) AND attribute_not_exists(user_name)"),
        };
        let update = TransactWriteItem::builder().update(complete(update.build())?).build();
        let mut parts = vec![(Taken::Id, update)];
        let freed = from.map(|(_, canonical)| canonical);
        if freed != Some(to.1) {
            parts.push((Taken::Name, self.claim_for(user, name_key(to.1))?));
            if let Some(freed) = freed {
                parts.push((Taken::Id, self.delete_of_users(name_key(freed))?));
            }
        }
        self.take(parts).await
    }

    /// That a user has not been deleted, for a transaction to depend on.
    pub(super) fn user_exists(&self, user: UserId) -> Result<TransactWriteItem> {
        let check = ConditionCheck::builder()
            .table_name(&self.tables.users)
            .key("pk", s(user_key(user)))
            .condition_expression("attribute_exists(pk)");
        Ok(TransactWriteItem::builder().condition_check(complete(check.build())?).build())
    }

    /// A claim that nobody may have, within a transaction.
    pub(super) fn claim_for(&self, user: UserId, key: String) -> Result<TransactWriteItem> {
        let claim = Item::from([("pk".into(), s(key)), ("claimed_by".into(), n(user))]);
        put_new(&self.tables.users, "pk", claim)
    }

    /// The end of an item, whether it is there or not, within a transaction.
    pub(super) fn delete_of_users(&self, key: String) -> Result<TransactWriteItem> {
        let delete = Delete::builder().table_name(&self.tables.users).key("pk", s(key));
        Ok(TransactWriteItem::builder().delete(complete(delete.build())?).build())
    }

    /// Writes all or nothing. `Err` within names the first part that was refused.
    pub(super) async fn take(
        &self,
        parts: Vec<(Taken, TransactWriteItem)>,
    ) -> Result<std::result::Result<(), Taken>> {
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
        unless_refused(updated).map(drop)
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
