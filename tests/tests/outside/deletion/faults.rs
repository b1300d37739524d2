//! What a deletion leaves when the store fails in the middle of it. On stacks of their own, whose store fails as it is
//! told.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tests::store_proxy::Fate;
use tests::{Applicant, Caller as _, Faults, Stack, WebUser};

use super::chat::{Chat, KINDS, Kind, OF_MANY};
use super::common::{Person, cannot_log_in, is_logged_out, is_not_found, is_unknown};
use super::trail::walk_out;

/// Where a user's account is kept.
fn account_of(person: &Person) -> String {
    format!("user#{}", person.id())
}

/// Whether a call is the transaction that deletes an account.
fn deletes(operation: &str, request: &Value, account: &str) -> bool {
    let parts = request["TransactItems"].as_array().into_iter().flatten();
    operation == "TransactWriteItems"
        && parts.into_iter().any(|part| part["Delete"]["Key"]["pk"]["S"] == account)
}

/// Checks that somebody and all that this one has is as it was.
async fn is_as_before(bob: &Person, ann: &Person, chats: &[Chat], stack: &Stack) {
    let shown = bob.web.get("/api/user").await.expect(200).json();
    assert_eq!(shown["user"]["name"], json!(bob.web.name));
    assert_eq!(shown["user"]["email"], json!(bob.web.email));
    bob.user.get("/users").await.expect(200);
    bob.web.login(stack).await;
    let found = ann.web.get(&format!("/api/user?name={}", bob.web.name)).await.expect(200).json();
    assert_eq!(found["user"]["id"], bob.id());
    for chat in chats {
        let rows = chat.rows(ann).await;
        assert_eq!(rows.last().map(|row| row.text.clone()), Some(json!("mine")), "{chat:?}");
        chat.say(ann, bob, "and mine").await;
        chat.say(bob, ann, "mine").await;
    }
}

/// Checks that an account is gone, whatever is left of the rest.
async fn is_gone(bob: &Person, ann: &Person, stack: &Stack) {
    is_logged_out(bob).await;
    cannot_log_in(bob, stack).await;
    is_not_found(bob, ann).await;
    let next = WebUser::named(stack, &bob.web.name).await;
    assert!(next.id != bob.id() && next.chats().await.is_empty());
    let next = Applicant { email: bob.web.email.clone(), ..Applicant::new() }.join(stack).await;
    assert_ne!(next.id, bob.id());
    assert!(next.get("/chats").await.expect(200).rows().is_empty());
}

/// Two people who have a chat of each kind, in which Bob has the last word.
async fn acquaintances(stack: &Stack) -> ([Person; 2], Vec<Chat>) {
    let ann = Person::new(stack).await;
    let bob = Person::confirmed(stack).await;
    let mut chats = Vec::new();
    for kind in KINDS {
        let chat = Chat::begin(kind, &ann, &bob).await;
        chat.say(&bob, &ann, "mine").await;
        chats.push(chat);
    }
    ([ann, bob], chats)
}

/// Checks that a deletion changes nothing if the calls of this kind are not carried out, and that it can be repeated. The
/// kind is told by the operation, the request and where the account is kept.
async fn changes_nothing_and_can_be_repeated(fails: impl Fn(&str, &Value, &str) -> bool + Send + 'static) {
    let (stack, faults) = Faults::start().await;
    let ([ann, bob], chats) = acquaintances(&stack).await;
    let mut socket = bob.user.socket().await;

    let account = account_of(&bob);
    faults.set(move |operation, request| match fails(operation, request, &account) {
        true => Fate::FailBefore,
        false => Fate::Pass,
    });
    bob.web.delete("/api/user").await.refused(503);
    faults.end();
    is_as_before(&bob, &ann, &chats, &stack).await;
    socket.so_far().await;

    bob.delete().await;
    socket.closed().await;
    is_unknown(&bob, &ann).await;
    is_gone(&bob, &ann, &stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_cannot_delete_the_account_changes_nothing_and_can_be_repeated() {
    changes_nothing_and_can_be_repeated(deletes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_cannot_read_the_account_changes_nothing_and_can_be_repeated() {
    let names =
        |_: &str, request: &Value, account: &str| request.to_string().contains(&json!(account).to_string());
    changes_nothing_and_can_be_repeated(names).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_deletion_was_carried_out_but_not_answered_is_gone() {
    let (stack, faults) = Faults::start().await;
    let ([ann, bob], _) = acquaintances(&stack).await;
    let (account, lost) = (account_of(&bob), AtomicBool::new(false));
    faults.set(move |operation, request| {
        match deletes(operation, request, &account) && !lost.swap(true, Ordering::SeqCst) {
            true => Fate::FailAfter,
            false => Fate::Pass,
        }
    });
    let answer = bob.web.delete("/api/user").await;
    let status = answer.status.as_u16();
    assert!(matches!(status, 200 | 403 | 503), "{status}: {}", answer.text());
    faults.end();
    is_gone(&bob, &ann, &stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_gone_with_name_address_and_sessions_though_nothing_after_that_gets_done() {
    let (stack, faults) = Faults::start().await;
    let ([ann, bob], chats) = acquaintances(&stack).await;
    let (account, deleted) = (account_of(&bob), AtomicBool::new(false));
    faults.set(move |operation, request| {
        if deleted.load(Ordering::SeqCst) {
            return Fate::FailBefore;
        }
        if deletes(operation, request, &account) {
            deleted.store(true, Ordering::SeqCst);
        }
        Fate::Pass
    });
    let answer = bob.web.delete("/api/user").await;
    let status = answer.status.as_u16();
    assert!(matches!(status, 200 | 503), "{status}: {}", answer.text());
    faults.end();
    is_gone(&bob, &ann, &stack).await;

    assert_eq!(bob.web.delete("/api/user").await.refused(403), "unauthenticated");
    for chat in chats {
        let rows = chat.rows(&ann).await;
        let last = rows.last().expect("his message");
        assert!(last.sender == bob.id() && (last.name.is_null() || last.name == ""), "{chat:?}: {last:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_could_not_be_erased_are_no_obstacle_to_the_others() {
    let (stack, faults) = Faults::start().await;
    let ([ann, bob], chats) = acquaintances(&stack).await;
    let eve = Person::new(&stack).await;
    let account = account_of(&bob);
    let deleted = AtomicBool::new(false);
    faults.set(move |operation, request| {
        let after = deleted.load(Ordering::SeqCst);
        if deletes(operation, request, &account) {
            deleted.store(true, Ordering::SeqCst);
        }
        // Nothing that holds a message can be read or written any more.
        let of_messages = request.to_string();
        match after && (of_messages.contains("\"Chats\"") || of_messages.contains("\"Messages\"")) {
            true => Fate::FailBefore,
            false => Fate::Pass,
        }
    });
    let status = bob.web.delete("/api/user").await.status.as_u16();
    assert!(matches!(status, 200 | 503), "{status}");
    faults.end();

    for chat in chats.into_iter().filter(|chat| OF_MANY.contains(&chat.kind)) {
        chat.take_in(&ann, &eve).await;
        let number = chat.say(&ann, &eve, "is anybody there?").await;
        assert_eq!(chat.say(&eve, &ann, "I am").await, number + 1, "{chat:?}");
        if chat.kind == Kind::Web {
            walk_out(&eve, chat.id).await;
            ann.web.get(&format!("/api/chats/{}", chat.id)).await.expect(200);
        }
    }
}
