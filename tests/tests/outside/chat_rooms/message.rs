//! `POST /chat_rooms/{chat_room_id}/message`.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::json;
use tests::{Caller as _, Stack, User};

use super::{messages, open_for, people, room_of, whole_history};
use crate::common::{column, fields, is_moment, text};

/// Most bytes of a message.
const LIMIT: usize = 16 * 1024;

fn path(room: u64) -> String {
    format!("/chat_rooms/{room}/message")
}

#[tokio::test]
async fn the_answer_says_where_the_message_stands() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("Prater").await;
    for (seq, user) in [(1, &ada), (2, &bob), (3, &bob)] {
        let sent = user.post(&path(room)).json(&text("hello")).await.expect(201).json();
        assert_eq!(fields(&sent), ["chat_room_id", "message_timestamp", "seq"]);
        assert_eq!((&sent["chat_room_id"], &sent["seq"]), (&json!(room), &json!(seq)));
        assert!(is_moment(&sent["message_timestamp"]), "{sent}");
        let shown = room_of(&ada, room).await;
        assert_eq!(messages(&shown)[0]["timestamp"], sent["message_timestamp"]);
    }
}

#[tokio::test]
async fn the_first_message_makes_a_participant() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("Prater").await;
    let participants = async || {
        let rows = ada.get(&format!("/chat_rooms/{room}/users")).await.expect(200).rows();
        rows.iter().filter_map(|row| row["user_id"].as_u64()).collect::<BTreeSet<_>>()
    };
    for number in 1..=3 {
        ada.post_to_room(room, &number.to_string()).await;
    }
    assert_eq!(participants().await, [ada.id].into());

    assert_eq!(bob.post_to_room(room, "here I am").await, 4);
    assert_eq!(participants().await, [ada.id, bob.id].into());
    assert_eq!(bob.room_unread(room).await, 0, "what was said before is not unread");
    bob.post_to_room(room, "still here").await;
    assert_eq!(bob.room_unread(room).await, 0);
    ada.post_to_room(room, "welcome").await;
    assert_eq!((ada.room_unread(room).await, bob.room_unread(room).await), (2, 1));
    assert_eq!(participants().await.len(), 2);
}

#[tokio::test]
async fn every_documented_type_is_taken_and_no_other() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let room = ada.open_room("Prater").await;
    let kinds = ["text", "image", "sticker", "location", "audio"];
    let mut body = text("{\"x\":1}");
    for kind in kinds {
        body["type"] = json!(kind);
        ada.post(&path(room)).json(&body).await.expect(201);
    }
    for wrong in [json!("customize"), json!("video"), json!("Text"), json!(""), json!(null), json!(1)] {
        body["type"] = wrong;
        ada.post(&path(room)).json(&body).await.refused(400);
    }
    let mut shown = column(messages(&room_of(&ada, room).await), "type");
    shown.reverse();
    assert_eq!(shown, kinds);
}

#[tokio::test]
async fn a_form_does_as_well_as_json() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let room = ada.open_room("Prater").await;
    let form = [("message", "a+b & ü ="), ("type", "audio"), ("more", "1")];
    ada.post(&path(room)).form(&form).await.expect(201);
    let shown = room_of(&ada, room).await;
    assert_eq!((&shown["last_message"], &shown["last_message_type"]), (&json!("a+b & ü ="), &json!("audio")));
    ada.post(&path(room)).form(&[("message", ""), ("type", "text")]).await.refused(400);
    ada.post(&path(room)).form(&[("message", "x"), ("type", "customize")]).await.refused(400);
}

#[tokio::test]
async fn every_field_is_needed_and_of_its_type() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let room = ada.open_room("Prater").await;
    for field in ["message", "type"] {
        let mut body = text("hello");
        for wrong in [json!(null), json!([1]), json!({}), json!(true), json!(7)] {
            body[field] = wrong;
            ada.post(&path(room)).json(&body).await.refused(400);
        }
        body.as_object_mut().expect("an object").remove(field);
        ada.post(&path(room)).json(&body).await.refused(400);
    }
    assert!(
        ada.get("/chat_rooms").await.expect(200).rows().is_empty(),
        "what is refused makes no participant"
    );
}

