//! What several people do in one chat at once.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join, join_all};
use serde_json::{Value, json};
use tests::{Answer, Caller as _, Socket, Stack, WebUser, unique};

use super::{
    chat_of, chat_path, check, ids, is_ok, is_outside, leaving, listed, members_path, message_path,
    pair_in_chat, people, refused_with,
};
use crate::common::column;

/// Everything that was ever said and is left in a chat, oldest first.
pub(super) async fn whole(user: &WebUser, chat: u64) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    let mut path = format!("{}?count=100", chat_path(chat));
    loop {
        let page = user.get(&path).await.expect(200).json();
        let mut rows = page["messages"].as_array().expect("messages").clone();
        rows.append(&mut all);
        all = rows;
        match page["next"].as_str() {
            Some(next) => path = format!("{}?count=100&next={next}", chat_path(chat)),
            None => return all,
        }
    }
}

/// Posts with an idempotency key.
pub(super) async fn keyed(user: &WebUser, chat: u64, content: &str, key: &str) -> Answer {
    user.post(&chat_path(chat)).header("idempotency-key", key).form(&[("content", content)]).await
}

/// Checks that of several deletions of one message, made at once, one has deleted it.
#[track_caller]
pub(super) fn one_has_deleted(answers: &[Answer]) {
    let (done, late): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(done.len(), 1, "{answers:?}");
    is_ok(done[0], 200);
    for answer in late {
        refused_with(answer, 404, "message_not_found");
    }
}

/// So many people in a chat of theirs.
pub(super) async fn people_in_chat(stack: &Stack, count: usize) -> (Vec<WebUser>, u64) {
    let people = people(stack, count).await;
    let chat = chat_of(&people.iter().collect::<Vec<_>>()).await;
    (people, chat)
}

#[track_caller]
pub(super) fn times_increase(rows: &[Value]) {
    let times: Vec<_> = rows.iter().map(|row| row["time"].as_str().expect("a time")).collect();
    assert!(times.is_sorted_by(|one, other| one < other), "{times:?}");
}

/// The messages of a chat among the next frames of a socket: the first so many, and no more.
async fn hear(socket: &mut Socket, chat: u64, count: usize) -> BTreeMap<u64, Value> {
    let is_it = |frame: &Value| frame["type"] == "chat_message" && frame["chat_id"] == chat;
    let mut heard = BTreeMap::new();
    for _ in 0..count {
        let frame = socket.expect("a message of the chat", is_it).await;
        let id = frame["id"].as_u64().expect("an id");
        assert_eq!(heard.insert(id, frame), None, "{id} comes twice");
    }
    let more: Vec<_> = socket.so_far().await.into_iter().filter(is_it).collect();
    assert_eq!(more, Vec::<Value>::new());
    heard
}

#[tokio::test]
async fn two_hundred_messages_of_eight_people_at_once_are_numbered_1_to_200() {
    const PEOPLE: usize = 8;
    const EACH: usize = 25;
    let stack = Stack::shared().await;
    let (people, chat) = people_in_chat(&stack, PEOPLE).await;
    let mut sockets = Vec::new();
    for user in &people {
        sockets.push(user.socket(&stack.ready().http).await);
    }
    let speak = async |person: usize| {
        let contents: Vec<_> = (0..EACH).map(|number| format!("{person}:{number}")).collect();
        let mut said = Vec::new();
        if person.is_multiple_of(2) {
            // One after another.
            for content in contents {
                said.push((people[person].say(chat, &content).await, content));
            }
            assert!(said.is_sorted_by(|(one, _), (other, _)| one < other), "{said:?}");
        } else {
            let ids = join_all(contents.iter().map(|content| people[person].say(chat, content))).await;
            said.extend(ids.into_iter().zip(contents));
        }
        said.into_iter().map(|(id, content)| (id, (person, content))).collect::<Vec<_>>()
    };
    let said: Vec<_> = join_all((0..PEOPLE).map(speak)).await.concat();
    let by_id: BTreeMap<_, _> = said.iter().cloned().collect();
    assert!(by_id.keys().copied().eq(1..=(PEOPLE * EACH) as u64), "{:?}", by_id.keys());

    // Everybody sees each where its answer said, and every socket has heard it once.
    for (user, socket) in people.iter().zip(&mut sockets) {
        let rows = whole(user, chat).await;
        assert_eq!(rows.len(), by_id.len());
        for (row, (id, (author, content))) in rows.iter().zip(&by_id) {
            check(row, &people[*author], *id, content);
        }
        times_increase(&rows);
        let heard = hear(socket, chat, by_id.len()).await;
        for (row, (id, frame)) in rows.iter().zip(&heard) {
            let expected = json!({
                "type": "chat_message", "chat_id": chat, "id": id, "sender_id": row["sender_id"],
                "content": row["content"], "time": row["time"], "seq": id,
            });
            assert_eq!(*frame, expected);
        }
        let (last, row) = (rows.last().expect("a message"), listed(user, chat).await);
        let seen = (&row["last_message"], &row["last_message_time"], &row["sender_id"]);
        assert_eq!(seen, (&last["content"], &last["time"], &last["sender_id"]));
    }
}

