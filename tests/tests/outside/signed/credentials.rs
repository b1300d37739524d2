//! Which credential opens what, and what carries it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};
use tests::{Answer, Call, Caller, Member, Platform, Stack, User, in_query};

use super::{
    BAD_KEY, BAD_TOKEN, backend, forbidden, listing, look, new_chat, own, refused, seated, unauthenticated,
};

/// What needs a token of `POST /login` and takes no access token.
const OF_LOGINS: [(&str, &str); 29] = [
    ("GET", "/logout"),
    ("GET", "/users"),
    ("GET", "/chats"),
    ("POST", "/chats"),
    ("GET", "/chats/unread"),
    ("POST", "/chats/read"),
    ("GET", "/chats/1"),
    ("GET", "/chats/1/2"),
    ("GET", "/chats/users/1/2"),
    ("POST", "/chats_v2"),
    ("GET", "/chats_v2/unread"),
    ("GET", "/chats_v2/1"),
    ("DELETE", "/chats_v2/1"),
    ("GET", "/chat_rooms"),
    ("POST", "/chat_rooms"),
    ("GET", "/chat_rooms/message/unread"),
    ("GET", "/chat_rooms/nearby?latitude=48.25&longitude=16.5&radius_m=100"),
    ("GET", "/chat_rooms/1"),
    ("POST", "/chat_rooms/1/message"),
    ("POST", "/chat_rooms/1/read"),
    ("GET", "/chat_groups"),
    ("POST", "/chat_groups"),
    ("PUT", "/chat_groups"),
    ("GET", "/chat_groups/1"),
    ("DELETE", "/chat_groups/1/presence"),
    ("GET", "/chat_bot"),
    ("GET", "/chat-bot"),
    ("GET", "/notifications"),
    ("PUT", "/notifications"),
];

/// A method, a path and a body if there is one.
type Question = (Method, String, Option<Value>);

/// Everything that users do in a chat and with messages, about this user.
fn of_users(chat: &str, user: &Member) -> Vec<Question> {
    let users = format!("{}/users", own(chat));
    vec![
        (Method::PUT, users.clone(), Some(listing(&[user]))),
        (Method::GET, users.clone(), None),
        (Method::DELETE, users, Some(listing(&[user]))),
        (Method::DELETE, own(chat), None),
        (Method::GET, "/messages".to_owned(), None),
        (Method::POST, "/messages".to_owned(), Some(json!({}))),
    ]
}

/// Everything that the backend does, about this user.
fn of_backends(chat: &str, user: &Member) -> Vec<Question> {
    let users = format!("{}/users", backend(chat));
    let token = json!({"userID": user.id, "userKey": user.key.public_pem()});
    vec![
        (Method::PUT, users.clone(), Some(listing(&[user]))),
        (Method::GET, users.clone(), None),
        (Method::DELETE, users, Some(listing(&[user]))),
        (Method::DELETE, backend(chat), None),
        (Method::POST, "/token".to_owned(), Some(token)),
    ]
}

fn ask(caller: &impl Caller, (method, path, body): &Question) -> Call {
    let call = caller.call(method.clone(), path);
    match body {
        Some(body) => call.json(body),
        None => call,
    }
}

/// The same question with something more in its query.
fn with_query((method, path, body): &Question, more: &str) -> Question {
    (method.clone(), format!("{path}?{more}"), body.clone())
}

/// The same question with one more field in its body.
fn with_field((method, path, body): &Question, field: &str, value: &str) -> Question {
    let mut body = body.clone().unwrap_or_else(|| json!({}));
    body[field] = json!(value);
    (method.clone(), path.clone(), Some(body))
}

/// A chat of two, with a caller who has no credential at all.
async fn setting(stack: &Stack) -> (Platform, [Member; 2], String) {
    let platform = Platform::new(stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let (chat, _) = new_chat(&platform, &[&ada, &bob]).await;
    (platform, [ada, bob], chat)
}

#[tokio::test]
async fn without_a_credential_every_path_is_401() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], chat) = setting(&stack).await;
    for question in of_users(&chat, &bob) {
        let answer = ask(&stack.anonymous(), &question).await;
        assert_eq!(super::refused(&answer, 401).1.code, "unauthenticated");
    }
    for question in of_backends(&chat, &bob) {
        unauthenticated(&ask(&stack.anonymous(), &question).await, BAD_KEY);
    }
    assert_eq!(seated(&platform, &chat).await, [json!(ada.id), json!(bob.id)]);
}

