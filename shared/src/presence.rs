//! Who is online and who is in which group, and frames to those who are.

use crate::backend::Backend;
use crate::broadcast::{self, Target};
use crate::clock;
use crate::error::{Error, Result};
use crate::frames::{GroupEvent, Notice, Passage};
use crate::ids::{ChatId, Owner, UserId};
use crate::limits;
use crate::push::Delivery;
use crate::sessions::{ENDED, Standing};
use crate::store::connections::{Connection, Feed, Socket, Sockets};
use crate::store::sessions::Session;
use crate::store::{StoreError, pause};
use crate::telemetry;
use bytes::Bytes;
use futures::future::{BoxFuture, try_join, try_join_all};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// How long a connection may take from its `$connect` until it can be posted to: the longest integration.
const CONNECTING_LASTS: Duration = Duration::from_secs(30);
/// How long a notice may hold up what it announces.
const ANNOUNCING_LASTS: Duration = Duration::from_secs(5);
/// API Gateway ends every WebSocket after two hours.
const CONNECTION_LASTS: Duration = Duration::from_secs(2 * 3600);
const ENTER_TRIES: u32 = 12;
/// Owners who are sent frames of their own at once.
const OWNERS_AT_ONCE: usize = 16;

/// Records a socket that a session opened, and tells the others when it is a user's first. Refused where its owner has
/// as many open as it may.
pub async fn open(backend: &Backend, standing: &Standing, connection: &str) -> Result<()> {
    let now = clock::now();
    let Standing { owner, session, feed } = standing.clone();
    let opened = Connection {
        connection_id: connection.to_owned(),
        owner: owner.clone(),
        session_id: session.clone(),
        expires_at: (now + CONNECTION_LASTS).seconds(),
    };
    let earlier = backend.store.list_socket(&opened).await?;
    let open = earlier.iter().filter(|socket| socket.expires_at > now.seconds()).count();
    if let Some(most) = limits::sockets(backend)
        && open >= most
        && !has_room(backend, &owner, &earlier, most).await?
    {
        forget(backend, vec![Gone::surely(owner, connection.to_owned())]).await?;
        return Err(limits::TOO_MANY_SOCKETS);
    }
    backend.store.open_connection(&opened, feed).await?;
    // Whoever ended the session may have listed its sockets just before this one was among them.
    if !stands(backend, &owner, &session).await? {
        forget(backend, vec![Gone::surely(owner, connection.to_owned())]).await?;
        return Err(ENDED);
    }
    if let (0, Owner::UserId(user_id)) = (open, owner) {
        announce(backend, Notice::UserActivity { user_id, login: true }).await;
    }
    Ok(())
}

/// Forgets those of an owner's sockets that have ended unnoticed, and tells whether fewer than `most` of them are left.
///
/// They are those that were listed before the one that is to be opened. Each socket counts those before it, and of two
/// that are opened at once one is before the other: no more than `most` are ever let in, and a free place is somebody's.
async fn has_room(backend: &Backend, owner: &Owner, earlier: &[Socket], most: usize) -> Result<bool> {
    match limits::socket_check(backend, owner).await {
        Ok(()) => {}
        Err(Error::TooMany { .. }) => return Ok(false),
        Err(error) => return Err(error),
    }
    let now = clock::now();
    let connections: Vec<_> = earlier.iter().map(|socket| socket.connection_id.clone()).collect();
    let gone = backend.pusher.gone(&connections).await;
    let ended = earlier.iter().filter_map(|socket| {
        let (connection, group) = (socket.connection_id.clone(), socket.group_id);
        if socket.expires_at <= now.seconds() {
            Some(Gone { group, ..Gone::surely(owner.clone(), connection) })
        } else {
            gone.contains(&connection).then(|| Gone::apparently((owner.clone(), group, connection)))
        }
    });
    forget(backend, ended.collect()).await?;
    let left = sockets_of(backend, owner).await?.open;
    let is_left = |connection: &&String| left.iter().any(|socket| socket.connection_id == **connection);
    Ok(connections.iter().filter(is_left).count() < most)
}

async fn stands(backend: &Backend, owner: &Owner, session: &str) -> Result<bool> {
    Ok(match owner {
        Owner::UserId(user_id) => {
            let session = Session { session_id: session.to_owned(), user_id: *user_id };
            backend.store.session_stands(&session, clock::now()).await?
        }
        Owner::MemberId(member) => {
            let member = backend.store.member(member).await?;
            member.is_some_and(|member| member.family.as_deref() == Some(session))
        }
    })
}

