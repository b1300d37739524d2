//! Who takes part in a chat: `POST /api/chats/{chat_id}/users` and `DELETE /api/chats`.

use serde_json::{Value, json};
use tests::{Answer, Applicant, Caller as _, Guest, Stack, WebUser, unique};

use super::{
    CHATS, NO_IDS, NOBODY, chat_of, chat_path, ids, in_chat, is_ok, is_outside, leaving, listed,
    members_path, pair, pair_in_chat, people, refused_with,
};
use crate::common::column;

/// Brings somebody into a chat by this name.
async fn bring(user: &WebUser, chat: u64, name: &str) -> Answer {
    user.post(&members_path(chat)).form(&[("name", name)]).await
}

/// Takes somebody out of a chat.
async fn leave(user: &WebUser, chat: u64) {
    is_ok(&user.delete(&leaving(chat)).await, 200);
}

#[tokio::test]
async fn who_is_brought_in_sees_everything_and_may_do_everything() {
    let stack = Stack::shared().await;
    let everybody = people(&stack, 3).await;
    let [ada, bob, eve] = &everybody[..] else { unreachable!("three people") };
    let chat = ada.open_chat("A chat").await;
    for number in 1..=20 {
        ada.say(chat, &format!("number {number}")).await;
    }
    is_outside(bob, chat, 403, "forbidden").await;
    is_ok(&bring(ada, chat, &bob.name).await, 201);
    assert_eq!(bob.messages(chat).await, ada.messages(chat).await);
    assert_eq!(listed(bob, chat).await, listed(ada, chat).await);
    assert_eq!(bob.say(chat, "here I am").await, 21);
    is_ok(&bob.put(&chat_path(chat)).form(&[("title", "Ours")]).await, 200);
    is_ok(&bring(bob, chat, &eve.name).await, 201);
    assert_eq!(eve.messages(chat).await, ada.messages(chat).await);
    assert_eq!(listed(eve, chat).await["title"], "Ours");
    // Even who opened it goes like everybody else.
    leave(ada, chat).await;
    is_outside(ada, chat, 403, "forbidden").await;
    assert_eq!(eve.say(chat, "without Ada").await, 22);
}

#[tokio::test]
async fn every_spelling_of_the_name_brings_its_user_in() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let name = unique("Émile Straße");
    let emile = WebUser::named(&stack, &name).await;
    for spelling in [
        name.clone(),
        name.to_uppercase(),
        name.to_lowercase(),
        name.replace('É', "E\u{301}"),
        format!(" {name} "),
    ] {
        let chat = ada.open_chat("A chat").await;
        is_ok(&bring(&ada, chat, &spelling).await, 201);
        emile.say(chat, "here I am").await;
    }
    assert_eq!(emile.chats().await.len(), 5);
}

#[tokio::test]
async fn who_is_in_already_stays_in_once() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    bob.say(chat, "hello").await;
    for name in [&bob.name, &ada.name, &bob.name.to_uppercase()] {
        is_ok(&bring(&ada, chat, name).await, 201);
        is_ok(&bring(&bob, chat, name).await, 201);
    }
    for user in [&ada, &bob] {
        assert_eq!(column(&user.chats().await, "id"), [chat]);
        assert_eq!(ids(user, chat).await, [1]);
    }
    leave(&bob, chat).await;
    is_outside(&bob, chat, 403, "forbidden").await;
    leave(&ada, chat).await;
    is_outside(&ada, chat, 404, "chat_not_found").await;
}

#[tokio::test]
async fn users_of_every_kind_with_a_name_can_be_brought_in() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let chat = ada.open_chat("A chat").await;
    let live = Applicant::named().join(&stack).await;
    let guest = Guest::new(&stack).await;
    let name = live.applicant.user_name.clone().expect("a name");
    is_ok(&bring(&ada, chat, &name).await, 201);
    is_ok(&bring(&ada, chat, &guest.name).await, 201);
    ada.say(chat, "hello").await;

    let form = [("name", name.as_str()), ("password", &live.applicant.password)];
    let answer = stack.anonymous().post(super::LOGIN).form(&form).await.expect(200);
    let (id, token) = super::signed_in(&answer);
    assert_eq!(id, live.id);
    let cookie = super::cookies(id, &token);
    let call = stack.anonymous().post(&chat_path(chat)).form(&[("content", "hi")]);
    call.header("cookie", &cookie).await.expect(201);
    assert_eq!(column(&ada.messages(chat).await, "sender_id"), [ada.id, live.id]);
}

