//! What deletions leave to be done, and that it gets done: on stacks of their own, whose stores fail as they are told, and
//! are written to so that time passes.

use std::collections::HashMap;
use std::future::IntoFuture as _;
use std::time::Duration;

use futures::future::{join, join_all};
use futures::stream::{self, StreamExt as _};
use serde_json::Value;
use tests::store_proxy::Fate;
use tests::{Caller as _, Faults, Stack, Tables, WebUser, eventually, unique};

use crate::rows::{age, owed};

/// More than what the requests themselves remove of a chat's rows.
const MANY: usize = 1_050;

/// Whether housekeeping has to wait before it can do more: everything was erased once.
async fn is_quiet(tables: &Tables) -> bool {
    let is_erasure = |item: &Value| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("erasure#"));
    let erasures: Vec<_> = tables.all().await.into_iter().filter(|(_, item)| is_erasure(item)).collect();
    erasures.iter().all(|(_, item)| item["quiet_at"].is_object())
}

/// Lets the housekeeping of new stacks on the same store do everything that is left; each begins with it.
async fn keep_house(faults: &Faults) {
    let tables = faults.tables();
    let stack = Stack::start(&["--dynamodb", faults.store()]).await;
    eventually("everything erased once", async || is_quiet(&tables).await.then_some(())).await;
    drop(stack);
    age(&tables).await;
    let _stack = Stack::start(&["--dynamodb", faults.store()]).await;
    eventually("nothing left to be done", async || (owed(&tables).await == 0).then_some(())).await;
}