#[tokio::test]
async fn other_content_types_and_broken_bodies_are_refused() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let room = ada.open_room("Prater").await;
    let body = text("hello").to_string();
    ada.post(&path(room)).body("text/plain", body.clone()).await.refused(415);
    for broken in ["", "{", "[]", "null", "[\"hello\",\"text\"]", &body[1..]] {
        ada.post(&path(room)).body("application/json", broken.to_owned()).await.refused(400);
    }
}

#[tokio::test]
async fn messages_have_1_byte_to_16_kib() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let room = ada.open_room("Prater").await;
    let largest = "ä".repeat(LIMIT / 2);
    for wrong in ["", &"a".repeat(LIMIT + 1), &format!("{largest}a")] {
        assert_eq!(ada.post(&path(room)).json(&text(wrong)).await.refused(400), "invalid_message");
    }
    ada.post_to_room(room, &largest).await;
    assert_eq!(messages(&room_of(&ada, room).await)[0]["message"], json!(largest));
}

#[tokio::test]
async fn a_page_of_the_largest_messages_is_no_larger_than_an_answer_may_be() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let room = ada.open_room("Prater").await;
    // Each of these bytes takes six in JSON: a hundred of them would be more than Lambda answers.
    let largest = "\u{1}".repeat(LIMIT);
    for _ in 0..70 {
        ada.post_to_room(room, &largest).await;
    }
    let all = whole_history(&ada, room).await;
    assert_eq!(column(&all, "seq"), (1..=70).rev().collect::<Vec<_>>());
    assert!(all.iter().all(|row| row["message"] == json!(largest)));
}

#[tokio::test]
async fn texts_are_kept_as_sent() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let room = ada.open_room("Prater").await;
    let texts = [
        " ",
        "\n\t\u{0}\u{7f}",
        "e\u{301}é",
        "👩‍👩‍👧‍👦",
        "\u{202e}abc",
        "<script>alert(1)</script>",
        "\\u0041\"",
        "{}",
    ];
    for text in texts {
        ada.post_to_room(room, text).await;
    }
    let mut kept = column(messages(&room_of(&ada, room).await), "message");
    kept.reverse();
    assert_eq!(kept, texts);
}

#[tokio::test]
async fn a_full_room_takes_nobody_else() {
    let stack = Stack::shared().await;
    let everybody = people(&stack, 4).await;
    let [owner, ada, bob, eve] = &everybody[..] else { unreachable!("four people") };
    let room = open_for(owner, 2).await;
    ada.post_to_room(room, "one").await;
    bob.post_to_room(room, "two").await;
    for late in [eve, owner] {
        late.post(&path(room)).json(&text("let me in")).await.refused(403);
        assert!(late.get("/chat_rooms").await.expect(200).rows().is_empty());
        late.post(&format!("/chat_rooms/{room}/read")).await.refused(403);
        assert_eq!(messages(&room_of(late, room).await).len(), 2, "everybody may look, all the same");
    }
    ada.post_to_room(room, "three").await;
    assert_eq!(bob.post_to_room(room, "four").await, 4);
    assert_eq!(ada.get(&format!("/chat_rooms/{room}/users")).await.expect(200).rows().len(), 2);
}