#[tokio::test]
async fn of_ten_with_one_key_at_once_one_is_stored() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let mut socket = bob.socket(&stack.ready().http).await;
    let again = ada.login(&stack).await;
    for round in 1..=5 {
        let key = unique("key");
        let retries = (0..10).map(|number| {
            let user = if number % 2 == 0 { &ada } else { &again };
            keyed(user, chat, "once", &key)
        });
        let answers = join_all(retries).await;
        for answer in answers {
            assert_eq!(answer.expect(201).json(), json!({"status": "ok", "id": round}));
        }
        assert_eq!(ids(&bob, chat).await, (1..=round).collect::<Vec<u64>>());
    }
    hear(&mut socket, chat, 5).await;
}

#[tokio::test]
async fn of_one_key_with_many_contents_at_once_one_is_stored() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let contents: Vec<_> = (0..8).map(|number| format!("content {number}")).collect();
    for _ in 0..3 {
        let before = bob.messages(chat).await.len();
        let key = unique("key");
        let answers = join_all(contents.iter().map(|content| keyed(&ada, chat, content, &key))).await;
        let mut stored = Vec::new();
        for (content, answer) in contents.iter().zip(&answers) {
            if answer.status == 201 {
                stored.push((answer.json()["id"].clone(), content));
            } else {
                refused_with(answer, 400, "idempotency_key_reused");
            }
        }
        let [(id, content)] = &stored[..] else { panic!("{answers:?}") };
        let rows = bob.messages(chat).await;
        assert_eq!(rows.len(), before + 1);
        let last = rows.last().expect("a message");
        assert_eq!((&last["id"], last["content"].as_str()), (id, Some(content.as_str())));
    }
}

#[tokio::test]
async fn of_deletions_of_one_message_at_once_one_has_deleted() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    ada.say(chat, "here to stay").await;
    for round in 1..=10 {
        let message = ada.say(chat, "soon gone").await;
        // Sometimes it is no longer the last one.
        if round % 2 == 0 {
            bob.say(chat, "after it").await;
        }
        let path = message_path(chat, message);
        let (deletions, anothers) =
            join(join_all((0..4).map(|_| ada.delete(&path).into_future())), bob.delete(&path).into_future())
                .await;
        one_has_deleted(&deletions);
        // To the other one it is somebody else's or gone.
        let status = anothers.status.as_u16();
        assert!(matches!(status, 403 | 404), "{status}");
        anothers.refused(status);
        assert!(!ids(&bob, chat).await.contains(&json!(message)));
    }
    assert_eq!(bob.messages(chat).await.len(), 6);
}

#[tokio::test]
async fn deletions_of_all_messages_at_once_leave_nothing() {
    let stack = Stack::shared().await;
    let (people, chat) = people_in_chat(&stack, 3).await;
    for number in 0..30 {
        people[number % 3].say(chat, &format!("number {number}")).await;
    }
    let deletions = (0..30).map(|number| {
        let path = message_path(chat, number as u64 + 1);
        people[number % 3].delete(&path).into_future()
    });
    for answer in join_all(deletions).await {
        is_ok(&answer, 200);
    }
    for user in &people {
        assert_eq!(user.messages(chat).await, Vec::<Value>::new());
        assert_eq!(listed(user, chat).await["last_message"], Value::Null);
    }
    assert_eq!(people[0].say(chat, "still here").await, 31);
}

