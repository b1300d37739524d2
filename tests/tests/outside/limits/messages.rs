//! Messages of a user, on every way but the signed one.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, Call, Caller as _, Guest, Socket, Stack, User, WebUser, unique};

use super::{MINUTE, count, in_one_window, is_too_many, let_windows_pass, limited, statuses};
use crate::common::{send, text, text_to};

const LIMIT: &str = "MessagesPerUser=3";

/// A way to send over HTTP.
#[derive(Clone, Copy, Debug)]
enum Surface {
    Chats,
    Mailbox,
    Room,
    Conversation,
    WebChat,
}

/// A message of somebody's with this idempotency key.
type Message = Box<dyn Fn(&str) -> Call>;

impl Surface {
    const ALL: [Self; 5] = [Self::Chats, Self::Mailbox, Self::Room, Self::Conversation, Self::WebChat];

    /// Somebody new who sends on it, where nobody has before.
    async fn open(self, stack: &Stack) -> Message {
        match self {
            Self::Chats | Self::Mailbox => {
                let path = if matches!(self, Self::Chats) { "/chats" } else { "/chats_v2" };
                let [ada, bob] = User::pair(stack).await;
                let body = text_to(&bob, "hello");
                Box::new(move |key| ada.post(path).header("idempotency-key", key).json(&body))
            }
            Self::Room => {
                let ada = User::new(stack).await;
                let path = format!("/chat_rooms/{}/message", ada.open_room("A place").await);
                Box::new(move |key| ada.post(&path).header("idempotency-key", key).json(&text("hello")))
            }
            Self::Conversation => {
                let eve = Guest::new(stack).await;
                let path = eve.open("Tea").await;
                let body = json!({"text": "hello"});
                Box::new(move |key| eve.post(&path).header("idempotency-key", key).json(&body))
            }
            Self::WebChat => {
                let eve = WebUser::new(stack).await;
                let path = format!("/api/chats/{}", eve.open_chat("A chat").await);
                let form = [("content", "hello")];
                Box::new(move |key| eve.post(&path).header("idempotency-key", key).form(&form))
            }
        }
    }
}

/// The number of a message in its chat, which must have been taken.
#[track_caller]
fn number(answer: &Answer) -> u64 {
    assert!(answer.status.is_success(), "{} answered {}", answer.question, answer.text());
    let made = answer.json();
    let in_url = || made["url"].as_str()?.rsplit('/').next()?.parse().ok();
    let number = made["seq"].as_u64().or_else(|| made["id"].as_u64()).or_else(in_url);
    number.unwrap_or_else(|| panic!("no number in {made}"))
}

#[tokio::test]
async fn on_every_surface_a_user_sends_so_many_and_what_is_refused_is_as_if_never_sent() {
    let stack = Stack::start(&limited(&[LIMIT])).await;
    for surface in Surface::ALL {
        let (message, key, answers) = in_one_window(MINUTE, async || {
            let message = surface.open(&stack).await;
            let mut answers = Vec::new();
            for _ in 0..3 {
                answers.push(message(&unique("key")).await);
            }
            let key = unique("key");
            answers.push(message(&key).await);
            (message, key, answers)
        })
        .await;
        let numbers: Vec<_> = answers[..3].iter().map(number).collect();
        assert_eq!(numbers, [1, 2, 3], "{surface:?}");
        is_too_many(&answers[3], MINUTE);
        // Somebody else does.
        assert_eq!(number(&surface.open(&stack).await(&unique("key")).await), 1, "{surface:?}");
        let_windows_pass(&stack).await;
        assert_eq!(number(&message(&unique("key")).await), 4, "{surface:?}");
        assert_eq!(number(&message(&key).await), 5, "{surface:?}");
        assert_eq!(number(&message(&key).await), 5, "{surface:?}");
    }
}