#[tokio::test]
async fn the_backend_key_goes_with_or_without_bearer() {
    let stack = Stack::shared().await;
    let (_, [ada, bob], chat) = setting(&stack).await;
    let key = &stack.ready().backend_key;
    for value in [key.clone(), format!("Bearer {key}"), format!("bearer {key}")] {
        for name in ["authorization", "Authorization"] {
            let call = stack.anonymous().get(&format!("{}/users", backend(&chat)));
            call.header(name, &value).await.expect(200);
            let call = stack.anonymous().put(&format!("{}/users", backend(&chat)));
            call.header(name, &value).json(&listing(&[&ada, &bob])).await.expect(200);
        }
    }
}

#[tokio::test]
async fn another_backend_key_is_401_everywhere() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], chat) = setting(&stack).await;
    let key = &stack.ready().backend_key;
    let login = User::new(&stack).await.token;
    let cut = &key[..key.len() - 1];
    let others = [
        "",
        " ",
        "x",
        "Bearer",
        "Bearer ",
        "null",
        cut,
        &format!("{key}x"),
        &format!("Basic {key}"),
        &format!("Bearer Bearer {key}"),
        &format!("{key} {key}"),
        &ada.access,
        &ada.refresh,
        &login,
        &format!("Bearer {}", ada.access),
    ];
    for question in of_backends(&chat, &bob) {
        for other in others {
            let answer = ask(&stack.anonymous(), &question).header("authorization", other).await;
            unauthenticated(&answer, BAD_KEY);
        }
    }
    assert_eq!(seated(&platform, &chat).await, [json!(ada.id), json!(bob.id)]);
    super::is_in(&bob).await;
}

#[tokio::test]
async fn only_the_header_authorization_carries_the_backend_key() {
    let stack = Stack::shared().await;
    let (platform, [_, bob], chat) = setting(&stack).await;
    let key = &stack.ready().backend_key;
    let query = in_query(key);
    for question in of_backends(&chat, &bob) {
        let anonymous = stack.anonymous();
        unauthenticated(&ask(&anonymous, &question).header("authentication", key).await, BAD_KEY);
        unauthenticated(&ask(&anonymous, &question).header("x-api-key", key).await, BAD_KEY);
        for more in [format!("accessToken={query}"), format!("token={query}"), format!("key={query}")] {
            unauthenticated(&ask(&anonymous, &with_query(&question, &more)).await, BAD_KEY);
        }
        unauthenticated(&ask(&anonymous, &with_field(&question, "accessToken", key)).await, BAD_KEY);
    }
    assert_eq!(seated(&platform, &chat).await.len(), 2);
    super::is_in(&bob).await;
}

#[tokio::test]
async fn users_are_refused_with_every_other_kind_of_credential() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], chat) = setting(&stack).await;
    let login = User::new(&stack).await.token;
    // What a login token does on the last of them is in `shared_paths`.
    let questions: Vec<_> =
        of_users(&chat, &bob).into_iter().filter(|(_, path, _)| *path != own(&chat)).collect();
    for credential in [&login, &ada.refresh, &stack.ready().backend_key] {
        for question in &questions {
            let anonymous = stack.anonymous();
            let bearer = format!("Bearer {credential}");
            unauthenticated(&ask(&anonymous, question).header("authorization", credential).await, BAD_TOKEN);
            unauthenticated(&ask(&anonymous, question).header("authorization", &bearer).await, BAD_TOKEN);
            unauthenticated(&ask(&anonymous, question).header("authentication", credential).await, BAD_TOKEN);
            let in_query = with_query(question, &format!("accessToken={}", in_query(credential)));
            unauthenticated(&ask(&anonymous, &in_query).await, BAD_TOKEN);
            if question.2.is_some() {
                let in_body = with_field(question, "accessToken", credential);
                unauthenticated(&ask(&anonymous, &in_body).await, BAD_TOKEN);
            }
        }
    }
    assert_eq!(seated(&platform, &chat).await, [json!(ada.id), json!(bob.id)]);
}

#[tokio::test]
async fn tampered_access_tokens_are_401() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    let token = &ada.access;
    let cut = &token[..token.len() - 8];
    let backwards: String = token.chars().rev().collect();
    for wrong in [cut, &backwards, &format!("{token}x"), &format!("x{token}"), "x", "a.b.c", ".."] {
        let call = stack.anonymous().get("/messages").header("authorization", wrong);
        unauthenticated(&call.await, BAD_TOKEN);
        let call = stack.anonymous().get("/messages").header("authorization", &format!("Bearer {wrong}"));
        unauthenticated(&call.await, BAD_TOKEN);
    }
    for wrong in [format!("Basic {token}"), format!("Bearer Bearer {token}")] {
        let call = stack.anonymous().get("/messages").header("authorization", &wrong);
        unauthenticated(&call.await, BAD_TOKEN);
    }
}

