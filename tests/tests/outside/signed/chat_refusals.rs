//! What is malformed or unknown in calls about chats, for the backend and for users alike.

use http::Method;
use serde_json::{Value, json};
use tests::{Answer, Caller, Member, Platform, Stack, in_query, unique};

use super::{
    BAD_REQUEST, CHAT_NOT_FOUND, INVALID_CHAT, INVALID_PARAMETERS, Refusal, backend, is_no_chat, listing,
    look, new_chat, no_names, own, refused, refused_with, seated, unsupported,
};

/// A call about the users of a chat with this body, from the backend and from a user.
async fn both(
    (platform, member): (&Platform, &Member),
    method: &Method,
    chat: &str,
    body: &Value,
) -> [Answer; 2] {
    let (from_backend, from_user) = (format!("{}/users", backend(chat)), format!("{}/users", own(chat)));
    [
        platform.call(method.clone(), &from_backend).json(body).await,
        member.call(method.clone(), &from_user).json(body).await,
    ]
}

/// Checks that both are refused for the same, and gives it.
#[track_caller]
fn both_refused([one, other]: &[Answer; 2], status: u16, sentence: &str) -> Refusal {
    let (one, other) = (refused_with(one, status, sentence), refused_with(other, status, sentence));
    assert_eq!(one.code, other.code);
    one
}

/// A chat of two, the first of whom owns it.
async fn setting(stack: &Stack) -> (Platform, [Member; 2], String) {
    let platform = Platform::new(stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let (chat, _) = new_chat(&platform, &[&ada, &bob]).await;
    (platform, [ada, bob], chat)
}

/// What is no `chatID`, as it stands in a path. Some of what is no name at all never gets there: it is another path.
fn no_chat_ids() -> Vec<String> {
    let names = no_names().into_iter().filter(|name| !["", ".", "..", "a/b"].contains(&name.as_str()));
    names.map(|name| in_query(&name)).collect()
}

#[tokio::test]
async fn malformed_chat_ids_are_400_with_each_routes_sentence() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], _) = setting(&stack).await;
    let reserved = ["users", "read", "unread"].map(str::to_owned);
    for chat in no_chat_ids().into_iter().chain(reserved.clone()) {
        let users = format!("{}/users", backend(&chat));
        for (answer, sentence) in [
            (platform.put(&users).json(&listing(&[&bob])).await, INVALID_PARAMETERS),
            (platform.get(&users).await, INVALID_CHAT),
            (platform.delete(&users).json(&listing(&[&bob])).await, BAD_REQUEST),
            (platform.delete(&backend(&chat)).await, INVALID_CHAT),
        ] {
            assert_eq!(refused_with(&answer, 400, sentence).code, "invalid_chat_id", "{}", answer.question);
        }
    }
    for chat in no_chat_ids().into_iter().chain(reserved) {
        let users = format!("{}/users", own(&chat));
        for (answer, sentence) in [
            (ada.put(&users).json(&listing(&[&bob])).await, INVALID_PARAMETERS),
            (ada.get(&users).await, INVALID_CHAT),
            (ada.delete(&users).json(&listing(&[&bob])).await, BAD_REQUEST),
        ] {
            assert_eq!(refused_with(&answer, 400, sentence).code, "invalid_chat_id", "{}", answer.question);
        }
    }
    for chat in no_chat_ids() {
        let answer = ada.delete(&own(&chat)).await;
        assert_eq!(refused_with(&answer, 400, INVALID_CHAT).code, "invalid_chat_id", "{}", answer.question);
    }
}

#[tokio::test]
async fn an_escaped_sign_in_a_path_makes_no_other_call_of_it() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], _) = setting(&stack).await;
    let (chat, _) = new_chat(&platform, &[&ada, &bob]).await;
    for sign in ["%23", "%3F", "%2F", "%5C", "%0A", "%2F..", "%2523"] {
        for rest in ["/users", "", "x"] {
            let path = format!("/backend/chats/{chat}{sign}{rest}");
            let answer = platform.delete(&path).json(&listing(&[&bob])).await;
            refused_with(&answer, 400, if rest == "/users" { BAD_REQUEST } else { INVALID_CHAT });
            let answer = ada.delete(&format!("/chats/{chat}{sign}{rest}")).json(&listing(&[&bob])).await;
            refused(&answer, 400);
            assert_eq!(seated(&platform, &chat).await, [ada.id.as_str(), bob.id.as_str()], "after {path}");
        }
    }
}

