//! Users who were deleted and of whom something may be left (`Users`, `erasure#<user>`).

use super::users::{Account, Taken, email_key, name_key, user_key};
use super::{Item, Result, Store, complete, n, read, s};
use crate::clock::Timestamp;
use crate::ids::UserId;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use serde::Deserialize;

/// Erasures that are not through are in this one partition of the index `directory`.
const ERASURES: &str = "erasures";

/// A user who was deleted and of whom something may be left.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Erasure {
    /// Who.
    pub user_id: UserId,
    /// When.
    pub deleted_at: Timestamp,
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
            ("deleted_at".to_owned(), n(now.0)),
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

    /// Users who were deleted and of whom something may be left; not all where they are very many.
    pub async fn erasures(&self) -> Result<Vec<Erasure>> {
        let found = self
            .client
            .query()
            .table_name(&self.tables.users)
            .index_name("directory")
            .key_condition_expression("directory = :erasures")
            .expression_attribute_values(":erasures", s(ERASURES))
            .send()
            .await?;
        found.items.unwrap_or_default().into_iter().map(read).collect()
    }

    /// Nothing of a deleted user is left.
    pub async fn end_erasure(&self, user: UserId) -> Result<()> {
        let key = s(erasure_key(user));
        self.client.delete_item().table_name(&self.tables.users).key("pk", key).send().await?;
        Ok(())
    }
}
