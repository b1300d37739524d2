//! Everybody else's chats when somebody is gone: nothing is missing, nothing counts otherwise, and they go on.

use serde_json::{Value, json};
use tests::{Caller as _, Stack, unique};

use super::chat::{COUNTED, Chat, KINDS, Kind, OF_MANY};
use super::common::{Person, is_listed};
use super::trail::walk_out;
use crate::common::{column, send, text, text_to};

/// A chat's row in a list of the reader's.
async fn listed(reader: &Person, path: &str, field: &str, chat: u64) -> Value {
    let rows = reader.user.get(path).await.expect(200).rows();
    let row = rows.iter().find(|row| row[field] == chat);
    row.unwrap_or_else(|| panic!("{chat} is not in {path}: {rows:?}")).clone()
}

#[tokio::test]
async fn his_messages_are_empty_ones_and_all_others_are_as_they_were() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let mut chats = Vec::new();
    for kind in KINDS {
        let chat = Chat::begin(kind, &ann, &bob).await;
        chat.say_as("sticker", &bob, &ann, "one").await;
        chat.say(&bob, &ann, "two").await;
        chat.say_as("image", &ann, &bob, "three").await;
        chat.say_as("location", &bob, &ann, "four").await;
        chats.push((chat, chat.rows(&ann).await));
    }
    bob.delete().await;
    for (chat, before) in chats {
        let of_bob = before.iter().filter(|row| row.sender == bob.id()).count();
        assert!(before.len() - of_bob == 2 && of_bob >= 3, "{chat:?}: {before:?}");
        let expected: Vec<_> =
            before.into_iter().map(|row| if row.sender == bob.id() { row.erased() } else { row }).collect();
        assert_eq!(chat.rows(&ann).await, expected, "{chat:?}");
    }
}

#[tokio::test]
async fn what_is_unread_stays_unread_until_it_is_read() {
    let stack = Stack::shared().await;
    let ann = Person::new(&stack).await;
    for kind in COUNTED {
        let bob = Person::new(&stack).await;
        let chat = Chat::begin(kind, &ann, &bob).await;
        chat.read(&ann).await;
        for text in ["one", "two", "three"] {
            chat.say(&bob, &ann, text).await;
        }
        chat.say(&ann, &bob, "an answer").await;
        chat.say(&bob, &ann, "four").await;
        let before = chat.notification(&ann).await;
        assert_eq!((chat.unread(&ann).await, &before["unread_count"]), (4, &json!(4)), "{kind:?}");

        bob.delete().await;
        let mut expected = before.clone();
        expected["message"] = json!("");
        expected["sender_name"] = json!("");
        assert_eq!(chat.notification(&ann).await, expected, "{kind:?}");
        assert_eq!(chat.unread(&ann).await, 4, "{kind:?}");

        chat.read(&ann).await;
        let after = chat.notification(&ann).await;
        assert_eq!((chat.unread(&ann).await, &after["is_read"]), (0, &json!(true)), "{kind:?}");
    }
}

#[tokio::test]
async fn what_was_read_stays_read() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let mut chats = Vec::new();
    for kind in COUNTED {
        let chat = Chat::begin(kind, &ann, &bob).await;
        for text in ["one", "two"] {
            chat.say(&bob, &ann, text).await;
        }
        chat.read(&ann).await;
        chats.push(chat);
    }
    bob.delete().await;
    for chat in chats {
        assert_eq!(chat.unread(&ann).await, 0, "{chat:?}");
        assert_eq!(chat.notification(&ann).await["is_read"], true, "{chat:?}");
    }
}

#[tokio::test]
async fn lists_show_a_nameless_user_and_an_empty_message() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let direct = Chat::begin(Kind::Direct, &ann, &bob).await;
    let rooms = [Chat::begin(Kind::Pair, &ann, &bob).await, Chat::begin(Kind::Room, &ann, &bob).await];
    for chat in rooms.iter().chain([&direct]) {
        chat.say(&bob, &ann, "the newest").await;
    }
    let before = listed(&ann, "/chats", "chat_id", direct.id).await;
    assert_eq!(before["with_user_name"], json!(bob.web.name));
    bob.delete().await;

    let row = listed(&ann, "/chats", "chat_id", direct.id).await;
    assert_eq!((&row["with_user_id"], &row["with_user_name"]), (&json!(bob.id()), &json!("")), "{row}");
    assert_eq!(row["with_nick_name"], "");
    assert_eq!(row["last_message_timestamp"], before["last_message_timestamp"]);
    let mut shown = vec![row];
    for path in ["/chats/unread", "/chats_v2/unread"] {
        shown.push(listed(&ann, path, "chat_id", direct.id).await);
    }
    for room in rooms {
        for path in ["/chat_rooms", "/chat_rooms/message/unread"] {
            shown.push(listed(&ann, path, "chat_room_id", room.id).await);
        }
    }
    for row in shown {
        assert_eq!((&row["last_message"], &row["last_message_type"]), (&json!(""), &json!("text")), "{row}");
        assert_eq!(row["last_message_sender_id"], bob.id(), "{row}");
        assert_eq!(row["last_message_sender_name"], "", "{row}");
        assert!(row["unread_count"].as_u64() >= Some(1), "{row}");
    }
}

