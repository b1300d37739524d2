//! Keys that are rotated while everybody goes on.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::{join, join_all, join4, join5};
use serde_json::{Value, json};
use tests::store_proxy::{self, Everything};
use tests::token::kid;
use tests::{Caller as _, Guest, Stack, User, WebUser, eventually, millis, unique};

use super::crowd::{Crowd, renew_processes, rotate, rotate_now};
use crate::common::column;

const ROTATIONS: usize = 5;
const AT_ONCE: usize = 10;
const DAY_MS: u64 = 24 * 3600 * 1000;

/// The item of the key that signs tokens.
fn signing() -> Value {
    json!({"pk": {"S": "private#tokens"}})
}

/// How often each of some people has done all there is to do, and whether they may stop.
#[derive(Default)]
struct Rounds {
    done: RefCell<Vec<usize>>,
    over: Cell<bool>,
}

impl Rounds {
    /// Does something again and again until it is over.
    async fn repeat(&self, mut act: impl AsyncFnMut()) {
        let place = self.done.borrow().len();
        self.done.borrow_mut().push(0);
        while !self.over.get() {
            act().await;
            self.done.borrow_mut()[place] += 1;
        }
    }

    /// Waits until everybody has begun and ended a round since.
    async fn one_more(&self) {
        let before = self.done.borrow().clone();
        let more = async || {
            let done = self.done.borrow();
            done.iter().zip(&before).all(|(now, before)| *now > before + 1).then_some(())
        };
        eventually("another round of everybody", more).await;
    }
}