#[tokio::test]
async fn when_two_leave_a_chat_of_two_at_once_it_is_gone() {
    let stack = Stack::shared().await;
    let (people, _) = people_in_chat(&stack, 2).await;
    let [ada, bob] = &people[..] else { unreachable!("two people") };
    for _ in 0..5 {
        let chat = chat_of(&[ada, bob]).await;
        ada.say(chat, "hello").await;
        let path = leaving(chat);
        let (one, other) = join(ada.delete(&path).into_future(), bob.delete(&path).into_future()).await;
        is_ok(&one, 200);
        is_ok(&other, 200);
        for user in [ada, bob] {
            is_outside(user, chat, 404, "chat_not_found").await;
        }
    }
}

#[tokio::test]
async fn when_everybody_leaves_at_once_the_chat_is_gone() {
    let stack = Stack::shared().await;
    let (people, chat) = people_in_chat(&stack, 6).await;
    for user in &people {
        user.say(chat, "hello").await;
    }
    let path = leaving(chat);
    for answer in join_all(people.iter().map(|user| user.delete(&path).into_future())).await {
        is_ok(&answer, 200);
    }
    for user in &people {
        is_outside(user, chat, 404, "chat_not_found").await;
    }
}

#[tokio::test]
async fn who_leaves_several_times_at_once_has_left_once() {
    let stack = Stack::shared().await;
    let (people, stays) = people_in_chat(&stack, 2).await;
    let [ada, bob] = &people[..] else { unreachable!("two people") };
    let alone = ada.open_chat("Ada's").await;
    for (chat, status, code) in [(stays, 403, "forbidden"), (alone, 404, "chat_not_found")] {
        let path = leaving(chat);
        let answers = join_all((0..4).map(|_| ada.delete(&path).into_future())).await;
        let (done, late): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(done.len(), 1, "{answers:?}");
        is_ok(done[0], 200);
        for answer in late {
            refused_with(answer, status, code);
        }
        is_outside(ada, chat, status, code).await;
    }
    assert_eq!(column(&bob.chats().await, "id"), [stays]);
}

#[tokio::test]
async fn whoever_is_brought_in_while_the_last_one_leaves_has_a_chat_or_none() {
    let stack = Stack::shared().await;
    let people = people(&stack, 2).await;
    let [ada, bob] = &people[..] else { unreachable!("two people") };
    for _ in 0..8 {
        let chat = ada.open_chat("A chat").await;
        ada.say(chat, "hello").await;
        let invitation = ada.post(&members_path(chat)).form(&[("name", &bob.name)]).into_future();
        let (brought, left) = join(invitation, ada.delete(&leaving(chat)).into_future()).await;
        is_ok(&left, 200);
        if brought.status == 201 {
            is_ok(&brought, 201);
            is_outside(ada, chat, 403, "forbidden").await;
            assert_eq!(column(&bob.messages(chat).await, "content"), ["hello"]);
            is_ok(&bob.delete(&leaving(chat)).await, 200);
        } else {
            // The one who brings had left before, or the chat had gone with him.
            let status = brought.status.as_u16();
            assert!(matches!(status, 403 | 404), "{status}");
            brought.refused(status);
        }
        for user in [ada, bob] {
            is_outside(user, chat, 404, "chat_not_found").await;
        }
    }
}

#[tokio::test]
async fn who_is_brought_in_by_many_at_once_is_in_once() {
    let stack = Stack::shared().await;
    let (people, chat) = people_in_chat(&stack, 4).await;
    let eve = WebUser::new(&stack).await;
    let invitations = (0..8).map(|number| people[number % 4].invite(chat, &eve));
    join_all(invitations).await;
    assert_eq!(column(&eve.chats().await, "id"), [chat]);
    is_ok(&eve.delete(&leaving(chat)).await, 200);
    is_outside(&eve, chat, 403, "forbidden").await;
    for user in &people {
        is_ok(&user.delete(&leaving(chat)).await, 200);
    }
    is_outside(&eve, chat, 404, "chat_not_found").await;
}

