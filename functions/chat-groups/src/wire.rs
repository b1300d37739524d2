//! This surface's requests and answers.

use chat::clock::Timestamp;
use chat::groups::{self, Entry, Inside};
use chat::http::{MessageRow, Number};
use chat::ids::{ChatId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// `POST /chat_groups`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"chat_group_name": "Sailors"}))]
pub(crate) struct NewGroup {
    #[schema(min_length = 1, max_length = 100)]
    pub(crate) chat_group_name: String,
    /// The caller, if it is given.
    pub(crate) author_id: Option<UserId>,
}

/// `PUT /chat_groups/{chat_group_id}` and `PUT /chat_groups`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewGroupName, example = json!({"chat_group_name": "Old sailors"}))]
pub(crate) struct NewName {
    pub(crate) chat_group_id: Option<ChatId>,
    #[schema(min_length = 1, max_length = 100)]
    pub(crate) chat_group_name: String,
}

/// `GET /chat_groups`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// How many rows are wanted: 50 if it is left out, at most 100.
    pub(crate) count: Option<Number>,
    /// An answer's `next`.
    pub(crate) next: Option<ChatId>,
}

/// A group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "chat_group_id": 112006274912258_u64,
    "chat_group_name": "Sailors",
    "owner_id": 112006274904064_u64,
    "created_at": "2026-06-01T08:00:00.000Z"
}))]
pub(crate) struct Group {
    chat_group_id: ChatId,
    chat_group_name: String,
    owner_id: UserId,
    #[schema(format = DateTime)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "chat_groups": [{
        "chat_group_id": 112006274912258_u64,
        "chat_group_name": "Sailors",
        "owner_id": 112006274904064_u64,
        "created_at": "2026-06-01T08:00:00.000Z",
        "is_member": true,
        "unread_count": 0
    }],
    "next": null
}))]
pub(crate) struct Groups {
    pub(crate) chat_groups: Vec<ListedGroup>,
    #[schema(required = true)]
    pub(crate) next: Option<ChatId>,
}

/// A group in the list of all.
#[derive(Debug, Serialize, ToSchema)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "chat_group_id": 112006274912258_u64,
    "chat_group_name": "Sailors",
    "owner_id": 112006274904064_u64,
    "created_at": "2026-06-01T08:00:00.000Z",
    "unread_count": 1,
    "present": [112006274904064_u64],
    "messages": [{
        "seq": 1,
        "user_id": 112006274904064_u64,
        "user_name": "Ann Example",
        "message": "Good morning",
        "type": "text",
        "timestamp": "2026-06-01T08:00:00.000Z"
    }],
    "next": null
}))]
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
