//! `/chat_rooms`.

mod chat_room_id;
mod create;
mod idempotency;
mod interleavings;
mod large_answers;
mod list;
mod message;
mod nearby;
mod pairs;
mod read;
mod strangers;
mod ten_thousand;
mod unread;
mod unread_counts;
mod users;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Caller as _, Stack, User, eventually};

/// The fields of a room in every list and answer, in alphabetical order.
const ROOM: [&str; 12] = [
    "chat_room_id",
    "created_at",
    "geolocation",
    "last_message",
    "last_message_sender_id",
    "last_message_sender_name",
    "last_message_timestamp",
    "last_message_type",
    "server_sent_timestamp",
    "title",
    "unread_count",
    "user_id",
];

/// Those of a room that has `more`.
fn room_fields(more: &[&'static str]) -> Vec<&'static str> {
    let mut fields = [&ROOM, more].concat();
    fields.sort_unstable();
    fields
}

/// So many people who do not know each other.
async fn people(stack: &Stack, count: usize) -> Vec<User> {
    join_all((0..count).map(|_| User::new(stack))).await
}

/// Opens a room at a place, and gives its id.
async fn open_at(user: &User, latitude: f64, longitude: f64) -> u64 {
    open(user, &json!({"title": "A place", "latitude": latitude, "longitude": longitude})).await
}

/// Opens a room for at most so many people, and gives its id.
async fn open_for(user: &User, capacity: u64) -> u64 {
    let body = json!({"title": "A small room", "latitude": 48.25, "longitude": 16.5, "capacity": capacity});
    open(user, &body).await
}

async fn open(user: &User, body: &Value) -> u64 {
    let answer = user.post("/chat_rooms").json(body).await.expect(201).json();
    answer["chat_room_id"].as_u64().expect("a chat_room_id")
}

/// A room as `GET /chat_rooms/{id}` shows it.
async fn room_of(user: &User, room: u64) -> Value {
    user.get(&format!("/chat_rooms/{room}")).await.expect(200).json()
}

/// The messages of a room, or of a page of it, newest first.
fn messages(room: &Value) -> &[Value] {
    room["messages"].as_array().expect("messages")
}

/// All messages of a room, newest first.
async fn whole_history(user: &User, room: u64) -> Vec<Value> {
    user.pages(&format!("/chat_rooms/{room}"), "until").await.concat()
}

/// Posts a text, and waits until the clock has moved on: of two messages with the same time, no list can say which
/// is the newer one.
async fn post_alone(user: &User, room: u64, text: &str) {
    user.post_to_room(room, text).await;
    eventually("another millisecond", async || {
        let row = listed(user, "/chat_rooms", room).await?;
        (row["server_sent_timestamp"].as_str() > row["last_message_timestamp"].as_str()).then_some(())
    })
    .await;
}

/// A room's row in a list, if it is there.
async fn listed(user: &User, path: &str, room: u64) -> Option<Value> {
    let rows = user.get(path).await.expect(200).rows();
    rows.into_iter().find(|row| row["chat_room_id"] == room)
}

/// Mean radius of the Earth.
const EARTH_M: f64 = 6_371_008.8;

/// How far two places, each its latitude and longitude in degrees, are from each other: the haversine formula.
fn distance_m(one: (f64, f64), other: (f64, f64)) -> f64 {
    let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
    let across = one.0.to_radians().cos() * other.0.to_radians().cos() * half(one.1, other.1);
    2.0 * EARTH_M * (half(one.0, other.0) + across).min(1.0).sqrt().asin()
}
