//! Chats of every kind in which people write, as one who takes part sees them.

use serde_json::{Value, json};
use tests::{Call, Caller as _};

use super::common::Person;
use crate::common::say_to;

/// What chats there are among people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The chat of two, and their mailbox.
    Direct,
    /// The room of two, opened from a socket.
    Pair,
    /// A geolocated room.
    Room,
    /// A group.
    Group,
    /// A chat of the form-encoded API.
    Web,
}

/// Every kind.
pub(super) const KINDS: [Kind; 5] = [Kind::Direct, Kind::Pair, Kind::Room, Kind::Group, Kind::Web];
/// Those whose unread messages are counted.
pub(super) const COUNTED: [Kind; 4] = [Kind::Direct, Kind::Pair, Kind::Room, Kind::Group];
/// Those in which more than two can take part.
pub(super) const OF_MANY: [Kind; 3] = [Kind::Room, Kind::Group, Kind::Web];

/// A chat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chat {
    pub(super) kind: Kind,
    pub(super) id: u64,
}

/// A message as any kind of chat shows it; what it does not show is null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) seq: Value,
    pub(super) sender: Value,
    pub(super) name: Value,
    pub(super) text: Value,
    pub(super) kind: Value,
    pub(super) at: Value,
}

impl Row {
    fn new(row: &Value, [seq, sender, name, text, kind, at]: [&str; 6]) -> Self {
        let field = |name: &str| row[name].clone();
        Self {
            seq: field(seq),
            sender: field(sender),
            name: field(name),
            text: field(text),
            kind: field(kind),
            at: field(at),
        }
    }

    /// The same message when its sender is gone.
    pub(super) fn erased(self) -> Self {
        let shown = |value: &Value, text: &str| if value.is_null() { Value::Null } else { json!(text) };
        Self { name: shown(&self.name, ""), text: json!(""), kind: shown(&self.kind, "text"), ..self }
    }
}

impl Chat {
    /// A chat of two in which the first one has said `hello`.
    pub(super) async fn begin(kind: Kind, ann: &Person, bob: &Person) -> Self {
        if kind == Kind::Pair {
            let mut socket = ann.user.socket().await;
            let id = say_to(&bob.user, &mut socket, "hello").await;
            socket.close().await;
            return Self { kind, id };
        }
        let id = match kind {
            Kind::Direct => return Self { kind, id: ann.user.write(&bob.user, "hello").await },
            Kind::Pair | Kind::Room => ann.user.open_room("Prater").await,
            Kind::Group => ann.user.create_group("A group").await,
            Kind::Web => ann.web.open_chat("Tea").await,
        };
        let chat = Self { kind, id };
        chat.say(ann, bob, "hello").await;
        chat.take_in(ann, bob).await;
        chat
    }

    /// Lets somebody take part in a chat of many.
    pub(super) async fn take_in(self, member: &Person, newcomer: &Person) {
        match self.kind {
            Kind::Direct | Kind::Pair => panic!("{self:?} is of two"),
            Kind::Room => drop(self.say(newcomer, member, "here I am").await),
            Kind::Group => drop(newcomer.user.enter(self.id).await),
            Kind::Web => member.web.invite(self.id, &newcomer.web).await,
        }
    }

    /// Says something, to the other one where the chat is of two, and gives the number of the message.
    pub(super) async fn say(self, writer: &Person, other: &Person, text: &str) -> u64 {
        self.say_as("text", writer, other, text).await
    }

    /// The same with a type of message, where messages have one.
    pub(super) async fn say_as(self, kind: &str, writer: &Person, other: &Person, text: &str) -> u64 {
        let said = match self.kind {
            Kind::Group => {
                let mut socket = writer.user.socket().await;
                let frame = json!({
                    "chat_type": "group", "chat_group_id": self.id, "message": text, "type": kind,
                });
                let said = socket.say(&frame).await;
                socket.close().await;
                said
            }
            _ => self.call(kind, writer, other, text).await.expect(201).json(),
        };
        let number = if self.kind == Kind::Web { &said["id"] } else { &said["seq"] };
        number.as_u64().unwrap_or_else(|| panic!("no number in {said}"))
    }

    /// The call that says something, where that is done over HTTP.
    pub(super) fn call(self, kind: &str, writer: &Person, other: &Person, text: &str) -> Call {
        let mut body = json!({"message": text, "type": kind});
        match self.kind {
            Kind::Direct => {
                body["receiver_id"] = json!(other.id());
                writer.user.post("/chats").json(&body)
            }
            Kind::Pair | Kind::Room => {
                writer.user.post(&format!("/chat_rooms/{}/message", self.id)).json(&body)
            }
            Kind::Web => writer.web.post(&format!("/api/chats/{}", self.id)).form(&[("content", text)]),
            Kind::Group => panic!("a group is written to over a socket"),
        }
    }

    /// The messages, oldest first: at most the newest hundred.
    pub(super) async fn rows(self, reader: &Person) -> Vec<Row> {
        const SHOWN: [&str; 6] = ["seq", "user_id", "user_name", "message", "type", "timestamp"];
        let (rows, fields) = match self.kind {
            Kind::Direct => (
                reader.user.history(self.id).await,
                [
                    "seq",
                    "message_sender_id",
                    "message_sender_name",
                    "message",
                    "message_type",
                    "message_timestamp",
                ],
            ),
            Kind::Pair | Kind::Room => {
                let room = reader.user.get(&format!("/chat_rooms/{}", self.id)).await.expect(200).json();
                (room["messages"].as_array().expect("messages").clone(), SHOWN)
            }
            Kind::Group => {
                let group = reader.user.look_into(self.id).await;
                (group["messages"].as_array().expect("messages").clone(), SHOWN)
            }
            Kind::Web => {
                let rows = reader.web.messages(self.id).await.into_iter().rev().collect();
                (rows, ["id", "sender_id", "", "content", "", "time"])
            }
        };
        rows.iter().rev().map(|row| Row::new(row, fields)).collect()
    }

    /// How many messages the reader has not read, where they are counted.
    pub(super) async fn unread(self, reader: &Person) -> u64 {
        match self.kind {
            Kind::Direct => reader.user.unread(self.id).await,
            Kind::Pair | Kind::Room => reader.user.room_unread(self.id).await,
            Kind::Group => {
                let group = reader.user.look_into(self.id).await;
                group["unread_count"].as_u64().expect("an unread_count")
            }
            Kind::Web => panic!("nothing is counted in {self:?}"),
        }
    }

    /// The name of the field that holds its id in notifications.
    fn field(self) -> &'static str {
        match self.kind {
            Kind::Direct => "chat_id",
            Kind::Pair | Kind::Room => "chat_room_id",
            Kind::Group => "chat_group_id",
            Kind::Web => panic!("nobody is notified of {self:?}"),
        }
    }

    /// What the reader is told of it in `GET /notifications`.
    pub(super) async fn notification(self, reader: &Person) -> Value {
        let answer = reader.user.get("/notifications").await.expect(200).json();
        let rows = answer["notifications"].as_array().expect("notifications");
        let row = rows.iter().find(|row| row[self.field()] == self.id);
        row.unwrap_or_else(|| panic!("{self:?} is not in {answer}")).clone()
    }

    /// Marks everything in it as read.
    pub(super) async fn read(self, reader: &Person) {
        reader.user.put("/notifications").json(&json!({self.field(): self.id})).await.expect(200);
    }
}