#[tokio::test]
async fn of_many_who_come_at_once_as_many_get_in_as_there_is_room_for() {
    const CAPACITY: u64 = 5;
    let stack = Stack::shared().await;
    let everybody = people(&stack, 12).await;
    let room = open_for(&everybody[0], CAPACITY).await;
    // Everybody tries twice at once: nobody takes two places.
    let post = async |user: &User| (user.id, user.post(&path(room)).json(&text("let me in")).await);
    let answers = join_all(everybody.iter().chain(&everybody).map(post)).await;
    let mut inside = BTreeSet::new();
    let mut seqs = Vec::new();
    for (user, answer) in answers {
        if answer.status == 403 {
            answer.refused(403);
        } else {
            inside.insert(user);
            seqs.extend(answer.expect(201).json()["seq"].as_u64());
        }
    }
    seqs.sort_unstable();
    assert_eq!(inside.len() as u64, CAPACITY, "{inside:?}");
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    let rows = everybody[0].get(&format!("/chat_rooms/{room}/users")).await.expect(200).rows();
    let participants: Vec<_> = rows.iter().filter_map(|row| row["user_id"].as_u64()).collect();
    assert_eq!(participants.len(), inside.len());
    assert_eq!(participants.into_iter().collect::<BTreeSet<_>>(), inside);
}

#[tokio::test]
async fn two_hundred_messages_of_twenty_people_at_once_are_numbered_1_to_200() {
    const PEOPLE: usize = 20;
    const EACH: usize = 10;
    let stack = Stack::shared().await;
    let everybody = people(&stack, PEOPLE).await;
    let room = everybody[0].open_room("Prater").await;
    let texts: Vec<_> = (0..PEOPLE)
        .flat_map(|person| (0..EACH).map(move |number| (person, format!("{person}:{number}"))))
        .collect();
    let sent = join_all(texts.iter().map(|(person, text)| everybody[*person].post_to_room(room, text))).await;
    let answered: BTreeSet<_> = sent.into_iter().zip(texts.iter().map(|(_, text)| text.clone())).collect();

    let all = whole_history(&everybody[7], room).await;
    let total = (PEOPLE * EACH) as u64;
    assert_eq!(column(&all, "seq"), (1..=total).rev().collect::<Vec<_>>());
    let stored: BTreeSet<_> = all
        .iter()
        .filter_map(|row| Some((row["seq"].as_u64()?, row["message"].as_str()?.to_owned())))
        .collect();
    assert_eq!(stored, answered, "every message stands where its answer said");
    assert!(
        all.is_sorted_by(|one, other| one["timestamp"].as_str() > other["timestamp"].as_str()),
        "{all:?}"
    );

    for user in &everybody {
        let own: Vec<_> = all
            .iter()
            .filter(|row| row["user_id"] == user.id)
            .filter_map(|row| row["seq"].as_u64())
            .collect();
        assert_eq!(own.len(), EACH);
        // What others said while one was coming in may count or not; what they said after that counts.
        let first = own.last().expect("ten messages");
        let after = total - first - (EACH as u64 - 1);
        let unread = user.room_unread(room).await;
        assert!((after..=total - EACH as u64).contains(&unread), "{unread} unread after {first}");
        user.mark_room_read(room).await;
        assert_eq!(user.room_unread(room).await, 0);
    }
    let rows = everybody[0].get(&format!("/chat_rooms/{room}/users")).await.expect(200).rows();
    assert_eq!(rows.len(), PEOPLE);
}

#[tokio::test]
async fn messages_of_participants_at_once_are_unread_by_all_others() {
    const PEOPLE: usize = 6;
    const EACH: usize = 5;
    let stack = Stack::shared().await;
    let everybody = people(&stack, PEOPLE).await;
    let room = everybody[0].open_room("Prater").await;
    for user in &everybody {
        user.post_to_room(room, "here I am").await;
    }
    join_all(everybody.iter().map(|user| user.mark_room_read(room))).await;
    join_all((0..PEOPLE * EACH).map(|number| everybody[number % PEOPLE].post_to_room(room, "at once"))).await;
    for user in &everybody {
        assert_eq!(user.room_unread(room).await, ((PEOPLE - 1) * EACH) as u64);
    }
}
