//! `/notifications`.

mod list;
mod read;
mod refusals;

use serde_json::{Value, json};
use tests::{Caller as _, Stack, User};

use crate::common::{fields, say_to};

/// Everything that a user is told of, in its order.
async fn notifications(user: &User) -> Vec<Value> {
    let answer = user.get("/notifications").await.expect(200).json();
    assert_eq!(fields(&answer), ["notifications"]);
    let rows = answer["notifications"].as_array().expect("notifications").clone();
    for row in &rows {
        assert_eq!(row["is_read"], json!(row["unread_count"] == 0), "{row}");
    }
    rows
}

/// What a user is told of a chat, if anything.
async fn told(user: &User, chat: &Chat) -> Option<Value> {
    let rows = notifications(user).await;
    let mut of_it = rows.into_iter().filter(|row| row[chat.name] == chat.id);
    let row = of_it.next();
    assert!(of_it.next().is_none(), "a chat is listed once");
    row
}

/// A chat of any kind, and the name of the field that holds its id.
#[derive(Clone, Copy, Debug)]
struct Chat {
    name: &'static str,
    id: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Direct,
    Room,
    Pair,
    Group,
}

const KINDS: [Kind; 4] = [Kind::Direct, Kind::Room, Kind::Pair, Kind::Group];

impl Chat {
    /// A chat in which `reader` has had nothing to read until `writer` said `hello`.
    async fn begin(kind: Kind, writer: &User, reader: &User) -> Self {
        match kind {
            Kind::Direct => Self { name: "chat_id", id: writer.write(reader, "hello").await, kind },
            Kind::Pair => {
                let id = say_to(reader, &mut writer.socket().await, "hello").await;
                Self { name: "chat_room_id", id, kind }
            }
            Kind::Room => {
                let id = writer.open_room("Prater").await;
                reader.post_to_room(id, "here I am").await;
                writer.post_to_room(id, "hello").await;
                Self { name: "chat_room_id", id, kind }
            }
            Kind::Group => {
                let id = writer.create_group("A group").await;
                reader.enter(id).await;
                let chat = Self { name: "chat_group_id", id, kind };
                chat.write(writer, reader, "hello").await;
                chat
            }
        }
    }

    /// One more message, from whoever takes part in it; `other` is the other one of the two.
    async fn write(&self, writer: &User, other: &User, text: &str) {
        match self.kind {
            Kind::Direct => assert_eq!(writer.write(other, text).await, self.id),
            Kind::Room | Kind::Pair => drop(writer.post_to_room(self.id, text).await),
            Kind::Group => {
                let frame = json!({"chat_type": "group", "chat_group_id": self.id, "message": text});
                writer.socket().await.say(&frame).await;
            }
        }
    }

    /// How many messages are unread, as the lists of this kind of chats tell.
    async fn unread(&self, user: &User) -> u64 {
        match self.kind {
            Kind::Direct => user.unread(self.id).await,
            Kind::Room | Kind::Pair => user.room_unread(self.id).await,
            Kind::Group => user.unread_in_group(self.id).await,
        }
    }

    /// The body that names it.
    fn body(&self) -> Value {
        json!({self.name: self.id})
    }
}

/// Somebody and a chat of each kind in which that somebody has one unread message of the other's.
async fn one_of_each(stack: &Stack) -> ([User; 2], Vec<Chat>) {
    let [writer, reader] = User::pair(stack).await;
    let mut chats = Vec::new();
    for kind in KINDS {
        chats.push(Chat::begin(kind, &writer, &reader).await);
    }
    ([writer, reader], chats)
}
