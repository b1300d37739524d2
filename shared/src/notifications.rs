//! Notifications (document 002, steps 2, 7 and 8): no store of their own but the same cursors and heads that unread
//! counts come from.

use crate::backend::Backend;
use crate::chats::{self, Kind, Listing};
use crate::clock;
use crate::error::Result;
use crate::ids::{ChatId, UserId};
use crate::sessions::Caller;
use std::ops::Range;
use std::time::Duration;

/// How long a chat that was read is still listed.
const READ_LASTS: Duration = Duration::from_secs(24 * 3600);

const ALL: &[Kind] = &[Kind::Direct, Kind::Pair, Kind::Room, Kind::Group];

/// A window of the caller's chats with unread messages or read within a day, newest message first.
pub async fn list(backend: &Backend, caller: Caller, window: Range<usize>) -> Result<Listing> {
    let recent = clock::now() - READ_LASTS;
    let shown = |chat: &chats::Overview| {
        let is_recent = chat.cursor.read_at.is_some_and(|read| read > recent);
        chat.newest.is_some() && (chat.unread > 0 || is_recent)
    };
    chats::list(backend, caller, ALL, window, shown).await
}

/// Marks everything in a chat as read; 404 for a chat of another kind than the caller says.
pub async fn mark_read(backend: &Backend, user: UserId, chat: ChatId, wanted: &[Kind]) -> Result<()> {
    chats::mark_read(backend, user, chat, wanted).await
}