/// Frames that carry a message, by a socket of somebody new.
#[derive(Clone, Copy, Debug)]
enum Frames {
    RoomOfTwo,
    Room,
    Group,
    Bot,
}

impl Frames {
    const ALL: [Self; 4] = [Self::RoomOfTwo, Self::Room, Self::Group, Self::Bot];

    async fn open(self, stack: &Stack) -> (Socket, Value) {
        let ada = User::new(stack).await;
        let socket = ada.socket().await;
        let frame = match self {
            Self::RoomOfTwo => json!({"chat_type": "room", "other_user_id": User::new(stack).await.id}),
            Self::Room => json!({"chat_type": "room", "chat_room_id": ada.open_room("A place").await}),
            Self::Group => {
                let group = User::new(stack).await.create_group("A group").await;
                ada.enter(group).await;
                json!({"chat_type": "group", "chat_group_id": group})
            }
            Self::Bot => json!({"chat_type": "bot"}),
        };
        (socket, with(&frame, "message", "hello"))
    }
}

fn with(frame: &Value, name: &str, value: &str) -> Value {
    let mut frame = frame.clone();
    frame[name] = json!(value);
    frame
}

/// Sends a frame with a client id, and gives what comes back with it.
async fn answer(socket: &mut Socket, frame: &Value) -> Value {
    let key = unique("frame");
    socket.send(&with(frame, "client_id", &key)).await;
    socket.expect("an answer", |back| back["client_id"] == key.as_str()).await
}

/// Checks that an answer refuses a frame that is one too many.
fn is_refusal(back: &Value) {
    let key = &back["client_id"];
    let seconds = back["retry_after"].as_u64().unwrap_or_else(|| panic!("no retry_after in {back}"));
    assert!((1..=MINUTE).contains(&seconds), "{back}");
    let error = format!("Too many messages. Try again in {seconds} seconds.");
    let code = "too_many_requests";
    assert_eq!(*back, json!({"error": error, "code": code, "retry_after": seconds, "client_id": key}));
}

#[tokio::test]
async fn by_frames_of_every_kind_a_user_sends_so_many_and_keeps_the_socket() {
    let stack = Stack::start(&limited(&[LIMIT])).await;
    for frames in Frames::ALL {
        let (mut socket, frame, numbers, refusal) = in_one_window(MINUTE, async || {
            let (mut socket, frame) = frames.open(&stack).await;
            let mut numbers = Vec::new();
            for _ in 0..3 {
                let back = socket.say(&frame).await;
                numbers.push(back["seq"].as_u64().or_else(|| back["messages"][0]["seq"].as_u64()));
            }
            let refusal = answer(&mut socket, &frame).await;
            (socket, frame, numbers, refusal)
        })
        .await;
        is_refusal(&refusal);
        // The bot's answers have numbers, too, and are nobody's.
        let expected = if matches!(frames, Frames::Bot) { [1, 3, 5] } else { [1, 2, 3] };
        assert_eq!(numbers, expected.map(Some), "{frames:?}");
        socket.so_far().await;
        let_windows_pass(&stack).await;
        socket.say(&frame).await;
    }
}

#[tokio::test]
async fn all_ways_count_together_and_nothing_else_does() {
    let stack = Stack::start(&limited(&[LIMIT])).await;
    let (by_frame, refused) = in_one_window(MINUTE, async || {
        let [ada, bob] = User::pair(&stack).await;
        let mut socket = ada.socket().await;
        let room = ada.open_room("A place").await;
        let chat = ada.write(&bob, "hello").await;
        ada.post_to_room(room, "hello").await;
        let frame = json!({"chat_type": "room", "other_user_id": bob.id, "message": "hello"});
        socket.say(&frame).await;
        let by_frame = answer(&mut socket, &frame).await;
        let path = format!("/chat_rooms/{room}/message");
        let refused = [
            send(&ada, "/chats", &text_to(&bob, "hello"), &unique("key")).await,
            send(&ada, "/chats_v2", &text_to(&bob, "hello"), &unique("key")).await,
            send(&ada, &path, &text("hello"), &unique("key")).await,
        ];
        ada.mark_read(chat).await;
        ada.get("/chats").await.expect(200);
        ada.delete(&format!("/chats/{chat}")).await.expect(204);
        (by_frame, refused)
    })
    .await;
    is_refusal(&by_frame);
    refused.iter().for_each(|answer| is_too_many(answer, MINUTE));
}

