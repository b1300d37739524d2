//! Platforms' users (`Users`, `member#<userID>`): their keys and what their tokens are held against.

use super::{Item, Result, Store, n, read, s, unless_refused};
use crate::ids::MemberId;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue};
use serde::Deserialize;

/// A platform's user.
#[derive(Clone, Debug, Deserialize)]
pub struct Member {
    /// The platform's name for it.
    pub member_id: MemberId,
    /// What others see.
    pub display_name: Option<String>,
    /// Its RSA public key: SubjectPublicKeyInfo, DER, base64.
    pub user_key: String,
    /// Which tokens are good: those of this family, while there is one.
    #[serde(rename = "token_family")]
    pub family: Option<String>,
    /// How often the family's refresh token was exchanged; only the newest one is good.
    #[serde(rename = "token_generation")]
    pub generation: u64,
}

fn pk(member: &MemberId) -> String {
    format!("member#{member}")
}

impl Store {
    /// A platform's user.
    pub async fn member(&self, member: &MemberId) -> Result<Option<Member>> {
        let got = self
            .client
            .get_item()
            .table_name(&self.tables.users)
            .key("pk", s(pk(member)))
            .consistent_read(true)
            .send()
            .await?;
        got.item.map(read).transpose()
    }

    /// Those of some platforms' users that exist, in no particular order.
    pub async fn members(&self, members: &[MemberId]) -> Result<Vec<Member>> {
        let keys = members.iter().map(|member| Item::from([("pk".to_owned(), s(pk(member)))])).collect();
        let keys_of = |keys| KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        let items = self.batch_get(&self.tables.users, keys, keys_of).await?;
        items.into_iter().map(read).collect()
    }

    /// Puts a platform's user in place, or gives one that is there another key, and begins a family of tokens. True
    /// when it was there. Without a display name, one that is there stays.
    pub async fn admit_member(
        &self,
        member: &MemberId,
        display_name: Option<&str>,
        user_key: &str,
        family: &str,
    ) -> Result<bool> {
        let mut set = "SET member_id = :member, user_key = :user_key, token_family = :family, \
                       token_generation = :first"
            .to_owned();
        let mut update = self.client.update_item();
        if let Some(name) = display_name {
            set.push_str(", display_name = :display_name");
            update = update.expression_attribute_values(":display_name", s(name));
        }
        let updated = update
            .table_name(&self.tables.users)
            .key("pk", s(pk(member)))
            .update_expression(set)
            .expression_attribute_values(":member", s(member.as_str()))
            .expression_attribute_values(":user_key", s(user_key))
            .expression_attribute_values(":family", s(family))
            .expression_attribute_values(":first", n(0))
            .return_values(ReturnValue::UpdatedOld)
            .send()
            .await?;
        Ok(updated.attributes.is_some_and(|before| before.contains_key("member_id")))
    }

    /// Counts an exchange of a family's newest refresh token. False when the family has ended or the token is not
    /// its newest. `exchange` tells this call, should it be repeated, from another exchange.
    pub async fn next_generation(
        &self,
        member: &MemberId,
        family: &str,
        generation: u64,
        exchange: &str,
    ) -> Result<bool> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.users)
            .key("pk", s(pk(member)))
            .update_expression("SET token_generation = :next, token_exchange = :exchange")
            .condition_expression(
                "token_family = :family AND (token_generation = :generation OR token_exchange = :exchange)",
            )
            .expression_attribute_values(":exchange", s(exchange))
            .expression_attribute_values(":family", s(family))
            .expression_attribute_values(":generation", n(generation))
            .expression_attribute_values(":next", n(generation + 1))
            .send()
            .await;
        unless_refused(updated)
    }

    /// Ends a family of tokens, if it is the member's present one.
    pub async fn end_family(&self, member: &MemberId, family: &str) -> Result<()> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.users)
            .key("pk", s(pk(member)))
            .update_expression("REMOVE token_family")
            .condition_expression("token_family = :family")
            .expression_attribute_values(":family", s(family))
            .send()
            .await;
        unless_refused(updated).map(drop)
    }
}
