//! Idempotency claims (`Users`, `send#<sender>#<client id>`): which send a client's id stands for.

use super::{Item, Result, Store, StoreError, complete, n, read, s, stands, unless_refused, write};
use crate::clock::Timestamp;
use crate::ids::{ChatId, UserId};
use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a client id stands for its first send (contract, section 1).
pub const CLAIM_LASTS: Duration = Duration::from_secs(24 * 3600);

/// What a client id of a sender stands for. There is no record of the outcome: the message itself, in the
/// tail or among the rows after `after`, is the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Who sends.
    pub sender: UserId,
    /// The client's id.
    pub client_id: String,
    /// Digest of where to and what.
    pub digest: String,
    /// The chat it goes to.
    pub chat_id: ChatId,
    /// The chat's newest position when the claim was made: the message comes after it.
    pub after: u64,
    /// When it was first claimed.
    pub claimed_at: Timestamp,
    /// When the present attempt took it.
    pub taken_at: Timestamp,
    /// The attempt that may commit it.
    pub attempt: String,
}

impl Claim {
    fn key(&self) -> String {
        format!("send#{}#{}", self.sender, self.client_id)
    }

    fn item(&self) -> Result<Item> {
        write(self, [("pk", s(self.key())), ("expires_at", n((self.claimed_at + CLAIM_LASTS).seconds()))])
    }
}

impl Store {
    /// Claims a client id. `Some` is the claim that stands instead, from another attempt within 24 hours.
    pub async fn claim(&self, claim: &Claim) -> Result<Option<Claim>> {
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.users)
            .set_item(Some(claim.item()?))
            .condition_expression("attribute_not_exists(pk) OR expires_at <= :now OR attempt = :attempt")
            .expression_attribute_values(":now", n(claim.claimed_at.seconds()))
            .expression_attribute_values(":attempt", s(&claim.attempt))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match put.map_err(StoreError::from) {
            Ok(_) => Ok(None),
            Err(StoreError::Refused(Some(standing))) => read(*standing).map(Some),
            Err(error) => Err(error),
        }
    }

    /// The claim that stands for a client id, consistent.
    pub async fn standing_claim(
        &self,
        sender: UserId,
        client_id: &str,
        now: Timestamp,
    ) -> Result<Option<Claim>> {
        let got = self
            .client
            .get_item()
            .table_name(&self.tables.users)
            .key("pk", s(format!("send#{sender}#{client_id}")))
            .consistent_read(true)
            .send()
            .await?;
        got.item.filter(|item| stands(item, now)).map(read).transpose()
    }

    /// Takes a claim over from the attempt that holds it. False when another attempt was quicker.
    pub async fn take_over(&self, standing: &Claim, attempt: &str, now: Timestamp) -> Result<bool> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.users)
            .key("pk", s(standing.key()))
            .update_expression("SET attempt = :new, taken_at = :now")
            .condition_expression("attempt = :old OR attempt = :new")
            .expression_attribute_values(":old", s(&standing.attempt))
            .expression_attribute_values(":new", s(attempt))
            .expression_attribute_values(":now", n(now.0))
            .send()
            .await;
        unless_refused(updated)
    }

    /// The claim as part of the transaction that opens a chat.
    pub(super) fn claim_in_transaction(&self, claim: &Claim) -> Result<TransactWriteItem> {
        let put = Put::builder()
            .table_name(&self.tables.users)
            .set_item(Some(claim.item()?))
            .condition_expression("attribute_not_exists(pk) OR expires_at <= :now OR attempt = :attempt")
            .expression_attribute_values(":now", n(claim.taken_at.seconds()))
            .expression_attribute_values(":attempt", s(&claim.attempt));
        Ok(TransactWriteItem::builder().put(complete(put.build())?).build())
    }
}
