//! `/api/chats/{chat_id}`: reading, posting, a new title, and deleting a message. Pages are with `paging`.

use serde_json::{Value, json};
use tests::{Answer, Caller as _, Guest, Stack, User, WebUser, unique};

use super::{
    Guarded, NO_IDS, NOBODY, chat_of, chat_path, check, ids, in_chat, is_ok, is_outside, listed,
    message_path, pair, pair_in_chat, people, refused_with,
};
use crate::common::{column, fields, text, text_to};

/// The largest message.
const MOST_BYTES: usize = 16 * 1024;

/// Posts with an idempotency key.
async fn keyed(user: &WebUser, chat: u64, content: &str, key: &str) -> Answer {
    user.post(&chat_path(chat)).header("idempotency-key", key).form(&[("content", content)]).await
}

#[tokio::test]
async fn the_answer_numbers_the_message() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    for (id, author) in [(1, &ada), (2, &bob), (3, &bob)] {
        let answer = author.post(&chat_path(chat)).form(&[("content", "hello")]).await.expect(201);
        assert_eq!(answer.json(), json!({"status": "ok", "id": id}));
    }
}

#[tokio::test]
async fn everybody_in_it_reads_what_was_said_in_its_order() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let said = [(&ada, "one"), (&bob, "two"), (&bob, "three"), (&ada, "four")];
    for (author, content) in said {
        author.say(chat, content).await;
    }
    for reader in [&ada, &bob] {
        for path in [chat_path(chat), format!("{}/", chat_path(chat))] {
            let answer = reader.get(&path).await.expect(200).json();
            assert_eq!(fields(&answer), ["messages", "next"]);
            assert_eq!(answer["next"], Value::Null);
            let rows = answer["messages"].as_array().expect("messages");
            assert_eq!(rows.len(), said.len());
            for ((row, id), (author, content)) in rows.iter().zip(1..).zip(said) {
                check(row, author, id, content);
            }
            let times: Vec<_> = rows.iter().map(|row| row["time"].as_str().expect("a time")).collect();
            assert!(times.is_sorted_by(|one, other| one < other), "{times:?}");
        }
    }
}

#[tokio::test]
async fn chats_are_numbered_each_by_itself() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let (one, other) = (ada.open_chat("One").await, ada.open_chat("Other").await);
    let mut numbers = Vec::new();
    for chat in [one, other, one, other, other] {
        numbers.push(ada.say(chat, &chat.to_string()).await);
    }
    assert_eq!(numbers, [1, 1, 2, 2, 3]);
    for (chat, count) in [(one, 2), (other, 3)] {
        assert_eq!(column(&ada.messages(chat).await, "content"), vec![chat.to_string(); count]);
    }
}

#[tokio::test]
async fn contents_are_kept_as_sent() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let contents = [
        "x",
        " ",
        "\n\t\u{0}\u{7f}",
        "a+b & ü = c%20d;e#f?g",
        "content=1&content=2",
        "e\u{301}é 👩‍👩‍👧‍👦 李 \u{202e}abc\u{feff}",
        "<script>alert(\"1\")</script> &amp; <b>",
        "\\u0041\"",
        "{\"content\": \"json\"}",
        "lines\r\nand\nlines\r",
        " ends with blanks  \n",
    ];
    for content in contents {
        ada.say(chat, content).await;
        assert_eq!(listed(&bob, chat).await["last_message"], content);
    }
    assert_eq!(column(&bob.messages(chat).await, "content"), contents);
}

#[tokio::test]
async fn contents_have_1_byte_to_16_kib() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let largest = ["x".repeat(MOST_BYTES), "ä".repeat(MOST_BYTES / 2), "👍".repeat(MOST_BYTES / 4)];
    for content in &largest {
        ada.say(chat, content).await;
    }
    for wrong in ["", &"x".repeat(MOST_BYTES + 1), &format!("{}x", largest[1]), &"x".repeat(1_000_000)] {
        let answer = ada.post(&chat_path(chat)).form(&[("content", wrong)]).await;
        refused_with(&answer, 400, "invalid_message");
    }
    assert_eq!(column(&bob.messages(chat).await, "content"), largest);
}

