//! What chats of every kind have in common: taking part, lists with unread counts, marking as read.

use crate::accounts::NO_USER;
use crate::backend::Backend;
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::history::{PAGE, Page, Room, before};
use crate::ids::{ChatId, UserId};
use crate::log::{Head, Message, Position};
use crate::sessions::Caller;
pub use crate::store::chats::About;
use crate::store::cursors::{Cursor, Moved};
use crate::store::heads::HeadKey;
pub use crate::store::heads::Kind;
use crate::store::transactions::Joined;
use crate::store::users::Profile;
use crate::store::{StoreError, pause};
use futures::future::try_join;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// Chats that a list gives at most (contract, section 1).
pub const MAX_LISTED: usize = 1_000;
const TRIES: u32 = 12;

pub(crate) const NO_CHAT: Error = Error::NotFound("chat_not_found", "There is no such chat");
pub(crate) const STRANGER: Error = Error::Forbidden("You take no part in this chat");

/// A user's place in a chat of one of the wanted kinds: 404 for an unknown or deleted chat or one of another
/// kind, 403 for one that the user takes no part in.
pub(crate) async fn seat(backend: &Backend, user: UserId, chat: ChatId, wanted: &[Kind]) -> Result<Seat> {
    match backend.store.cursor(user, chat).await? {
        Some(cursor) => Seat::of(user, cursor, wanted),
        None => Err(not_taking_part(&backend.store.about(chat).await?, wanted)),
    }
}

/// The refusal of one who takes no part.
pub(crate) fn not_taking_part(about: &Option<About>, wanted: &[Kind]) -> Error {
    match about {
        Some(about) if about.kind().is_some_and(|kind| wanted.contains(&kind)) => STRANGER,
        _ => NO_CHAT,
    }
}

/// A user's place in a chat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub(crate) user: UserId,
    pub(crate) key: HeadKey,
    pub(crate) cursor: Cursor,
}

impl Seat {
    /// From a cursor, if it is one in a chat of a wanted kind.
    pub(crate) fn of(user: UserId, cursor: Cursor, wanted: &[Kind]) -> Result<Self> {
        if !wanted.contains(&cursor.kind) {
            return Err(NO_CHAT);
        }
        let key = cursor.head_key(user).ok_or_else(|| Error::internal("a cursor without a head"))?;
        Ok(Self { user, key, cursor })
    }

    /// The chat's head; 404 when it was deleted meanwhile.
    pub(crate) async fn head(&self, backend: &Backend) -> Result<Head> {
        let head = backend.store.head(self.key).await?;
        head.filter(|head| head.chat_id == self.cursor.chat_id).ok_or(NO_CHAT)
    }
}

/// Marks everything in a chat as read.
pub async fn mark_read(backend: &Backend, user: UserId, chat: ChatId, wanted: &[Kind]) -> Result<()> {
    let mut seat = seat(backend, user, chat, wanted).await?;
    for tried in 0..TRIES {
        // After the cursor and before the cursor is moved: if the tally is the same then, it counts every
        // message of the user that this head has filed.
        let head = seat.head(backend).await?;
        let cursor = &seat.cursor;
        let end = head.end(&cursor.reader(user));
        match backend.store.advance(user, chat, end, cursor.tally, clock::now()).await? {
            Moved::Yes => return Ok(()),
            Moved::Not(now) => seat.cursor = now,
            Moved::Gone => return Err(NO_CHAT),
        }
        pause(tried).await;
    }
    Err(Error::Busy(StoreError::Unavailable("the reader writes all the time".into())))
}

