//! Sessions (`Users`, `session#<id>`): a token is good while its session stands.

use super::{Result, Store, n, read, s, stands, write};
use crate::clock::Timestamp;
use crate::ids::UserId;
use serde::{Deserialize, Serialize};

/// A login that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id, part of the token.
    pub session_id: String,
    /// Whose it is.
    pub user_id: UserId,
}

fn key(session: &str) -> String {
    format!("session#{session}")
}

impl Store {
    /// Begins a session that ends by itself at `expires`.
    pub async fn begin_session(&self, session: &Session, expires: Timestamp) -> Result<()> {
        self.client
            .put_item()
            .table_name(&self.tables.users)
            .set_item(Some(write(
                session,
                [("pk", s(key(&session.session_id))), ("expires_at", n(expires.seconds()))],
            )?))
            .send()
            .await?;
        Ok(())
    }

    /// A session that stands.
    pub async fn session(&self, session: &str, now: Timestamp) -> Result<Option<Session>> {
        let got = self
            .client
            .get_item()
            .table_name(&self.tables.users)
            .key("pk", s(key(session)))
            .consistent_read(true)
            .send()
            .await?;
        got.item.filter(|item| stands(item, now)).map(read).transpose()
    }

    /// Ends a session, here and on every machine.
    pub async fn end_session(&self, session: &str) -> Result<()> {
        self.client.delete_item().table_name(&self.tables.users).key("pk", s(key(session))).send().await?;
        Ok(())
    }
}