#[tokio::test]
async fn an_access_token_opens_nothing_that_needs_a_login() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    for (method, path) in OF_LOGINS {
        let method: Method = method.parse().expect("a method");
        for token in [&ada.access, &ada.refresh, &stack.ready().backend_key] {
            for header in ["authentication", "authorization"] {
                let call = stack.anonymous().call(method.clone(), path).header(header, token);
                let call = if method == Method::GET { call } else { call.json(&json!({})) };
                assert_eq!(call.await.refused(401), "unauthenticated");
            }
        }
    }
    // Nor did GET /logout end anything.
    super::is_in(&ada).await;
    super::refresh(&stack.anonymous(), &ada.refresh).await.expect(201);
}

#[tokio::test]
async fn the_header_the_query_and_the_body_carry_the_access_token() {
    let stack = Stack::shared().await;
    let (_, [ada, bob], chat) = setting(&stack).await;
    let anonymous = stack.anonymous();
    let (token, bearer) = (&ada.access, format!("Bearer {}", ada.access));
    let in_query = format!("accessToken={}", in_query(token));
    let users = format!("{}/users", own(&chat));
    for value in [token, &bearer, &format!("bearer {token}")] {
        anonymous.get("/messages").header("authorization", value).await.expect(200);
        anonymous.get(&users).header("authorization", value).await.expect(200);
    }
    anonymous.get(&format!("/messages?{in_query}")).await.expect(200);
    anonymous.get(&format!("{users}?{in_query}")).await.expect(200);
    let put = (Method::PUT, users.clone(), Some(listing(&[&bob])));
    let delete = (Method::DELETE, users, Some(listing(&[&bob])));
    for question in [put, delete] {
        ask(&anonymous, &question).header("authorization", token).await.expect(200);
        ask(&anonymous, &with_query(&question, &in_query)).await.expect(200);
        ask(&anonymous, &with_field(&question, "accessToken", token)).await.expect(200);
    }
    let events = ada.block(Vec::new(), Vec::new());
    let sign = tests::Encoding::Hex.encode(&ada.key.sign(tests::Algorithm::Rs256, events.as_bytes()));
    let post = |more: &str| format!(r#"{{"outgoingEvents":{events},"sign":"{sign}"{more}}}"#);
    let call = anonymous.post(&format!("/messages?{in_query}"));
    call.body("application/json", post("")).await.expect(200);
    let body = post(&format!(r#","accessToken":"{token}""#));
    anonymous.post("/messages").body("application/json", body).await.expect(200);
}

#[tokio::test]
async fn every_carrier_deletes_a_chat() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let ada = platform.member("ada").await;
    let carried = |chat: &str, carrier: &str| -> Call {
        let question = (Method::DELETE, own(chat), None);
        let anonymous = stack.anonymous();
        match carrier {
            "header" => ask(&anonymous, &question).header("authorization", &ada.access),
            "bearer" => ask(&ada, &question),
            "query" => {
                ask(&anonymous, &with_query(&question, &format!("accessToken={}", in_query(&ada.access))))
            }
            _ => ask(&anonymous, &with_field(&question, "accessToken", &ada.access)),
        }
    };
    for carrier in ["header", "bearer", "query", "body"] {
        let (chat, _) = new_chat(&platform, &[&ada]).await;
        carried(&chat, carrier).await.expect(200);
        super::is_no_chat(&platform, &chat).await;
    }
}

#[tokio::test]
async fn nothing_else_carries_it() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], chat) = setting(&stack).await;
    let token = &ada.access;
    let questions: Vec<_> =
        of_users(&chat, &bob).into_iter().filter(|(_, path, _)| *path != own(&chat)).collect();
    for question in &questions {
        let anonymous = stack.anonymous();
        let bearer = format!("Bearer {token}");
        unauthenticated(&ask(&anonymous, question).header("authentication", token).await, BAD_TOKEN);
        unauthenticated(&ask(&anonymous, question).header("authentication", &bearer).await, BAD_TOKEN);
        let cookie = format!("accessToken={token}; token={token}; session={token}");
        unauthenticated(&ask(&anonymous, question).header("cookie", &cookie).await, BAD_TOKEN);
        unauthenticated(&ask(&anonymous, question).header("accessToken", token).await, BAD_TOKEN);
        for name in ["token", "accesstoken", "access_token"] {
            let in_query = with_query(question, &format!("{name}={}", in_query(token)));
            unauthenticated(&ask(&anonymous, &in_query).await, BAD_TOKEN);
        }
        if question.2.is_some() {
            unauthenticated(&ask(&anonymous, &with_field(question, "token", token)).await, BAD_TOKEN);
        }
    }
    assert_eq!(seated(&platform, &chat).await, [json!(ada.id), json!(bob.id)]);
}

