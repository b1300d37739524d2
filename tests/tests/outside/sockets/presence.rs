//! Sockets that grow old, fall silent, or end without a word: their users go offline and leave their groups.
//! On stacks of their own.

use std::pin::pin;
use std::sync::Arc;

use futures::FutureExt as _;
use serde_json::{Value, json};
use tests::store_proxy::{self, Fate, StoreCall, Watch};
use tests::{Socket, Stack, User, eventually};

/// How long a connection has existed already when it is opened, as far as the store knows.
const AGE_S: i64 = 120;

/// Lets connections be older than they are: a young one that cannot be posted to may be just about to open,
/// and so is not given up.
struct Older;

impl Watch for Older {
    fn fate(&self, call: &mut StoreCall) -> Fate {
        if call.request.to_string().contains("Connections") {
            expire_earlier(&mut call.request);
        }
        Fate::Pass
    }
}

fn expire_earlier(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| {
            let seconds = value["N"].as_str().and_then(|seconds| seconds.parse::<i64>().ok());
            match seconds {
                Some(seconds) if name == "expires_at" => *value = json!({"N": (seconds - AGE_S).to_string()}),
                _ => expire_earlier(value),
            }
        }),
        Value::Array(values) => values.iter_mut().for_each(expire_earlier),
        _ => {}
    }
}

/// Waits until a user is offline as others see it.
async fn is_offline(user: &User, reader: &User) {
    let offline = async || (user.seen_by(reader).await["online"] == json!(false)).then_some(());
    eventually("the end of a user's last socket", offline).await;
}

/// Waits until only these are in a group.
async fn only_present(reader: &User, group: u64, users: &[&User]) {
    let expected: Vec<_> = users.iter().map(|user| user.id).collect();
    let alone = async || (reader.look_into(group).await["present"] == json!(expected)).then_some(());
    eventually("the leaving of a group", alone).await;
}

/// Asks a socket again and again, which keeps it alive, until it has heard that somebody is offline. Gives
/// all that it has heard of that user.
async fn heard_of_the_end(watching: &mut Socket, user: &User) -> Vec<Value> {
    let mut heard = Vec::new();
    eventually("the end of a user's last socket", async || {
        heard.extend(watching.so_far().await.into_iter().filter(|frame| frame["user_id"] == user.id));
        let is_end = |frame: &Value| frame["type"] == "user_activity" && frame["login"] == false;
        let has_left = |frame: &Value| frame["event"] == "leave";
        (heard.iter().any(is_end) && heard.iter().any(has_left)).then_some(())
    })
    .await;
    heard.extend(watching.so_far().await.into_iter().filter(|frame| frame["user_id"] == user.id));
    heard
}

#[tokio::test]
async fn an_old_socket_takes_its_user_offline_and_out_of_the_group() {
    let stack = Stack::start(&["--connection-lifetime-ms", "3000"]).await;
    let [ada, bob] = User::pair(&stack).await;
    let group = ada.create_group("A group").await;
    let mut socket = bob.socket().await;
    assert_eq!(bob.enter(group).await["present"], json!([bob.id]));
    assert_eq!(socket.closed().await, Some(1001));
    is_offline(&bob, &ada).await;
    only_present(&ada, group, &[]).await;
}

#[tokio::test]
async fn a_silent_socket_takes_its_user_offline_and_out_of_the_group_which_is_told_once() {
    let stack = Stack::start(&["--idle-timeout-ms", "3000"]).await;
    let [ada, bob] = User::pair(&stack).await;
    let group = ada.create_group("A group").await;
    let mut watching = ada.socket().await;
    ada.enter(group).await;
    let mut silent = bob.socket().await;
    bob.enter(group).await;
    watching.expect("his coming", |frame| frame["event"] == "enter" && frame["user_id"] == bob.id).await;
    let heard = heard_of_the_end(&mut watching, &bob).await;
    assert_eq!(heard.len(), 2, "each is told once: {heard:?}");
    assert_eq!(silent.closed().await, Some(1001));
    only_present(&ada, group, &[&ada]).await;
    assert_eq!(bob.seen_by(&ada).await["online"], false);
}

#[tokio::test]
async fn of_two_sockets_the_silent_one_is_not_missed() {
    let stack = Stack::start(&["--idle-timeout-ms", "3000"]).await;
    let [ada, bob] = User::pair(&stack).await;
    let group = ada.create_group("A group").await;
    let mut silent = bob.socket().await;
    let mut busy = bob.socket().await;
    bob.enter(group).await;
    let mut end = pin!(silent.closed());
    let code = eventually("the end of the silent one", async || {
        busy.so_far().await;
        end.as_mut().now_or_never()
    })
    .await;
    assert_eq!(code, Some(1001));
    assert_eq!(bob.seen_by(&ada).await["online"], true);
    assert_eq!(ada.look_into(group).await["present"], json!([bob.id]));
    busy.so_far().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_that_ended_without_a_word_are_found_out_by_the_next_push() {
    let store = store_proxy::start(Arc::new(Older)).await;
    let stack = Stack::start(&["--dynamodb", &store]).await;
    let [ada, bob] = User::pair(&stack).await;
    let _lost = [bob.socket().await, bob.socket().await];
    stack.kill().await;

    let stack = Stack::start(&["--dynamodb", &store]).await;
    let [ada, bob] = [ada.moved_to(&stack), bob.moved_to(&stack)];
    assert_eq!(bob.seen_by(&ada).await["online"], true, "nobody has noticed");
    ada.write(&bob, "are you there?").await;
    is_offline(&bob, &ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_ended_without_a_word_is_gone_from_the_group_after_the_next_message() {
    let store = store_proxy::start(Arc::new(Older)).await;
    let stack = Stack::start(&["--dynamodb", &store]).await;
    let [ada, bob] = User::pair(&stack).await;
    let group = ada.create_group("A group").await;
    let _lost = bob.socket().await;
    bob.enter(group).await;
    stack.kill().await;

    let stack = Stack::start(&["--dynamodb", &store]).await;
    let [ada, bob] = [ada.moved_to(&stack), bob.moved_to(&stack)];
    assert_eq!(ada.look_into(group).await["present"], json!([bob.id]), "nobody has noticed");
    let mut watching = ada.socket().await;
    ada.enter(group).await;
    watching.send(&json!({"chat_type": "group", "chat_group_id": group, "message": "bob?"})).await;
    only_present(&ada, group, &[&ada]).await;
    is_offline(&bob, &ada).await;

    // He comes back as if nothing had happened.
    let mut back = bob.socket().await;
    bob.enter(group).await;
    watching.say(&json!({"chat_type": "group", "chat_group_id": group, "message": "bob!"})).await;
    back.expect("the message", |frame| frame["message"] == "bob!").await;
}
