//! Rooms that everybody may come to, full ones, and those of two.

use serde_json::{Value, json};
use tests::{Caller as _, Stack, unique};

use super::engine::holds;
use super::people::Cast;
use super::{Credential, NOBODY, Row, Scene, Surface, Thing, Wallet, row};
use crate::common::{say_to, seen};

/// Who made the room and has posted in it, somebody else who has, and a stranger. Nobody can leave a room.
pub(super) const OPEN: &[Row] = &[
    row("POST", "/chat_rooms", &[201, 201, 201])
        .json(r#"{"title":"A","latitude":{latitude},"longitude":{longitude}}"#),
    row("GET", "/chat_rooms", &[200, 200, 200]),
    row("GET", "/chat_rooms/nearby", &[200, 200, 200]).query("?latitude=48.25&longitude=16.5&radius_m=1"),
    row("GET", "/chat_rooms/message/unread", &[200, 200, 200]),
    row("GET", "/chat_rooms/{chat_room_id}", &[200, 200, 200]).shows(),
    row("POST", "/chat_rooms/{chat_room_id}/message", &[201, 201, 201]).json(HELLO),
    row("POST", "/chat_rooms/{chat_room_id}/message/read", &[201, 201, 403]),
    row("POST", "/chat_rooms/{chat_room_id}/read", &[201, 201, 403]),
    row("GET", "/chat_rooms/{chat_room_id}/users", &[200, 200, 200]),
    row("PUT", "/notifications", &[200, 200, 403]).json(r#"{"chat_room_id":{chat_room_id}}"#),
];

/// The same people, and no place for another one.
pub(super) const FULL: &[Row] = &[
    row("GET", "/chat_rooms/{chat_room_id}", &[200, 200, 200]).shows(),
    row("POST", "/chat_rooms/{chat_room_id}/message", &[201, 201, 403]).json(HELLO),
    row("POST", "/chat_rooms/{chat_room_id}/read", &[201, 201, 403]),
];

/// The two whose room it is, and a stranger.
pub(super) const PRIVATE: &[Row] = &[
    row("GET", "/chat_rooms", &[200, 200, 200]).shows(),
    row("GET", "/chat_rooms/message/unread", &[200, 200, 200]),
    row("GET", "/chat_rooms/{chat_room_id}", &[200, 200, 403]).shows(),
    row("POST", "/chat_rooms/{chat_room_id}/message", &[201, 201, 403]).json(HELLO),
    row("POST", "/chat_rooms/{chat_room_id}/message/read", &[201, 201, 403]),
    row("POST", "/chat_rooms/{chat_room_id}/read", &[201, 201, 403]),
    row("GET", "/chat_rooms/{chat_room_id}/users", &[200, 200, 403]),
    row("PUT", "/notifications", &[200, 200, 403]).json(r#"{"chat_room_id":{chat_room_id}}"#),
];

const HELLO: &str = r#"{"message":"hello","type":"text"}"#;

/// The kinds of rooms.
const ANY: u8 = 0;
const FILLED: u8 = 1;
const OF_TWO: u8 = 2;

/// Some degrees south or west, where no other test makes rooms.
fn nowhere(degrees: f64) -> String {
    let part = f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
    format!("{:.6}", -degrees * part)
}

/// A room of some kind.
struct Room<const KIND: u8>(Cast);

impl<const KIND: u8> Scene for Room<KIND> {
    const SURFACE: Surface = Surface::Login;
    const INSIDE: usize = if KIND == OF_TWO { 2 } else { 3 };

    async fn new(stack: &Stack) -> Self {
        Self(Cast::new(stack).await)
    }

    fn people(&self) -> Vec<Credential> {
        let Cast { owner, member, stranger, .. } = &self.0;
        Cast::logins(&[("owner", owner), ("member", member), ("stranger", stranger)])
    }

    fn ended(&self) -> Vec<Credential> {
        self.0.ended_logins()
    }

    fn wallet(&self) -> &Wallet {
        &self.0.wallet
    }

    async fn thing(&self) -> Thing {
        let Cast { owner, member, .. } = &self.0;
        let (owner, member, mark) = (&owner.user, &member.user, unique("mark"));
        let room = if KIND == OF_TWO {
            say_to(member, &mut owner.socket().await, "hello").await
        } else {
            let mut body = json!({"title": "A room", "latitude": 48.25, "longitude": 16.5});
            if KIND == FILLED {
                body["capacity"] = json!(2);
            }
            let made = owner.post("/chat_rooms").json(&body).await.expect(201).json();
            made["chat_room_id"].as_u64().expect("a chat_room_id")
        };
        // Who takes part has what others say as unread.
        for (person, text) in [(owner, "first"), (member, "second"), (owner, &mark)] {
            person.post_to_room(room, text).await;
        }
        let values = vec![
            ("chat_room_id", room.to_string()),
            ("latitude", nowhere(80.0)),
            ("longitude", nowhere(170.0)),
        ];
        Thing { values, mark }
    }

    fn nothing(&self, thing: &Thing) -> Thing {
        thing.with(&[("chat_room_id", NOBODY)])
    }

    async fn view(&self, thing: &Thing) -> Value {
        let room = format!("/chat_rooms/{}", thing.value("chat_room_id"));
        let (latitude, longitude) = (thing.value("latitude"), thing.value("longitude"));
        let paths = [
            format!("/chat_rooms/nearby?latitude={latitude}&longitude={longitude}&radius_m=1"),
            "/chat_rooms".to_owned(),
            "/chat_rooms/message/unread".to_owned(),
            "/notifications".to_owned(),
            format!("{room}/users"),
            room,
        ];
        json!([seen(&self.0.owner.user, &paths).await, seen(&self.0.member.user, &paths).await])
    }
}

#[tokio::test]
async fn the_rows_of_open_rooms_hold() {
    holds::<Room<ANY>>(OPEN).await;
}

#[tokio::test]
async fn the_rows_of_full_rooms_hold() {
    holds::<Room<FILLED>>(FULL).await;
}

#[tokio::test]
async fn the_rows_of_private_rooms_hold() {
    holds::<Room<OF_TWO>>(PRIVATE).await;
}
