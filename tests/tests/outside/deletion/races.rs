//! What happens at the same time as a deletion.

use futures::future::{join, join_all};
use serde_json::{Value, json};
use tests::{Answer, Call, Caller as _, Stack, WebUser, unique};
use tokio::sync::Notify;

use super::chat::{Chat, Kind};
use super::common::{Person, address, confirm, cookies, is_logged_out, is_unknown, link, mark, place};
use super::trail::walk_out;
use crate::common::column;

/// How often each race is run.
const ROUNDS: usize = 4;
/// How many calls of one kind are made one after another while somebody goes.
const CALLS: usize = 6;

/// What a next call is about, and the call.
type Next<'a, T> = Box<dyn Fn() -> (T, Call) + 'a>;

/// Makes calls of several kinds, those of one kind one after another, and deletes somebody as soon as the first one is
/// answered: then some are before it, some meanwhile and some after it. Gives all answers, and what they are about.
async fn while_he_goes<T>(bob: &Person, kinds: &[Next<'_, T>]) -> Vec<(T, Answer)> {
    let answered = &Notify::new();
    let calling = kinds.iter().map(|next| async move {
        let mut answers = Vec::new();
        for _ in 0..CALLS {
            let (about, call) = next();
            answers.push((about, call.await));
            answered.notify_one();
        }
        answers
    });
    let deleting = async {
        answered.notified().await;
        bob.delete().await;
    };
    let (answers, ()) = join(join_all(calling), deleting).await;
    answers.into_iter().flatten().collect()
}

/// Ways to write a new text to each of some chats, each chat in two ways.
fn writing<'a>(chats: &[Chat], writer: &'a Person, other: &'a Person) -> Vec<Next<'a, (u64, String)>> {
    let ways = chats.iter().chain(chats).copied().map(|chat| -> Next<'a, (u64, String)> {
        Box::new(move || {
            let text = unique("meanwhile");
            let call = chat.call("text", writer, other, &text);
            ((chat.id, text), call)
        })
    });
    ways.collect()
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It was acknowledged.
    Stored,
    /// It was refused.
    Refused,
    /// The answer says nothing about it.
    Unclear,
}

