//! `GET /api/chats` and `POST /api/chats`. `DELETE /api/chats` is with the members.

use futures::future::join;
use serde_json::{Value, json};
use tests::{Caller as _, Guest, Stack, User, WebUser, eventually, unique};

use super::{CHATS, chat_of, is_ok, listed, message_path, pair, pair_in_chat, people, refused_with};
use crate::common::{column, fields, is_moment, say_to};

/// The ids of the chats that somebody is told of for a query, in their order.
async fn ids(user: &WebUser, query: &str) -> Vec<Value> {
    let answer = user.get(&format!("{CHATS}{query}")).await.expect(200).json();
    column(answer["chats"].as_array().expect("chats"), "id")
}

/// The time by the clock of the system, as a message in a new chat has it.
async fn now(clock: &WebUser) -> String {
    let chat = clock.open_chat("What time is it?").await;
    clock.say(chat, "It is").await;
    clock.messages(chat).await[0]["time"].as_str().expect("a time").to_owned()
}

/// Says something, and waits until the clock has moved on: of two messages with the same time, no list can say which
/// is the newer one.
async fn say_alone(author: &WebUser, chat: u64, content: &str, clock: &WebUser) {
    author.say(chat, content).await;
    let last = listed(author, chat).await["last_message_time"].as_str().expect("a time").to_owned();
    eventually("another millisecond", async || (now(clock).await > last).then_some(())).await;
}

#[tokio::test]
async fn the_answer_says_where_the_chat_is() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let answer = ada.post(CHATS).form(&[("title", "Hello")]).await.expect(201);
    let made = answer.json();
    assert_eq!(fields(&made), ["id", "status"]);
    assert_eq!(made["status"], "ok");
    let id = made["id"].as_u64().filter(|id| (1..1 << 53).contains(id)).expect("an id");
    assert_eq!(answer.header("location"), Some(format!("/api/chats/{id}").as_str()));
    assert_eq!(ada.say(id, "hello").await, 1);
}

#[tokio::test]
async fn who_opens_a_chat_takes_part_in_it_and_nobody_else_does() {
    let stack = Stack::shared().await;
    let [ada, bob] = pair(&stack).await;
    let title = unique("Title");
    let chat = ada.open_chat(&title).await;
    let expected = json!([{
        "id": chat, "title": title, "last_message": null, "last_message_time": null, "sender_id": null,
    }]);
    assert_eq!(ada.get(CHATS).await.expect(200).json(), json!({"chats": expected}));
    let empty = json!({"messages": [], "next": null});
    assert_eq!(ada.get(&format!("{CHATS}/{chat}")).await.expect(200).json(), empty);
    assert_eq!(bob.get(CHATS).await.expect(200).json(), json!({"chats": []}));
}

#[tokio::test]
async fn titles_have_1_to_100_characters_and_are_kept_as_sent() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let mut opened = Vec::new();
    let titles = [
        "x",
        &"ä".repeat(100),
        &"👍".repeat(100),
        "e\u{301}é <b>\"&'",
        "a\u{202e}b",
        "a+b = c%20d; e&f",
        " a blank on both ends ",
    ];
    for title in titles {
        let chat = ada.open_chat(title).await;
        assert_eq!(listed(&ada, chat).await["title"], title);
        opened.push(json!(chat));
    }
    let long = ["x".repeat(101), "ä".repeat(101), "👍".repeat(101)];
    let controls = ["a\nb", "\ta", "a\u{0}", "\u{7f}a", "a\u{85}b"].map(str::to_owned);
    for wrong in controls.iter().chain(&long).chain([&String::new(), &" ".to_owned()]) {
        let answer = ada.post(CHATS).form(&[("title", wrong)]).await;
        refused_with(&answer, 400, "invalid_name");
        assert_eq!(answer.header("location"), None);
    }
    let mut left = ids(&ada, "").await;
    left.sort_unstable_by_key(Value::as_u64);
    opened.sort_unstable_by_key(Value::as_u64);
    assert_eq!(left, opened);
}

