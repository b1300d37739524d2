//! Idempotency keys whose first send died before it stored its message: what is left of it is its claim, which the next
//! send with that key takes over.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests::{Caller as _, Tables, User, millis, unique};
use uuid::Uuid;

use super::place;
use crate::common::{column, say_to, send, text, text_to};

const TABLE: &str = "Users";
const TEXT: &str = "once";
/// How long ago it died.
const AGE_MS: u64 = 60_000;
/// How long a claim stands.
const LASTS_S: u64 = 24 * 3600;

/// The claim of a send that died, of a text that would have come next to the one message in a chat.
struct Claim {
    tables: Tables,
    key: Value,
    attempt: String,
}

impl Claim {
    /// Claims a client's id for a message to the chat with this head.
    async fn of(tables: &Tables, sender: &User, client_id: &str, head: &str, chat: u64) -> Self {
        let key = json!({"pk": {"S": format!("send#{}#{client_id}", sender.id)}});
        let attempt = Uuid::now_v7().simple().to_string();
        let taken_at = millis() - AGE_MS;
        let digest = BASE64.encode(Sha256::digest(format!("{head} text {TEXT}")));
        let item = json!({
            "pk": key["pk"], "sender": {"N": sender.id.to_string()}, "client_id": {"S": client_id},
            "digest": {"S": digest}, "chat_id": {"N": chat.to_string()}, "after": {"N": "1"},
            "claimed_at": {"N": taken_at.to_string()}, "taken_at": {"N": taken_at.to_string()},
            "attempt": {"S": attempt}, "expires_at": {"N": (taken_at / 1000 + LASTS_S).to_string()},
        });
        tables.put(TABLE, &item).await;
        Self { tables: tables.clone(), key, attempt }
    }

    /// Checks that another send has taken it over.
    async fn is_taken_over(&self) {
        let item = self.tables.item(TABLE, &self.key).await.expect("the claim");
        assert_ne!(item["attempt"]["S"], self.attempt, "{item}");
    }
}

/// Two people's part of the key of a chat's head.
fn pair(one: &User, other: &User) -> String {
    format!("{}#{}", one.id.min(other.id), one.id.max(other.id))
}

/// The texts in a room, newest first.
async fn texts_in(reader: &User, room: u64) -> Vec<Value> {
    let view = reader.get(&format!("/chat_rooms/{room}")).await.expect(200).json();
    column(view["messages"].as_array().expect("messages"), "message")
}

#[tokio::test]
async fn a_direct_message_is_stored_once_though_its_first_send_died() {
    let Some((stack, tables)) = place().await else { return };
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "before").await;
    let (key, body) = (unique("key"), text_to(&bob, TEXT));
    let claim = Claim::of(&tables, &ada, &key, &format!("direct#{}", pair(&ada, &bob)), chat).await;

    let first = send(&ada, "/chats", &body, &key).await.expect(201).json();
    assert_eq!((&first["chat_id"], &first["seq"]), (&json!(chat), &json!(2)));
    claim.is_taken_over().await;
    assert_eq!(send(&ada, "/chats", &body, &key).await.expect(201).json(), first);
    assert_eq!(column(&bob.history(chat).await, "message"), [TEXT, "before"]);
    assert_eq!(bob.unread(chat).await, 2);
}

#[tokio::test]
async fn a_message_to_a_room_is_stored_once_though_its_first_send_died() {
    let Some((stack, tables)) = place().await else { return };
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("A place").await;
    ada.post_to_room(room, "before").await;
    let (path, key) = (format!("/chat_rooms/{room}/message"), unique("key"));
    let claim = Claim::of(&tables, &ada, &key, &format!("head#{room}"), room).await;

    let first = send(&ada, &path, &text(TEXT), &key).await.expect(201).json();
    assert_eq!(first["seq"], 2);
    claim.is_taken_over().await;
    assert_eq!(send(&ada, &path, &text(TEXT), &key).await.expect(201).json(), first);
    assert_eq!(texts_in(&bob, room).await, [TEXT, "before"]);
}

#[tokio::test]
async fn a_message_by_a_socket_is_stored_once_though_its_first_send_died() {
    let Some((stack, tables)) = place().await else { return };
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = ada.socket().await;
    let room = say_to(&bob, &mut socket, "before").await;
    let key = unique("frame");
    let frame = json!({"chat_type": "room", "other_user_id": bob.id, "message": TEXT, "client_id": key});
    let claim = Claim::of(&tables, &ada, &key, &format!("pair#{}", pair(&ada, &bob)), room).await;

    let first = socket.say(&frame).await;
    assert_eq!((&first["chat_room_id"], &first["seq"]), (&json!(room), &json!(2)));
    claim.is_taken_over().await;
    assert_eq!(socket.say(&frame).await, first);
    assert_eq!(texts_in(&bob, room).await, [TEXT, "before"]);
    assert_eq!(bob.room_unread(room).await, 2);
}
