//! `POST /token`: the backend's making of users. What keys it takes is in `user_keys`.

use serde_json::{Value, json};
use tests::{Algorithm, Answer, Caller as _, Encoding, Key, Platform, Stack, in_query, millis, unique};

use super::{
    BAD_TOKEN, INVALID_PARAMETERS, backend, is_in, is_out, look, new_chat, no_names, refresh, refused_with,
    unauthenticated, unsupported, with_tokens,
};
use crate::common::{column, fields};

/// The body that makes a user with the key `a`.
fn user(id: &str) -> Value {
    json!({"userID": id, "userKey": Key::named("a").public_pem()})
}

/// Checks a refusal, and gives its code and its details.
#[track_caller]
fn invalid(answer: &Answer) -> (String, String) {
    let refusal = refused_with(answer, 400, INVALID_PARAMETERS);
    (refusal.code, refusal.details)
}

/// Checks that the backend knows nobody with this id.
async fn is_unknown(platform: &Platform, id: &str) {
    let path = format!("{}/users", backend(&Platform::new_chat_id()));
    let answer = platform.put(&path).json(&json!({"users": [id]})).await;
    assert_eq!(invalid(&answer).0, "unknown_user");
}

#[tokio::test]
async fn a_new_user_gets_two_tokens() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let id = unique("ada");
    let made = platform.post("/token").json(&user(&id)).await.expect(201).json();
    assert_eq!(fields(&made), ["accessToken", "refreshToken"]);
    assert_ne!(made["accessToken"], made["refreshToken"]);
    let ada = platform.known(&id, Key::named("a"), &made);
    is_in(&ada).await;
    refresh(&stack.anonymous(), &ada.refresh).await.expect(201);
}

#[tokio::test]
async fn several_users_get_theirs_in_the_order_of_the_request() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let ids = ["zoe", "ada", "Bob.the-2nd"].map(unique);
    let body = json!({"users": ids.each_ref().map(|id| user(id))});
    let made = platform.post("/token").json(&body).await.expect(201).json();
    assert_eq!(fields(&made), ["users"]);
    let rows = made["users"].as_array().expect("users");
    assert_eq!(column(rows, "userID"), ids);
    for (id, row) in ids.iter().zip(rows) {
        assert_eq!(fields(row), ["accessToken", "refreshToken", "userID"]);
        let member = platform.known(id, Key::named("a"), row);
        let (chat, _) = new_chat(&platform, &[&member]).await;
        assert_eq!(look(&member, &super::own(&chat)).await["users"][0]["userID"], json!(id));
    }
}

#[tokio::test]
async fn one_alone_in_an_array_is_answered_by_an_array() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let body = json!({"users": [user(&unique("ada"))]});
    let made = platform.post("/token").json(&body).await.expect(201).json();
    assert_eq!(made["users"].as_array().map(Vec::len), Some(1), "{made}");
}

#[tokio::test]
async fn a_hundred_at_once_and_no_more() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let mut users: Vec<_> = (0..101).map(|_| user(&unique("member"))).collect();
    let answer = platform.post("/token").json(&json!({"users": users})).await;
    assert_eq!(invalid(&answer).0, "invalid_users");
    is_unknown(&platform, users[0]["userID"].as_str().expect("an id")).await;
    users.pop();
    let made = platform.post("/token").json(&json!({"users": users})).await.expect(201).json();
    let rows = made["users"].as_array().expect("users");
    assert_eq!(column(rows, "userID"), column(&users, "userID"));
    is_in(&platform.known("the last", Key::named("a"), &rows[99])).await;
}

#[tokio::test]
async fn a_form_does_as_well_as_json() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let (id, key) = (unique("ada"), Key::named("a").public_pem());
    let form = [("userID", id.as_str()), ("userKey", &key), ("displayName", "a+b & ü =")];
    let made = platform.post("/token").form(&form).await.expect(201).json();
    assert_eq!(fields(&made), ["accessToken", "refreshToken"]);
    let ada = platform.known(&id, Key::named("a"), &made);
    let (chat, _) = new_chat(&platform, &[&ada]).await;
    let seen = look(&ada, &super::own(&chat)).await["users"][0].clone();
    assert_eq!((&seen["userID"], &seen["displayName"]), (&json!(ada.id), &json!("a+b & ü =")));
    let answer = platform.post("/token").form(&[("userID", "a b"), ("userKey", &key)]).await;
    assert_eq!(invalid(&answer).0, "invalid_user_id");
}