#[tokio::test]
async fn a_title_is_needed_and_more_is_ignored() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    for form in [&[][..], &[("name", "x")], &[("Title", "x")], &[("content", "x")]] {
        refused_with(&ada.post(CHATS).form(form).await, 400, "invalid_body");
    }
    refused_with(&ada.post(&format!("{CHATS}?title=x")).await, 400, "invalid_body");
    let form = [("id", "7"), ("title", "a+b & ü ="), ("sender_id", "x")];
    ada.post(CHATS).form(&form).await.expect(201);
    assert_eq!(column(&ada.chats().await, "title"), ["a+b & ü ="]);
}

#[tokio::test]
async fn chats_may_have_one_title_and_are_others_all_the_same() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let (one, other) = join(ada.open_chat("Twins"), ada.open_chat("Twins")).await;
    assert_ne!(one, other);
    ada.say(one, "hello").await;
    assert_eq!(listed(&ada, one).await["last_message"], "hello");
    assert_eq!(listed(&ada, other).await["last_message"], Value::Null);
}

#[tokio::test]
async fn rows_tell_of_the_last_message_and_its_author() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    for (author, content) in [(&ada, "one"), (&bob, "two"), (&bob, "three \" ü 👍"), (&ada, " \n")] {
        author.say(chat, content).await;
        let message = ada.messages(chat).await.pop().expect("a message");
        assert!(is_moment(&message["time"]), "{message}");
        let expected = json!({
            "id": chat, "title": "A chat", "last_message": content, "last_message_time": message["time"],
            "sender_id": author.id,
        });
        for reader in [&ada, &bob] {
            assert_eq!(listed(reader, chat).await, expected);
        }
    }
}

#[tokio::test]
async fn a_deleted_message_is_nobodys_last_message() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let mut rows = vec![listed(&ada, chat).await];
    for number in 1..=15 {
        let author = if number % 2 == 0 { &ada } else { &bob };
        author.say(chat, &format!("number {number}")).await;
        rows.push(listed(&ada, chat).await);
    }
    // One in between, which stays where it is until it would be the last one.
    is_ok(&ada.delete(&message_path(chat, 10)).await, 200);
    assert_eq!(listed(&ada, chat).await, rows[15]);
    for number in (1..=15).rev().filter(|number| *number != 10) {
        let author = if number % 2 == 0 { &ada } else { &bob };
        is_ok(&author.delete(&message_path(chat, number as u64)).await, 200);
        let left = if number == 11 { 9 } else { number - 1 };
        for reader in [&ada, &bob] {
            assert_eq!(listed(reader, chat).await, rows[left], "without {number}");
        }
    }
    assert_eq!(listed(&ada, chat).await["last_message"], Value::Null);
    bob.say(chat, "still here").await;
    assert_eq!(listed(&ada, chat).await["last_message"], "still here");
}

#[tokio::test]
async fn the_newest_message_first_and_count_and_offset_narrow_it() {
    let stack = Stack::shared().await;
    let [ada, bob] = pair(&stack).await;
    let clock = WebUser::new(&stack).await;
    let mut chats = Vec::new();
    for _ in 0..5 {
        chats.push(chat_of(&[&ada, &bob]).await);
    }
    say_alone(&bob, chats[3], "one", &clock).await;
    say_alone(&ada, chats[0], "two", &clock).await;
    say_alone(&bob, chats[2], "three", &clock).await;
    say_alone(&ada, chats[3], "four", &clock).await;
    let order = |indexes: &[usize]| indexes.iter().map(|index| json!(chats[*index])).collect::<Vec<_>>();
    for reader in [&ada, &bob] {
        // Those without a message come last, the newest first.
        for (query, expected) in [
            ("", &[3, 2, 0, 4, 1][..]),
            ("/", &[3, 2, 0, 4, 1]),
            ("?count=2", &[3, 2]),
            ("/?count=2&offset=2", &[2, 0]),
            ("?offset=3&count=1", &[0]),
            ("?offset=4", &[4, 1]),
            ("?offset=5", &[1]),
            ("?offset=6", &[]),
            ("?offset=99999999999999999999999", &[]),
            ("?count=1001", &[3, 2, 0, 4, 1]),
            ("?count=99999999999999999999999", &[3, 2, 0, 4, 1]),
            ("?unknown=1", &[3, 2, 0, 4, 1]),
        ] {
            assert_eq!(ids(reader, query).await, order(expected), "{query}");
        }
    }
    // A deletion takes a chat back to where its last message is now, a title nowhere.
    is_ok(&ada.put(&format!("{CHATS}/{}", chats[1])).form(&[("title", "Renamed")]).await, 200);
    is_ok(&ada.delete(&message_path(chats[3], 2)).await, 200);
    assert_eq!(ids(&bob, "").await, order(&[2, 0, 3, 4, 1]));
}

