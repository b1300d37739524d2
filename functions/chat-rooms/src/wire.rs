//! This surface's requests and answers.

use chat::chats::{About, Overview, People, View};
use chat::clock::{self, Timestamp};
use chat::geo::Point;
use chat::http::{MessageRow, Window};
use chat::ids::{ChatId, UserId};
use chat::rooms::Nearby;
use chat::send::{Kind, Sent};
use chat::{Error, Result};
use serde::{Deserialize, Serialize};

/// `POST /chat_rooms`.
#[derive(Debug, Deserialize)]
pub(crate) struct NewRoom {
    pub(crate) title: String,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) capacity: Option<u64>,
}

/// Which room.
#[derive(Debug, Serialize)]
pub(crate) struct RoomRef {
    pub(crate) chat_room_id: ChatId,
}

/// `POST /chat_rooms/{chat_room_id}/message`.
#[derive(Debug, Deserialize)]
pub(crate) struct NewMessage {
    pub(crate) message: String,
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
}

/// Where a message went.
#[derive(Debug, Serialize)]
pub(crate) struct Posted {
    chat_room_id: ChatId,
    seq: Option<u64>,
    message_timestamp: Option<String>,
}

impl From<Sent> for Posted {
    fn from(sent: Sent) -> Self {
        let (seq, at) = sent.place().unzip();
        Self { chat_room_id: sent.chat_id, seq, message_timestamp: at.map(Timestamp::rfc3339) }
    }
}

/// Where a room is.
#[derive(Debug, Serialize)]
struct Geolocation {
    latitude: f64,
    longitude: f64,
}

impl From<Point> for Geolocation {
    fn from(point: Point) -> Self {
        Self { latitude: point.latitude(), longitude: point.longitude() }
    }
}

/// A room in `GET /chat_rooms` and `GET /chat_rooms/message/unread`.
#[derive(Debug, Serialize)]
pub(crate) struct ListedRoom {
    chat_room_id: ChatId,
    title: String,
    user_id: UserId,
    geolocation: Option<Geolocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_user_id: Option<UserId>,
    last_message: Option<String>,
    last_message_sender_id: Option<UserId>,
    last_message_sender_name: Option<String>,
    last_message_type: Option<String>,
    last_message_timestamp: Option<String>,
    unread_count: u64,
    created_at: String,
    server_sent_timestamp: String,
}

impl ListedRoom {
    /// A room as its user sees it; `None` for a chat that is no room.
    pub(crate) fn new(room: Overview, people: &People) -> Option<Self> {
        let other = room.cursor.with_user;
        let (title, user_id, geolocation, created_at) = match room.about? {
            About::Room(about) => (about.title, about.owner, Some(about.place.into()), about.created_at),
            About::Pair { owner, created_at, .. } => (people.name(other?), owner, None, created_at),
            _ => return None,
        };
        let newest = room.newest;
        Some(Self {
            chat_room_id: room.cursor.chat_id,
            title,
            user_id,
            geolocation,
            other_user_id: other,
            last_message_sender_id: newest.as_ref().map(|message| message.sender),
            last_message_sender_name: newest.as_ref().map(|message| people.name(message.sender)),
            last_message_type: newest.as_ref().map(|message| message.kind.clone()),
            last_message_timestamp: newest.as_ref().map(|message| message.at.rfc3339()),
            last_message: newest.map(|message| message.text),
            unread_count: room.unread,
            created_at: created_at.rfc3339(),
            server_sent_timestamp: clock::now().rfc3339(),
        })
    }
}

/// `GET /chat_rooms/{chat_room_id}`.
#[derive(Debug, Serialize)]
pub(crate) struct ReadRoom {
    #[serde(flatten)]
    room: ListedRoom,
    messages: Vec<MessageRow>,
    next: Option<String>,
}

impl ReadRoom {
    pub(crate) fn new(view: View) -> Result<Self> {
        let messages = MessageRow::rows(view.page.messages, &view.people);
        let room = ListedRoom::new(view.chat, &view.people);
        Ok(Self {
            room: room.ok_or_else(|| Error::internal("a room that is none"))?,
            messages,
            next: view.page.next.map(Timestamp::rfc3339),
        })
    }
}

/// `GET /chat_rooms/nearby`.
#[derive(Debug, Deserialize)]
pub(crate) struct Around {
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) radius_m: f64,
    #[serde(flatten)]
    pub(crate) window: Window,
}

/// A room in `GET /chat_rooms/nearby`.
#[derive(Debug, Serialize)]
pub(crate) struct NearbyRoom {
    chat_room_id: ChatId,
    title: String,
    user_id: UserId,
    geolocation: Geolocation,
    capacity: Option<u64>,
    created_at: String,
    distance_m: f64,
    server_sent_timestamp: String,
}

impl From<Nearby> for NearbyRoom {
    fn from(Nearby { room, distance_m }: Nearby) -> Self {
        Self {
            chat_room_id: room.chat_id,
            title: room.title,
            user_id: room.owner,
            geolocation: room.place.into(),
            capacity: room.capacity,
            created_at: room.created_at.rfc3339(),
            distance_m,
            server_sent_timestamp: clock::now().rfc3339(),
        }
    }
}

/// A user in `GET /chat_rooms/{chat_room_id}/users`.
#[derive(Debug, Serialize)]
pub(crate) struct Participant {
    chat_room_id: ChatId,
    user_id: UserId,
    created_at: String,
}

impl Participant {
    pub(crate) fn new(chat_room_id: ChatId, user_id: UserId, since: Timestamp) -> Self {
        Self { chat_room_id, user_id, created_at: since.rfc3339() }
    }
}