#[tokio::test]
async fn a_content_is_needed_and_more_is_ignored() {
    let stack = Stack::shared().await;
    let (people, chat) = pair_in_chat(&stack).await;
    let [ada, bob] = &people;
    for form in [&[][..], &[("message", "x")], &[("Content", "x")], &[("title", "x")]] {
        refused_with(&ada.post(&chat_path(chat)).form(form).await, 400, "invalid_body");
    }
    refused_with(&ada.post(&format!("{}?content=x", chat_path(chat))).await, 400, "invalid_body");
    let bobs_id = bob.id.to_string();
    let form = [
        ("sender_id", bobs_id.as_str()),
        ("content", "hello"),
        ("id", "7"),
        ("time", "2000-01-01T00:00:00.000Z"),
    ];
    ada.post(&chat_path(chat)).form(&form).await.expect(201);
    let rows = bob.messages(chat).await;
    let [row] = &rows[..] else { panic!("not one message: {rows:?}") };
    check(row, ada, 1, "hello");
    assert_ne!(row["time"], "2000-01-01T00:00:00.000Z");
}

#[tokio::test]
async fn the_same_key_gives_the_first_id_again_and_stores_once() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    bob.say(chat, "before").await;
    let key = unique("key");
    for _ in 0..3 {
        let answer = keyed(&ada, chat, "once", &key).await.expect(201);
        assert_eq!(answer.json(), json!({"status": "ok", "id": 2}));
        bob.say(chat, "between").await;
    }
    assert_eq!(
        column(&ada.messages(chat).await, "content"),
        ["before", "once", "between", "between", "between"]
    );
    // By another session, too.
    let again = ada.login(&stack).await;
    assert_eq!(keyed(&again, chat, "once", &key).await.expect(201).json()["id"], 2);
}

#[tokio::test]
async fn the_same_key_with_another_content_or_chat_is_refused() {
    let stack = Stack::shared().await;
    let (people, chat) = pair_in_chat(&stack).await;
    let [ada, bob] = &people;
    let other = chat_of(&[ada, bob]).await;
    let key = unique("key");
    keyed(ada, chat, "once", &key).await.expect(201);
    for (chat, content) in [(chat, "twice"), (other, "once"), (other, "twice"), (chat, "once ")] {
        refused_with(&keyed(ada, chat, content, &key).await, 400, "idempotency_key_reused");
    }
    assert_eq!(keyed(ada, chat, "once", &key).await.expect(201).json()["id"], 1);
    assert_eq!((ids(bob, chat).await, ids(bob, other).await), (vec![json!(1)], Vec::new()));
}

#[tokio::test]
async fn a_key_belongs_to_its_sender_on_every_path() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let key = unique("key");
    keyed(&ada, chat, "mine", &key).await.expect(201);
    keyed(&bob, chat, "yours", &key).await.expect(201);
    assert_eq!(column(&ada.messages(chat).await, "content"), ["mine", "yours"]);

    let (by_header, other) = (ada.header_user(&stack).await, User::new(&stack).await);
    let call = by_header.post("/chats").header("idempotency-key", &key);
    let answer = call.json(&text_to(&other, "mine")).await;
    assert_eq!(answer.refused(409), "idempotency_key_reused");
    let key = unique("key");
    let call = by_header.post("/chats").header("idempotency-key", &key);
    call.json(&text_to(&other, "mine")).await.expect(201);
    refused_with(&keyed(&ada, chat, "mine", &key).await, 400, "idempotency_key_reused");
}

#[tokio::test]
async fn a_refused_message_does_not_use_up_its_key() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let foreign = bob.open_chat("Not Ada's").await;
    let key = unique("key");
    refused_with(&keyed(&ada, chat, "", &key).await, 400, "invalid_message");
    refused_with(&keyed(&ada, NOBODY, "nowhere", &key).await, 404, "chat_not_found");
    refused_with(&keyed(&ada, foreign, "let me in", &key).await, 403, "forbidden");
    assert_eq!(keyed(&ada, chat, "now", &key).await.expect(201).json()["id"], 1);
}

#[tokio::test]
async fn a_key_has_1_to_128_bytes() {
    let stack = Stack::shared().await;
    let ([ada, _], chat) = pair_in_chat(&stack).await;
    let answer = keyed(&ada, chat, "hello", &"k".repeat(129)).await;
    refused_with(&answer, 400, "invalid_idempotency_key");
    keyed(&ada, chat, "hello", &"k".repeat(128)).await.expect(201);
    keyed(&ada, chat, "hello", "k").await.expect(201);
    assert_eq!(ids(&ada, chat).await, [1, 2]);
}

