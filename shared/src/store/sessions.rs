//! Sessions (`Users`, `sessions#<user>`): a token is good while its session stands. All of a user's are in one item,
//! one attribute each with the moment when it ends, so that one write ends them all.

use super::{Item, Result, Store, n, s, unless_refused};
use crate::clock::Timestamp;
use crate::ids::UserId;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValue, TransactWriteItem};
use std::cmp::Reverse;
use std::time::Duration;

/// Sessions of one user that stand at once: reading one costs one read unit as long as the item has at most 4 KB. The
/// oldest ends when there would be one more.
const MAX_SESSIONS: usize = 100;
const SESSION: &str = "session:";
/// How long it is remembered that a user's sessions have ended for good: longer than any login under way.
const END_LASTS: Duration = Duration::from_secs(24 * 3600);

/// A login that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id, part of the token.
    pub session_id: String,
    /// Whose it is.
    pub user_id: UserId,
}

fn key(user: UserId) -> String {
    format!("sessions#{user}")
}

impl Session {
    fn attribute(&self) -> String {
        format!("{SESSION}{}", self.session_id)
    }
}

impl Store {
    /// Begins a session that ends by itself at `expires`, and answers with those that have made room for it. Refused for
    /// a user who is gone.
    pub async fn begin_session(
        &self,
        session: &Session,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<Vec<String>> {
        let begun = self
            .client
            .update_item()
            .table_name(&self.tables.users)
            .key("pk", s(key(session.user_id)))
            .update_expression("SET #session = :end, expires_at = :expires")
            .condition_expression("attribute_not_exists(ended)")
            .expression_attribute_names("#session", session.attribute())
            .expression_attribute_values(":end", n(expires.0))
            .expression_attribute_values(":expires", n(expires.seconds()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await?;
        let dropped = surplus(&begun.attributes.unwrap_or_default(), &session.attribute(), now);
        if !dropped.is_empty() {
            self.drop_sessions(session.user_id, &dropped).await?;
        }
        Ok(dropped.iter().filter_map(|name| Some(name.strip_prefix(SESSION)?.to_owned())).collect())
    }

    /// Whether a session stands.
    pub async fn session_stands(&self, session: &Session, now: Timestamp) -> Result<bool> {
        let got = self
            .client
            .get_item()
            .table_name(&self.tables.users)
            .key("pk", s(key(session.user_id)))
            .projection_expression("#session")
            .expression_attribute_names("#session", session.attribute())
            .consistent_read(true)
            .send()
            .await?;
        let item = got.item.unwrap_or_default();
        Ok(end_of(&item, &session.attribute()).is_some_and(|end| end > now))
    }

    /// Ends a session, here and on every machine.
    pub async fn end_session(&self, session: &Session) -> Result<()> {
        self.drop_sessions(session.user_id, &[session.attribute()]).await
    }

    async fn drop_sessions(&self, user: UserId, attributes: &[String]) -> Result<()> {
        let places: Vec<_> = (0..attributes.len()).map(|place| format!("#session{place}")).collect();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.tables.users)
            .key("pk", s(key(user)))
            .update_expression(format!("REMOVE {}", places.join(", ")))
            .condition_expression("attribute_exists(pk)");
        for (place, attribute) in places.into_iter().zip(attributes) {
            update = update.expression_attribute_names(place, attribute);
        }
        unless_refused(update.send().await).map(drop)
    }

    /// Ends all sessions of a user for good, as part of the transaction that deletes it.
    pub(super) fn end_all_sessions(&self, user: UserId, now: Timestamp) -> Result<TransactWriteItem> {
        let ended = Item::from([
            ("pk".to_owned(), s(key(user))),
            ("ended".to_owned(), AttributeValue::Bool(true)),
            ("expires_at".to_owned(), n((now + END_LASTS).seconds())),
        ]);
        let put = Put::builder().table_name(&self.tables.users).set_item(Some(ended));
        Ok(TransactWriteItem::builder().put(super::complete(put.build())?).build())
    }
}

fn end_of(item: &Item, attribute: &str) -> Option<Timestamp> {
    super::number_of(item, attribute).map(Timestamp)
}

/// The sessions that a user need not or may not have any more: those that have ended by themselves, and the oldest of
/// too many, but never the newest one.
fn surplus(item: &Item, newest: &str, now: Timestamp) -> Vec<String> {
    let others = item.keys().filter(|name| name.starts_with(SESSION) && *name != newest);
    let ends = others.filter_map(|name| Some((end_of(item, name)?, name)));
    let (mut standing, ended): (Vec<_>, Vec<_>) = ends.partition(|(end, _)| *end > now);
    standing.sort_unstable_by_key(|(end, _)| Reverse(*end));
    let too_many = standing.into_iter().skip(MAX_SESSIONS - 1);
    too_many.chain(ended).map(|(_, name)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_left_stands_and_is_not_too_much(ends in prop::collection::vec(0i64..200, 1..150)) {
            let mut item: Item =
                ends.iter().enumerate().map(|(place, end)| (format!("{SESSION}{place}"), n(end))).collect();
            item.insert("pk".into(), s("sessions#1"));
            item.insert("expires_at".into(), n(200));
            let newest = format!("{SESSION}0");
            let dropped = surplus(&item, &newest, Timestamp(100));
            let is_dropped = |place: usize| dropped.contains(&format!("{SESSION}{place}"));
            prop_assert!(!is_dropped(0));
            prop_assert!(dropped.iter().all(|name| name.starts_with(SESSION)));
            prop_assert!(ends.len() - dropped.len() <= MAX_SESSIONS);
            let standing = (1..ends.len()).filter(|place| ends[*place] > 100);
            let lost: Vec<_> = standing.clone().filter(|place| is_dropped(*place)).collect();
            // What stands is dropped only for want of room, the oldest first.
            prop_assert_eq!(lost.len(), standing.clone().count().saturating_sub(MAX_SESSIONS - 1));
            let kept = standing.filter(|place| !is_dropped(*place));
            let oldest_kept = kept.map(|place| ends[place]).min().unwrap_or(i64::MAX);
            prop_assert!(lost.iter().all(|place| ends[*place] <= oldest_kept));
        }
    }
}