/// A call of the store on an item of a table, by a part of its key.
fn is_on(request: &Value, table: &str, key: &str) -> bool {
    request["TableName"] == table && request["Key"].to_string().contains(key)
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_a_deletion_could_not_remove_are_removed_later() {
    let (stack, faults) = Faults::start().await;
    let bob = WebUser::new(&stack).await;
    let chat = bob.open_chat("Alone").await;
    let text = unique("a thought");
    let say = |number| {
        let (bob, text) = (&bob, &text);
        async move { bob.say(chat, &format!("{text} {number}")).await }
    };
    stream::iter(0..MANY).map(say).buffer_unordered(8).collect::<Vec<_>>().await;
    bob.delete("/api/user").await.expect(200);
    let tables = faults.tables();
    assert!(owed(&tables).await > 0, "{MANY} rows are too few for this test");
    keep_house(&faults).await;
    assert_eq!(tables.mentions(&[&text, &bob.name]).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_request_under_way_writes_after_the_deletion_is_erased_later() {
    let (stack, faults) = Faults::start().await;
    let (ann, bob) = (WebUser::new(&stack).await, WebUser::new(&stack).await);
    let chat = ann.open_chat("Tea").await;
    ann.invite(chat, &bob).await;
    let (before, late) = (unique("before"), unique("late"));
    bob.say(chat, &before).await;
    let wanted = late.clone();
    faults.set(move |operation, request| {
        match operation == "UpdateItem" && request.to_string().contains(&wanted) {
            true => Fate::Late(Duration::from_secs(1)),
            false => Fate::Pass,
        }
    });
    let deleting = async {
        eventually("a message under way", async || (faults.met() > 0).then_some(())).await;
        bob.delete("/api/user").await.expect(200);
    };
    join(bob.say(chat, &late), deleting).await;
    faults.end();
    let tables = faults.tables();
    assert_eq!(tables.mentions(&[&before]).await, [""; 0]);
    assert_ne!(tables.mentions(&[&late]).await, [""; 0], "the message came before the deletion");
    keep_house(&faults).await;
    assert_eq!(tables.mentions(&[&late]).await, [""; 0]);
    let rows = ann.messages(chat).await;
    assert_eq!(rows.iter().map(|row| row["content"].clone()).collect::<Vec<_>>(), ["", ""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_often_fails_keeps_no_text_and_nobody_in_a_chat() {
    let (stack, faults) = Faults::start().await;
    let (ann, bob) = (WebUser::new(&stack).await, WebUser::new(&stack).await);
    let text = unique("a thought");
    let mut chats = Vec::new();
    for title in ["One", "Two", "Three", "Four", "Five", "Six"] {
        let chat = ann.open_chat(title).await;
        ann.invite(chat, &bob).await;
        for number in 0..10 {
            bob.say(chat, &format!("{text} {number}")).await;
        }
        chats.push(chat);
    }
    // More often than the SDK tries again by itself.
    let mut tries: HashMap<String, usize> = HashMap::new();
    faults.set(move |operation, request| {
        if operation != "UpdateItem" || !is_on(request, "Messages", "seq") {
            return Fate::Pass;
        }
        let failed = tries.entry(request["Key"].to_string()).or_default();
        *failed += 1;
        if *failed <= 6 { Fate::FailBefore } else { Fate::Pass }
    });
    bob.delete("/api/user").await.expect(200);
    assert!(faults.met() >= 360, "{} calls failed", faults.met());
    faults.end();
    assert_eq!(faults.tables().mentions(&[&text]).await, [""; 0]);
    for chat in chats {
        assert_eq!(ann.messages(chat).await.len(), 10);
        ann.delete(&format!("/api/chats?chat_id={chat}")).await.expect(200);
        // Nobody else was counted there any more.
        ann.get(&format!("/api/chats/{chat}")).await.refused(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_good_in_one_chat_keeps_it_from_no_other() {
    let (stack, faults) = Faults::start().await;
    let (ann, bob) = (WebUser::new(&stack).await, WebUser::new(&stack).await);
    let text = unique("a thought");
    let chats = join_all((0..6).map(async |_| {
        let chat = ann.open_chat("Tea").await;
        ann.invite(chat, &bob).await;
        bob.say(chat, &text).await;
        ann.say(chat, "Indeed").await;
        chat
    }));
    let chats = chats.await;
    let broken = chats[0].to_string();
    faults.set(move |operation, request| {
        match operation == "UpdateItem" && is_on(request, "Messages", &broken) {
            true => Fate::FailBefore,
            false => Fate::Pass,
        }
    });
    bob.delete("/api/user").await.expect(200);
    // Before the answer, or by the queue where that would have taken too long.
    for chat in &chats[1..] {
        let is_empty = async || (ann.messages(*chat).await[0]["content"] == "").then_some(());
        eventually("the end of a text", is_empty).await;
    }
    faults.end();
    keep_house(&faults).await;
    assert_eq!(faults.tables().mentions(&[&text]).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_goes_with_its_last_participant_and_with_nobody_else() {
    let (stack, faults) = Faults::start().await;
    let (ann, bob) = (WebUser::new(&stack).await, WebUser::new(&stack).await);
    let chat = ann.open_chat("Tea").await;
    let head = format!("web#{chat}");
    faults.set(move |operation, request| {
        let mut parts = request["TransactItems"].as_array().into_iter().flatten();
        match operation == "TransactWriteItems" && parts.any(|part| part["Delete"]["Key"]["pk"]["S"] == head)
        {
            true => Fate::Late(Duration::from_secs(1)),
            false => Fate::Pass,
        }
    });
    let leave = format!("/api/chats?chat_id={chat}");
    // While Ann is about to leave as the only one, she brings Bob in from another page, and leaves there.
    let meanwhile = async {
        eventually("a leaving under way", async || (faults.met() > 0).then_some(())).await;
        ann.invite(chat, &bob).await;
        bob.say(chat, "Anybody here?").await;
        ann.delete(&leave).await.expect(200);
    };
    let (first, ()) = join(ann.delete(&leave).into_future(), meanwhile).await;
    first.refused(403);
    assert_eq!(bob.messages(chat).await[0]["content"], "Anybody here?");
    assert_eq!(bob.chats().await.len(), 1);
}
