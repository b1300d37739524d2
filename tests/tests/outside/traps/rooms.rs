//! Rooms with a place.

use serde_json::Value;
use tests::{Answer, Caller as _, Stack, User, unique};

use super::engine::holds;
use super::{
    By, COUNT, Field, KEY, Kind, LATER, NEXT, OFFSET, Route, Scene, UNTIL, Values, body, column, path, query,
    route, seen, somebody,
};

/// The types of messages in rooms.
pub(super) const TYPES: &[&str] = &["text", "image", "sticker", "location", "audio"];
const ROOM: Field = path("chat_room_id", Kind::Id(404));

pub(super) const ROUTES: &[Route] = &[
    route(
        "POST",
        "/chat_rooms",
        By::Login,
        &[
            body("title", Kind::Title).kept(),
            body("latitude", Kind::Latitude).kept(),
            body("longitude", Kind::Longitude).kept(),
            body("capacity", Kind::Capacity).kept().optional(),
        ],
    )
    .either(),
    route("GET", "/chat_rooms", By::Login, &[COUNT, OFFSET]),
    route("GET", "/chat_rooms/message/unread", By::Login, &[COUNT, OFFSET]),
    route(
        "GET",
        "/chat_rooms/nearby",
        By::Login,
        &[
            query("latitude", Kind::Latitude).needed(),
            query("longitude", Kind::Longitude).needed(),
            query("radius_m", Kind::Radius).needed(),
            COUNT,
            OFFSET,
        ],
    ),
    route("GET", "/chat_rooms/{chat_room_id}", By::Login, &[ROOM, UNTIL]),
    route("GET", "/chat_rooms/{chat_room_id}", By::Login, &[ROOM, NEXT]),
    route(
        "POST",
        "/chat_rooms/{chat_room_id}/message",
        By::Login,
        &[ROOM, body("message", Kind::Message).kept(), body("type", Kind::Word(TYPES)).kept(), KEY],
    )
    .either(),
    route("POST", "/chat_rooms/{chat_room_id}/message/read", By::Login, &[ROOM]),
    route("POST", "/chat_rooms/{chat_room_id}/read", By::Login, &[ROOM]),
    route("GET", "/chat_rooms/{chat_room_id}/users", By::Login, &[ROOM, COUNT, OFFSET]),
];

/// Two people and a room, at a place of their own.
struct Rooms {
    ann: User,
    bob: User,
    room: u64,
    latitude: String,
    longitude: String,
}

impl Rooms {
    async fn new(stack: &Stack) -> Self {
        let (ann, bob) = futures::future::join(somebody(stack), somebody(stack)).await;
        let random = unique("");
        let degrees = |at: usize, limit: f64| {
            let part = u32::from_str_radix(&random[at..at + 7], 16).expect("digits");
            format!("{:.6}", (f64::from(part) / f64::from(1 << 28) * 2.0 - 1.0) * limit)
        };
        let room = ann.open_room("A room").await;
        for person in [&ann, &bob] {
            person.post_to_room(room, "first").await;
        }
        Self { room, latitude: degrees(1, 80.0), longitude: degrees(8, 170.0), ann, bob }
    }

    /// The rooms around.
    fn around(&self) -> String {
        format!("/chat_rooms/nearby?latitude={}&longitude={}&radius_m=100", self.latitude, self.longitude)
    }
}

impl Scene for Rooms {
    fn credential(&self, _: By) -> Option<(&'static str, String)> {
        Some(("authentication", self.ann.token.clone()))
    }

    async fn good(&self, route: &Route) -> Values {
        let mut values = vec![
            ("title", "A room".to_owned()),
            ("latitude", self.latitude.clone()),
            ("longitude", self.longitude.clone()),
            ("radius_m", "1".to_owned()),
            ("chat_room_id", self.room.to_string()),
            ("message", "a message".to_owned()),
            ("type", "text".to_owned()),
            ("count", "10".to_owned()),
            ("until", LATER.to_owned()),
            ("next", LATER.to_owned()),
        ];
        // So that there is something to be read.
        if route.route.ends_with("/read") {
            values.retain(|(name, _)| *name == "chat_room_id");
        }
        values
    }

    async fn view(&self, _: &Route) -> Value {
        let lists = [self.around(), "/chat_rooms".to_owned()];
        let lists = lists.each_ref().map(String::as_str);
        [seen(&self.ann, &lists).await, seen(&self.bob, &lists).await].into_iter().collect()
    }

    async fn shown(&self, route: &Route, field: &Field, answers: &[Answer]) -> Vec<Vec<Value>> {
        let mut shown = Vec::new();
        for reader in [&self.ann, &self.bob] {
            shown.push(match field.name {
                _ if route.route != "/chat_rooms" => {
                    let room = reader.get(&format!("/chat_rooms/{}", self.room)).await.expect(200).json();
                    let messages = room["messages"].as_array().expect("messages");
                    let mut newest = column(&messages[..answers.len().min(messages.len())], field.name);
                    newest.reverse();
                    newest
                }
                "latitude" | "longitude" => {
                    let mut places = Vec::new();
                    for answer in answers {
                        let path = format!("/chat_rooms/{}", answer.json()["chat_room_id"]);
                        places.push(number(&reader.get(&path).await.expect(200).text(), field.name).into());
                    }
                    places
                }
                name => {
                    let rows = reader.get(&self.around()).await.expect(200).rows();
                    let made = answers.iter().map(|answer| answer.json()["chat_room_id"].clone());
                    let row = |id: Value| rows.iter().find(|row| row["chat_room_id"] == id);
                    made.filter_map(|id| Some(row(id)?[name].clone())).collect()
                }
            });
        }
        shown
    }
}

/// A number in a text of JSON, exactly: JSON's own reader may be off by the last bit.
fn number(text: &str, name: &str) -> f64 {
    let value = text.split(&format!("\"{name}\":")).nth(1).and_then(|rest| rest.split([',', '}']).next());
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
}

#[tokio::test]
async fn the_traps_of_rooms() {
    let stack = Stack::shared().await;
    holds(&stack, &Rooms::new(&stack).await, ROUTES).await;
}
