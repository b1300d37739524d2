//! Counters of attempts (`Limits`, `<kind>#<digest>#<start of its window>`): each counts what one subject has done in
//! one window, and is of no account after it.

use super::{Result, Store, n, s, unless_refused};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

/// What one subject has done in one window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Its key, of which the start of the window is a part.
    pub key: String,
    /// When the window ends, in seconds since the epoch.
    pub ends_at: i64,
}

impl Store {
    /// Counts so many attempts, all or none: false where they would be more than `most`. However many are made at once,
    /// no more are counted. A call that is repeated on its way may count twice.
    pub async fn count_attempts(&self, counter: &Counter, attempts: u64, most: u64) -> Result<bool> {
        let Some(before) = most.checked_sub(attempts) else { return Ok(false) };
        let sent = self
            .client
            .update_item()
            .table_name(&self.tables.limits)
            .key("pk", s(&counter.key))
            .update_expression("ADD attempts :attempts SET expires_at = :end")
            .condition_expression("attribute_not_exists(attempts) OR attempts <= :before")
            .expression_attribute_values(":attempts", n(attempts))
            .expression_attribute_values(":end", n(counter.ends_at))
            .expression_attribute_values(":before", n(before))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(true),
            // Told apart here, because it is no conflict of two writers, as which it would be counted.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes back attempts that were counted. A counter that has been removed since stays so.
    pub async fn take_back_attempts(&self, counter: &Counter, attempts: u64) -> Result<()> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.tables.limits)
            .key("pk", s(&counter.key))
            .update_expression("SET attempts = attempts - :attempts")
            .condition_expression("attempts >= :attempts")
            .expression_attribute_values(":attempts", n(attempts))
            .send()
            .await;
        unless_refused(sent).map(drop)
    }
}
