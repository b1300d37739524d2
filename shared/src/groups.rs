//! Groups (document 002, steps 10 to 15; contract, section 4): anybody may enter, a message goes to the sockets inside
//! and is unread for the members elsewhere.

use crate::backend::Backend;
use crate::chats::{self, About, Kind, NO_CHAT, Seat, View, not_taking_part};
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::frames::{MessageFrame, Notice};
use crate::ids::{ChatId, UserId};
use crate::limits;
use crate::log::Position;
use crate::presence;
use crate::send::{self, Draft, Identity, Sending, Sent, Stored};
use crate::sessions::Caller;
pub use crate::store::chats::Group;
use crate::store::cursors::Cursor;
use crate::store::heads::HeadKey;
use crate::store::{StoreError, pause};
use crate::text::check_name;
use futures::future::try_join;
use std::collections::HashMap;

const GROUP: &[Kind] = &[Kind::Group];
const TRIES: u32 = 12;
const NOT_OWNER: Error = Error::Forbidden("Only the owner of a group may rename it");

/// Makes a group; its owner is a member. Everybody online is told, and so it counts as a message.
pub async fn create(backend: &Backend, owner: UserId, title: String) -> Result<Group> {
    check_name("chat_group_name", &title)?;
    let _stays = limits::messages(backend, &owner.into(), 1).await?;
    for tried in 0..TRIES {
        let now = clock::now();
        let chat_id = ChatId::mint();
        let group = Group { chat_id, title: title.clone(), owner, created_at: now };
        let cursor = Cursor::new(chat_id, Kind::Group, None, Position::default(), now);
        let about = About::Group(group.clone());
        match backend.store.create_chat(chat_id, &about, Some((owner, cursor))).await {
            Ok(()) => {
                presence::announce(backend, notice(&group)).await;
                return Ok(group);
            }
            Err(StoreError::Refused(_) | StoreError::Unavailable(_)) => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::internal("no free group id"))
}

fn notice(group: &Group) -> Notice {
    Notice::GroupUpdate {
        chat_group_id: group.chat_id,
        chat_group_name: group.title.clone(),
        owner_id: group.owner,
    }
}

/// Renames a group; without an id, the one that the caller is in. Everybody online is told, and so it
/// counts as a message.
pub async fn rename(backend: &Backend, caller: UserId, chat: Option<ChatId>, title: &str) -> Result<Group> {
    check_name("chat_group_name", title)?;
    let chat = match chat {
        Some(chat) => chat,
        None => presence::group_of(backend, caller).await?.ok_or_else(|| {
            Error::invalid("not_in_a_group", "Name a chat_group_id, or enter a group first")
        })?,
    };
    let _stays = limits::messages(backend, &caller.into(), 1).await?;
    match backend.store.rename_group(chat, caller, title).await? {
        Some(group) => {
            presence::announce(backend, notice(&group)).await;
            Ok(group)
        }
        None => match backend.store.about(chat).await? {
            Some(About::Group(_)) => Err(NOT_OWNER),
            _ => Err(NO_CHAT),
        },
    }
}

/// A group in the list of all.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The group.
    pub group: Group,
    /// Whether the caller is a member.
    pub is_member: bool,
    /// Messages by others that a member has not read.
    pub unread: u64,
}

