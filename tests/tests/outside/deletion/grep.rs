//! Of somebody who is gone the store keeps neither a name nor an address nor a text, and nobody is shown any.

use futures::future::join;
use serde_json::json;
use tests::{Applicant, Caller as _, Stack, Tables, unique};

use super::chat::{Chat, KINDS, Kind};
use super::common::{Person, address, confirm, mark, place};
use super::trail::{self, walk_out};

/// Most bytes of a message.
const LIMIT: usize = 16 * 1024;

/// Where the store still holds any of some texts.
async fn left(tables: &Tables, texts: &[&str]) -> Vec<String> {
    tables.mentions(texts).await
}

/// Checks that all of some texts are found: what is looked for in the wrong way is never found.
async fn are_all_there(tables: &Tables, texts: &[&str]) {
    let places = left(tables, texts).await;
    for text in texts {
        assert!(places.iter().any(|place| place.starts_with(text)), "{text:?} is not found: {places:?}");
    }
}

/// Writes everywhere as Bob, deletes him, and looks for what he wrote and for what he was called. `names` are his names
/// and addresses that the store holds, `former` those that it held once.
async fn goes_without_a_trace(
    (stack, tables): &(Stack, Tables),
    bob: &Person,
    names: &[&str],
    former: &[&str],
) {
    let [ann, eve] = Person::several(stack).await;
    let secret = unique("secret");
    let trail = trail::leave(bob, &ann, &eve, &secret).await;
    let mut marks: Vec<_> = names.iter().copied().chain([secret.as_str()]).map(mark).collect();
    are_all_there(tables, &marks).await;

    bob.delete().await;
    marks.extend(former.iter().copied().map(mark));
    assert_eq!(left(tables, &marks).await, Vec::<String>::new());
    let mut shown = trail.seen_by_ann(&ann, bob).await;
    shown.extend(trail.seen_by_eve(&eve).await);
    for seen in shown {
        let text = seen.to_lowercase();
        assert!(marks.iter().all(|mark| !text.contains(&mark.to_lowercase())), "{seen}");
    }
    let alone = ann.web.get(&format!("/api/chats/{}", trail.alone)).await;
    assert_eq!(alone.refused(404), "chat_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_who_never_confirmed_the_address_nothing_is_left() {
    let place = place().await;
    let bob = Person::new(&place.0).await;
    goes_without_a_trace(&place, &bob, &[&bob.web.name, &bob.web.email], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_with_a_confirmed_address_nothing_is_left_whatever_forms_its_name_has() {
    let place = place().await;
    let bob = Person::named(&place.0, &unique("Straße É e\u{301} ﬁ Ⅷ")).await;
    confirm(&place.0, &bob.web.email).await;
    goes_without_a_trace(&place, &bob, &[&bob.web.name, &bob.web.email], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_who_has_another_name_by_now_and_waits_for_another_address_nothing_is_left() {
    let place = place().await;
    let mut bob = Person::confirmed(&place.0).await;
    let (name, waiting) = (unique("Robert"), address().to_uppercase());
    bob.change(&[("name", &name), ("email", &waiting)]).await;
    let former = std::mem::replace(&mut bob.web.name, name);
    goes_without_a_trace(&place, &bob, &[&bob.web.name, &bob.web.email, &waiting], &[&former]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_who_has_changed_everything_more_than_once_nothing_is_left() {
    let place = place().await;
    let mut bob = Person::confirmed(&place.0).await;
    let mut former = Vec::new();
    for _ in 0..2 {
        let (name, email) = (unique("Robert"), address());
        bob.change(&[("name", name.as_str())]).await;
        bob.change(&[("email", email.as_str())]).await;
        former.push(std::mem::replace(&mut bob.web.name, name));
        former.push(std::mem::replace(&mut bob.web.email, email));
    }
    // The address between the two was never confirmed.
    assert_eq!(confirm(&place.0, &bob.web.email).await, bob.id());
    let former: Vec<_> = former.iter().map(String::as_str).collect();
    goes_without_a_trace(&place, &bob, &[&bob.web.name, &bob.web.email], &former).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_who_registered_by_mail_nothing_is_left_not_even_the_first_and_last_name() {
    let place = place().await;
    let applicant = Applicant {
        first_name: unique("Robert"),
        last_name: unique("Bauer"),
        user_name: Some(unique("Bob")),
        ..Applicant::new()
    };
    let bob = Person::by_mail(&place.0, applicant.clone()).await;
    let names = [&applicant.first_name, &applicant.last_name, &bob.web.name, &applicant.email];
    goes_without_a_trace(&place, &bob, &names.map(String::as_str), &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_long_history_of_large_texts_nothing_is_left() {
    const MESSAGES: usize = 110;
    let (stack, tables) = place().await;
    let [ann, bob] = Person::several(&stack).await;
    let secret = unique("secret");
    let large = format!("{secret} {}", "x".repeat(LIMIT - secret.len() - 1));
    let mut chats = Vec::new();
    for (kind, text) in [(Kind::Direct, &large), (Kind::Room, &secret), (Kind::Web, &secret)] {
        chats.push((Chat::begin(kind, &ann, &bob).await, text));
    }
    let talks = chats.iter().map(|(chat, text)| async {
        for _ in 0..MESSAGES {
            chat.say(&bob, &ann, text).await;
        }
    });
    futures::future::join_all(talks).await;
    are_all_there(&tables, &[mark(&secret)]).await;

    bob.delete().await;
    assert_eq!(left(&tables, &[mark(&secret)]).await, Vec::<String>::new());
    for (chat, _) in chats {
        let rows = chat.rows(&ann).await;
        assert_eq!(rows.len(), 100, "{chat:?}");
        assert!(rows.iter().all(|row| row.sender == bob.id() && row.text == ""), "{chat:?}: {rows:?}");
        if chat.kind != Kind::Web {
            assert!(chat.unread(&ann).await >= MESSAGES as u64, "{chat:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_go_one_after_the_other_nothing_is_left() {
    let (stack, tables) = place().await;
    let [ann, bob] = Person::several(&stack).await;
    let secret = unique("secret");
    for kind in KINDS {
        let chat = Chat::begin(kind, &ann, &bob).await;
        for (writer, other) in [(&bob, &ann), (&ann, &bob), (&bob, &ann)] {
            chat.say(writer, other, &format!("{kind:?}: {secret}")).await;
        }
    }
    let marks =
        [&secret, &ann.web.name, &ann.web.email, &bob.web.name, &bob.web.email].map(|text| mark(text));
    are_all_there(&tables, &marks).await;
    bob.delete().await;
    ann.delete().await;
    assert_eq!(left(&tables, &marks).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_go_at_once_nothing_is_left() {
    let (stack, tables) = place().await;
    let [ann, bob] = Person::several(&stack).await;
    let secret = unique("secret");
    for kind in KINDS {
        let chat = Chat::begin(kind, &ann, &bob).await;
        for (writer, other) in [(&bob, &ann), (&ann, &bob), (&bob, &ann), (&ann, &bob)] {
            chat.say(writer, other, &format!("{kind:?}: {secret}")).await;
        }
    }
    join(ann.delete(), bob.delete()).await;
    let marks =
        [&secret, &ann.web.name, &ann.web.email, &bob.web.name, &bob.web.email].map(|text| mark(text));
    assert_eq!(left(&tables, &marks).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_have_written_stays_in_the_store() {
    let (stack, tables) = place().await;
    let [ann, bob] = Person::several(&stack).await;
    let texts = KINDS.map(|kind| unique(&format!("{kind:?}")));
    for (kind, text) in KINDS.into_iter().zip(&texts) {
        let chat = Chat::begin(kind, &ann, &bob).await;
        chat.say(&ann, &bob, text).await;
        chat.say(&bob, &ann, "an answer").await;
    }
    bob.delete().await;
    let marks: Vec<_> = texts.iter().map(|text| mark(text)).chain([mark(&ann.web.name)]).collect();
    are_all_there(&tables, &marks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_web_chat_that_everybody_has_left_nothing_is_left() {
    let (stack, tables) = place().await;
    let [ann, bob] = Person::several(&stack).await;
    let secret = unique("secret");
    let chat = Chat::begin(Kind::Web, &ann, &bob).await;
    for (writer, other) in [(&bob, &ann), (&ann, &bob)] {
        chat.say(writer, other, &format!("from both: {secret}")).await;
    }
    walk_out(&bob, chat.id).await;
    walk_out(&ann, chat.id).await;
    for person in [&ann, &bob] {
        let answer = person.web.get(&format!("/api/chats/{}", chat.id)).await;
        assert_eq!(answer.refused(404), "chat_not_found");
        person.delete().await;
    }
    assert_eq!(left(&tables, &[mark(&secret)]).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_one_who_was_online_and_in_a_group() {
    let (stack, tables) = place().await;
    let [ann, bob] = Person::several(&stack).await;
    let chat = Chat::begin(Kind::Group, &ann, &bob).await;
    let mut socket = bob.user.socket().await;
    bob.user.enter(chat.id).await;
    let secret = unique("secret");
    socket.say(&json!({"chat_type": "group", "chat_group_id": chat.id, "message": secret})).await;
    bob.delete().await;
    socket.closed().await;
    let marks = [&secret, &bob.web.name, &bob.web.email].map(|text| mark(text));
    assert_eq!(left(&tables, &marks).await, Vec::<String>::new());
    assert_eq!(ann.user.look_into(chat.id).await["present"], json!([]));
}