#[tokio::test]
async fn no_request_is_refused_while_keys_are_rotated() {
    let stack = Stack::start(&[]).await;
    let crowd = Crowd::new(&stack).await;
    let first = crowd.kid();
    let (again, web_again) = join(User::new(&stack), WebUser::new(&stack)).await;
    let [ada, bob] = &crowd.members;
    let rounds = Rounds::default();

    let users = rounds.repeat(async || {
        crowd.user.write(&again, "by an old token").await;
        let new = again.again(&stack).await;
        new.write(&crowd.user, "by a new one").await;
        new.socket().await.close().await;
        crowd.user.socket().await.close().await;
    });
    let webs = rounds.repeat(async || {
        let chat = crowd.web.open_chat("A chat").await;
        let new = web_again.login(&stack).await;
        crowd.web.invite(chat, &new).await;
        new.say(chat, "by a new cookie").await;
    });
    let guests = rounds.repeat(async || {
        let conversation = crowd.guest.open("A conversation").await;
        Guest::new(&stack).await.say(&conversation, "by a new cookie").await;
    });
    let mut eve = crowd.platform.member("eve").await;
    let refreshing = rounds.repeat(async || {
        let body = json!({"refreshToken": eve.refresh});
        let tokens = eve.put("/token").json(&body).await.expect(201).json();
        eve = crowd.platform.known(&eve.id, eve.key.clone(), &tokens);
        eve.get("/messages").await.expect(200);
    });
    // Both look at the server's signature, and verify it by one of the keys that it publishes then.
    let members = rounds.repeat(async || {
        let text = unique("text");
        ada.send(&crowd.chat, &text, &text).await;
        let messages = bob.incoming().await.messages;
        assert_eq!(column(&messages, "messageText"), [text.as_str()]);
        let id = messages[0]["messageID"].as_str().expect("a messageID");
        bob.acknowledge(&[id], "delivered").await;
    });
    let rotating = async {
        let mut kids = vec![first.clone()];
        for _ in 0..ROTATIONS {
            rounds.one_more().await;
            kids.push(rotate_now(&stack).await);
        }
        rounds.one_more().await;
        rounds.over.set(true);
        kids
    };
    let (_, kids) = join(join5(users, webs, guests, refreshing, members), rotating).await;
    let distinct: BTreeSet<_> = kids.iter().collect();
    assert_eq!(distinct.len(), ROTATIONS + 1, "a key each time: {kids:?}");

    crowd.are_in().await;
    renew_processes(&stack).await;
    crowd.are_in().await;
    let later = Crowd::new(&stack).await;
    assert_eq!(Some(&later.kid()), kids.last());
    later.are_in().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_know_the_former_key_and_those_that_know_the_new_one_trust_each_other() {
    let store = store_proxy::start(Arc::new(Everything)).await;
    let old = Stack::start(&["--dynamodb", &store]).await;
    let before = Crowd::new(&old).await;
    before.are_in().await;
    let kid = rotate_now(&old).await;
    // As a deployment that has more to do gets more processes, which read the keys for the first time.
    let new = Stack::start(&["--dynamodb", &store]).await;
    let after = Crowd::new(&new).await;
    assert_eq!((after.kid(), before.kid() == kid), (kid, false));

    let [ada, _] = &before.members;
    let [eve, _] = &after.members;
    for (stack, others) in [(&old, &new), (&new, &old)] {
        ada.moved_to(stack).send(&before.chat, "hello", &unique("hash")).await;
        eve.moved_to(stack).send(&after.chat, "hello", &unique("hash")).await;
        for user in [&before.user, &after.user] {
            user.moved_to(stack).get("/chats").await.expect(200);
            user.moved_to(stack).socket().await.close().await;
            let again = user.moved_to(stack).again(stack).await;
            again.moved_to(others).get("/chats").await.expect(200);
        }
    }
    before.are_in().await;
    after.are_in().await;
}

#[tokio::test]
async fn rotations_at_the_same_moment_all_succeed() {
    let stack = Stack::start(&[]).await;
    let before = Crowd::new(&stack).await;
    let payload = json!({"rotate": true});
    let answers = join_all((0..AT_ONCE).map(|_| rotate(&stack, &payload))).await;
    assert!(answers.iter().any(|answer| answer["rotated"] == true), "{answers:?}");
    before.are_in().await;

    let tables = stack.tables();
    let present = tables.item("Keys", &signing()).await.expect("a key");
    let kid = present["kid"]["S"].as_str().expect("its name").to_owned();
    assert!(answers.iter().any(|answer| answer["tokens"] == kid.as_str()), "{kid}: {answers:?}");
    renew_processes(&stack).await;
    let after = Crowd::new(&stack).await;
    assert_eq!(after.kid(), kid);
    before.are_in().await;
    after.are_in().await;
    // Answers of new processes verify, too.
    after.members[0].send(&after.chat, "hello", "1").await;
}

#[tokio::test]
async fn a_new_deployment_has_keys_without_anybodys_hand() {
    let stack = Stack::start(&[]).await;
    let anonymous = stack.anonymous();
    let (user, web, guest, published) = join4(
        User::new(&stack),
        WebUser::new(&stack),
        Guest::new(&stack),
        anonymous.get("/publicKey").into_future(),
    )
    .await;
    published.expect(200);
    assert_eq!(kid(&user.token), kid(&web.token));
    assert_eq!(kid(&user.token), kid(&guest.session));
    user.get("/chats").await.expect(200);
}

#[tokio::test]
async fn the_same_key_signs_after_another_start() {
    let folder = std::env::temp_dir().join(unique("keys"));
    let data = folder.to_str().expect("a path of UTF-8");
    let stack = Stack::start(&["--data", data]).await;
    let ada = User::new(&stack).await;
    let published = stack.anonymous().get("/publicKey").await.expect(200).json();
    assert_eq!(stack.terminate().await, Some(0));

    let stack = Stack::start(&["--data", data]).await;
    let ada = ada.moved_to(&stack);
    ada.get("/chats").await.expect(200);
    assert_eq!(kid(&ada.again(&stack).await.token), kid(&ada.token));
    assert_eq!(stack.anonymous().get("/publicKey").await.expect(200).json(), published);
    assert_eq!(stack.terminate().await, Some(0));
    std::fs::remove_dir_all(folder).expect("the folder with the data");
}

#[tokio::test]
async fn a_key_is_replaced_when_it_is_as_old_as_the_parameter_says_and_not_before() {
    let stack = Stack::start(&["--parameter", "KeyRotationDays=3"]).await;
    let ada = User::new(&stack).await;
    let (tables, first) = (stack.tables(), kid(&ada.token));
    let young = json!({"tokens": first, "rotated": false});
    assert_eq!(rotate(&stack, &json!({})).await, young);
    for (days, is_old) in [(2, false), (4, true)] {
        let made_at = json!({"N": (millis() - days * DAY_MS).to_string()});
        tables.set("Keys", &signing(), "made_at", &made_at).await;
        let answer = rotate(&stack, &json!({})).await;
        assert_eq!(answer["rotated"], is_old, "after {days} days: {answer}");
        assert_eq!(answer["tokens"] != first.as_str(), is_old, "after {days} days: {answer}");
    }
    // The next one is young again.
    assert_eq!(rotate(&stack, &json!({})).await["rotated"], false);
    ada.get("/chats").await.expect(200);
    renew_processes(&stack).await;
    assert_ne!(kid(&ada.again(&stack).await.token), first);
}

#[tokio::test]
async fn the_former_key_for_answers_is_published_beside_the_present_one() {
    let stack = Stack::start(&[]).await;
    let anonymous = stack.anonymous();
    let before = anonymous.get("/publicKey").await.expect(200).json();
    assert_eq!(before["previousPublicKey"], Value::Null);
    rotate_now(&stack).await;
    let after = anonymous.get("/publicKey").await.expect(200).json();
    assert_eq!(after["previousPublicKey"], before["publicKey"]);
    assert_ne!(after["publicKey"], before["publicKey"]);
}
