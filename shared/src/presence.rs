//! Who is online, and frames to those who are.

use crate::backend::Backend;
use crate::clock;
use crate::error::{Error, Result};
use crate::frames::Notice;
use crate::ids::UserId;
use crate::push::Delivery;
use crate::sessions::ENDED;
use crate::store::connections::{Connection, Sockets};
use crate::store::sessions::Session;
use bytes::Bytes;
use serde::Serialize;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// How long a connection may take from its `$connect` until it can be posted to: the longest integration.
const CONNECTING_LASTS: Duration = Duration::from_secs(30);
/// How long a notice may hold up what it announces.
const ANNOUNCING_LASTS: Duration = Duration::from_secs(5);

/// API Gateway ends every WebSocket after two hours.
const CONNECTION_LASTS: Duration = Duration::from_secs(2 * 3600);

/// Records a socket that a session opened, and tells the others when it is the user's first.
pub async fn open(backend: &Backend, session: &Session, connection: &str) -> Result<()> {
    let now = clock::now();
    let opened = Connection {
        connection_id: connection.to_owned(),
        user_id: session.user_id,
        session_id: session.session_id.clone(),
        expires_at: (now + CONNECTION_LASTS).seconds(),
    };
    let first = backend.store.open_connection(&opened, now).await?;
    // A logout may have listed the session's sockets just before this one was among them.
    if backend.store.session(&session.session_id, now).await?.is_none() {
        let open = [(session.user_id, connection.to_owned())];
        forget(backend, open.into(), Ended::Surely).await?;
        return Err(ENDED);
    }
    if first {
        announce(backend, Notice::UserActivity { user_id: session.user_id, login: true }).await;
    }
    Ok(())
}

/// Whose an open connection is.
pub async fn owner(backend: &Backend, connection: &str) -> Result<Option<UserId>> {
    Ok(backend.store.connection(connection).await?.map(|open| open.user_id))
}

/// Closes a connection. What is recorded of it goes with its `$disconnect`.
pub async fn end(backend: &Backend, connection: &str) {
    backend.pusher.close(connection).await;
}

/// Records that a connection ended, if it was anybody's, and tells the others when it was the user's last.
pub async fn close(backend: &Backend, connection: &str) -> Result<()> {
    let Some(open) = backend.store.connection(connection).await? else { return Ok(()) };
    forget(backend, vec![(open.user_id, open.connection_id)], Ended::Surely).await
}

/// Ends all sockets that a session opened.
pub async fn end_session(backend: &Backend, session: &Session) -> Result<()> {
    let sockets = of(backend, &[session.user_id]).await?.remove(&session.user_id).unwrap_or_default();
    let ended: Vec<_> = sockets
        .open
        .into_iter()
        .filter(|socket| socket.session_id == session.session_id)
        .map(|socket| (session.user_id, socket.connection_id))
        .collect();
    for (_, connection) in &ended {
        backend.pusher.close(connection).await;
    }
    forget(backend, ended, Ended::Surely).await
}

/// The sockets of some users.
pub async fn of(backend: &Backend, users: &[UserId]) -> Result<HashMap<UserId, Sockets>> {
    Ok(backend.store.sockets(users, clock::now()).await?)
}

/// Sends a frame to every socket of some users. A connection that turns out to be gone is forgotten.
pub async fn push(backend: &Backend, users: &[UserId], frame: &impl Serialize) -> Result<()> {
    let sockets = of(backend, users).await?;
    let connections: Vec<_> = sockets
        .into_iter()
        .flat_map(|(user, sockets)| sockets.open.into_iter().map(move |socket| (user, socket.connection_id)))
        .collect();
    if connections.is_empty() {
        return Ok(());
    }
    let gone = backend.pusher.fan_out(connections, encode(frame)?).await;
    forget(backend, gone, Ended::Apparently).await
}

/// Answers a frame on the connection it came from.
pub async fn reply(backend: &Backend, connection: &str, frame: &impl Serialize) -> Result<()> {
    match backend.pusher.post(connection, encode(frame)?).await {
        Delivery::Gone => close(backend, connection).await,
        Delivery::Sent | Delivery::Failed => Ok(()),
    }
}

/// Tells everybody who is online, except the user it is about, as far as that goes within a few seconds: what
/// it announces has happened and stays so.
pub async fn announce(backend: &Backend, notice: Notice) {
    let telling = async {
        let gone = fan_out(backend, &notice).await?;
        forget(backend, gone, Ended::Apparently).await
    };
    match tokio::time::timeout(ANNOUNCING_LASTS, telling).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a notice did not reach everybody"),
        Err(_) => tracing::warn!("a notice took too long to reach everybody"),
    }
}

/// Forgets connections that are gone, and announces those users who have none left. An announcement finds
/// more that are gone, and so on until none is.
async fn forget(backend: &Backend, gone: Vec<(UserId, String)>, ended: Ended) -> Result<()> {
    let mut gone: VecDeque<_> =
        gone.into_iter().map(|(user, connection)| (user, connection, ended)).collect();
    while let Some((user, connection, ended)) = gone.pop_front() {
        let now = clock::now();
        let expiring_before = match ended {
            Ended::Surely => None,
            Ended::Apparently => Some(now + CONNECTION_LASTS - CONNECTING_LASTS),
        };
        if backend.store.close_connection(user, &connection, now, expiring_before).await? {
            let more = fan_out(backend, &Notice::UserActivity { user_id: user, login: false }).await?;
            gone.extend(more.into_iter().map(|(user, connection)| (user, connection, Ended::Apparently)));
        }
    }
    Ok(())
}

/// How it is known that a connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// API Gateway or we ended it.
    Surely,
    /// A post to it met 410. So does a post to one that is still being connected.
    Apparently,
}

async fn fan_out(backend: &Backend, notice: &Notice) -> Result<Vec<(UserId, String)>> {
    let mut online = backend.store.online(clock::now()).await?;
    online.retain(|(user, _)| *user != notice.about());
    Ok(backend.pusher.fan_out(online, encode(notice)?).await)
}

fn encode(frame: &impl Serialize) -> Result<Bytes> {
    serde_json::to_vec(frame).map(Bytes::from).map_err(Error::internal)
}