#[tokio::test]
async fn what_is_said_while_one_leaves_is_said_before_or_refused() {
    let stack = Stack::shared().await;
    let (people, _) = people_in_chat(&stack, 2).await;
    let [ada, bob] = &people[..] else { unreachable!("two people") };
    for _ in 0..5 {
        let chat = chat_of(&[ada, bob]).await;
        let posts = (0..4).map(|number| {
            let content = format!("number {number}");
            async move { (ada.post(&chat_path(chat)).form(&[("content", &content)]).await, content) }
        });
        let (posts, left) = join(join_all(posts), ada.delete(&leaving(chat)).into_future()).await;
        is_ok(&left, 200);
        let mut said = BTreeMap::new();
        for (answer, content) in posts {
            if answer.status == 201 {
                said.insert(answer.json()["id"].as_u64().expect("an id"), content);
            } else {
                refused_with(&answer, 403, "forbidden");
            }
        }
        let rows = bob.messages(chat).await;
        let seen = rows.iter().map(|row| (row["id"].as_u64(), row["content"].as_str()));
        assert!(seen.eq(said.iter().map(|(id, content)| (Some(*id), Some(content.as_str())))), "{rows:?}");
        is_outside(ada, chat, 403, "forbidden").await;
    }
}

#[tokio::test]
async fn of_titles_given_at_once_one_is_left_and_no_message_is_lost() {
    let stack = Stack::shared().await;
    let (people, chat) = people_in_chat(&stack, 3).await;
    let titles: Vec<_> = (0..9).map(|number| format!("Title {number}")).collect();
    let rename = async |number: usize| {
        let call = people[number % 3].put(&chat_path(chat));
        is_ok(&call.form(&[("title", &titles[number])]).await, 200);
    };
    let say = |number: usize| people[number % 3].say(chat, "meanwhile");
    join(join_all((0..9).map(rename)), join_all((0..9).map(say))).await;
    let title = listed(&people[0], chat).await["title"].clone();
    assert!(titles.iter().any(|given| title == **given), "{title}");
    for user in &people {
        assert_eq!(listed(user, chat).await["title"], title);
        assert_eq!(ids(user, chat).await, (1..=9).collect::<Vec<u64>>());
    }
}

#[tokio::test]
async fn chats_opened_at_once_are_all_there() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let again = ada.login(&stack).await;
    let opened = (0..20).map(|number| if number % 2 == 0 { &ada } else { &again }.open_chat("One of many"));
    let opened: BTreeSet<_> = join_all(opened).await.into_iter().collect();
    assert_eq!(opened.len(), 20);
    let listed: BTreeSet<_> = again.chats().await.iter().filter_map(|row| row["id"].as_u64()).collect();
    assert_eq!(listed, opened);
}

#[tokio::test]
async fn what_was_done_is_seen_at_once_by_everybody() {
    let stack = Stack::shared().await;
    let (people, chat) = people_in_chat(&stack, 3).await;
    // Whatever others do meanwhile, who has an answer sees what it did, and so does everybody who asks then.
    let busy = async |person: usize| {
        for number in 0..6 {
            let content = format!("{person}:{number}");
            let id = people[person].say(chat, &content).await;
            let other = &people[(person + 1) % 3];
            let row = other.messages(chat).await.into_iter().find(|row| row["id"] == id);
            check(&row.expect("the message"), &people[person], id, &content);
            if number % 2 == 0 {
                is_ok(&people[person].delete(&message_path(chat, id)).await, 200);
                assert!(!ids(other, chat).await.contains(&json!(id)), "{id} is deleted");
            }
        }
    };
    join_all((0..3).map(busy)).await;
    let rows = people[0].messages(chat).await;
    assert_eq!(rows.len(), 9);
    times_increase(&rows);
}
