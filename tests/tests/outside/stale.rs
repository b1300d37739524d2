//! Connections that have ended and of which nobody has heard: only what the table `Connections` tells of them is left.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tests::{Socket, Tables, eventually, millis};
use uuid::Uuid;

/// What everybody with a login listens to.
pub(crate) const NOTICES: &str = "live";
/// What everybody with the cookie of conversations listens to.
pub(crate) const CONVERSATIONS: &str = "conversations";
/// API Gateway's ids are so many bytes.
const ID_BYTES: usize = 11;
/// Sort key of items that are alone in their partition.
const ALONE: &str = "-";
const TABLE: &str = "Connections";
/// The session that has opened it, where nobody asks for that.
const SESSION: &str = "some session";

/// A connection that has ended and of which nobody has heard.
#[derive(Clone, Debug)]
pub(crate) struct Stale {
    tables: Tables,
    id: String,
    /// The partition that lists the sockets of whose it was.
    owner: String,
    session: String,
    /// It is not younger than an hour: a post to one that is just being opened meets the same answer.
    expires_at: String,
    group: Option<(u64, u64)>,
}

impl Stale {
    /// One of a user's that listens to nothing: only what is for its owner meets it, and no notice.
    pub(crate) async fn of(tables: &Tables, user: u64) -> Self {
        Self::of_user(tables, user, SESSION, None, None).await
    }

    /// The same that is in a group.
    pub(crate) async fn in_group(tables: &Tables, user: u64, group: u64) -> Self {
        Self::of_session_in_group(tables, user, SESSION, group).await
    }

    /// The same, as a session of this name has opened it.
    pub(crate) async fn of_session_in_group(tables: &Tables, user: u64, session: &str, group: u64) -> Self {
        Self::of_user(tables, user, session, None, Some(group)).await
    }

    /// One of a user's that is in a group and listens to something. Every notice meets it as well.
    pub(crate) async fn listening_in_group(tables: &Tables, user: u64, feed: &str, group: u64) -> Self {
        Self::of_user(tables, user, SESSION, Some(feed), Some(group)).await
    }

    /// One of a platform's user's.
    pub(crate) async fn of_member(tables: &Tables, member: &str) -> Self {
        let stale = Self::new(tables, format!("member#{member}"), SESSION);
        stale.list(&stale.owner, ALONE, None).await;
        stale.record(json!({"member_id": {"S": member}})).await;
        stale
    }

    async fn of_user(
        tables: &Tables,
        user: u64,
        session: &str,
        feed: Option<&str>,
        group: Option<u64>,
    ) -> Self {
        let mut stale = Self::new(tables, format!("user#{user}"), session);
        stale.list(&stale.owner, ALONE, group).await;
        if let Some(group) = group {
            let (pk, sk) = (format!("group#{group}"), user.to_string());
            stale.list(&pk, &sk, Some(group)).await;
            tables.set(TABLE, &key(&pk, &sk), "expires_at", &json!({"N": stale.expires_at})).await;
            stale.group = Some((group, user));
        }
        let mut whose = json!({"user_id": {"N": user.to_string()}});
        if let Some(feed) = feed {
            whose["live"] = json!({"S": feed});
        }
        // Last: what listens may be found out at once.
        stale.record(whose).await;
        stale
    }

    fn new(tables: &Tables, owner: String, session: &str) -> Self {
        Self {
            tables: tables.clone(),
            id: BASE64.encode(&Uuid::new_v4().as_bytes()[..ID_BYTES]),
            owner,
            session: session.to_owned(),
            expires_at: (millis() / 1000 + 3600).to_string(),
            group: None,
        }
    }

    fn attribute(&self) -> String {
        format!("socket:{}", self.id)
    }

    fn own_key(&self) -> Value {
        key(&format!("connection#{}", self.id), ALONE)
    }

    /// Puts it into a list of sockets.
    async fn list(&self, pk: &str, sk: &str, group: Option<u64>) {
        let mut socket = json!({"expires_at": {"N": self.expires_at}, "session_id": {"S": self.session}});
        if let Some(group) = group {
            socket["group_id"] = json!({"N": group.to_string()});
        }
        self.tables.set(TABLE, &key(pk, sk), &self.attribute(), &json!({"M": socket})).await;
    }

    /// Puts down whose it is.
    async fn record(&self, whose: Value) {
        let mut item = self.own_key();
        item["connection_id"] = json!({"S": self.id});
        item["session_id"] = json!({"S": self.session});
        item["expires_at"] = json!({"N": self.expires_at});
        for (name, value) in whose.as_object().into_iter().flatten() {
            item[name] = value.clone();
        }
        self.tables.put(TABLE, &item).await;
    }

    /// Its id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Where it is still told of.
    pub(crate) async fn traces(&self) -> Vec<&'static str> {
        let listed = async |pk: &str, sk: &str| {
            let item = self.tables.item(TABLE, &key(pk, sk)).await;
            item.is_some_and(|item| !item[self.attribute()].is_null())
        };
        let in_group = match self.group {
            Some((group, user)) => listed(&format!("group#{group}"), &user.to_string()).await,
            None => false,
        };
        let is_recorded = self.tables.item(TABLE, &self.own_key()).await.is_some();
        let is_listed = listed(&self.owner, ALONE).await;
        let traces =
            [("in its group", in_group), ("on record", is_recorded), ("in its owner's list", is_listed)];
        traces.into_iter().filter(|(_, is_there)| *is_there).map(|(place, _)| place).collect()
    }

    /// Waits until nothing tells of it any more.
    pub(crate) async fn is_forgotten(&self) {
        let is_so = async || self.traces().await.is_empty().then_some(());
        eventually(&format!("the end of {self:?}"), is_so).await;
    }
}

fn key(pk: &str, sk: &str) -> Value {
    json!({"pk": {"S": pk}, "sk": {"S": sk}})
}

/// Waits until a socket has heard that a user has gone offline.
pub(crate) async fn hears_of_the_end(socket: &mut Socket, user: u64) {
    let expected = json!({"type": "user_activity", "user_id": user, "login": false});
    socket.expect("the end of a user's last socket", |frame| *frame == expected).await;
}

/// Waits until a socket in a group has heard that a user has left that.
pub(crate) async fn hears_of_leaving(socket: &mut Socket, user: u64, group: u64) {
    let is_it = |frame: &Value| {
        frame["event"] == "leave" && frame["user_id"] == user && frame["chat_group_id"] == group
    };
    socket.expect("that a user has left", is_it).await;
}