#[tokio::test]
async fn the_others_go_on_and_so_does_the_numbering() {
    let stack = Stack::shared().await;
    let [ann, bob, eve] = Person::several(&stack).await;
    let mut chats = Vec::new();
    for kind in OF_MANY {
        let chat = Chat::begin(kind, &ann, &bob).await;
        chat.take_in(&ann, &eve).await;
        chat.say(&eve, &ann, "before").await;
        chats.push((chat, chat.say(&bob, &ann, "the last of his").await));
    }
    bob.delete().await;
    for (chat, last) in chats {
        if chat.kind != Kind::Web {
            chat.read(&ann).await;
            chat.read(&eve).await;
        }
        assert_eq!(chat.say(&ann, &eve, "one").await, last + 1, "{chat:?}");
        assert_eq!(chat.say(&eve, &ann, "two").await, last + 2, "{chat:?}");
        for reader in [&ann, &eve] {
            let rows = chat.rows(reader).await;
            let newest: Vec<_> = rows.iter().rev().take(3).map(|row| row.text.clone()).collect();
            assert_eq!(newest, ["two", "one", ""], "{chat:?}");
            assert!(rows.is_sorted_by(|one, other| one.at.as_str() < other.at.as_str()), "{rows:?}");
            if chat.kind != Kind::Web {
                assert_eq!(chat.unread(reader).await, 1, "{chat:?}");
            }
        }
    }
}

#[tokio::test]
async fn sockets_of_the_others_go_on_to_hear_what_is_said() {
    let stack = Stack::shared().await;
    let [ann, bob, eve] = Person::several(&stack).await;
    let mut chats = Vec::new();
    for kind in [Kind::Room, Kind::Web] {
        let chat = Chat::begin(kind, &ann, &bob).await;
        chat.take_in(&ann, &eve).await;
        chats.push(chat);
    }
    let mut socket = eve.user.socket().await;
    bob.delete().await;
    for chat in chats {
        let said = unique("said");
        chat.say(&ann, &eve, &said).await;
        let is_it = |frame: &Value| frame["message"] == said.as_str() || frame["content"] == said.as_str();
        socket.expect("the message", is_it).await;
    }
}

#[tokio::test]
async fn a_web_chat_of_two_is_the_others_alone_until_that_one_leaves() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let chat = bob.web.open_chat("Tea").await;
    bob.web.invite(chat, &ann.web).await;
    ann.web.say(chat, "hello").await;
    bob.web.say(chat, "the newest").await;
    let path = format!("/api/chats/{chat}");
    let before = ann.web.chats().await;
    bob.delete().await;

    let mut expected = before.clone();
    expected[0]["last_message"] = json!("");
    assert_eq!(ann.web.chats().await, expected);
    assert_eq!(expected[0]["sender_id"], bob.id());
    ann.web.put(&path).form(&[("title", "Coffee")]).await.expect(200);
    assert_eq!(ann.web.chats().await[0]["title"], "Coffee");
    assert_eq!(ann.web.say(chat, "is anybody there?").await, 3);
    assert_eq!(column(&ann.web.messages(chat).await, "content"), ["hello", "", "is anybody there?"]);
    assert_eq!(column(&ann.web.messages(chat).await, "id"), [1, 2, 3]);

    walk_out(&ann, chat).await;
    assert_eq!(ann.web.get(&path).await.refused(404), "chat_not_found");
    assert!(ann.web.chats().await.is_empty());
}