#[tokio::test]
async fn unknown_chats_are_refused_with_each_routes_status_and_sentence() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], _) = setting(&stack).await;
    let chat = Platform::new_chat_id();
    for (answer, status, sentence) in [
        (platform.get(&format!("{}/users", backend(&chat))).await, 400, INVALID_CHAT),
        (ada.get(&format!("{}/users", own(&chat))).await, 400, INVALID_CHAT),
        (platform.delete(&backend(&chat)).await, 400, INVALID_CHAT),
        (ada.delete(&own(&chat)).await, 400, INVALID_CHAT),
        (
            platform.delete(&format!("{}/users", backend(&chat))).json(&listing(&[&bob])).await,
            404,
            CHAT_NOT_FOUND,
        ),
        (ada.delete(&format!("{}/users", own(&chat))).json(&listing(&[&ada])).await, 404, CHAT_NOT_FOUND),
    ] {
        assert_eq!(refused_with(&answer, status, sentence).code, "chat_not_found", "{}", answer.question);
    }
}

#[tokio::test]
async fn an_unknown_user_is_named_and_nothing_is_changed() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], chat) = setting(&stack).await;
    let new = platform.member("new").await;
    let before = look(&platform, &backend(&chat)).await;
    let unknown = unique("nobody");
    // Names differ in case.
    for nobody in [unknown, bob.id.to_uppercase()] {
        let body = json!({"users": [new.id, nobody, bob.id], "chatName": "Another name"});
        let callers = (&platform, &ada);
        let refusal = both_refused(&both(callers, &Method::PUT, &chat, &body).await, 400, INVALID_PARAMETERS);
        assert_eq!(refusal.code, "unknown_user");
        assert!(refusal.details.contains(&nobody), "{}", refusal.details);

        let another = Platform::new_chat_id();
        let refusal =
            both_refused(&both(callers, &Method::PUT, &another, &body).await, 400, INVALID_PARAMETERS);
        assert_eq!(refusal.code, "unknown_user");
        is_no_chat(&platform, &another).await;

        let body = json!({"users": [bob.id, nobody]});
        let refusal = both_refused(&both(callers, &Method::DELETE, &chat, &body).await, 400, BAD_REQUEST);
        assert_eq!(refusal.code, "unknown_user");
        assert!(refusal.details.contains(&nobody), "{}", refusal.details);
    }
    assert_eq!(look(&platform, &backend(&chat)).await, before);
}

#[tokio::test]
async fn users_of_the_rest_of_the_system_are_unknown_here() {
    let stack = Stack::shared().await;
    let (platform, [ada, _], chat) = setting(&stack).await;
    let user = tests::User::new(&stack).await;
    let body = json!({"users": [user.id.to_string()]});
    let answers = both((&platform, &ada), &Method::PUT, &chat, &body).await;
    assert_eq!(both_refused(&answers, 400, INVALID_PARAMETERS).code, "unknown_user");
}

#[tokio::test]
async fn malformed_user_ids_are_refused_and_nothing_is_changed() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], chat) = setting(&stack).await;
    let before = look(&platform, &backend(&chat)).await;
    let new = platform.member("new").await;
    let callers = (&platform, &ada);
    for wrong in no_names() {
        let body = json!({"users": [new.id, wrong]});
        let refusal = both_refused(&both(callers, &Method::PUT, &chat, &body).await, 400, INVALID_PARAMETERS);
        assert_eq!(refusal.code, "invalid_user_id", "{wrong:?}");
        let body = json!({"users": [bob.id, wrong]});
        both_refused(&both(callers, &Method::DELETE, &chat, &body).await, 400, BAD_REQUEST);
    }
    assert_eq!(look(&platform, &backend(&chat)).await, before);
}

#[tokio::test]
async fn between_1_and_99_users_are_listed() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], chat) = setting(&stack).await;
    let members = platform.members(100).await;
    for body in [json!({"users": []}), listing(&members.iter().collect::<Vec<_>>())] {
        for chat in [&chat, &Platform::new_chat_id()] {
            let answers = both((&platform, &ada), &Method::PUT, chat, &body).await;
            assert_eq!(both_refused(&answers, 400, INVALID_PARAMETERS).code, "invalid_users");
        }
    }
    assert_eq!(seated(&platform, &chat).await, [json!(ada.id), json!(bob.id)]);
}

#[tokio::test]
async fn a_chats_name_is_a_text_of_up_to_1000_characters() {
    let stack = Stack::shared().await;
    let (platform, [ada, _], chat) = setting(&stack).await;
    let new = platform.member("new").await;
    let before = look(&platform, &backend(&chat)).await;
    let named = |name: Value| json!({"users": [new.id], "chatName": name});
    for name in ["x".repeat(1_001), "👍".repeat(1_001)] {
        let answers = both((&platform, &ada), &Method::PUT, &chat, &named(json!(name))).await;
        assert_eq!(both_refused(&answers, 400, INVALID_PARAMETERS).code, "invalid_name");
    }
    for name in [json!(7), json!(["x"]), json!({})] {
        both_refused(
            &both((&platform, &ada), &Method::PUT, &chat, &named(name)).await,
            400,
            INVALID_PARAMETERS,
        );
    }
    assert_eq!(look(&platform, &backend(&chat)).await, before);
}

