//! What tokens are carried by, and which are believed.

use tests::{Caller as _, Stack, User};

/// Paths that need a token, with their methods.
const GUARDED: [(&str, &str); 19] = [
    ("GET", "/logout"),
    ("GET", "/users"),
    ("GET", "/chats"),
    ("POST", "/chats"),
    ("GET", "/chats/unread"),
    ("POST", "/chats/read"),
    ("GET", "/chats/users/1/2"),
    ("GET", "/chats/1"),
    ("DELETE", "/chats/1"),
    ("GET", "/chats/1/2"),
    ("POST", "/chats_v2"),
    ("GET", "/chats_v2/unread"),
    ("GET", "/chats_v2/users/1/2"),
    ("GET", "/chats_v2/1"),
    ("DELETE", "/chats_v2/1"),
    ("POST", "/chats_v2/1/ack"),
    ("GET", "/chats_v2/1/2"),
    ("GET", "/chats/1?token=x"),
    ("GET", "/chats?authentication=x"),
];

/// Signed with HS256 by a secret of the test's own; the payload names no session that exists.
const WRONG_ALGORITHM: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IjEifQ.\
    eyJzdWIiOiIxIiwic2lkIjoiMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjo0MTAyNDQ0ODAwfQ.\
    c2lnbmF0dXJlLW9mLXRoZS13cm9uZy1raW5kLXdpdGgtMzI";

#[tokio::test]
async fn without_a_token_every_guarded_path_is_401() {
    let stack = Stack::shared().await;
    for (method, path) in GUARDED {
        let method = method.parse().expect("a method");
        stack.anonymous().call(method, path).await.refused(401);
    }
}

#[tokio::test]
async fn both_headers_carry_it_with_or_without_bearer() {
    let stack = Stack::shared().await;
    let User { token, .. } = User::new(&stack).await;
    let bearer = format!("Bearer {token}");
    let lower = format!("bearer {token}");
    for name in ["authentication", "Authentication", "authorization", "Authorization"] {
        for value in [&token, &bearer, &lower] {
            stack.anonymous().get("/chats").header(name, value).await.expect(200);
        }
    }
}

#[tokio::test]
async fn cookies_bodies_and_queries_do_not_carry_it() {
    let stack = Stack::shared().await;
    let User { token, .. } = User::new(&stack).await;
    let anonymous = stack.anonymous();
    anonymous.get("/chats").header("cookie", &format!("token={token}; session={token}")).await.refused(401);
    anonymous.get(&format!("/chats?token={token}&accessToken={token}")).await.refused(401);
    let body = format!(r#"{{"token":"{token}","receiver_id":1,"message":"x","type":"text"}}"#);
    anonymous.post("/chats").body("application/json", body).await.refused(401);
}

#[tokio::test]
async fn malformed_tokens_are_401() {
    let stack = Stack::shared().await;
    let User { token, .. } = User::new(&stack).await;
    let parts: Vec<_> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{token} has not three parts") };
    let cut = &token[..token.len() - 8];
    let wrong = [
        "",
        " ",
        "x",
        "Bearer",
        "Bearer ",
        ".",
        "..",
        "a.b.c",
        "%00",
        "null",
        cut,
        header,
        &format!("{header}.{payload}"),
        &format!("{header}.{payload}."),
        &format!("{header}..{signature}"),
        &format!(".{payload}.{signature}"),
        &format!("{token}.{signature}"),
        &format!("Basic {token}"),
        &format!("Bearer Bearer {token}"),
        &"a".repeat(4_000),
    ];
    for token in wrong {
        for header in ["authentication", "authorization"] {
            stack.anonymous().get("/chats").header(header, token).await.refused(401);
        }
    }
}

#[tokio::test]
async fn tampered_tokens_are_401() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let ours: Vec<_> = ada.token.split('.').collect();
    let theirs: Vec<_> = bob.token.split('.').collect();
    // {"alg":"none"} and {"alg":"none","typ":"JWT"}
    let unsigned = ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"];
    let mut wrong = vec![
        format!("{}.{}.{}", ours[0], theirs[1], ours[2]),
        format!("{}.{}.{}", ours[0], ours[1], theirs[2]),
        format!("{}.{}.{}", ours[0], ours[1], ours[2].chars().rev().collect::<String>()),
        WRONG_ALGORITHM.to_owned(),
    ];
    for header in unsigned {
        wrong.push(format!("{header}.{}.", ours[1]));
        wrong.push(format!("{header}.{}.{}", ours[1], ours[2]));
    }
    for token in wrong {
        stack.anonymous().get("/chats").header("authentication", &token).await.refused(401);
    }
}