/// Whose an open connection is.
pub async fn owner(backend: &Backend, connection: &str) -> Result<Option<Owner>> {
    let open = backend.store.connection(connection).await?;
    if let Some(Connection { owner, .. }) = &open {
        telemetry::identify(owner);
    }
    Ok(open.map(|open| open.owner))
}

/// Closes a connection. What is recorded of it goes with its `$disconnect`.
pub async fn end(backend: &Backend, connection: &str) {
    backend.pusher.close(connection).await;
}

/// Records that a connection ended, if it was anybody's, and tells the others when it was the user's last.
pub async fn close(backend: &Backend, connection: &str) -> Result<()> {
    let Some(open) = backend.store.connection(connection).await? else { return Ok(()) };
    forget(backend, vec![Gone::surely(open.owner, open.connection_id)]).await
}

/// Ends all of an owner's sockets that such a session opened.
pub async fn end_sessions(backend: &Backend, owner: &Owner, is_ended: impl Fn(&str) -> bool) -> Result<()> {
    let mut ended = Vec::new();
    for socket in sockets_of(backend, owner).await?.open {
        if is_ended(&socket.session_id) {
            backend.pusher.close(&socket.connection_id).await;
            let group = socket.group_id;
            ended.push(Gone { group, ..Gone::surely(owner.clone(), socket.connection_id) });
        }
    }
    forget(backend, ended).await
}

/// The sockets of some users, or of platforms' users.
pub async fn of(backend: &Backend, owners: &[Owner]) -> Result<HashMap<Owner, Sockets>> {
    Ok(backend.store.sockets(owners, clock::now()).await?)
}

async fn sockets_of(backend: &Backend, owner: &Owner) -> Result<Sockets> {
    Ok(of(backend, std::slice::from_ref(owner)).await?.remove(owner).unwrap_or_default())
}

async fn targets(backend: &Backend, users: &[UserId]) -> Result<Vec<Target>> {
    let owners: Vec<Owner> = users.iter().map(|&user| user.into()).collect();
    let sockets = of(backend, &owners).await?;
    Ok(sockets
        .into_iter()
        .flat_map(|(owner, sockets)| {
            let open = sockets.open.into_iter();
            open.map(move |socket| (owner.clone(), socket.group_id, socket.connection_id))
        })
        .collect())
}

/// Sends the frame of something stored in a chat to every socket of some users, those of its sender last. A connection
/// that turns out to be gone is forgotten. That something is stored stays so whatever goes wrong here.
pub async fn push(backend: &Backend, chat: ChatId, sender: UserId, users: &[UserId], frame: &impl Serialize) {
    let pushing = async { deliver(backend, chat, sender, targets(backend, users).await?, frame).await };
    if let Err(error) = pushing.await {
        tracing::warn!(error = error.cause(), "something stored was not pushed");
    }
}

/// Sends the frame of something stored to the sockets in a group, and last to all sockets of its sender.
pub async fn push_to_group(backend: &Backend, group: ChatId, sender: UserId, frame: &impl Serialize) {
    let pushing = async {
        let (mut targets, inside) = try_join(targets(backend, &[sender]), inside(backend, group)).await?;
        targets.extend(inside.into_iter().filter(|(owner, ..)| *owner != sender.into()));
        deliver(backend, group, sender, targets, frame).await
    };
    if let Err(error) = pushing.await {
        tracing::warn!(error = error.cause(), "something stored was not pushed");
    }
}

/// The sockets in a group.
async fn inside(backend: &Backend, group: ChatId) -> Result<Vec<Target>> {
    let present = backend.store.present(group, clock::now()).await?;
    Ok(present
        .into_iter()
        .flat_map(|(user, sockets)| {
            sockets.into_iter().map(move |socket| (user.into(), Some(group), socket.connection_id))
        })
        .collect())
}

