//! What a user sees when the store fails in the middle of things. On stacks of their own, whose store fails as it is
//! told.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tests::store_proxy::{self, Everything, Fate};
use tests::{Caller as _, Faults, Guest, Socket, Stack, Tables, User, unique};

use crate::common::{column, send, text_to};

/// After this long another attempt may take over an idempotency key.
const TAKE_OVER: Duration = Duration::from_secs(2);
/// How often functions try a call.
const TRIES: usize = 4;
/// After this long functions give up a try of a call.
const GIVEN_UP: Duration = Duration::from_secs(4);

/// Whether a call is about a table and has a word in its update expression.
fn updates(operation: &str, request: &Value, table: &str, word: &str) -> bool {
    operation == "UpdateItem"
        && request["TableName"] == table
        && request["UpdateExpression"].as_str().is_some_and(|expression| expression.contains(word))
}

/// True the first `times` times.
fn first(times: usize) -> impl Fn() -> bool {
    let left = AtomicUsize::new(times);
    move || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

/// The first call of this kind is carried out, and its answer is lost; whoever made it tries again, which is one call too
/// many each time. What it hears last is that nothing was carried out.
fn unheard(is_it: impl Fn(&str, &Value) -> bool + Send + 'static) -> impl FnMut(&str, &Value) -> Fate + Send {
    let mut tried = 0;
    move |operation, request| {
        if !is_it(operation, request) {
            return Fate::Pass;
        }
        tried += 1;
        match tried {
            1 => Fate::FailAfter,
            2..=TRIES => Fate::Throttle,
            _ => Fate::Pass,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_whose_answer_is_lost_is_stored_once() {
    let (stack, faults) = Faults::start().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "1").await;
    for (text, fate) in [("2", Fate::FailAfter), ("3", Fate::FailBefore)] {
        let once = first(1);
        faults.set(move |operation, request| {
            if updates(operation, request, "Chats", "SET tail") && once() { fate } else { Fate::Pass }
        });
        ada.write(&bob, text).await;
    }
    assert_eq!(column(&bob.history(chat).await, "message"), ["3", "2", "1"]);
    assert_eq!(column(&bob.history(chat).await, "seq"), [3, 2, 1]);
    assert_eq!((bob.unread(chat).await, ada.unread(chat).await), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_one_message_though_a_take_over_dies_and_the_first_attempt_is_slow() {
    let (stack, faults) = Faults::start().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "before").await;
    let (slow, fences_fail) = (first(1), Arc::new(AtomicBool::new(true)));
    let failing = fences_fail.clone();
    faults.set(move |operation, request| {
        if operation == "PutItem" && request["TableName"] == "Messages" && slow() {
            Fate::Late(TAKE_OVER + Duration::from_millis(1_200))
        } else if updates(operation, request, "Chats", "fenced") && failing.load(Ordering::SeqCst) {
            Fate::FailBefore
        } else {
            Fate::Pass
        }
    });
    let (key, body) = (unique("key"), text_to(&bob, "once"));
    let second = async {
        // The key can be taken over only now: that is what time is for here.
        tokio::time::sleep(TAKE_OVER + Duration::from_millis(200)).await;
        send(&ada, "/chats", &body, &key).await.refused(503);
        fences_fail.store(false, Ordering::SeqCst);
        send(&ada, "/chats", &body, &key).await.expect(201).json()
    };
    let first = send(&ada, "/chats", &body, &key);
    let (first, second) = futures::future::join(first, second).await;
    assert_eq!(first.expect(201).json(), second);
    assert_eq!(column(&bob.history(chat).await, "message"), ["once", "before"]);
    assert_eq!(bob.unread(chat).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_handed_out_though_names_cannot_be_read() {
    let (stack, faults) = Faults::start().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "do not lose me").await;
    faults.set(|operation, request| match operation {
        "BatchGetItem" if !request["RequestItems"]["Users"].is_null() => Fate::FailBefore,
        _ => Fate::Pass,
    });
    let rows = bob.get(&format!("/chats_v2/{chat}")).await.expect(200).rows();
    assert_eq!(column(&rows, "message"), ["do not lose me"]);
    assert_eq!(rows[0]["message_sender_id"], ada.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_fetch_removes_is_handed_out_though_the_removal_comes_late() {
    let (stack, faults) = Faults::start().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "do not lose me").await;
    let tried = AtomicUsize::new(0);
    faults.set(move |operation, request| {
        if !updates(operation, request, "Chats", "SET purges") {
            return Fate::Pass;
        }
        // The first try is given up and carried out after that; those in its place fail until then.
        match tried.fetch_add(1, Ordering::SeqCst) {
            0 => Fate::Late(GIVEN_UP + Duration::from_millis(1_500)),
            1..TRIES => Fate::FailBefore,
            _ => Fate::Late(Duration::from_millis(2_500)),
        }
    });
    let rows = bob.get(&format!("/chats_v2/{chat}")).await.expect(200).rows();
    assert_eq!(column(&rows, "message"), ["do not lose me"]);
    assert_eq!(bob.unread(chat).await, 0);
    assert_eq!(ada.history(chat).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_fetch_removes_is_handed_out_though_it_never_hears_of_the_removal() {
    let (stack, faults) = Faults::start().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "do not lose me").await;
    faults.set(unheard(|operation, request| updates(operation, request, "Chats", "SET purges")));
    let rows = bob.get(&format!("/chats_v2/{chat}")).await.expect(200).rows();
    assert_eq!(column(&rows, "message"), ["do not lose me"]);
    assert_eq!(bob.unread(chat).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_message_without_a_key_is_one_message_though_its_sender_never_hears_of_it() {
    let (stack, faults) = Faults::start().await;
    let [ada, bob] = User::pair(&stack).await;
    faults.set(unheard(|operation, _| operation == "TransactWriteItems"));
    let answer = ada.post("/chats").json(&text_to(&bob, "hello")).await;
    // Both are honest. What is not is a success that stands for two messages.
    assert!([201, 503].contains(&answer.status.as_u16()), "{}", answer.text());
    let chats = bob.get("/chats").await.expect(200).rows();
    let chat = chats[0]["chat_id"].as_u64().expect("a chat_id");
    assert_eq!(column(&bob.history(chat).await, "message"), ["hello"]);
    assert_eq!(bob.unread(chat).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gets_a_name_gets_its_cookie_though_the_account_comes_to_be_unheard() {
    let (stack, faults) = Faults::start().await;
    let name = unique("Ada");
    let wanted = name.clone();
    let makes = move |operation: &str, request: &Value| {
        operation == "TransactWriteItems" && request.to_string().contains(&wanted)
    };
    faults.set(unheard(makes));
    let ada = Guest::named(&stack, &name).await;
    ada.conversations().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_holds_from_its_decision_though_nothing_after_it_gets_done() {
    let (stack, faults) = Faults::start().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "1").await;
    ada.write(&bob, "2").await;
    bob.write(&ada, "mine").await;
    let lost = first(1);
    faults.set(move |operation, request| match operation {
        "BatchWriteItem" => Fate::FailBefore,
        // The decision itself is taken, and its answer is lost.
        _ if updates(operation, request, "Chats", "SET purges") && lost() => Fate::FailAfter,
        _ => Fate::Pass,
    });
    let path = format!("/chats_v2/{chat}");
    let rows = bob.get(&path).await.expect(200).rows();
    assert_eq!(column(&rows, "message"), ["1", "2"]);
    for user in [&ada, &bob] {
        assert_eq!(column(&user.history(chat).await, "message"), ["mine"]);
    }
    assert_eq!((ada.unread(chat).await, bob.unread(chat).await), (1, 0));

    faults.end();
    ada.write(&bob, "3").await;
    assert_eq!(bob.unread(chat).await, 1);
    assert_eq!(column(&bob.get(&path).await.expect(200).rows(), "message"), ["3"]);
    assert_eq!(column(&ada.history(chat).await, "message"), ["mine"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_is_answered_ready_gets_messages_though_its_first_init_failed() {
    let (stack, faults) = Faults::start().await;
    let [ada, bob] = User::pair(&stack).await;
    for table_write in ["UpdateItem", "PutItem"] {
        faults.set(move |operation, request| {
            let broken = operation == table_write && request["TableName"] == "Connections";
            if broken { Fate::FailBefore } else { Fate::Pass }
        });
        let mut socket = Socket::open(&stack.ready().websocket).await;
        socket.send(&json!({"token": bob.token})).await;
        socket.expect("a refusal", |frame| frame["code"].is_string()).await;
        faults.end();
        socket.send(&json!({"token": bob.token})).await;
        socket.expect("ready", |frame| frame["type"] == "ready").await;
        ada.write(&bob, table_write).await;
        socket.expect("the message", |frame| frame["message"] == table_write).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_that_failed_halfway_is_finished_by_the_next() {
    let (stack, faults) = Faults::start().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = ada.socket().await;
    ada.write(&bob, "hello").await;
    faults.set(|operation, request| match operation {
        "BatchGetItem" if !request["RequestItems"]["Connections"].is_null() => Fate::FailBefore,
        _ => Fate::Pass,
    });
    ada.get("/logout").await.refused(503);
    faults.end();
    ada.get("/logout").await.refused(401);
    socket.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_enters_and_leaves_a_group_is_told_of_though_writes_fail_between() {
    let (stack, faults) = Faults::start().await;
    let [ada, bob] = User::pair(&stack).await;
    let group = ada.create_group("a group").await;
    let mut watching = ada.socket().await;
    ada.enter(group).await;
    let _socket = bob.socket().await;

    faults.set(|operation, request| {
        if updates(operation, request, "Connections", "group_id") { Fate::FailBefore } else { Fate::Pass }
    });
    bob.get(&format!("/chat_groups/{group}")).await.refused(503);
    faults.end();
    bob.enter(group).await;
    watching.expect("the entering", |frame| frame["event"] == "enter" && frame["user_id"] == bob.id).await;

    faults.set(|operation, request| match operation {
        "DeleteItem" if request["TableName"] == "Connections" => Fate::FailBefore,
        _ => Fate::Pass,
    });
    bob.delete(&format!("/chat_groups/{group}/presence")).await.expect(204);
    watching.expect("the leaving", |frame| frame["event"] == "leave" && frame["user_id"] == bob.id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn own_messages_never_count_as_unread_though_counting_them_fails() {
    let (stack, faults) = Faults::start().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("a room").await;
    for user in [&ada, &bob] {
        user.post_to_room(room, "here I am").await;
    }
    ada.mark_room_read(room).await;
    bob.mark_room_read(room).await;
    // The first try of each count fails: of the even ones after it was carried out, of the odd ones before.
    let tried = Mutex::new(HashSet::new());
    faults.set(move |operation, request| {
        let last = request["ExpressionAttributeValues"][":last"]["N"].to_string();
        let is_even = last.trim_matches('"').parse().is_ok_and(|last: u64| last.is_multiple_of(2));
        let is_first = || {
            tried.lock().unwrap_or_else(PoisonError::into_inner).insert((request["Key"].to_string(), last))
        };
        match updates(operation, request, "Unread", "sent_through") && is_first() {
            true if is_even => Fate::FailAfter,
            true => Fate::FailBefore,
            false => Fate::Pass,
        }
    });
    for round in 1..=10 {
        futures::future::join(ada.post_to_room(room, "from ada"), bob.post_to_room(room, "from bob")).await;
        assert_eq!((ada.room_unread(room).await, bob.room_unread(room).await), (round, round));
    }
    ada.mark_room_read(room).await;
    assert_eq!((ada.room_unread(room).await, bob.room_unread(room).await), (0, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_removed_long_ago_is_not_recovered_and_not_waited_for() {
    let store = store_proxy::start(Arc::new(Everything)).await;
    let (stack, tables) = (Stack::start(&["--dynamodb", &store]).await, Tables::of(&store));
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "mine").await;
    for text in ["theirs", "and more"] {
        bob.write(&ada, text).await;
    }
    ada.get(&format!("/chats_v2/{chat}")).await.expect(200);
    // As DynamoDB does with what a mailbox has removed, a day later.
    for seq in ["2", "3"] {
        let key = json!({"chat_id": {"N": chat.to_string()}, "seq": {"N": seq}});
        tables.call("DeleteItem", &json!({"TableName": "Messages", "Key": key})).await;
    }
    let mut socket = ada.socket().await;
    socket.send(&json!({"type": "resume", "chats": {chat.to_string(): 0}})).await;
    let resumed = socket.expect("the end", |frame| frame["type"] == "resumed").await;
    assert_eq!(resumed["chats"][chat.to_string()], json!({"recovered": false, "seq": 3}));
}