/// A head and a cursor that fit each other: the cursor is read after the head, and again with a newer head where
/// the user has written meanwhile. `None` where the user takes no part (any more), or the chat is gone.
pub(crate) async fn settle(
    backend: &Backend,
    user: UserId,
    key: HeadKey,
    chat: ChatId,
) -> Result<Option<(Head, Cursor)>> {
    for tried in 0..TRIES {
        let head = backend.store.head(key).await?.filter(|head| head.chat_id == chat);
        let Some(head) = head else { return Ok(None) };
        let Some(cursor) = backend.store.cursor(user, chat).await? else { return Ok(None) };
        if !head.is_behind(cursor.tally) {
            return Ok(Some((head, cursor)));
        }
        pause(tried).await;
    }
    Err(Error::Busy(StoreError::Unavailable("the reader writes all the time".into())))
}

/// One of a user's chats as a list shows it.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The user's place in it.
    pub cursor: Cursor,
    /// What it is; direct chats are told by their cursor.
    pub about: Option<About>,
    /// The newest message that is not removed.
    pub newest: Option<Message>,
    /// Messages by others that the user has not read, where they are counted.
    pub unread: u64,
}

/// Chats with the people in them.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The chats.
    pub chats: Vec<Overview>,
    /// The people.
    pub people: People,
}

/// The public sides of some users.
#[derive(Clone, Debug, Default)]
pub struct People(HashMap<UserId, Profile>);

impl People {
    /// Looks up the people behind some ids.
    pub(crate) async fn find(backend: &Backend, users: impl IntoIterator<Item = UserId>) -> Result<Self> {
        let users: Vec<_> = users.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        if users.is_empty() {
            return Ok(Self::default());
        }
        Ok(Self(backend.store.profiles(&users).await?))
    }

    /// A user's public side, or a nameless one for a user who is gone.
    pub fn profile(&self, user: UserId) -> Profile {
        self.0.get(&user).cloned().unwrap_or(Profile {
            user_id: user,
            user_name: None,
            first_name: None,
            last_name: None,
        })
    }

    /// A user's name.
    pub fn name(&self, user: UserId) -> String {
        self.profile(user).name()
    }
}

/// A window of a user's chats of the wanted kinds, newest message first: at most 1,000, and at most as many as one
/// answer holds (some 300 whose newest messages all have 16 KiB of plain text). Three round trips, however
/// many they are: session with cursors, heads, people with cursors.
pub async fn list(
    backend: &Backend,
    caller: Caller,
    wanted: &[Kind],
    window: Range<usize>,
    shown: impl Fn(&Overview) -> bool,
) -> Result<Listing> {
    let user = caller.claimed_user();
    let reading = async { Ok(backend.store.cursors(user).await?) };
    let mut cursors = caller.confirm_while(backend, reading).await?;
    cursors.retain(|cursor| wanted.contains(&cursor.kind));
    let keys: Vec<_> = cursors.iter().filter_map(|cursor| cursor.head_key(user)).collect();
    let described = cursors.iter().filter(|cursor| cursor.kind != Kind::Direct);
    let described: Vec<_> = described.map(|cursor| cursor.chat_id).collect();
    let (mut heads, mut abouts) =
        try_join(backend.store.heads(&keys), backend.store.abouts(&described)).await?;

    let senders = heads.values().filter_map(|head| Some(head.newest()?.sender));
    let people = People::find(backend, senders.chain(cursors.iter().filter_map(|cursor| cursor.with_user)));
    let of_many = cursors.iter().any(|cursor| is_of_many(cursor.kind));
    // All of them in one query cost far less than each by its key.
    let again = async {
        match of_many {
            true => Ok(backend.store.cursors(user).await?),
            false => Ok(Vec::new()),
        }
    };
    let (people, again) = try_join(people, again).await?;
    let again: HashMap<_, _> = again.into_iter().map(|cursor| (cursor.chat_id, cursor)).collect();

    let mut chats = Vec::with_capacity(cursors.len());
    for mut cursor in cursors {
        let Some(mut head) = heads.remove(&cursor.chat_id) else { continue };
        if is_of_many(cursor.kind) {
            let Some(now) = again.get(&cursor.chat_id) else { continue };
            cursor = *now;
            if head.is_behind(cursor.tally) {
                let key = HeadKey::Chat(cursor.chat_id);
                let Some(settled) = settle(backend, user, key, cursor.chat_id).await? else { continue };
                (head, cursor) = settled;
            }
        }
        let unread = match cursor.kind {
            Kind::Web | Kind::Topic => 0,
            _ => head.unread(&cursor.reader(user)),
        };
        let about = abouts.remove(&cursor.chat_id);
        chats.push(Overview { cursor, about, newest: head.newest(), unread });
    }
    let key = |chat: &Overview| (chat.newest.as_ref().map(|message| message.at), chat.cursor.chat_id);
    chats.sort_unstable_by_key(|chat| std::cmp::Reverse(key(chat)));
    chats.retain(shown);
    let mut room = Room::default();
    let mut fits = |chat: &Overview| room.takes(chat.newest.as_ref().map_or("", |message| &message.text));
    let chats = chats.into_iter().skip(window.start).take(window.len().min(MAX_LISTED));
    let chats = chats.take_while(|chat| fits(chat)).collect();
    Ok(Listing { chats, people })
}