#[tokio::test]
async fn the_header_counts_before_the_query_and_the_query_before_the_body() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], chat) = setting(&stack).await;
    let stranger = platform.member("eve").await;
    let users = format!("{}/users", own(&chat));
    let (inside, outside) = (in_query(&ada.access), in_query(&stranger.access));
    let get = |query: &str| stack.anonymous().get(&format!("{users}?accessToken={query}"));
    get(&outside).header("authorization", &ada.access).await.expect(200);
    forbidden(&get(&inside).header("authorization", &stranger.access).await);
    unauthenticated(&get(&inside).header("authorization", "x").await, BAD_TOKEN);

    let put = |query: &str, token: &str| {
        let question = (Method::PUT, format!("{users}?accessToken={query}"), Some(listing(&[&bob])));
        ask(&stack.anonymous(), &with_field(&question, "accessToken", token))
    };
    put(&inside, &stranger.access).await.expect(200);
    forbidden(&put(&outside, &ada.access).await);
    unauthenticated(&put("x", &ada.access).await, BAD_TOKEN);
}

#[tokio::test]
async fn a_users_token_speaks_for_that_user_alone() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob], chat) = setting(&stack).await;
    let eve = platform.member("eve").await;
    // A field that names somebody else does not make the caller somebody else.
    let mut body = listing(&[&eve]);
    body["userID"] = json!(ada.id);
    let answer: Answer = eve.put(&format!("{}/users", own(&chat))).json(&body).await;
    forbidden(&answer);
    assert_eq!(look(&ada, &own(&chat)).await, look(&bob, &own(&chat)).await);
    assert_eq!(seated(&platform, &chat).await, [json!(ada.id), json!(bob.id)]);
}

#[tokio::test]
async fn a_token_that_names_no_key_is_401_whatever_it_names() {
    let stack = Stack::shared().await;
    for kid in ["answers", "current", "tokens", "none", ""] {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": "RS256", "typ": "JWT", "kid": kid}).to_string());
        let token = format!("{header}.e30.AAAA");
        for path in ["/users", "/messages", "/chats"] {
            let answer = stack.anonymous().get(path).header("authorization", &token).await;
            assert_eq!(refused(&answer, 401).1.code, "unauthenticated", "{kid}");
        }
        let body = json!({"refreshToken": token});
        unauthenticated(&stack.anonymous().put("/token").json(&body).await, BAD_TOKEN);
    }
}

#[tokio::test]
async fn a_token_that_has_ended_is_401_before_anything_else_is_wrong() {
    let stack = Stack::shared().await;
    let (platform, [ada, _], chat) = setting(&stack).await;
    platform.issue(&ada.id, "a").await;
    let junk = json!({"users": ["a b"], "outgoingEvents": 7});
    for answer in [
        ada.get("/messages?next=zz").await,
        ada.call(Method::POST, "/messages").json(&junk).await,
        ada.put(&format!("/chats/{chat}/users")).json(&junk).await,
        ada.delete(&format!("/chats/{chat}/users")).json(&junk).await,
        ada.get("/chats/x_y/users").await,
        ada.delete("/chats/x_y").await,
    ] {
        unauthenticated(&answer, BAD_TOKEN);
    }
}

#[tokio::test]
async fn a_login_token_is_carried_by_headers_alone() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "hello").await;
    let by_query = stack.anonymous().delete(&format!("/chats/{chat}?accessToken={}", ada.token)).await;
    assert_eq!(refused(&by_query, 401).1.code, "unauthenticated");
    let body = json!({"accessToken": ada.token});
    let by_body = stack.anonymous().delete(&format!("/chats/{chat}")).json(&body).await;
    assert_eq!(refused(&by_body, 401).1.code, "unauthenticated");
    assert_eq!(ada.history(chat).await.len(), 1);
}
