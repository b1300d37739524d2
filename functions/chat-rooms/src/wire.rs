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
use utoipa::{IntoParams, ToSchema};

/// `POST /chat_rooms`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(
    example = json!({"title": "At the harbour", "latitude": 53.54, "longitude": 9.99, "capacity": 50}),
)]
pub(crate) struct NewRoom {
    #[schema(min_length = 1, max_length = 100)]
    pub(crate) title: String,
    #[schema(minimum = -90, maximum = 90)]
    pub(crate) latitude: f64,
    #[schema(minimum = -180, maximum = 180)]
    pub(crate) longitude: f64,
    /// How many may take part; as many as like, if it is left out.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub(crate) capacity: Option<u64>,
}

/// Which room.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"chat_room_id": 112006274908161_u64}))]
pub(crate) struct RoomRef {
    pub(crate) chat_room_id: ChatId,
}

/// `POST /chat_rooms/{chat_room_id}/message`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewRoomMessage, example = json!({"message": "Good morning", "type": "text"}))]
pub(crate) struct NewMessage {
    /// At most 16 KiB of UTF-8.
    #[schema(min_length = 1, max_length = 16_384)]
    pub(crate) message: String,
    #[serde(rename = "type")]
    #[schema(value_type = String, pattern = "^(text|image|sticker|location|audio)$")]
    pub(crate) kind: Kind,
}

/// Where a message went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "chat_room_id": 112006274908161_u64,
    "seq": 1,
    "message_timestamp": "2026-06-01T08:00:00.000Z"
}))]
pub(crate) struct Posted {
    chat_room_id: ChatId,
    seq: Option<u64>,
    #[schema(format = DateTime)]
    message_timestamp: Option<String>,
}

impl From<Sent> for Posted {
    fn from(sent: Sent) -> Self {
        let (seq, at) = sent.place().unzip();
        Self { chat_room_id: sent.chat_id, seq, message_timestamp: at.map(Timestamp::rfc3339) }
    }
}

/// Where a room is.
#[derive(Debug, Serialize, ToSchema)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "chat_room_id": 112006274908161_u64,
    "title": "At the harbour",
    "user_id": 112006274904064_u64,
    "geolocation": {"latitude": 53.54, "longitude": 9.99},
    "last_message": "Good morning",
    "last_message_sender_id": 112006274904065_u64,
    "last_message_sender_name": "Bob Example",
    "last_message_type": "text",
    "last_message_timestamp": "2026-06-01T08:00:00.000Z",
    "unread_count": 1,
    "created_at": "2026-06-01T07:59:00.000Z",
    "server_sent_timestamp": "2026-06-01T08:01:00.000Z"
}))]
pub(crate) struct ListedRoom {
    chat_room_id: ChatId,
    title: String,
    user_id: UserId,
    #[schema(required = true)]
    geolocation: Option<Geolocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_user_id: Option<UserId>,
    #[schema(required = true)]
    last_message: Option<String>,
    #[schema(required = true)]
    last_message_sender_id: Option<UserId>,
    #[schema(required = true)]
    last_message_sender_name: Option<String>,
    #[schema(required = true)]
    last_message_type: Option<String>,
    #[schema(required = true, format = DateTime)]
    last_message_timestamp: Option<String>,
    unread_count: u64,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "chat_room_id": 112006274908161_u64,
    "title": "At the harbour",
    "user_id": 112006274904064_u64,
    "geolocation": {"latitude": 53.54, "longitude": 9.99},
    "last_message": "Good morning",
    "last_message_sender_id": 112006274904064_u64,
    "last_message_sender_name": "Ann Example",
    "last_message_type": "text",
    "last_message_timestamp": "2026-06-01T08:00:00.000Z",
    "unread_count": 1,
    "created_at": "2026-06-01T07:59:00.000Z",
    "server_sent_timestamp": "2026-06-01T08:01:00.000Z",
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
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Around {
    #[param(minimum = -90, maximum = 90)]
    pub(crate) latitude: f64,
    #[param(minimum = -180, maximum = 180)]
    pub(crate) longitude: f64,
    #[param(exclusive_minimum = 0)]
    pub(crate) radius_m: f64,
    #[serde(flatten)]
    #[param(ignore)]
    pub(crate) window: Window,
}

/// A room in `GET /chat_rooms/nearby`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "chat_room_id": 112006274908161_u64,
    "title": "At the harbour",
    "user_id": 112006274904064_u64,
    "geolocation": {"latitude": 53.54, "longitude": 9.99},
    "capacity": 50,
    "created_at": "2026-06-01T07:59:00.000Z",
    "distance_m": 120.5,
    "server_sent_timestamp": "2026-06-01T08:01:00.000Z"
}))]
pub(crate) struct NearbyRoom {
    chat_room_id: ChatId,
    title: String,
    user_id: UserId,
    geolocation: Geolocation,
    #[schema(required = true)]
    capacity: Option<u64>,
    #[schema(format = DateTime)]
    created_at: String,
    distance_m: f64,
    #[schema(format = DateTime)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoomParticipant, example = json!({
    "chat_room_id": 112006274908161_u64,
    "user_id": 112006274904064_u64,
    "created_at": "2026-06-01T08:00:00.000Z"
}))]
pub(crate) struct Participant {
    chat_room_id: ChatId,
    user_id: UserId,
    #[schema(format = DateTime)]
    created_at: String,
}

impl Participant {
    pub(crate) fn new(chat_room_id: ChatId, user_id: UserId, since: Timestamp) -> Self {
        Self { chat_room_id, user_id, created_at: since.rfc3339() }
    }
}