#[tokio::test]
async fn a_key_does_not_bring_back_what_was_deleted() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let key = unique("key");
    keyed(&ada, chat, "once", &key).await.expect(201);
    is_ok(&ada.delete(&message_path(chat, 1)).await, 200);
    let answer = keyed(&ada, chat, "once", &key).await.expect(201);
    assert_eq!(answer.json(), json!({"status": "ok", "id": 1}));
    assert_eq!(ids(&bob, chat).await, Vec::<Value>::new());
    assert_eq!(bob.say(chat, "next").await, 2);
}

#[tokio::test]
async fn everybody_in_it_may_give_it_another_title() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    ada.say(chat, "hello").await;
    let before = listed(&ada, chat).await;
    let longest = "👍".repeat(100);
    for (user, title) in [(&bob, "Bob's"), (&ada, "a+b & ü = e\u{301}"), (&bob, longest.as_str())] {
        is_ok(&user.put(&chat_path(chat)).form(&[("title", title)]).await, 200);
        let mut expected = before.clone();
        expected["title"] = json!(title);
        for reader in [&ada, &bob] {
            assert_eq!(listed(reader, chat).await, expected, "nothing else changes");
        }
    }
    assert_eq!(ids(&ada, chat).await, [1]);
    is_ok(&ada.put(&format!("{}/", chat_path(chat))).form(&[("title", "Slash")]).await, 200);
    is_ok(&ada.put(&chat_path(chat)).form(&[("title", "Slash")]).await, 200);
    assert_eq!(listed(&bob, chat).await["title"], "Slash");
}

#[tokio::test]
async fn a_title_that_is_none_changes_nothing() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let before = listed(&bob, chat).await;
    let long = ["x".repeat(101), "ä".repeat(101), "👍".repeat(101)];
    let controls = ["a\nb", "\ta", "a\u{0}", "\u{7f}a", "a\u{85}b"].map(str::to_owned);
    for wrong in controls.iter().chain(&long).chain([&String::new(), &" ".to_owned()]) {
        let answer = ada.put(&chat_path(chat)).form(&[("title", wrong)]).await;
        refused_with(&answer, 400, "invalid_name");
    }
    for form in [&[][..], &[("name", "x")], &[("Title", "x")]] {
        refused_with(&ada.put(&chat_path(chat)).form(form).await, 400, "invalid_body");
    }
    refused_with(&ada.put(&format!("{}?title=x", chat_path(chat))).await, 400, "invalid_body");
    assert_eq!(listed(&bob, chat).await, before);
}

#[tokio::test]
async fn an_author_deletes_its_message_for_everybody() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    for content in ["one", "two", "three"] {
        ada.say(chat, content).await;
    }
    let mut rows = bob.messages(chat).await;
    is_ok(&ada.delete(&message_path(chat, 2)).await, 200);
    rows.remove(1);
    for reader in [&ada, &bob] {
        assert_eq!(reader.messages(chat).await, rows);
    }
    is_ok(&ada.delete(&format!("{}/?id=3", chat_path(chat))).await, 200);
    assert_eq!(ids(&bob, chat).await, [1]);
    assert_eq!(bob.say(chat, "four").await, 4, "a number is never used again");
    assert_eq!(ids(&ada, chat).await, [1, 4]);
}

#[tokio::test]
async fn whether_newest_oldest_or_between_the_others_stay_as_they_are() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    for number in 1..=40 {
        ada.say(chat, &format!("number {number}")).await;
    }
    let mut rows = bob.messages(chat).await;
    for goes in [1, 40, 20, 39, 2, 25, 38] {
        is_ok(&ada.delete(&message_path(chat, goes)).await, 200);
        rows.retain(|row| row["id"] != goes);
        assert_eq!(bob.messages(chat).await, rows, "without {goes}");
        let last = rows.last().expect("a message");
        assert_eq!(listed(&bob, chat).await["last_message"], last["content"], "without {goes}");
    }
}

