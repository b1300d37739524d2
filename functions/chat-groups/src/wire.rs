//! This surface's requests and answers.

use chat::clock::Timestamp;
use chat::groups::{self, Entry, Inside};
use chat::http::{MessageRow, Number};
use chat::ids::{ChatId, UserId};
use serde::{Deserialize, Serialize};

/// `POST /chat_groups`.
#[derive(Debug, Deserialize)]
pub(crate) struct NewGroup {
    pub(crate) chat_group_name: String,
    pub(crate) author_id: Option<UserId>,
}

/// `PUT /chat_groups/{chat_group_id}` and `PUT /chat_groups`.
#[derive(Debug, Deserialize)]
pub(crate) struct NewName {
    pub(crate) chat_group_id: Option<ChatId>,
    pub(crate) chat_group_name: String,
}

/// `GET /chat_groups`.
#[derive(Debug, Deserialize)]
pub(crate) struct Paging {
    pub(crate) count: Option<Number>,
    pub(crate) next: Option<ChatId>,
}

/// A group.
#[derive(Debug, Serialize)]
pub(crate) struct Group {
    chat_group_id: ChatId,
    chat_group_name: String,
    owner_id: UserId,
    created_at: String,
}

impl From<groups::Group> for Group {
    fn from(group: groups::Group) -> Self {
        Self {
            chat_group_id: group.chat_id,
            chat_group_name: group.title,
            owner_id: group.owner,
            created_at: group.created_at.rfc3339(),
        }
    }
}

/// A page of all groups.
#[derive(Debug, Serialize)]
pub(crate) struct Groups {
    pub(crate) chat_groups: Vec<ListedGroup>,
    pub(crate) next: Option<ChatId>,
}

/// A group in the list of all.
#[derive(Debug, Serialize)]
pub(crate) struct ListedGroup {
    #[serde(flatten)]
    group: Group,
    is_member: bool,
    unread_count: u64,
}

impl From<Entry> for ListedGroup {
    fn from(entry: Entry) -> Self {
        Self { group: entry.group.into(), is_member: entry.is_member, unread_count: entry.unread }
    }
}

/// `GET /chat_groups/{chat_group_id}`.
#[derive(Debug, Serialize)]
pub(crate) struct EnteredGroup {
    #[serde(flatten)]
    group: Group,
    unread_count: u64,
    present: Vec<UserId>,
    messages: Vec<MessageRow>,
    next: Option<String>,
}

impl From<Inside> for EnteredGroup {
    fn from(Inside { group, view, present }: Inside) -> Self {
        Self {
            group: group.into(),
            unread_count: view.chat.unread,
            present,
            messages: MessageRow::rows(view.page.messages, &view.people),
            next: view.page.next.map(Timestamp::rfc3339),
        }
    }
}