#[tokio::test]
async fn another_content_type_is_415() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let id = unique("ada");
    for kind in ["text/plain", "application/xml", "application/octet-stream"] {
        unsupported(&platform.post("/token").body(kind, user(&id).to_string()).await);
    }
    is_unknown(&platform, &id).await;
}

#[tokio::test]
async fn a_trailing_slash_is_the_same_path() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let made = platform.post("/token/").json(&user(&unique("ada"))).await.expect(201).json();
    let token = made["refreshToken"].as_str().expect("a token");
    stack.anonymous().put("/token/").json(&json!({"refreshToken": token})).await.expect(201);
}

#[tokio::test]
async fn user_ids_are_letters_digits_dots_and_hyphens() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let plain = unique("John.Doe-mobile1");
    let longest = format!("{plain}{}", ".".repeat(128 - plain.len()));
    for id in [plain, longest, unique("..."), unique("-"), unique("0")] {
        platform.post("/token").json(&user(&id)).await.expect(201);
    }
    for id in no_names() {
        let (code, details) = invalid(&platform.post("/token").json(&user(&id)).await);
        assert_eq!(code, "invalid_user_id", "{id:?}");
        assert!(details.contains("userID"), "{details}");
    }
}

#[tokio::test]
async fn user_ids_that_differ_in_case_are_two_users() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let ada = platform.member("ada").await;
    let other = platform.issue(&ada.id.to_uppercase(), "b").await;
    is_in(&ada).await;
    let (chat, guids) = new_chat(&platform, &[&ada, &other]).await;
    assert_ne!(guids[0], guids[1]);
    assert_eq!(super::seated(&platform, &chat).await, [json!(ada.id), json!(other.id)]);
}

#[tokio::test]
async fn display_names_have_1_to_100_characters_and_are_shown_as_sent() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let ada = platform.member("ada").await;
    let (chat, _) = new_chat(&platform, &[&ada]).await;
    let named = |name: Value| {
        let mut body = user(&ada.id);
        body["displayName"] = name;
        platform.post("/token").json(&body)
    };
    for name in ["x", &"ä".repeat(100), &"👍".repeat(100), "e\u{301}é <b>\"&"] {
        named(json!(name)).await.expect(201);
        assert_eq!(look(&platform, &backend(&chat)).await["users"][0]["displayName"], name);
    }
    for name in ["", &"x".repeat(101), &"👍".repeat(101), "a\nb", "a\u{0}b", "\u{7f}b"] {
        let (code, details) = invalid(&named(json!(name)).await);
        assert_eq!(code, "invalid_name", "{name:?}");
        assert!(details.contains("displayName"), "{details}");
    }
    for name in [json!(7), json!(["x"]), json!({})] {
        invalid(&named(name).await);
    }
}

#[tokio::test]
async fn bodies_that_are_no_user_are_refused() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let key = Key::named("a").public_pem();
    for body in ["", "{", "[]", "null", "7", "\"x\"", "{\"userID\":"] {
        let answer = platform.post("/token").body("application/json", body).await;
        assert_eq!(invalid(&answer).0, "invalid_body", "{body}");
    }
    for body in [
        json!({}),
        json!({"userID": unique("ada")}),
        json!({"userKey": key}),
        json!({"userID": 7, "userKey": key}),
        json!({"userID": [unique("ada")], "userKey": key}),
        json!({"userID": unique("ada"), "userKey": 7}),
        json!({"users": {}}),
        json!({"users": "x"}),
        json!({"users": [7]}),
        json!({"users": [unique("ada")]}),
        json!([user(&unique("ada"))]),
    ] {
        invalid(&platform.post("/token").json(&body).await);
    }
}

#[tokio::test]
async fn an_array_is_not_empty_names_nobody_twice_and_comes_alone() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let (ada, bob) = (unique("ada"), unique("bob"));
    let mut both = user(&bob);
    both["users"] = json!([user(&ada)]);
    for body in [json!({"users": []}), json!({"users": [user(&ada), user(&bob), user(&ada)]}), both] {
        assert_eq!(invalid(&platform.post("/token").json(&body).await).0, "invalid_users", "{body}");
    }
    is_unknown(&platform, &ada).await;
    is_unknown(&platform, &bob).await;
}

