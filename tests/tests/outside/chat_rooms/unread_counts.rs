//! What `unread_count` counts: the messages of others that came after what the reader has read, never one's
//! own.

use tests::{Caller as _, Stack, User, unique};

use super::{listed, room_of};
use crate::common::{send, text};

/// What somebody does.
enum Act {
    Post,
    Read,
}

/// The count, which every place that shows it must agree on.
async fn unread(user: &User, room: u64) -> u64 {
    let unread = user.room_unread(room).await;
    let row = listed(user, "/chat_rooms", room).await.expect("the room");
    assert_eq!(row["unread_count"], unread, "GET /chat_rooms");
    assert_eq!(room_of(user, room).await["unread_count"], unread, "GET /chat_rooms/{room}");
    unread
}

/// A room that both take part in and have read.
async fn room_of_two(ada: &User, bob: &User) -> u64 {
    let room = ada.open_room("Prater").await;
    for user in [ada, bob] {
        user.post_to_room(room, "here I am").await;
    }
    ada.mark_room_read(room).await;
    room
}

#[tokio::test]
async fn ones_own_messages_never_count_and_never_read_those_of_others() {
    use Act::{Post, Read};
    let stack = Stack::shared().await;
    let users = User::pair(&stack).await;
    let room = room_of_two(&users[0], &users[1]).await;
    // Who does what, and how many messages are unread then for the one and for the other.
    let script = [
        (0, Post, [0, 1]),
        (1, Post, [1, 1]),
        (1, Post, [2, 1]),
        (0, Post, [2, 2]),
        (0, Read, [0, 2]),
        (0, Post, [0, 3]),
        (1, Post, [1, 3]),
        (1, Read, [1, 0]),
        (1, Post, [2, 0]),
        (1, Post, [3, 0]),
        (0, Post, [3, 1]),
        (1, Post, [4, 1]),
        (0, Read, [0, 1]),
        (0, Read, [0, 1]),
        (0, Post, [0, 2]),
        (1, Read, [0, 0]),
        (0, Post, [0, 1]),
    ];
    for (step, (who, act, expected)) in script.into_iter().enumerate() {
        match act {
            Act::Post => drop(users[who].post_to_room(room, &step.to_string()).await),
            Act::Read => users[who].mark_room_read(room).await,
        }
        assert_eq!([unread(&users[0], room).await, unread(&users[1], room).await], expected, "step {step}");
    }
}

#[tokio::test]
async fn more_than_a_page_of_ones_own_messages_hides_none_of_others() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = room_of_two(&ada, &bob).await;
    for part in 1..=3 {
        ada.post_to_room(room, "hers").await;
        for _ in 0..60 {
            bob.post_to_room(room, "his").await;
        }
        assert_eq!((unread(&ada, room).await, unread(&bob, room).await), (60 * part, part));
    }
    bob.mark_room_read(room).await;
    bob.post_to_room(room, "his").await;
    assert_eq!((unread(&ada, room).await, unread(&bob, room).await), (181, 0));
}

#[tokio::test]
async fn who_comes_later_has_only_what_is_said_from_then_on() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let eve = User::new(&stack).await;
    let room = room_of_two(&ada, &bob).await;
    for number in 0..5 {
        ada.post_to_room(room, &number.to_string()).await;
    }
    eve.post_to_room(room, "here I am").await;
    assert_eq!(unread(&eve, room).await, 0);
    ada.post_to_room(room, "welcome").await;
    eve.post_to_room(room, "thank you").await;
    bob.post_to_room(room, "welcome").await;
    assert_eq!(unread(&eve, room).await, 2);
    assert_eq!((unread(&ada, room).await, unread(&bob, room).await), (3, 8));
}

#[tokio::test]
async fn another_login_of_ones_own_is_not_another_person() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = room_of_two(&ada, &bob).await;
    let again = ada.again(&stack).await;
    again.post_to_room(room, "from elsewhere").await;
    bob.post_to_room(room, "hello").await;
    assert_eq!((unread(&ada, room).await, unread(&again, room).await), (1, 1));
    again.mark_room_read(room).await;
    assert_eq!((unread(&ada, room).await, unread(&bob, room).await), (0, 1));
}

#[tokio::test]
async fn a_repeated_or_refused_message_counts_nothing() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = room_of_two(&ada, &bob).await;
    let path = format!("/chat_rooms/{room}/message");
    let key = unique("key");
    for _ in 0..3 {
        send(&ada, &path, &text("once"), &key).await.expect(201);
        ada.post(&path).json(&text("")).await.refused(400);
    }
    assert_eq!((unread(&ada, room).await, unread(&bob, room).await), (0, 1));
}
