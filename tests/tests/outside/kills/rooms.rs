//! Geolocated rooms.

use serde_json::{Value, json};
use tests::{Call, Caller as _, User, unique};
use uuid::Uuid;

use super::Stage;
use super::observation::without;
use super::operation::{Operation, Scene, names_of, operation, status};
use crate::common::text;

const ROOMS: &str = "chat-rooms";

/// Two people in a room, and a room of two places that only Ada is in.
pub(super) struct Rooms {
    ada: User,
    bob: User,
    room: u64,
    small: u64,
    /// Where no other scene has rooms.
    place: (f64, f64),
    title: String,
    key: String,
}

impl Scene for Rooms {
    type Cast = [User; 2];

    async fn set(_: &Stage, [ada, bob]: &Self::Cast) -> Self {
        // The chance that two scenes are as near to each other as anybody looks here is nil.
        let (one, other) = Uuid::new_v4().as_u64_pair();
        let degrees = |random: u64| (random % 160_000_000) as f64 / 1e6 - 80.0;
        let scene = Self {
            ada: ada.clone(),
            bob: bob.clone(),
            room: 0,
            small: 0,
            place: (degrees(one), degrees(other)),
            title: unique("Room"),
            key: unique("key"),
        };
        let room = made(scene.open("Large", None)).await;
        let small = made(scene.open("Small", Some(2))).await;
        ada.post_to_room(room, "1").await;
        bob.post_to_room(room, "2").await;
        ada.post_to_room(room, "3").await;
        ada.post_to_room(small, "1").await;
        Self { room, small, ..scene }
    }

    async fn seen(&self) -> Value {
        let mut seen = json!({});
        for (name, user) in [("ada", &self.ada), ("bob", &self.bob)] {
            let mut rooms = user.get("/chat_rooms").await.expect(200).rows();
            rooms.retain(|room| self.has(room));
            let mut notifications =
                user.get("/notifications").await.expect(200).json()["notifications"].take();
            notifications.as_array_mut().expect("notifications").retain(|row| self.has(row));
            seen[name] = json!({"rooms": rooms, "notifications": notifications});
        }
        for (name, room) in [("room", self.room), ("small", self.small)] {
            let messages =
                self.bob.get(&format!("/chat_rooms/{room}")).await.expect(200).json()["messages"].take();
            let users = self.ada.get(&format!("/chat_rooms/{room}/users")).await.expect(200).json();
            seen[name] = json!({"messages": messages, "users": users});
        }
        let (latitude, longitude) = self.place;
        let path = format!("/chat_rooms/nearby?latitude={latitude}&longitude={longitude}&radius_m=1000");
        let nearby = self.ada.get(&path).await.expect(200).rows();
        let mut titles: Vec<_> = nearby.iter().map(|room| room["title"].to_string()).collect();
        titles.sort_unstable();
        seen["nearby"] = json!(titles);
        // It is another place each time.
        without(&["geolocation"], &seen)
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        let mut names = [names_of(&self.ada, "ada", "Ada"), names_of(&self.bob, "bob", "Bob")].concat();
        names.extend([(self.room.to_string(), "room"), (self.small.to_string(), "small")]);
        names.push((self.title.clone(), "title"));
        names
    }

    /// Both post to both.
    async fn go_on(&self) -> Value {
        for room in [self.room, self.small] {
            self.bob.post_to_room(room, "going").await;
            self.ada.post_to_room(room, "on").await;
        }
        self.seen().await
    }
}

impl Rooms {
    /// Ada opens another one there.
    fn open(&self, title: &str, capacity: Option<u64>) -> Call {
        let (latitude, longitude) = self.place;
        let body =
            json!({"title": title, "latitude": latitude, "longitude": longitude, "capacity": capacity});
        self.ada.post("/chat_rooms").json(&body)
    }

    /// Bob posts to a room.
    fn post(&self, room: u64) -> Call {
        self.bob.post(&format!("/chat_rooms/{room}/message")).json(&text("hello"))
    }

    fn has(&self, row: &Value) -> bool {
        row["chat_room_id"] == self.room || row["chat_room_id"] == self.small
    }
}

async fn made(opening: Call) -> u64 {
    opening.await.expect(201).json()["chat_room_id"].as_u64().expect("a chat_room_id")
}

pub(super) const OPERATIONS: &[Operation<Rooms>] = &[
    operation("POST /chat_rooms", ROOMS, |scene: &Rooms| status(scene.open(&scene.title, None)))
        .each_time("two requests are two rooms"),
    operation("POST /chat_rooms/{chat_room_id}/message", ROOMS, |scene: &Rooms| {
        status(scene.post(scene.room).header("idempotency-key", &scene.key))
    }),
    operation("POST /chat_rooms/{chat_room_id}/message", ROOMS, |scene: &Rooms| {
        status(scene.post(scene.room))
    })
    .each_time("without an idempotency key two requests are two messages"),
    // The first one of Bob's.
    operation("POST /chat_rooms/{chat_room_id}/message", ROOMS, |scene: &Rooms| {
        status(scene.post(scene.small).header("idempotency-key", &scene.key))
    })
    .lagging(&["rooms", "users"], "the place in a room is taken before the message is stored"),
    operation("POST /chat_rooms/{chat_room_id}/read", ROOMS, |scene: &Rooms| {
        status(scene.bob.post(&format!("/chat_rooms/{}/read", scene.room)))
    }),
    operation("POST /chat_rooms/{chat_room_id}/message/read", ROOMS, |scene: &Rooms| {
        status(scene.bob.post(&format!("/chat_rooms/{}/message/read", scene.room)))
    }),
    operation("PUT /notifications", "accounts", |scene: &Rooms| {
        status(scene.bob.put("/notifications").json(&json!({"chat_room_id": scene.room})))
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn rooms_are_whole() {
    let stage = Stage::new().await;
    let cast = User::pair(&stage.stack).await;
    stage.play(&cast, OPERATIONS).await;
    stage.end().await;
}