impl Fate {
    fn of(answer: &Answer) -> Self {
        match answer.status.as_u16() {
            201 => Self::Stored,
            401 | 403 | 404 => Self::Refused,
            503 => Self::Unclear,
            other => panic!("{} was answered with {other}: {}", answer.question, answer.text()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_meanwhile_is_there_or_was_refused_and_nothing_sent_before_keeps_its_text() {
    let (stack, tables) = place().await;
    for _ in 0..ROUNDS {
        let [ann, bob] = Person::several(&stack).await;
        let secret = unique("secret");
        let mut chats = Vec::new();
        for kind in [Kind::Direct, Kind::Room, Kind::Web] {
            let chat = Chat::begin(kind, &ann, &bob).await;
            chat.say(&bob, &ann, &format!("older: {secret}")).await;
            chat.say(&bob, &ann, &format!("newest: {secret}")).await;
            let of_bob = chat.rows(&ann).await.iter().filter(|row| row.sender == bob.id()).count();
            chats.push((chat, of_bob));
        }
        let targets: Vec<_> = chats.iter().map(|(chat, _)| *chat).collect();
        let answers = while_he_goes(&bob, &writing(&targets, &bob, &ann)).await;
        let fates: Vec<_> =
            answers.iter().map(|((chat, text), answer)| (chat, text, Fate::of(answer))).collect();

        let mut marks = vec![mark(&secret)];
        let refused = fates.iter().filter(|(_, _, fate)| *fate == Fate::Refused);
        marks.extend(refused.map(|(_, text, _)| mark(text)));
        assert_eq!(tables.mentions(&marks).await, Vec::<String>::new());
        for (chat, before) in chats {
            let rows = chat.rows(&ann).await;
            let numbers: Vec<_> = rows.iter().map(|row| row.seq.clone()).collect();
            assert_eq!(numbers, (1..=rows.len()).map(|seq| json!(seq)).collect::<Vec<_>>(), "{chat:?}");
            let count = |wanted| {
                let of_chat = fates.iter().filter(|(id, _, _)| **id == chat.id);
                of_chat.filter(|(_, _, fate)| *fate == wanted).count()
            };
            let most = before + count(Fate::Stored) + count(Fate::Unclear);
            let of_bob = rows.iter().filter(|row| row.sender == bob.id()).count();
            assert!(
                (before + count(Fate::Stored)..=most).contains(&of_bob),
                "{chat:?}: {fates:?} but {rows:?}"
            );
            if chat.kind == Kind::Room {
                let users = ann.user.get(&format!("/chat_rooms/{}/users", chat.id)).await.expect(200).rows();
                assert_eq!(column(&users, "user_id"), [ann.id()], "{fates:?}");
            }
            let mut of_bob = rows.iter().filter(|row| row.sender == bob.id());
            assert!(of_bob.all(|row| row.name.is_null() || row.name == ""), "{chat:?}: {rows:?}");
        }
        is_logged_out(&bob).await;
        is_unknown(&bob, &ann).await;
    }
}

#[tokio::test]
async fn what_others_send_meanwhile_is_there_or_was_refused() {
    let stack = Stack::shared().await;
    for _ in 0..ROUNDS {
        let [ann, bob] = Person::several(&stack).await;
        let mut chats = Vec::new();
        for kind in [Kind::Direct, Kind::Room, Kind::Web] {
            chats.push(Chat::begin(kind, &ann, &bob).await);
        }
        let answers = while_he_goes(&bob, &writing(&chats, &ann, &bob)).await;
        for chat in chats {
            let rows = chat.rows(&ann).await;
            for ((_, text), answer) in answers.iter().filter(|((id, _), _)| *id == chat.id) {
                let is_there = rows.iter().any(|row| row.text == text.as_str() && row.sender == ann.id());
                match Fate::of(answer) {
                    Fate::Stored => assert!(is_there, "{text} is not in {rows:?}"),
                    // The chat of two is closed to her from some moment on, and no other.
                    Fate::Refused => {
                        assert_eq!(
                            (chat.kind, answer.refused(404).as_str()),
                            (Kind::Direct, "user_not_found")
                        );
                        assert!(!is_there, "{text} is in {rows:?}");
                    }
                    Fate::Unclear => {}
                }
            }
            let numbers: Vec<_> = rows.iter().map(|row| row.seq.clone()).collect();
            assert_eq!(numbers, (1..=rows.len()).map(|seq| json!(seq)).collect::<Vec<_>>(), "{chat:?}");
        }
    }
}

#[tokio::test]
async fn who_logs_in_meanwhile_is_logged_out_when_the_deletion_has_answered() {
    let stack = Stack::shared().await;
    let api = stack.anonymous();
    for _ in 0..ROUNDS {
        let bob = Person::confirmed(&stack).await;
        let WebUser { name, password, email, .. } = &bob.web;
        let by_form = || api.post("/api/login").form(&[("name", name.as_str()), ("password", password)]);
        let for_token = |field: &str, value: &str| {
            let mut body = json!({"password": password});
            body[field] = json!(value);
            api.post("/login").json(&body)
        };
        let ways: [Next<'_, bool>; 4] = [
            Box::new(|| (true, by_form())),
            Box::new(|| (true, by_form())),
            Box::new(|| (false, for_token("user_name", name))),
            Box::new(|| (false, for_token("email", email))),
        ];
        for (is_by_form, answer) in while_he_goes(&bob, &ways).await {
            match (is_by_form, answer.status.as_u16()) {
                (true, 200) => {
                    let shown = api.get("/api/user").header("cookie", &cookies(&answer)).await;
                    assert_eq!(shown.refused(403), "unauthenticated");
                }
                (true, _) => {
                    assert_eq!(answer.refused(400), "unauthenticated");
                    assert!(!answer.headers.contains_key("set-cookie"), "{answer:?}");
                }
                (false, 200) => {
                    let token = answer.json()["token"].as_str().expect("a token").to_owned();
                    let shown = api.get("/users").header("authentication", &token).await;
                    assert_eq!(shown.refused(401), "unauthenticated");
                }
                (false, _) => assert_eq!(answer.refused(401), "unauthenticated"),
            }
        }
    }
}

#[tokio::test]
async fn of_two_deletions_at_once_one_is_carried_out_and_the_other_finds_it_done() {
    let stack = Stack::shared().await;
    let ann = Person::new(&stack).await;
    for round in 0..ROUNDS {
        let bob = Person::new(&stack).await;
        let other = if round % 2 == 0 { bob.web.clone() } else { bob.web.login(&stack).await };
        let chat = Chat::begin(Kind::Web, &ann, &bob).await;
        chat.say(&bob, &ann, "mine").await;
        let deletions = [&bob.web, &other].map(|session| session.delete("/api/user").into_future());
        let answers = join_all(deletions).await;
        let mut done = 0;
        for answer in answers {
            if answer.status == 200 {
                assert_eq!(answer.json(), json!({"status": "ok"}));
                done += 1;
            } else {
                assert_eq!(answer.refused(403), "unauthenticated");
            }
        }
        assert!(done >= 1, "nobody has deleted {}", bob.id());
        is_logged_out(&bob).await;
        is_unknown(&bob, &ann).await;
        assert_eq!(column(&ann.web.messages(chat.id).await, "content"), ["hello", ""]);
        WebUser::named(&stack, &bob.web.name).await;
    }
}

/// Who has a name, as somebody sees.
async fn owner_of(name: &str, reader: &WebUser) -> Option<Value> {
    let answer = reader.get(&format!("/api/user?name={name}")).await;
    if answer.status == 404 {
        assert_eq!(answer.refused(404), "user_not_found");
        return None;
    }
    Some(answer.expect(200).json()["user"]["id"].clone())
}

#[tokio::test]
async fn who_registers_the_name_meanwhile_has_it_or_nobody_does() {
    let stack = Stack::shared().await;
    let ann = WebUser::new(&stack).await;
    for _ in 0..ROUNDS {
        let bob = Person::new(&stack).await;
        let (name, email) = (&bob.web.name, address());
        let form = [("name", name.as_str()), ("password", bob.web.password.as_str()), ("email", &email)];
        let register = stack.anonymous().post("/api/user").form(&form);
        let (answer, ()) = join(register.into_future(), bob.delete()).await;
        let owner = owner_of(name, &ann).await;
        if answer.status == 201 {
            let cookies = cookies(&answer);
            let shown =
                stack.anonymous().get("/api/user").header("cookie", &cookies).await.expect(200).json();
            assert_eq!(shown["user"]["name"], json!(name));
            assert_ne!(shown["user"]["id"], bob.id());
            assert_eq!(owner, Some(shown["user"]["id"].clone()));
        } else {
            assert_eq!(answer.refused(400), "name_taken");
            assert_eq!(owner, None);
            WebUser::named(&stack, name).await;
        }
    }
}

#[tokio::test]
async fn the_same_goes_for_one_who_registers_for_conversations() {
    let stack = Stack::shared().await;
    let ann = WebUser::new(&stack).await;
    for _ in 0..ROUNDS {
        let bob = Person::new(&stack).await;
        let register = stack.anonymous().post("/auth/register").json(&json!({"username": bob.web.name}));
        let (answer, ()) = join(register.into_future(), bob.delete()).await;
        let got_it = answer.expect(200).json()["status"] == "success";
        let owner = owner_of(&bob.web.name, &ann).await;
        assert_eq!(owner.is_some(), got_it, "{owner:?}");
        assert_ne!(owner, Some(json!(bob.id())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_meanwhile_is_gone_too() {
    let (stack, tables) = place().await;
    for round in 0..ROUNDS {
        let bob = if round % 2 == 0 { Person::new(&stack).await } else { Person::confirmed(&stack).await };
        let (name, email) = (unique("Robert"), address());
        let change = bob.web.put("/api/user").form(&[("name", name.as_str()), ("email", email.as_str())]);
        let (answer, ()) = join(change.into_future(), bob.delete()).await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 200 | 403 | 404), "{status}: {}", answer.text());
        let texts = [&bob.web.name, &bob.web.email, &name, &email];
        assert_eq!(tables.mentions(&texts.map(|text| mark(text))).await, Vec::<String>::new());
        for name in [&bob.web.name, &name] {
            WebUser::named(&stack, name).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_confirmed_meanwhile_is_nobodys() {
    let (stack, tables) = place().await;
    for _ in 0..ROUNDS {
        let bob = Person::new(&stack).await;
        let path = format!("/register/{}", link(&stack, &bob.web.email).await);
        let (answer, ()) = join(stack.anonymous().get(&path).into_future(), bob.delete()).await;
        if answer.status != 201 {
            assert_eq!(answer.refused(404), "registration_not_found");
        }
        let marks = [&bob.web.name, &bob.web.email].map(|text| mark(text));
        assert_eq!(tables.mentions(&marks).await, Vec::<String>::new());
        let next = WebUser::new(&stack).await;
        next.put("/api/user").form(&[("email", bob.web.email.as_str())]).await.expect(200);
        assert_eq!(confirm(&stack, &bob.web.email).await, next.id);
    }
}

#[tokio::test]
async fn who_is_brought_in_meanwhile_keeps_no_chat_open() {
    let stack = Stack::shared().await;
    for _ in 0..ROUNDS {
        let [ann, bob] = Person::several(&stack).await;
        let chats = [ann.web.open_chat("Tea").await, ann.web.open_chat("Coffee").await];
        let invitations = chats.map(|chat| {
            let call = ann.web.post(&format!("/api/chats/{chat}/users"));
            call.form(&[("name", bob.web.name.as_str())]).into_future()
        });
        let (answers, ()) = join(join_all(invitations), bob.delete()).await;
        for (answer, chat) in answers.into_iter().zip(chats) {
            if answer.status != 201 {
                assert_eq!(answer.refused(404), "user_not_found");
            }
            assert_eq!(ann.web.say(chat, "is anybody there?").await, 1);
            // She is the last one, whether he was brought in and taken out or was not there any more.
            walk_out(&ann, chat).await;
            assert_eq!(ann.web.get(&format!("/api/chats/{chat}")).await.refused(404), "chat_not_found");
        }
    }
}