#[tokio::test]
async fn what_everybody_is_told_of_counts_as_well() {
    let stack = Stack::start(&limited(&["MessagesPerUser=4"])).await;
    let answers = in_one_window(MINUTE, async || {
        let eve = WebUser::new(&stack).await;
        let user = eve.header_user(&stack).await;
        let group = user.create_group("A group").await;
        let new_name = unique("Eve");
        vec![
            user.put(&format!("/chat_groups/{group}")).json(&json!({"chat_group_name": "Ours"})).await,
            user.put("/chat_groups").json(&json!({"chat_group_id": group, "chat_group_name": "Mine"})).await,
            eve.put("/api/user").form(&[("name", &*new_name)]).await,
            eve.put("/api/user").form(&[("name", &*unique("Eve"))]).await,
            user.put(&format!("/chat_groups/{group}")).json(&json!({"chat_group_name": "Yours"})).await,
            user.post("/chat_groups").json(&json!({"chat_group_name": "Another"})).await,
        ]
    });
    let answers = answers.await;
    assert_eq!(statuses(&answers), [200, 200, 200, 429, 429, 429]);
    answers[3..].iter().for_each(|answer| is_too_many(answer, MINUTE));
}

#[tokio::test]
async fn one_who_may_not_send_any_more_may_delete() {
    let stack = Stack::start(&limited(&[LIMIT])).await;
    let refused = in_one_window(MINUTE, async || {
        let eve = Guest::new(&stack).await;
        let tea = eve.open("Tea").await;
        let mut said = Vec::new();
        for _ in 0..3 {
            said.push(eve.say(&tea, "hello").await);
        }
        for url in said {
            eve.delete(&url).await.expect(200);
        }
        eve.post(&tea).json(&json!({"text": "hello"})).await
    });
    is_too_many(&refused.await, MINUTE);
}

#[tokio::test]
async fn messages_at_once_are_no_more() {
    let stack = Stack::start(&limited(&[LIMIT])).await;
    let (ada, answers) = in_one_window(MINUTE, async || {
        let [ada, bob] = User::pair(&stack).await;
        let body = text_to(&bob, "hello");
        let answers = join_all((0..20).map(|_| ada.post("/chats").json(&body).into_future())).await;
        (ada, answers)
    })
    .await;
    assert_eq!((count(&answers, 201), count(&answers, 429)), (3, 17), "{:?}", statuses(&answers));
    let sent = answers.iter().find(|answer| answer.status == 201).expect("one that was sent").json();
    assert_eq!(ada.history(sent["chat_id"].as_u64().expect("a chat_id")).await.len(), 3);
}

#[tokio::test]
async fn a_token_whose_session_has_ended_uses_nothing_up() {
    let stack = Stack::start(&limited(&[LIMIT])).await;
    let (dead, alive) = in_one_window(MINUTE, async || {
        let [ada, bob] = User::pair(&stack).await;
        let again = ada.again(&stack).await;
        ada.get("/logout").await.expect(200);
        let body = text_to(&bob, "hello");
        let (mut dead, mut alive) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            dead.push(ada.post("/chats").json(&body).await);
        }
        for _ in 0..4 {
            alive.push(again.post("/chats").json(&body).await);
        }
        dead.push(ada.post("/chats").json(&body).await);
        (dead, alive)
    })
    .await;
    assert_eq!(statuses(&dead), [401; 6]);
    assert_eq!(statuses(&alive), [201, 201, 201, 429]);
}