#[tokio::test]
async fn bodies_that_list_no_users_are_refused() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], chat) = setting(&stack).await;
    let callers = (&platform, &ada);
    for body in [
        json!({}),
        json!([bob.id]),
        json!(null),
        json!({"users": null}),
        json!({"users": bob.id}),
        json!({"users": {}}),
        json!({"users": [7]}),
        json!({"users": [[bob.id]]}),
        json!({"users": [null]}),
        json!({"user": [bob.id]}),
    ] {
        both_refused(&both(callers, &Method::PUT, &chat, &body).await, 400, INVALID_PARAMETERS);
        both_refused(&both(callers, &Method::DELETE, &chat, &body).await, 400, BAD_REQUEST);
    }
    for body in [
        json!({"users": []}),
        json!({"GUIDs": []}),
        json!({"users": [], "GUIDs": []}),
        json!({"GUIDs": bob.id}),
        json!({"GUIDs": [7]}),
        json!({"users": [bob.id], "GUIDs": 7}),
    ] {
        both_refused(&both(callers, &Method::DELETE, &chat, &body).await, 400, BAD_REQUEST);
    }
    assert_eq!(seated(&platform, &chat).await, [json!(ada.id), json!(bob.id)]);
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], chat) = setting(&stack).await;
    let (from_backend, from_user) = (format!("{}/users", backend(&chat)), format!("{}/users", own(&chat)));
    for body in ["", "{", "{\"users\":[", "users", "{\"users\":[\"x\"]} x"] {
        for (method, sentence) in [(Method::PUT, INVALID_PARAMETERS), (Method::DELETE, BAD_REQUEST)] {
            let call = platform.call(method.clone(), &from_backend);
            let refusal = refused_with(&call.body("application/json", body).await, 400, sentence);
            assert_eq!(refusal.code, "invalid_body", "{body}");
            let call = ada.call(method, &from_user);
            let refusal = refused_with(&call.body("application/json", body).await, 400, sentence);
            assert_eq!(refusal.code, "invalid_body", "{body}");
        }
    }
    assert_eq!(seated(&platform, &chat).await, [json!(ada.id), json!(bob.id)]);
}

#[tokio::test]
async fn another_content_type_is_415() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], chat) = setting(&stack).await;
    let new = platform.member("new").await;
    let (from_backend, from_user) = (format!("{}/users", backend(&chat)), format!("{}/users", own(&chat)));
    for kind in ["text/plain", "application/xml", "application/octet-stream"] {
        for (method, user) in [(Method::PUT, &new), (Method::DELETE, &bob)] {
            let body = listing(&[user]).to_string();
            unsupported(&platform.call(method.clone(), &from_backend).body(kind, body.clone()).await);
            unsupported(&ada.call(method, &from_user).body(kind, body).await);
        }
    }
    // The document has JSON here.
    let form = [("users", new.id.as_str())];
    unsupported(&platform.put(&from_backend).form(&form).await);
    unsupported(&ada.put(&from_user).form(&form).await);
    assert_eq!(seated(&platform, &chat).await, [json!(ada.id), json!(bob.id)]);
}

#[tokio::test]
async fn fields_that_nobody_knows_are_ignored() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], chat) = setting(&stack).await;
    let body = json!({"users": [bob.id], "topic": "x", "GUIDList": [7]});
    for answer in both((&platform, &ada), &Method::PUT, &chat, &body).await {
        answer.expect(200);
    }
}

#[tokio::test]
async fn other_methods_and_paths_are_404() {
    let stack = Stack::shared().await;
    let (platform, [ada, _], chat) = setting(&stack).await;
    for (method, path) in [
        (Method::GET, backend(&chat)),
        (Method::PUT, backend(&chat)),
        (Method::POST, format!("{}/users", backend(&chat))),
        (Method::GET, format!("{}/messages", backend(&chat))),
        (Method::GET, "/backend/chats".to_owned()),
        (Method::GET, "/backend".to_owned()),
        (Method::GET, "/backend/messages".to_owned()),
        (Method::GET, "/token".to_owned()),
        (Method::DELETE, "/token".to_owned()),
    ] {
        assert_eq!(platform.call(method, &path).await.refused(404), "not_found");
    }
    let answer = ada.call(Method::POST, &format!("{}/users", own(&chat))).await;
    assert_eq!(answer.refused(404), "not_found");
}