/// A page of all groups in the order of their ids, after `after`. The second part is where the next page begins.
///
/// Three round trips: session with groups, heads, cursors; the cursors last, see [`crate::log::Reader`].
pub async fn list(
    backend: &Backend,
    caller: Caller,
    after: Option<ChatId>,
    count: usize,
) -> Result<(Vec<Entry>, Option<ChatId>)> {
    let user = caller.claimed_user();
    let store = &backend.store;
    let reading = async { Ok(store.groups(after, count as i32).await?) };
    let (groups, more) = caller.confirm_while(backend, reading).await?;
    let next = groups.last().map(|group| group.chat_id).filter(|_| more);
    if groups.is_empty() {
        return Ok((Vec::new(), next));
    }
    let chats: Vec<_> = groups.iter().map(|group| group.chat_id).collect();
    let keys: Vec<_> = chats.iter().map(|&chat| HeadKey::Chat(chat)).collect();
    let mut heads = store.heads(&keys).await?;
    let cursors = store.cursors_in(user, &chats).await?;
    let mut cursors: HashMap<_, _> = cursors.into_iter().map(|cursor| (cursor.chat_id, cursor)).collect();
    let mut entries = Vec::with_capacity(groups.len());
    for group in groups {
        let seen = heads.remove(&group.chat_id).zip(cursors.remove(&group.chat_id));
        let seen = match seen {
            Some((head, cursor)) if head.is_behind(cursor.tally) => {
                chats::settle(backend, user, HeadKey::Chat(group.chat_id), group.chat_id).await?
            }
            seen => seen,
        };
        let unread = seen.as_ref().map(|(head, cursor)| head.unread(&cursor.reader(user)));
        entries.push(Entry { group, is_member: unread.is_some(), unread: unread.unwrap_or(0) });
    }
    Ok((entries, next))
}

/// A group as one user sees it, and who is in it.
#[derive(Clone, Debug)]
pub struct Inside {
    /// The group.
    pub group: Group,
    /// The messages.
    pub view: View,
    /// Who is in it, in the order of their ids.
    pub present: Vec<UserId>,
}

/// Enters a group with all sockets that the caller has open, becoming a member the first time (002, step 11). A look at
/// older messages, those before `until`, enters nothing.
pub async fn enter(
    backend: &Backend,
    caller: Caller,
    chat: ChatId,
    until: Option<Timestamp>,
) -> Result<Inside> {
    let user = caller.claimed_user();
    let store = &backend.store;
    let reading = async {
        let head = store.head(HeadKey::Chat(chat));
        Ok(futures::future::try_join3(store.about(chat), head, store.cursor(user, chat)).await?)
    };
    let (about, head, cursor) = caller.confirm_while(backend, reading).await?;
    let (Some(About::Group(group)), Some(head)) = (about, head) else { return Err(NO_CHAT) };
    if until.is_none() {
        if cursor.is_none() {
            let read = Position { seq: head.seq(), own: 0 };
            let cursor = Cursor::new(chat, Kind::Group, None, read, clock::now());
            chats::join(backend, user, &cursor, false).await?;
        }
        presence::enter(backend, user, chat).await?;
    }
    let about = About::Group(group.clone());
    let viewing = chats::view(backend, user, HeadKey::Chat(chat), about, chat, until);
    let (view, present) = try_join(viewing, presence::present(backend, chat)).await?;
    Ok(Inside { group, view, present })
}

/// Leaves a group with all sockets; one who is not in it has left already.
pub async fn leave(backend: &Backend, user: UserId, chat: ChatId) -> Result<()> {
    match backend.store.about(chat).await? {
        Some(About::Group(_)) => presence::leave(backend, user, chat).await,
        _ => Err(NO_CHAT),
    }
}

/// Posts a message to a group that the caller is a member of. The sockets inside are told, and all of the sender.
///
/// Three round trips one after another, however many are members.
pub async fn post(backend: &Backend, caller: Caller, chat: ChatId, draft: Draft) -> Result<Sent> {
    let sender = caller.claimed_user();
    let reading = async {
        draft.check()?;
        if draft.kind == send::Kind::Customize {
            return Err(Error::invalid("invalid_type", "customize is for chats, not for groups"));
        }
        let head = backend.store.head(HeadKey::Chat(chat));
        Ok(try_join(head, backend.store.cursor(sender, chat)).await?)
    };
    let (head, cursor) = caller.confirm_to_send(backend, reading).await?;
    let Some(cursor) = cursor else {
        return Err(not_taking_part(&backend.store.about(chat).await?, GROUP));
    };
    let key = Seat::of(sender, cursor, GROUP)?.key;
    let sending = Sending { backend, key, sender, draft: &draft, identity: Identity::Content };
    let sent = sending.run(head).await?;
    if let Stored::Now(message) = &sent.outcome {
        let frame = MessageFrame::new(Kind::Group, chat, message);
        presence::push_to_group(backend, chat, sender, &frame).await;
    }
    Ok(sent)
}
