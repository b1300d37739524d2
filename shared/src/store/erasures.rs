//! Users who were deleted and of whom something may be left (`Users`, `erasure#<user>`).

use super::users::{Account, Taken, email_key, name_key, user_key};
use super::{Hands, Item, Leftovers, Result, Store, complete, n, read, s, unless_refused};
use crate::clock::Timestamp;
use crate::ids::UserId;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use serde::Deserialize;

/// Erasures that are not through are in this one partition of the index `directory`.
const ERASURES: &str = "erasures";

/// What is known of an erasure.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Erasure {
    /// When everything was erased for the first time, and nothing new could be begun any more.
    pub quiet_at: Option<Timestamp>,
}

/// A user who was deleted.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Erased {
    /// Which.
    pub user_id: UserId,
}

fn erasure_key(user: UserId) -> String {
    format!("erasure#{user}")
}

impl Store {
    /// Deletes an account: name and address are free, all sessions have ended, and it is noted that what the user has
    /// written is to be erased. All or nothing; `Err` within where the account is another by now, or gone.
    pub async fn delete_account(
        &self,
        account: &Account,
        canonical_name: Option<&str>,
        now: Timestamp,
    ) -> Result<std::result::Result<(), Taken>> {
        let user = account.profile.user_id;
        let table = &self.tables.users;
        let mut conditions = vec!["attribute_exists(pk)".to_owned()];
        let mut delete = Delete::builder().table_name(table).key("pk", s(user_key(user)));
        let pending = account.pending.as_ref().map(|pending| &pending.digest);
        let seen = [
            ("user_name", account.profile.user_name.as_ref()),
            ("email", account.email.as_ref()),
            ("pending.digest", pending),
        ];
        for (place, (name, value)) in seen.into_iter().enumerate() {
            conditions.push(match value {
                Some(value) => {
                    delete = delete.expression_attribute_values(format!(":seen{place}"), s(value));
                    format!("{name} = :seen{place}")
                }
                None => format!("attribute_not_exists({name})"),
            });
        }
        let delete = delete.condition_expression(conditions.join(" AND "));
        let erasure = Item::from([
            ("pk".to_owned(), s(erasure_key(user))),
            ("directory".to_owned(), s(ERASURES)),
            ("user_id".to_owned(), n(user)),
        ]);
        let erasure = Put::builder().table_name(table).set_item(Some(erasure));
        let mut parts = vec![
            (Taken::Id, TransactWriteItem::builder().delete(complete(delete.build())?).build()),
            (Taken::Id, self.end_all_sessions(user, now)?),
            (Taken::Id, TransactWriteItem::builder().put(complete(erasure.build())?).build()),
        ];
        if let Some(email) = &account.email {
            parts.push((Taken::Id, self.delete_of_users(email_key(email))?));
        }
        if let Some(name) = canonical_name {
            parts.push((Taken::Id, self.delete_of_users(name_key(name))?));
        }
        if let Some(digest) = pending {
            parts.push((Taken::Id, self.delete_registration(digest)?));
        }
        self.take(parts).await
    }

    /// Users who were deleted and of whom something may be left, a page at a time. Eventually consistent.
    pub async fn users_to_erase(&self, from: Option<Item>) -> Result<Leftovers<Erased>> {
        let found = self
            .client
            .query()
            .table_name(&self.tables.users)
            .index_name("directory")
            .key_condition_expression("directory = :erasures")
            .expression_attribute_values(":erasures", s(ERASURES))
            .set_exclusive_start_key(from)
            .send()
            .await?;
        Leftovers::read(found.items, found.last_evaluated_key)
    }

    /// The erasure of a user; `None` when nothing is left.
    pub async fn erasure(&self, user: UserId) -> Result<Option<Erasure>> {
        self.user_item(erasure_key(user)).await?.map(read).transpose()
    }

    /// Takes what is left of a user in hand. False where another has, and where nothing is left.
    pub async fn take_erasure(&self, user: UserId, hands: &Hands<'_>) -> Result<bool> {
        self.take_in_hand(&self.tables.users, erasure_key(user), "pk", hands).await
    }

    /// Lets go of it.
    pub async fn let_erasure_go(&self, user: UserId, hands: &Hands<'_>) -> Result<()> {
        self.let_go(&self.tables.users, erasure_key(user), hands).await
    }

    /// Notes that everything of a user was erased, for the first time.
    pub async fn note_quiet(&self, user: UserId, now: Timestamp) -> Result<()> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.users)
            .key("pk", s(erasure_key(user)))
            .update_expression("SET quiet_at = if_not_exists(quiet_at, :now)")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":now", n(now.0))
            .send()
            .await;
        unless_refused(updated).map(drop)
    }

    /// Nothing of a deleted user is left.
    pub async fn end_erasure(&self, user: UserId) -> Result<()> {
        let key = s(erasure_key(user));
        self.client.delete_item().table_name(&self.tables.users).key("pk", key).send().await?;
        Ok(())
    }
}
