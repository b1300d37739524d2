//! Chats of document 003 (contract, section 5): those who take part bring others in, and the last one who leaves takes
//! the chat along. Nothing counts as unread.

use crate::accounts::NO_USER;
use crate::backend::Backend;
use crate::chats::{self, About, Kind, Listing, NO_CHAT, Seat, not_taking_part, seat};
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::frames::WebEvent;
use crate::graves;
use crate::history::{Page, before};
use crate::ids::{ChatId, UserId};
use crate::log::Position;
use crate::messages;
use crate::presence;
use crate::send::{Draft, Identity, Sending, Sent, Stored};
use crate::sessions::Caller;
pub use crate::store::chats::WebChat;
use crate::store::cursors::Cursor;
use crate::store::heads::HeadKey;
use crate::store::transactions::Left;
use crate::store::{StoreError, pause};
use crate::text::{canonical_name, check_name, check_user_name};
use futures::future::try_join;
use std::ops::Range;

const WEB: &[Kind] = &[Kind::Web];
const TRIES: u32 = 12;

/// Makes a chat in which its owner is alone at first.
pub async fn create(backend: &Backend, owner: UserId, title: String) -> Result<ChatId> {
    check_name("title", &title)?;
    for tried in 0..TRIES {
        let now = clock::now();
        let chat_id = ChatId::mint();
        let about = About::Web(WebChat { chat_id, title: title.clone(), owner, created_at: now });
        let cursor = Cursor::new(chat_id, Kind::Web, None, Position::default(), now);
        match backend.store.create_chat(chat_id, &about, Some((owner, cursor))).await {
            Ok(()) => return Ok(chat_id),
            Err(StoreError::Refused(_) | StoreError::Unavailable(_)) => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy(StoreError::Unavailable("a chat could not be made".into())))
}

/// A window of the chats that the caller takes part in.
pub async fn list(backend: &Backend, caller: Caller, window: Range<usize>) -> Result<Listing> {
    chats::list(backend, caller, WEB, window, |_| true).await
}

/// The newest `count` messages, or those before `until`, newest first.
pub async fn read(
    backend: &Backend,
    caller: Caller,
    chat: ChatId,
    until: Option<Timestamp>,
    count: usize,
) -> Result<Page> {
    let user = caller.claimed_user();
    let reading = async {
        let head = backend.store.head(HeadKey::Web(chat));
        Ok(try_join(head, backend.store.cursor(user, chat)).await?)
    };
    let (head, cursor) = caller.confirm_while(backend, reading).await?;
    let Some(cursor) = cursor else {
        return Err(not_taking_part(&backend.store.about(chat).await?, WEB));
    };
    Seat::of(user, cursor, WEB)?;
    before(backend, &head.ok_or(NO_CHAT)?, until, count).await
}

/// Posts a message to a chat that the caller takes part in, and tells all sockets of all who do.
///
/// Three round trips one after another, however many take part.
pub async fn post(backend: &Backend, caller: Caller, chat: ChatId, draft: Draft) -> Result<Sent> {
    let sender = caller.claimed_user();
    let reading = async {
        draft.check()?;
        let head = backend.store.head(HeadKey::Web(chat));
        Ok(try_join(head, backend.store.cursor(sender, chat)).await?)
    };
    let (head, cursor) = caller.confirm_to_send(backend, reading).await?;
    let Some(cursor) = cursor else {
        return Err(not_taking_part(&backend.store.about(chat).await?, WEB));
    };
    let key = Seat::of(sender, cursor, WEB)?.key;
    let sending = Sending { backend, key, sender, draft: &draft, identity: Identity::Content };
    let sent = sending.run(Some(head.ok_or(NO_CHAT)?)).await?;
    if let Stored::Now(message) = &sent.outcome {
        let users = chats::participants(backend, chat, sender).await;
        presence::push(backend, chat, sender, &users, &WebEvent::message(chat, message)).await;
    }
    Ok(sent)
}

/// Deletes a message by its author.
pub async fn delete_message(backend: &Backend, user: UserId, chat: ChatId, seq: u64) -> Result<()> {
    let seat = seat(backend, user, chat, WEB).await?;
    messages::delete(backend, seat.key, user, seq, NO_CHAT).await
}

/// Gives a chat another title, by anybody who takes part in it.
pub async fn rename(backend: &Backend, user: UserId, chat: ChatId, title: &str) -> Result<()> {
    check_name("title", title)?;
    seat(backend, user, chat, WEB).await?;
    match backend.store.rename_web(chat, title).await? {
        true => Ok(()),
        false => Err(NO_CHAT),
    }
}

/// Brings another user in, by anybody who takes part (extension). It sees everything that was said before.
pub async fn invite(backend: &Backend, user: UserId, chat: ChatId, name: &str) -> Result<()> {
    seat(backend, user, chat, WEB).await?;
    check_user_name("name", name)?;
    let other = backend.store.user_by_name(&canonical_name(name)).await?.ok_or(NO_USER)?;
    let cursor = Cursor::new(chat, Kind::Web, None, Position::default(), clock::now());
    match chats::join(backend, other, &cursor, true).await? {
        true => Ok(()),
        false => Err(NO_CHAT),
    }
}

/// Takes a user out of a chat; the last one who leaves takes the chat along.
pub async fn leave(backend: &Backend, user: UserId, chat: ChatId) -> Result<()> {
    let seat = seat(backend, user, chat, WEB).await?;
    match take_out(backend, user, &seat.cursor).await? {
        true => Ok(()),
        // By another request of the same user, at the same time.
        false => Err(not_taking_part(&backend.store.about(chat).await?, WEB)),
    }
}

/// Takes a user out of a chat. False when it takes no part any more.
pub(crate) async fn take_out(backend: &Backend, user: UserId, cursor: &Cursor) -> Result<bool> {
    let chat = cursor.chat_id;
    for tried in 0..TRIES {
        let now = clock::now();
        match backend.store.leave(user, cursor, true, now).await {
            Ok(Left::Yes) => return Ok(true),
            Ok(Left::Before) => return Ok(false),
            Ok(Left::Alone) => {
                // Refused when somebody was brought in meanwhile.
                if graves::bury(backend, HeadKey::Web(chat), chat, &[user], now).await? {
                    graves::sweep(backend, chat).await;
                    return Ok(true);
                }
            }
            Err(StoreError::Unavailable(_)) => {}
            Err(error) => return Err(error.into()),
        }
        pause(tried).await;
    }
    Err(Error::Busy(StoreError::Unavailable("many come and go at the same time".into())))
}