#[tokio::test]
async fn a_web_chat_of_three_goes_with_the_last_of_them() {
    let stack = Stack::shared().await;
    let [ann, bob, eve] = Person::several(&stack).await;
    let chat = Chat::begin(Kind::Web, &ann, &bob).await;
    chat.take_in(&ann, &eve).await;
    let path = format!("/api/chats/{}", chat.id);
    walk_out(&ann, chat.id).await;
    bob.delete().await;
    assert_eq!(ann.web.get(&path).await.refused(403), "forbidden");
    eve.web.get(&path).await.expect(200);
    eve.delete().await;
    assert_eq!(ann.web.get(&path).await.refused(404), "chat_not_found");
}

#[tokio::test]
async fn nobody_can_delete_an_emptied_message_of_somebody_else() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let chat = Chat::begin(Kind::Web, &ann, &bob).await;
    let number = chat.say(&bob, &ann, "his").await;
    bob.delete().await;
    let answer = ann.web.delete(&format!("/api/chats/{}?id={number}", chat.id)).await;
    assert_eq!(answer.refused(403), "forbidden");
    assert_eq!(chat.rows(&ann).await.len(), 2);
}

#[tokio::test]
async fn a_message_that_he_had_deleted_is_not_back_as_an_empty_one() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let chat = Chat::begin(Kind::Web, &ann, &bob).await;
    chat.say(&bob, &ann, "stays").await;
    for text in ["goes", "goes too"] {
        let number = chat.say(&bob, &ann, text).await;
        bob.web.delete(&format!("/api/chats/{}?id={number}", chat.id)).await.expect(200);
    }
    bob.delete().await;
    let rows = ann.web.messages(chat.id).await;
    assert_eq!(
        (column(&rows, "id"), column(&rows, "content")),
        (vec![json!(1), json!(2)], vec![json!("hello"), json!("")])
    );
    let listed = &ann.web.chats().await[0];
    assert_eq!((&listed["last_message"], &listed["last_message_time"]), (&json!(""), &rows[1]["time"]));
}

#[tokio::test]
async fn his_place_in_a_full_room_is_free() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let body = json!({"title": "A small room", "latitude": 48.25, "longitude": 16.5, "capacity": 1});
    let room = ann.user.post("/chat_rooms").json(&body).await.expect(201).json();
    let room = room["chat_room_id"].as_u64().expect("a chat_room_id");
    bob.user.post_to_room(room, "mine").await;
    let path = format!("/chat_rooms/{room}/message");
    ann.user.post(&path).json(&text("let me in")).await.refused(403);
    bob.delete().await;
    assert_eq!(ann.user.post_to_room(room, "here I am").await, 2);
    let eve = Person::new(&stack).await;
    eve.user.post(&path).json(&text("let me in")).await.refused(403);
    let users = ann.user.get(&format!("/chat_rooms/{room}/users")).await.expect(200).rows();
    assert_eq!(column(&users, "user_id"), [ann.id()]);
}

#[tokio::test]
async fn he_is_nowhere_among_those_who_take_part() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let room = Chat::begin(Kind::Room, &ann, &bob).await;
    let group = Chat::begin(Kind::Group, &ann, &bob).await;
    let _socket = bob.user.socket().await;
    assert_eq!(bob.user.enter(group.id).await["present"], json!([bob.id()]));
    bob.delete().await;
    let users = ann.user.get(&format!("/chat_rooms/{}/users", room.id)).await.expect(200).rows();
    assert_eq!(column(&users, "user_id"), [ann.id()]);
    assert_eq!(ann.user.look_into(group.id).await["present"], json!([]));
    assert!(!is_listed(&bob, &ann.user).await);
}

#[tokio::test]
async fn what_he_has_opened_stays_for_the_others() {
    let stack = Stack::shared().await;
    let ann = Person::new(&stack).await;
    for kind in [Kind::Room, Kind::Group] {
        // Bob opens it, and Ann comes.
        let bob = Person::new(&stack).await;
        let chat = Chat::begin(kind, &bob, &ann).await;
        let last = chat.say(&ann, &bob, "nice here").await;
        bob.delete().await;
        assert_eq!(chat.say(&ann, &bob, "and quiet").await, last + 1, "{kind:?}");
        let eve = Person::new(&stack).await;
        chat.take_in(&ann, &eve).await;
        chat.say(&eve, &ann, "hello").await;
        assert_eq!(chat.rows(&eve).await, chat.rows(&ann).await, "{kind:?}");
    }
}