#[tokio::test]
async fn a_refused_array_says_whose_entry_is_wrong_and_changes_nothing() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let known = platform.member("known").await;
    let wrong = |field: &str, value: &str| {
        let mut entry = user(&unique("bob"));
        entry[field] = json!(value);
        entry
    };
    for (entry, field, expected) in [
        (wrong("userKey", "no key"), "userKey", "invalid_user_key"),
        (wrong("displayName", ""), "displayName", "invalid_name"),
        (wrong("userID", "b_b"), "userID", "invalid_user_id"),
    ] {
        let new = unique("new");
        let body = json!({"users": [user(&known.id), user(&new), entry, user(&unique("last"))]});
        let (code, details) = invalid(&platform.post("/token").json(&body).await);
        assert_eq!(code, expected);
        assert!(details.contains("users[2]"), "{details}");
        assert!(details.contains(entry["userID"].as_str().expect("an id")), "{details}");
        assert!(details.contains(field), "{details}");
        is_unknown(&platform, &new).await;
    }
    is_in(&known).await;
    refresh(&stack.anonymous(), &known.refresh).await.expect(201);
}

#[tokio::test]
async fn a_refusal_leaves_a_users_old_tokens_as_they_are() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let ada = platform.member("ada").await;
    let mut socket = ada.socket().await;
    let body = json!({"userID": ada.id, "userKey": "no key"});
    assert_eq!(invalid(&platform.post("/token").json(&body).await).0, "invalid_user_key");
    is_in(&ada).await;
    socket.so_far().await;
    refresh(&stack.anonymous(), &ada.refresh).await.expect(201);
}

#[tokio::test]
async fn new_tokens_for_a_known_user_end_the_old_ones_and_close_its_sockets() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let old = platform.member("ada").await;
    let bystander = platform.member("bob").await;
    let mut sockets = [old.socket().await, old.socket().await];
    let mut watching = bystander.socket().await;
    let new = platform.issue(&old.id, "a").await;
    is_out(&old).await;
    unauthenticated(&refresh(&stack.anonymous(), &old.refresh).await, BAD_TOKEN);
    for socket in &mut sockets {
        socket.closed().await;
    }
    // Also the use of an old refresh token did nothing to the new ones.
    is_in(&new).await;
    new.socket().await.so_far().await;
    refresh(&stack.anonymous(), &new.refresh).await.expect(201);
    is_in(&bystander).await;
    watching.so_far().await;
}

#[tokio::test]
async fn new_tokens_by_an_array_end_the_old_ones_too() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let old = platform.members(2).await;
    let body = json!({"users": old.iter().map(|member| user(&member.id)).collect::<Vec<_>>()});
    let made = platform.post("/token").json(&body).await.expect(201).json();
    for (member, tokens) in old.iter().zip(made["users"].as_array().expect("users")) {
        is_out(member).await;
        is_in(&with_tokens(member, tokens)).await;
    }
}

#[tokio::test]
async fn with_new_tokens_the_new_key_counts_and_the_old_does_not() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let old = platform.member("ada").await;
    let new = platform.issue(&old.id, "b").await;
    let read = async |key: &Key| {
        let timestamp = millis().to_string();
        let sign = Encoding::Base64.encode(&key.sign(Algorithm::Rs256, timestamp.as_bytes()));
        new.get(&format!("/messages?timestamp={timestamp}&sign={}", in_query(&sign))).await
    };
    read(&new.key).await.expect(200);
    let refusal = refused_with(&read(&old.key).await, 403, "Bad signature");
    assert_eq!(refusal.code, "bad_signature");
}

#[tokio::test]
async fn with_new_tokens_a_user_is_still_in_its_chats() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let (chat, guids) = new_chat(&platform, &[&ada, &bob]).await;
    bob.send(&chat, "before", "1").await;
    let again = platform.issue(&ada.id, "c").await;
    let seen = look(&again, &super::own(&chat)).await;
    assert_eq!(column(seen["users"].as_array().expect("users"), "GUID"), guids);
    assert_eq!(seen["ownerGUID"], guids[0]);
    assert_eq!(column(&again.incoming().await.messages, "messageText"), ["before"]);
}