/// To the sender its own frame is the acknowledgement. When it has that, all others have theirs, or have it before
/// them in a queue, so that what it sends next does not overtake this on its way to anybody, unless the audience gets
/// smaller than what goes by the queue just then.
async fn deliver(
    backend: &Backend,
    chat: ChatId,
    sender: UserId,
    targets: Vec<Target>,
    frame: &impl Serialize,
) -> Result<()> {
    if targets.is_empty() {
        return Ok(());
    }
    let frame = encode(frame)?;
    let (own, others) = targets.into_iter().partition(|(owner, ..)| *owner == sender.into());
    let mut gone = broadcast::fan_out(backend, Some(chat), others, frame.clone()).await;
    gone.extend(backend.pusher.fan_out(own, frame).await);
    forget_apparently(backend, gone).await
}

/// Sends the frame of something stored to everybody who listens to conversations, the sockets of its sender last, as
/// far as that goes within a few seconds.
pub async fn push_to_conversations(backend: &Backend, chat: ChatId, sender: UserId, frame: &impl Serialize) {
    let pushing = async {
        let listening = backend.store.listening(Feed::Conversations, clock::now()).await?;
        deliver(backend, chat, sender, listening.into_iter().map(listener).collect(), frame).await
    };
    match tokio::time::timeout(ANNOUNCING_LASTS, pushing).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(error = error.cause(), "something stored was not pushed"),
        Err(_) => tracing::warn!("something stored took too long to reach everybody"),
    }
}

/// Sends each of some owners frames of its own to all its sockets; `encode` makes them once it turns out that it has
/// any. What the frames tell is stored and stays so whatever goes wrong here.
pub async fn push_each<'a, T>(
    backend: &'a Backend,
    told: Vec<(Owner, T)>,
    encode: impl Fn(T) -> BoxFuture<'a, Result<Vec<Bytes>>>,
) {
    let pushing = async {
        let owners: Vec<Owner> = told.iter().map(|(owner, _)| owner.clone()).collect();
        let mut sockets = of(backend, &owners).await?;
        let posting = told.into_iter().filter_map(|(owner, content)| {
            let open = sockets.remove(&owner).unwrap_or_default().open;
            let target = |socket: Socket| (owner.clone(), None, socket.connection_id);
            let targets: Vec<Target> = open.into_iter().map(target).collect();
            let encoding = (!targets.is_empty()).then(|| encode(content))?;
            Some(async move {
                let mut gone = Vec::new();
                for frame in encoding.await? {
                    gone.extend(backend.pusher.fan_out(targets.clone(), frame).await);
                }
                Ok::<_, Error>(gone)
            })
        });
        let posting = stream::iter(posting.collect::<Vec<_>>()).buffer_unordered(OWNERS_AT_ONCE);
        let gone: Vec<Vec<_>> = posting.try_collect().await?;
        forget_apparently(backend, gone.into_iter().flatten().collect()).await
    };
    if let Err(error) = pushing.await {
        tracing::warn!(error = error.cause(), "something stored was not pushed");
    }
}

/// Answers a frame on the connection it came from.
pub async fn reply(backend: &Backend, connection: &str, frame: &impl Serialize) -> Result<Delivery> {
    let delivery = backend.pusher.post(connection, encode(frame)?).await;
    if delivery == Delivery::Gone {
        close(backend, connection).await?;
    }
    Ok(delivery)
}

/// Tells everybody who is online, except the user it is about, as far as that goes within a few seconds: what
/// it announces has happened and stays so.
pub async fn announce(backend: &Backend, notice: Notice) {
    let telling = async {
        let gone = tell_all(backend, &notice).await?;
        forget(backend, gone).await
    };
    match tokio::time::timeout(ANNOUNCING_LASTS, telling).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(error = error.cause(), "a notice did not reach everybody"),
        Err(_) => tracing::warn!("a notice took too long to reach everybody"),
    }
}

/// Who is in a group, in the order of their ids.
pub async fn present(backend: &Backend, group: ChatId) -> Result<Vec<UserId>> {
    let present = backend.store.present(group, clock::now()).await?;
    Ok(present.into_iter().map(|(user, _)| user).collect())
}

/// The group that a user is in with any socket.
pub async fn group_of(backend: &Backend, user: UserId) -> Result<Option<ChatId>> {
    Ok(sockets_of(backend, &user.into()).await?.open.into_iter().find_map(|socket| socket.group_id))
}

