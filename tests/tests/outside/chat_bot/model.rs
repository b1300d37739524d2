//! The bot with a model behind Amazon Bedrock. On stacks of their own, with a stand-in for Bedrock that runs
//! within the test, which therefore has more threads than the one that waits for its stack to end.

use serde_json::{Value, json};
use tests::{Caller as _, Socket, Stack, User, unique};

use super::bedrock::{Bedrock, Reply, answer_to};
use super::{check_exchange, heard, newest, to_bot};
use crate::common::{column, fields};

/// A stack whose bot asks a model, and the model.
async fn stack() -> (Stack, Bedrock) {
    let bedrock = Bedrock::start().await;
    let model = format!("BotModel={}", Bedrock::MODEL);
    let stack = Stack::start(&["--parameter", &model, "--bedrock", bedrock.url()]).await;
    (stack, bedrock)
}

/// A text for the bot with a client id of its own.
fn named(message: &str) -> Value {
    let mut question = to_bot(message);
    question["client_id"] = json!(unique("frame"));
    question
}

/// Asks, and checks that the model's failure is said.
async fn ask_in_vain(socket: &mut Socket, question: &Value) {
    assert_eq!(socket.refused(question).await, "bot_unavailable");
}

/// A turn of a conversation.
fn turn(role: &str, text: &str) -> (String, String) {
    (role.to_owned(), text.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_is_the_models() {
    let (stack, _bedrock) = stack().await;
    let ada = User::new(&stack).await;
    let (mut first, mut second) = (ada.socket().await, ada.socket().await);
    for question in ["hello", "ü 👍 \"", "{}"] {
        let frame = first.say(&to_bot(question)).await;
        assert_eq!(fields(&frame), ["chat_type", "client_id", "messages"]);
        assert_eq!(check_exchange(&frame, question), answer_to(question));
        assert_eq!(super::expect_answer(&mut second).await, frame);
    }
    let rows = newest(&ada).await;
    assert_eq!(rows[0]["message"], json!(answer_to("{}")));
    assert_eq!(rows.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_is_told_what_was_said_before_and_by_nobody_else() {
    let (stack, bedrock) = stack().await;
    let [ada, bob] = User::pair(&stack).await;
    let (mut ada_socket, mut bob_socket) = (ada.socket().await, bob.socket().await);
    bob_socket.say(&to_bot("a secret of bob's")).await;
    for question in ["one", "two", "three"] {
        ada_socket.say(&to_bot(question)).await;
    }
    let expected = [
        turn("user", "one"),
        turn("assistant", &answer_to("one")),
        turn("user", "two"),
        turn("assistant", &answer_to("two")),
        turn("user", "three"),
    ];
    assert_eq!(bedrock.asked().last().map(Vec::as_slice), Some(&expected[..]));
    bob_socket.say(&to_bot("another one")).await;
    let expected = [
        turn("user", "a secret of bob's"),
        turn("assistant", &answer_to("a secret of bob's")),
        turn("user", "another one"),
    ];
    assert_eq!(bedrock.asked().last().map(Vec::as_slice), Some(&expected[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_conversation_stays_one_that_bedrock_takes() {
    let (stack, _bedrock) = stack().await;
    let mut socket = User::new(&stack).await.socket().await;
    for number in 1..=60 {
        let question = format!("question {number}");
        let frame = socket.say(&to_bot(&question)).await;
        assert_eq!(check_exchange(&frame, &question), answer_to(&question));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_model_fails_the_question_is_kept_and_can_be_asked_again() {
    for status in [400, 500] {
        let (stack, bedrock) = stack().await;
        let ada = User::new(&stack).await;
        let (mut first, mut second) = (ada.socket().await, ada.socket().await);
        bedrock.set(move |_| Reply::Fails(status));
        let question = named("is anybody there?");
        ask_in_vain(&mut first, &question).await;
        let kept = newest(&ada).await;
        assert_eq!(column(&kept, "message"), ["is anybody there?"]);
        assert_eq!(column(&kept, "is_user"), [true]);
        ask_in_vain(&mut first, &question).await;
        assert_eq!(newest(&ada).await, kept, "it is stored once");
        let frames = second.so_far().await;
        assert!(frames.iter().all(|frame| frame["error"].is_null()), "{frames:?}");

        bedrock.mend();
        let frame = first.say(&question).await;
        assert_eq!(check_exchange(&frame, "is anybody there?"), answer_to("is anybody there?"));
        assert_eq!(frame["messages"][0], kept[0]);
        let rows = newest(&ada).await;
        assert_eq!(rows, [frame["messages"][1].clone(), kept[0].clone()]);
        assert_eq!(first.say(&question).await, frame);
        assert_eq!(newest(&ada).await, rows);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_without_a_client_id_is_kept_too() {
    let (stack, bedrock) = stack().await;
    let ada = User::new(&stack).await;
    let mut socket = ada.socket().await;
    bedrock.set(|_| Reply::Fails(400));
    ask_in_vain(&mut socket, &to_bot("hello?")).await;
    assert_eq!(column(&newest(&ada).await, "message"), ["hello?"]);
    assert_eq!(heard(&mut socket).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_that_were_never_answered_do_not_stand_in_the_way() {
    let (stack, bedrock) = stack().await;
    let ada = User::new(&stack).await;
    let mut socket = ada.socket().await;
    socket.say(&to_bot("before")).await;
    bedrock.set(|_| Reply::Fails(400));
    for question in ["lost", "lost as well"] {
        ask_in_vain(&mut socket, &named(question)).await;
    }
    bedrock.mend();
    let frame = socket.say(&to_bot("after")).await;
    check_exchange(&frame, "after");
    let texts = column(&newest(&ada).await, "message");
    assert_eq!(texts[1..5], ["after", "lost as well", "lost", &answer_to("before")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_message_does_not_stand_in_the_way_of_later_ones() {
    let (stack, _bedrock) = stack().await;
    let ada = User::new(&stack).await;
    let mut socket = ada.socket().await;
    // Whatever becomes of it: the model takes no blank texts.
    socket.send(&named(" \n ")).await;
    socket.expect("an outcome", |frame| frame["client_id"].is_string()).await;
    check_exchange(&socket.say(&to_bot("hello")).await, "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_thinks_for_too_long_has_failed() {
    let (stack, bedrock) = stack().await;
    let ada = User::new(&stack).await;
    let mut socket = ada.socket().await;
    bedrock.set(|_| Reply::Thinks);
    let question = named("what is the sense of life?");
    ask_in_vain(&mut socket, &question).await;
    assert_eq!(column(&newest(&ada).await, "message"), ["what is the sense of life?"]);
    bedrock.mend();
    check_exchange(&socket.say(&question).await, "what is the sense of life?");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_not_reached_has_failed() {
    let model = format!("BotModel={}", Bedrock::MODEL);
    // Nobody listens at the port that everybody may discard at.
    let stack = Stack::start(&["--parameter", &model, "--bedrock", "http://127.0.0.1:9"]).await;
    let ada = User::new(&stack).await;
    ask_in_vain(&mut ada.socket().await, &named("hello?")).await;
    ada.get("/chat_bot").await.expect(200);
}