#[tokio::test]
async fn more_than_a_page_of_chats_comes_whole_and_in_parts() {
    const ALL: usize = 105;
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    for number in 0..ALL {
        let chat = ada.open_chat("One of many").await;
        if number % 3 == 0 {
            ada.say(chat, "hello").await;
        }
    }
    let rows = ada.chats().await;
    assert_eq!(rows.len(), ALL);
    let times = column(&rows, "last_message_time");
    // Nothing is later than anything.
    assert!(times.is_sorted_by(|one, other| one.as_str() >= other.as_str()), "{times:?}");
    let mut walked = Vec::new();
    while walked.len() < ALL {
        let part = ids(&ada, &format!("?count=10&offset={}", walked.len() + 1)).await;
        assert_eq!(part.len(), (ALL - walked.len()).min(10));
        walked.extend(part);
    }
    assert_eq!(walked, column(&rows, "id"));
}

#[tokio::test]
async fn every_chat_can_be_reached_though_one_answer_does_not_hold_them_all() {
    const ALL: usize = 90;
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    // Each of these characters is escaped twice on its way.
    let largest = "\"".repeat(16 * 1024);
    let mut opened = Vec::new();
    for _ in 0..ALL {
        let chat = ada.open_chat("One of many").await;
        ada.say(chat, &largest).await;
        opened.push(json!(chat));
    }
    let mut seen = Vec::new();
    while seen.len() < ALL {
        let rows = ids(&ada, &format!("?offset={}", seen.len() + 1)).await;
        assert!(!rows.is_empty(), "{} of {ALL} chats can be reached", seen.len());
        seen.extend(rows);
    }
    seen.sort_unstable_by_key(Value::as_u64);
    opened.sort_unstable_by_key(Value::as_u64);
    assert_eq!(seen, opened);
}

#[tokio::test]
async fn nonsense_is_refused() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    for (query, code) in [
        ("count=0", "invalid_count"),
        ("offset=0", "invalid_offset"),
        ("count=-1", "invalid_query"),
        ("count=x", "invalid_query"),
        ("count=1.5", "invalid_query"),
        ("count=", "invalid_query"),
        ("count=%2B1", "invalid_query"),
        ("offset=-1", "invalid_query"),
        ("offset=x", "invalid_query"),
        ("offset=1e1", "invalid_query"),
        ("offset=%2B1", "invalid_query"),
        ("offset=", "invalid_query"),
    ] {
        refused_with(&ada.get(&format!("{CHATS}?{query}")).await, 400, code);
    }
}

#[tokio::test]
async fn the_list_has_the_callers_web_chats_and_nothing_else() {
    let stack = Stack::shared().await;
    let everybody = people(&stack, 3).await;
    let [ada, bob, eve] = &everybody[..] else { unreachable!("three people") };
    let (by_header, guest) = join(ada.header_user(&stack), Guest::new(&stack)).await;
    let other = User::new(&stack).await;
    // One of every other kind.
    by_header.write(&other, "hello").await;
    by_header.post_to_room(by_header.open_room("A room").await, "hello").await;
    say_to(&other, &mut by_header.socket().await, "hello").await;
    let group = by_header.create_group("A group").await;
    by_header.enter(group).await;
    guest.say(&guest.open("A conversation").await, "hello").await;
    assert_eq!(ada.get(CHATS).await.expect(200).json(), json!({"chats": []}));

    let (with_bob, with_eve) = join(chat_of(&[ada, bob]), chat_of(&[eve, ada])).await;
    let without_ada = chat_of(&[bob, eve]).await;
    for (user, expected) in
        [(ada, [with_bob, with_eve]), (bob, [with_bob, without_ada]), (eve, [with_eve, without_ada])]
    {
        let mut listed: Vec<_> = ids(user, "").await.iter().filter_map(Value::as_u64).collect();
        listed.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(listed, expected);
    }
}