#[tokio::test]
async fn nobody_writes_to_one_who_is_gone_whether_there_is_a_chat_or_not() {
    let stack = Stack::shared().await;
    let [ann, bob, eve] = Person::several(&stack).await;
    let chats = [Chat::begin(Kind::Direct, &ann, &bob).await, Chat::begin(Kind::Pair, &ann, &bob).await];
    bob.delete().await;
    let before = [chats[0].rows(&ann).await, chats[1].rows(&ann).await];
    for writer in [&ann, &eve] {
        for path in ["/chats", "/chats_v2"] {
            let body = text_to(&bob.user, "are you there?");
            assert_eq!(writer.user.post(path).json(&body).await.refused(404), "user_not_found");
            let answer = send(&writer.user, path, &body, &unique("key")).await;
            assert_eq!(answer.refused(404), "user_not_found");
        }
        let mut socket = writer.user.socket().await;
        let frame = json!({"chat_type": "room", "other_user_id": bob.id(), "message": "are you there?"});
        assert_eq!(socket.refused(&frame).await, "user_not_found");
    }
    assert_eq!([chats[0].rows(&ann).await, chats[1].rows(&ann).await], before);
    for path in ["/chats", "/chat_rooms"] {
        assert!(eve.user.get(path).await.expect(200).rows().is_empty());
    }
}

#[tokio::test]
async fn a_send_that_was_acknowledged_before_is_answered_again_as_it_was() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let body = text_to(&bob.user, "once");
    let (old, new) = (unique("key"), unique("key"));
    let first = send(&ann.user, "/chats", &body, &old).await.expect(201).json();
    bob.user.write(&ann.user, "an answer").await;
    let last = send(&ann.user, "/chats", &body, &new).await.expect(201).json();
    let web = Chat::begin(Kind::Web, &ann, &bob).await;
    let post = || {
        let call = ann.web.post(&format!("/api/chats/{}", web.id)).header("idempotency-key", "the web's key");
        call.form(&[("content", "once")])
    };
    let posted = post().await.expect(201).json();
    bob.delete().await;

    for path in ["/chats", "/chats_v2"] {
        assert_eq!(send(&ann.user, path, &body, &old).await.expect(201).json(), first);
        assert_eq!(send(&ann.user, path, &body, &new).await.expect(201).json(), last);
    }
    assert_eq!(post().await.expect(201).json(), posted);
    let chat = first["chat_id"].as_u64().expect("a chat_id");
    assert_eq!(column(&ann.user.history(chat).await, "message"), ["once", "", "once"]);
    assert_eq!(web.rows(&ann).await.len(), 2);
}

#[tokio::test]
async fn nobody_is_brought_in_who_is_gone() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let chat = ann.web.open_chat("Tea").await;
    bob.delete().await;
    let path = format!("/api/chats/{chat}/users");
    for name in [bob.web.name.clone(), bob.web.name.to_uppercase()] {
        let answer = ann.web.post(&path).form(&[("name", name.as_str())]).await;
        assert_eq!(answer.refused(404), "user_not_found");
    }
    walk_out(&ann, chat).await;
    assert_eq!(ann.web.get(&format!("/api/chats/{chat}")).await.refused(404), "chat_not_found");
}

#[tokio::test]
async fn a_chat_with_one_who_is_gone_can_be_deleted() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let chat = Chat::begin(Kind::Direct, &ann, &bob).await;
    chat.say(&bob, &ann, "one").await;
    bob.delete().await;
    ann.user.delete(&format!("/chats/{}", chat.id)).await.expect(204);
    ann.user.get(&format!("/chats/{}", chat.id)).await.refused(404);
    assert!(ann.user.get("/chats").await.expect(200).rows().is_empty());
}

#[tokio::test]
async fn a_mailbox_hands_out_his_empty_messages_and_counts_them() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let chat = Chat::begin(Kind::Direct, &ann, &bob).await;
    for text in ["one", "two", "three"] {
        chat.say(&bob, &ann, text).await;
    }
    bob.delete().await;
    let path = format!("/chats_v2/{}", chat.id);
    for query in ["?ack=manual", ""] {
        let answer = ann.user.get(&format!("{path}{query}")).await.expect(200);
        assert_eq!(answer.header("unread_count"), Some("0"));
        let rows = answer.rows();
        assert_eq!(
            (column(&rows, "message"), column(&rows, "seq")),
            (vec![json!(""); 3], vec![json!(2), json!(3), json!(4)])
        );
        assert!(rows.iter().all(|row| row["message_sender_name"] == ""), "{rows:?}");
    }
    assert_eq!(chat.unread(&ann).await, 0);
    assert_eq!(ann.user.get(&path).await.expect(200).rows(), Vec::<Value>::new());
    assert_eq!(column(&ann.user.history(chat.id).await, "message"), ["hello"]);
}