#[tokio::test]
async fn nobody_deletes_anothers_message() {
    let stack = Stack::shared().await;
    let everybody = people(&stack, 3).await;
    let [ada, bob, stranger] = &everybody[..] else { unreachable!("three people") };
    let chat = chat_of(&[ada, bob]).await;
    for number in 1..=15 {
        bob.say(chat, &format!("number {number}")).await;
    }
    // Not even who opened the chat, and neither recent messages nor others.
    for user in [ada, stranger] {
        for number in 1..=15 {
            refused_with(&user.delete(&message_path(chat, number)).await, 403, "forbidden");
        }
    }
    let rows = ada.messages(chat).await;
    assert_eq!(rows.len(), 15);
    for (row, number) in rows.iter().zip(1..) {
        check(row, bob, number, &format!("number {number}"));
    }
}

#[tokio::test]
async fn a_message_that_is_deleted_or_was_never_there_is_404() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    for content in ["one", "two"] {
        ada.say(chat, content).await;
    }
    is_ok(&ada.delete(&message_path(chat, 1)).await, 200);
    for user in [&ada, &bob] {
        for id in [1, 3, 1_000_000, (1 << 53) - 1] {
            refused_with(&user.delete(&message_path(chat, id)).await, 404, "message_not_found");
        }
        refused_with(&user.delete(&message_path(NOBODY, 1)).await, 404, "chat_not_found");
    }
    assert_eq!(ids(&bob, chat).await, [2]);
}

#[tokio::test]
async fn a_deletion_needs_the_number_of_a_message() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    ada.say(chat, "hello").await;
    for query in ["", "?", "?id=", "?id=x", "?id=-1", "?id=1.5", "?id=1x", "?ID=1", "?mes_id=1"] {
        refused_with(&ada.delete(&format!("{}{query}", chat_path(chat))).await, 400, "invalid_query");
    }
    // Numbers that no message can have.
    for id in ["0", "9007199254740992", "99999999999999999999999"] {
        let answer = ada.delete(&format!("{}?id={id}", chat_path(chat))).await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 400 | 404), "{} gave {status}", answer.question);
        answer.refused(status);
    }
    refused_with(&ada.delete(&chat_path(chat)).form(&[("id", "1")]).await, 400, "invalid_query");
    assert_eq!(ids(&bob, chat).await, [1]);
}

#[tokio::test]
async fn a_number_with_a_plus_sign_names_no_message() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    ada.say(chat, "hello").await;
    refused_with(&ada.delete(&format!("{}?id=%2B1", chat_path(chat))).await, 400, "invalid_query");
    assert_eq!(ids(&bob, chat).await, [1]);
}

#[tokio::test]
async fn a_message_is_gone_from_its_own_chat_only() {
    let stack = Stack::shared().await;
    let [ada, bob] = pair(&stack).await;
    let (one, other) = (chat_of(&[&ada, &bob]).await, chat_of(&[&ada, &bob]).await);
    for content in ["one", "two"] {
        ada.say(one, content).await;
        ada.say(other, content).await;
    }
    is_ok(&ada.delete(&message_path(one, 1)).await, 200);
    assert_eq!((ids(&bob, one).await, ids(&bob, other).await), (vec![json!(2)], vec![json!(1), json!(2)]));
}

#[tokio::test]
async fn who_does_not_take_part_is_403_and_an_unknown_chat_404() {
    let stack = Stack::shared().await;
    let everybody = people(&stack, 3).await;
    let [ada, bob, stranger] = &everybody[..] else { unreachable!("three people") };
    let chat = chat_of(&[ada, bob]).await;
    ada.say(chat, "hello").await;
    let before = (listed(bob, chat).await, bob.messages(chat).await);
    is_outside(stranger, chat, 403, "forbidden").await;
    assert_eq!((listed(bob, chat).await, bob.messages(chat).await), before);
    for user in [ada, stranger] {
        is_outside(user, NOBODY, 404, "chat_not_found").await;
        is_outside(user, (1 << 53) - 1, 404, "chat_not_found").await;
    }
}

#[tokio::test]
async fn malformed_ids_are_400() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let chat = ada.open_chat("A chat").await;
    for id in NO_IDS {
        for call in in_chat(chat, &ada.name).iter().filter(|call| !call.path.contains("?chat_id=")) {
            let path = call.path.replacen(&chat.to_string(), id, 1);
            refused_with(&call.at(&ada, &path).await, 400, "invalid_path");
        }
    }
    ada.get(&chat_path(chat)).await.expect(200);
}