/// Brings all of a user's open sockets into a group and out of any other, and tells those inside.
pub async fn enter(backend: &Backend, user: UserId, group: ChatId) -> Result<()> {
    let (mut entered, mut from_elsewhere) = (false, false);
    let (mut listed, mut gone) = (Vec::new(), Vec::new());
    for tried in 0..ENTER_TRIES {
        let now = clock::now();
        let open = sockets_of(backend, &user.into()).await?.open;
        if open.is_empty() {
            // They may have ended since they were listed.
            gone.extend(take_out(backend, user, group, &listed).await?);
            return forget(backend, gone).await;
        }
        // The list of the group first: whatever ends here, no socket is missing from it.
        entered |= backend.store.put_presence(group, user, &open, now).await?;
        listed = open.iter().map(|socket| socket.connection_id.clone()).collect();
        // The lists of others before the sockets forget where they were: an entering that is repeated takes them out.
        let elsewhere = take_out_of_others(backend, user, group, &open).await?;
        from_elsewhere |= elsewhere.is_some();
        gone.extend(elsewhere.into_iter().flatten());
        let Some(before) = backend.store.move_sockets(user, &open, Some(group), now).await? else {
            pause(tried).await;
            continue;
        };
        // Listed before and never moved is what an entering that failed halfway leaves.
        entered |= before.iter().all(|socket| socket.group_id != Some(group));
        if entered {
            gone.extend(tell_group(backend, &GroupEvent::new(Passage::Enter, user, group, now)).await);
        }
        // Once more: another of the user's devices may have moved them, or listed them again, since they were read.
        let elsewhere = take_out_of_others(backend, user, group, &before).await?;
        from_elsewhere |= elsewhere.is_some();
        gone.extend(elsewhere.into_iter().flatten());
        if from_elsewhere {
            relist(backend, user).await?;
        }
        return forget(backend, gone).await;
    }
    Err(Error::Busy(StoreError::Unavailable("sockets open and close all the time".into())))
}

/// Takes sockets out of the lists of all groups that they are in but one. Answers with those who are gone there; `None`
/// where no socket is in any other.
async fn take_out_of_others(
    backend: &Backend,
    user: UserId,
    group: ChatId,
    sockets: &[Socket],
) -> Result<Option<Vec<Gone>>> {
    let mut gone = None;
    for socket in sockets {
        if let Some(other) = socket.group_id.filter(|other| *other != group) {
            let connection = std::slice::from_ref(&socket.connection_id);
            let found = take_out(backend, user, other, connection).await?;
            gone.get_or_insert_with(Vec::new).extend(found);
        }
    }
    Ok(gone)
}

/// Lists a user's sockets in the group that they are in: another of its devices may have entered another group at
/// the same time, and taken them out of this one.
async fn relist(backend: &Backend, user: UserId) -> Result<()> {
    let mut open = sockets_of(backend, &user.into()).await?.open;
    if let Some(group) = open.iter().find_map(|socket| socket.group_id) {
        open.retain(|socket| socket.group_id == Some(group));
        backend.store.put_presence(group, user, &open, clock::now()).await?;
    }
    Ok(())
}

/// Brings all of a user's sockets out of a group, and tells those who remain.
pub async fn leave(backend: &Backend, user: UserId, group: ChatId) -> Result<()> {
    let present = backend.store.present(group, clock::now()).await?;
    let listed = present.into_iter().find(|(present, _)| *present == user);
    let listed = listed.map(|(_, sockets)| sockets).unwrap_or_default();
    for tried in 0..ENTER_TRIES {
        let now = clock::now();
        let mut open = sockets_of(backend, &user.into()).await?.open;
        open.retain(|socket| socket.group_id == Some(group));
        if open.is_empty() || backend.store.move_sockets(user, &open, None, now).await?.is_some() {
            let connections: Vec<_> = listed.into_iter().map(|socket| socket.connection_id).collect();
            let gone = take_out(backend, user, group, &connections).await?;
            return forget(backend, gone).await;
        }
        pause(tried).await;
    }
    Err(Error::Busy(StoreError::Unavailable("sockets open and close all the time".into())))
}

/// Takes sockets out of a group's list, and tells those who remain when none of the user's is left. Answers with
/// those of them who are gone.
async fn take_out(
    backend: &Backend,
    user: UserId,
    group: ChatId,
    connections: &[String],
) -> Result<Vec<Gone>> {
    let mut last = false;
    for connection in connections {
        last |= backend.store.leave_presence(group, user, connection, clock::now()).await?;
    }
    match last {
        true => Ok(tell_group(backend, &GroupEvent::new(Passage::Leave, user, group, clock::now())).await),
        false => Ok(Vec::new()),
    }
}