/// Whether what a user has sent is counted in its tally and not in the head.
fn is_of_many(kind: Kind) -> bool {
    matches!(kind, Kind::Room | Kind::Group)
}

/// A chat as one user sees it, with a page of its messages.
#[derive(Clone, Debug)]
pub struct View {
    /// The chat.
    pub chat: Overview,
    /// Its messages.
    pub page: Page,
    /// The people in them, and in the chat.
    pub people: People,
}

/// A chat with its newest messages, or those before `until`. One who takes no part sees nothing unread.
pub(crate) async fn view(
    backend: &Backend,
    user: UserId,
    key: HeadKey,
    about: About,
    chat: ChatId,
    until: Option<Timestamp>,
) -> Result<View> {
    let (head, cursor, unread) = match settle(backend, user, key, chat).await? {
        Some((head, cursor)) => {
            let unread = head.unread(&cursor.reader(user));
            (head, cursor, unread)
        }
        None => {
            let head = backend.store.head(key).await?.filter(|head| head.chat_id == chat).ok_or(NO_CHAT)?;
            let kind = about.kind().ok_or(NO_CHAT)?;
            let visitor = Cursor::new(chat, kind, None, Position::default(), clock::now());
            (head, visitor, 0)
        }
    };
    let page = before(backend, &head, until, PAGE).await?;
    let newest = head.newest();
    let senders = page.messages.iter().chain(&newest).map(|message| message.sender);
    let people = People::find(backend, senders.chain(cursor.with_user)).await?;
    Ok(View { chat: Overview { cursor, about: Some(about), newest, unread }, page, people })
}

/// Who is to be told of a message to a room or a chat of document 003, its sender in any case.
pub(crate) async fn participants(backend: &Backend, chat: ChatId, sender: UserId) -> Vec<UserId> {
    let mut users = match backend.store.participants(chat).await {
        Ok(participants) => participants.into_iter().map(|(user, _)| user).collect(),
        Err(error) => {
            tracing::warn!(%error, "a message was not pushed to its chat");
            Vec::new()
        }
    };
    // The index may not know of one who has just begun to take part.
    if !users.contains(&sender) {
        users.push(sender);
    }
    users
}

/// Makes a user take part in a chat of many, if it does not yet. `counted` tells of a chat that counts its
/// participants: false where that has no place left, or is gone.
pub(crate) async fn join(backend: &Backend, user: UserId, cursor: &Cursor, counted: bool) -> Result<bool> {
    for tried in 0..TRIES {
        match backend.store.join(user, cursor, counted).await {
            Ok(Joined::Yes) => return Ok(true),
            Ok(Joined::NoUser) => return Err(NO_USER),
            // Two devices of one user may have taken the last place together.
            Ok(Joined::Full) => return Ok(backend.store.cursor(user, cursor.chat_id).await?.is_some()),
            Err(StoreError::Unavailable(_)) => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy(StoreError::Unavailable("many join at the same time".into())))
}