#[tokio::test]
async fn chats_of_other_kinds_are_no_web_chats() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let (by_header, guest) = (ada.header_user(&stack).await, Guest::new(&stack).await);
    let bob = User::new(&stack).await;
    // Ada takes part in all of them.
    let direct = by_header.write(&bob, "hello").await;
    let room = by_header.open_room("A room").await;
    by_header.post_to_room(room, "hello").await;
    let group = by_header.create_group("A group").await;
    by_header.enter(group).await;
    let conversation = guest.open("A conversation").await;
    guest.say(&conversation, "hello").await;
    let topic = conversation.rsplit_once('/').and_then(|(_, id)| id.parse().ok()).expect("an id");
    for id in [direct, room, group, topic] {
        is_outside(&ada, id, 404, "chat_not_found").await;
    }
    assert_eq!(column(&bob.history(direct).await, "message"), ["hello"]);
    let in_room = bob.get(&format!("/chat_rooms/{room}")).await.expect(200).json();
    assert_eq!(column(in_room["messages"].as_array().expect("messages"), "message"), ["hello"]);
    assert_eq!(by_header.look_into(group).await["messages"], json!([]));
    assert_eq!(column(&guest.newest(&conversation, 10).await, "text"), ["hello"]);
}

#[tokio::test]
async fn web_chats_are_no_chats_of_other_kinds() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    ada.say(chat, "hello").await;
    let (by_header, guest) = (bob.header_user(&stack).await, Guest::new(&stack).await);
    for path in ["chats", "chats_v2", "chat_rooms", "chat_groups"] {
        by_header.get(&format!("/{path}/{chat}")).await.refused(404);
    }
    by_header.get(&format!("/chat_rooms/{chat}/users")).await.refused(404);
    by_header.post(&format!("/chat_rooms/{chat}/message")).json(&text("let me in")).await.refused(404);
    by_header.post(&format!("/chat_rooms/{chat}/read")).await.refused(404);
    let rename = json!({"chat_group_name": "Mine"});
    by_header.put(&format!("/chat_groups/{chat}")).json(&rename).await.refused(404);
    by_header.delete(&format!("/chats/{chat}")).await.refused(404);
    by_header.delete(&format!("/chats_v2/{chat}")).await.refused(404);
    by_header.get(&format!("/chats/{}/{}", ada.id, bob.id)).await.refused(404);
    by_header.get(&format!("/chats/users/{}/{}", ada.id, bob.id)).await.refused(404);

    let conversation = format!("/api/conversations/{chat}");
    guest.get(&conversation).await.refused(404);
    guest.post(&conversation).json(&json!({"text": "let me in"})).await.refused(404);
    guest.get(&format!("{conversation}/1")).await.refused(404);
    guest.delete(&format!("{conversation}/1")).await.refused(404);

    for path in ["/chats", "/chats/unread", "/chats_v2/unread", "/chat_rooms", "/chat_rooms/message/unread"] {
        assert_eq!(by_header.get(path).await.expect(200).json(), json!([]), "{path}");
    }
    assert_eq!(by_header.get("/notifications").await.expect(200).json(), json!({"notifications": []}));
    assert!(guest.conversations().await.iter().all(|row| row["url"] != conversation));
    let rows = bob.messages(chat).await;
    let [row] = &rows[..] else { panic!("not one message: {rows:?}") };
    check(row, &ada, 1, "hello");
}

#[tokio::test]
async fn a_web_chat_is_nothing_to_sockets_of_other_kinds() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let mut socket = bob.header_user(&stack).await.socket().await;
    for frame in [
        json!({"chat_type": "room", "chat_room_id": chat, "message": "let me in"}),
        json!({"chat_type": "group", "chat_group_id": chat, "message": "let me in"}),
    ] {
        socket.refused(&frame).await;
    }
    assert_eq!(ids(&ada, chat).await, Vec::<Value>::new());
}

#[tokio::test]
async fn whatever_is_done_by_a_participant_is_answered_as_documented() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    ada.say(chat, "hello").await;
    for call in in_chat(chat, &bob.name) {
        let answer = call.by(&ada).await.expect(call.status);
        answers_as_documented(&call, &answer);
    }
}

#[track_caller]
fn answers_as_documented(call: &Guarded, answer: &Answer) {
    match (call.method.as_str(), call.path.contains("/users")) {
        ("GET", _) => assert_eq!(fields(&answer.json()), ["messages", "next"]),
        ("POST", false) => assert_eq!(answer.json(), json!({"status": "ok", "id": 2})),
        _ => is_ok(answer, call.status),
    }
}