/// Tells those in a group who came or went, which has happened and stays so whatever goes wrong here. Answers with
/// those of them who are gone.
async fn tell_group(backend: &Backend, event: &GroupEvent) -> Vec<Gone> {
    let telling = async {
        let mut inside = inside(backend, event.group()).await?;
        inside.retain(|(owner, ..)| *owner != event.about().into());
        Ok::<_, Error>(broadcast::fan_out(backend, Some(event.group()), inside, encode(event)?).await)
    };
    match telling.await {
        Ok(gone) => gone.into_iter().map(Gone::apparently).collect(),
        Err(error) => {
            tracing::warn!(error = error.cause(), "a group was not told who came or went");
            Vec::new()
        }
    }
}

/// A connection that has ended.
struct Gone {
    owner: Owner,
    connection: String,
    /// A group in whose list it was found.
    group: Option<ChatId>,
    ended: Ended,
}

/// How it is known that a connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// API Gateway or we ended it.
    Surely,
    /// A post to it met 410. So does a post to one that is still being connected.
    Apparently,
}

impl Gone {
    fn surely(owner: Owner, connection: String) -> Self {
        Self { owner, connection, group: None, ended: Ended::Surely }
    }

    fn apparently((owner, group, connection): Target) -> Self {
        Self { owner, connection, group, ended: Ended::Apparently }
    }
}

/// Forgets connections that are gone, and announces those users who have none left, here and in the groups they
/// were in. An announcement finds more that are gone, and so on until none is.
async fn forget(backend: &Backend, gone: Vec<Gone>) -> Result<()> {
    let mut gone = VecDeque::from(gone);
    while let Some(Gone { owner, connection, group, ended }) = gone.pop_front() {
        let now = clock::now();
        let expiring_before = match ended {
            Ended::Surely => None,
            Ended::Apparently => Some(now + CONNECTION_LASTS - CONNECTING_LASTS),
        };
        // First, while the owner's list of sockets tells where it is: who repeats this would not find it any more.
        let left = group.filter(|_| ended == Ended::Surely);
        if let (Some(group), Owner::UserId(user)) = (left, &owner) {
            gone.extend(take_out(backend, *user, group, std::slice::from_ref(&connection)).await?);
        }
        let closed = backend.store.close_connection(&owner, &connection, now, expiring_before).await?;
        let (Some(taken_out), Owner::UserId(user)) = (closed, owner) else { continue };
        let listed = group.filter(|group| Some(*group) != taken_out.group);
        for group in taken_out.group.into_iter().chain(listed).filter(|group| Some(*group) != left) {
            gone.extend(take_out(backend, user, group, std::slice::from_ref(&connection)).await?);
        }
        if taken_out.last {
            gone.extend(tell_all(backend, &Notice::UserActivity { user_id: user, login: false }).await?);
        }
    }
    Ok(())
}

/// Forgets connections that a post found gone.
pub(crate) async fn forget_apparently(backend: &Backend, gone: Vec<Target>) -> Result<()> {
    forget(backend, gone.into_iter().map(Gone::apparently).collect()).await
}

async fn tell_all(backend: &Backend, notice: &Notice) -> Result<Vec<Gone>> {
    if !backend.announces_presence && matches!(notice, Notice::UserActivity { .. }) {
        return Ok(Vec::new());
    }
    let (store, now) = (&backend.store, clock::now());
    let feeds = [Feed::Notices, Feed::Conversations].map(|feed| store.listening(feed, now));
    let mut online = try_join_all(feeds).await?.concat();
    online.retain(|(user, _)| Some(*user) != notice.about());
    let targets = online.into_iter().map(listener).collect();
    let gone = broadcast::fan_out(backend, None, targets, encode(notice)?).await;
    Ok(gone.into_iter().map(Gone::apparently).collect())
}

fn listener((user, connection): (UserId, String)) -> Target {
    (user.into(), None, connection)
}

fn encode(frame: &impl Serialize) -> Result<Bytes> {
    serde_json::to_vec(frame).map(Bytes::from).map_err(Error::internal)
}