#[tokio::test]
async fn nobody_is_brought_in_by_a_name_that_nobody_has() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let old_name = unique("Before");
    let eve = WebUser::named(&stack, &old_name).await;
    is_ok(&eve.put("/api/user").form(&[("name", &unique("After"))]).await, 200);
    for name in [unique("Nobody"), old_name, bob.id.to_string(), bob.email.clone(), format!("{}x", bob.name)]
    {
        refused_with(&bring(&ada, chat, &name).await, 404, "user_not_found");
    }
    // What cannot be a name.
    for name in ["", " ", "a\nb", &"x".repeat(101), &"x".repeat(3_000)] {
        let answer = bring(&ada, chat, name).await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 400 | 404), "{name:?} gave {status}");
        answer.refused(status);
    }
    for form in [&[][..], &[("user_name", &bob.name)], &[("user_id", &bob.id.to_string())]] {
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        refused_with(&ada.post(&members_path(chat)).form(&form).await, 400, "invalid_body");
    }
    assert_eq!(eve.chats().await, Vec::<Value>::new());
}

#[tokio::test]
async fn who_has_left_sees_nothing_and_all_others_stay() {
    let stack = Stack::shared().await;
    let everybody = people(&stack, 3).await;
    let [ada, bob, eve] = &everybody[..] else { unreachable!("three people") };
    let chat = chat_of(&[ada, bob, eve]).await;
    for user in [ada, bob, eve] {
        user.say(chat, &user.name).await;
    }
    let before = (listed(eve, chat).await, eve.messages(chat).await);
    leave(bob, chat).await;
    is_outside(bob, chat, 403, "forbidden").await;
    for user in [ada, eve] {
        // What was said stays, and so does its author.
        assert_eq!((listed(user, chat).await, user.messages(chat).await), before);
    }
    assert_eq!(ada.say(chat, "without Bob").await, 4);
    leave(ada, chat).await;
    is_outside(ada, chat, 403, "forbidden").await;
    assert_eq!(ids(eve, chat).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn the_last_one_out_deletes_the_chat() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    for number in 1..=30 {
        ada.say(chat, &format!("number {number}")).await;
    }
    leave(&ada, chat).await;
    is_outside(&ada, chat, 403, "forbidden").await;
    leave(&bob, chat).await;
    for user in [&ada, &bob] {
        is_outside(user, chat, 404, "chat_not_found").await;
        is_outside(user, chat, 404, "chat_not_found").await;
    }
    assert_ne!(ada.open_chat("A chat").await, chat);
}

#[tokio::test]
async fn a_chat_of_one_is_deleted_by_leaving() {
    let stack = Stack::shared().await;
    let [ada, stranger] = pair(&stack).await;
    let (empty, used) = (ada.open_chat("Empty").await, ada.open_chat("Used").await);
    ada.say(used, "hello").await;
    is_ok(&ada.delete(&format!("{CHATS}/?chat_id={empty}")).await, 200);
    is_outside(&ada, empty, 404, "chat_not_found").await;
    assert_eq!(ids(&ada, used).await, [1]);
    leave(&ada, used).await;
    for user in [&ada, &stranger] {
        is_outside(user, used, 404, "chat_not_found").await;
    }
    assert_eq!(ada.chats().await, Vec::<Value>::new());
}

#[tokio::test]
async fn who_has_left_can_be_brought_in_again() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    for round in 0..3 {
        bob.say(chat, "soon gone").await;
        leave(&bob, chat).await;
        is_outside(&bob, chat, 403, "forbidden").await;
        ada.say(chat, "while Bob was away").await;
        is_ok(&bring(&ada, chat, &bob.name).await, 201);
        let expected: Vec<u64> = (1..=2 * (round + 1)).collect();
        assert_eq!(ids(&bob, chat).await, expected, "what was said meanwhile is there, too");
        assert_eq!(listed(&bob, chat).await, listed(&ada, chat).await);
    }
    // Who comes back may delete what was its own.
    is_ok(&bob.delete(&super::message_path(chat, 1)).await, 200);
    // Who opened it may leave and come back as well.
    leave(&ada, chat).await;
    is_ok(&bring(&bob, chat, &ada.name).await, 201);
    assert_eq!(ids(&ada, chat).await, [2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn nobody_brings_himself_in() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let stranger = WebUser::new(&stack).await;
    leave(&bob, chat).await;
    for user in [&stranger, &bob] {
        for name in [&stranger.name, &bob.name, &ada.name] {
            refused_with(&bring(user, chat, name).await, 403, "forbidden");
        }
        assert_eq!(user.chats().await, Vec::<Value>::new());
    }
    refused_with(&bring(&ada, NOBODY, &bob.name).await, 404, "chat_not_found");
}

#[tokio::test]
async fn leaving_needs_the_id_of_a_chat() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let more = ["", "1x", "1e1"];
    for id in NO_IDS.iter().chain(&more) {
        refused_with(&ada.delete(&format!("{CHATS}?chat_id={id}")).await, 400, "invalid_query");
    }
    for query in [String::new(), "?".to_owned(), format!("?id={chat}"), format!("?CHAT_ID={chat}")] {
        refused_with(&ada.delete(&format!("{CHATS}{query}")).await, 400, "invalid_query");
    }
    let form = [("chat_id", chat.to_string())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    refused_with(&ada.delete(CHATS).form(&form).await, 400, "invalid_query");
    refused_with(&ada.delete(&leaving(NOBODY)).await, 404, "chat_not_found");
    assert_eq!((ada.chats().await.len(), bob.chats().await.len()), (1, 1));
}

#[tokio::test]
async fn an_id_with_a_plus_sign_names_no_chat() {
    let stack = Stack::shared().await;
    let ([ada, _], chat) = pair_in_chat(&stack).await;
    refused_with(&ada.delete(&format!("{CHATS}?chat_id=%2B{chat}")).await, 400, "invalid_query");
    assert_eq!(column(&ada.chats().await, "id"), [chat]);
}

#[tokio::test]
async fn a_stranger_takes_nobody_out() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let stranger = WebUser::new(&stack).await;
    refused_with(&stranger.delete(&leaving(chat)).await, 403, "forbidden");
    // Nobody is taken out but the caller, whatever else is said.
    let path = format!("{}&user_id={}&name={}", leaving(chat), bob.id, bob.name);
    is_ok(&ada.delete(&path).await, 200);
    is_outside(&ada, chat, 403, "forbidden").await;
    assert_eq!(column(&bob.chats().await, "id"), [chat]);
}

#[tokio::test]
async fn who_may_do_what_follows_every_coming_and_going() {
    let stack = Stack::shared().await;
    let everybody = people(&stack, 4).await;
    let chat = everybody[0].open_chat("A chat").await;
    let mut inside = vec![true, false, false, false];
    // (who does it, who comes), or (who goes, the same).
    let passages = [(0, 1), (1, 2), (0, 0), (2, 3), (1, 1), (3, 0), (2, 2), (0, 1), (3, 3), (1, 2), (0, 0)];
    for (actor, other) in passages {
        if actor == other {
            leave(&everybody[actor], chat).await;
        } else {
            is_ok(&bring(&everybody[actor], chat, &everybody[other].name).await, 201);
        }
        inside[other] = actor != other;
        for (user, inside) in everybody.iter().zip(&inside) {
            let (status, listed) = if *inside { (200, 1) } else { (403, 0) };
            user.get(&chat_path(chat)).await.expect(status);
            let path = chat_path(chat);
            let post = user.post(&path).form(&[("content", "hello")]).await;
            post.expect(if *inside { 201 } else { 403 });
            assert_eq!(user.chats().await.len(), listed);
        }
    }
    assert_eq!(inside, [false, true, true, false]);
    let seen = ids(&everybody[1], chat).await;
    assert_eq!(json!(seen), json!((1..=seen.len()).collect::<Vec<_>>()));
}

#[tokio::test]
async fn two_chats_know_nothing_of_each_other() {
    let stack = Stack::shared().await;
    let [ada, bob] = pair(&stack).await;
    let (one, other) = (chat_of(&[&ada, &bob]).await, chat_of(&[&bob, &ada]).await);
    ada.say(one, "one").await;
    bob.say(other, "other").await;
    leave(&ada, one).await;
    is_outside(&ada, one, 403, "forbidden").await;
    assert_eq!(column(&ada.messages(other).await, "content"), ["other"]);
    leave(&bob, one).await;
    for call in in_chat(one, &bob.name) {
        refused_with(&call.by(&bob).await, 404, "chat_not_found");
    }
    assert_eq!(column(&bob.messages(other).await, "content"), ["other"]);
}
