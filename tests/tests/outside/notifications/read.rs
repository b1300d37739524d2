//! `PUT /notifications`: a chat is read.

use serde_json::json;
use tests::{Caller as _, Stack, User};

use super::{Chat, KINDS, Kind, notifications, one_of_each, told};

/// What a user is told of a chat: how many messages are unread, and whether it is read.
async fn state(user: &User, chat: &Chat) -> (u64, bool) {
    let row = told(user, chat).await.expect("a notification");
    (row["unread_count"].as_u64().expect("an unread_count"), row["is_read"].as_bool().expect("an is_read"))
}

#[tokio::test]
async fn a_chat_that_was_read_stays_as_read_until_the_next_message() {
    let stack = Stack::shared().await;
    let ([ada, bob], chats) = one_of_each(&stack).await;
    for chat in &chats {
        for _ in 0..2 {
            let answer = bob.put("/notifications").json(&chat.body()).await.expect(200).json();
            assert_eq!(answer, json!({"status": "read"}));
            assert_eq!(state(&bob, chat).await, (0, true), "{chat:?}");
            assert_eq!(chat.unread(&bob).await, 0, "{chat:?}");
        }
        assert_eq!(told(&bob, chat).await.expect("a notification")["message"], "hello");
        chat.write(&ada, &bob, "again").await;
        assert_eq!(state(&bob, chat).await, (1, false), "{chat:?}");
        assert_eq!(chat.unread(&bob).await, 1, "{chat:?}");
    }
}

#[tokio::test]
async fn it_is_read_for_the_reader_alone_and_no_other_chat_is() {
    let stack = Stack::shared().await;
    let ([ada, bob], chats) = one_of_each(&stack).await;
    for chat in &chats {
        chat.write(&bob, &ada, "an answer").await;
    }
    for (index, chat) in chats.iter().enumerate() {
        bob.put("/notifications").json(&chat.body()).await.expect(200);
        for (other, chat) in chats.iter().enumerate() {
            let expected = if other <= index { (0, true) } else { (1, false) };
            assert_eq!(state(&bob, chat).await, expected, "{chat:?}");
            assert!(chat.unread(&ada).await >= 1, "{chat:?}");
        }
    }
}

#[tokio::test]
async fn a_form_does_as_well_as_json() {
    let stack = Stack::shared().await;
    let ([_ada, bob], chats) = one_of_each(&stack).await;
    for chat in &chats {
        let id = chat.id.to_string();
        bob.put("/notifications").form(&[(chat.name, &id), ("more", "1")]).await.expect(200);
        assert_eq!(state(&bob, chat).await, (0, true), "{chat:?}");
    }
}

#[tokio::test]
async fn what_was_read_on_its_own_path_is_read_here() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = Chat::begin(Kind::Direct, &ada, &bob).await;
    bob.mark_read(chat.id).await;
    assert_eq!(state(&bob, &chat).await, (0, true));
    for kind in [Kind::Room, Kind::Pair] {
        for end in ["read", "message/read"] {
            let room = Chat::begin(kind, &ada, &bob).await;
            bob.post(&format!("/chat_rooms/{}/{end}", room.id)).await.expect(201);
            assert_eq!(state(&bob, &room).await, (0, true), "{room:?}");
        }
    }
}

#[tokio::test]
async fn looking_reads_nothing() {
    let stack = Stack::shared().await;
    let ([_ada, bob], chats) = one_of_each(&stack).await;
    for chat in &chats {
        match chat.kind {
            Kind::Direct => drop(bob.history(chat.id).await),
            Kind::Room | Kind::Pair => drop(bob.get(&format!("/chat_rooms/{}", chat.id)).await.expect(200)),
            Kind::Group => drop(bob.look_into(chat.id).await),
        }
        notifications(&bob).await;
        assert_eq!(state(&bob, chat).await, (1, false), "{chat:?}");
    }
}

#[tokio::test]
async fn a_chat_without_anything_unread_may_be_read_too() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    for kind in KINDS {
        let chat = Chat::begin(kind, &ada, &bob).await;
        ada.put("/notifications").json(&chat.body()).await.expect(200);
        let unread = chat.unread(&ada).await;
        assert_eq!((state(&ada, &chat).await, unread), ((0, true), 0), "{kind:?}");
    }
}
