//! Which cookies are believed, from which pages, and that nothing else is.

use std::fmt::Debug;

use futures::future::join;
use http::Method;
use serde_json::json;
use tests::{Answer, Caller, Guest, Platform, Socket, Stack, User, WebUser, unique};

use super::{
    CHATS, Guarded, LOGIN, LOGOUT, PASSWORD, Scene, USER, chat_path, cookies, cookies_of, got_the_name,
    is_ok, new_address, pair, profile, refused_with, register, set_cookies, sets_no_cookie, signed_in,
    signed_out, unauthenticated,
};
use crate::common::{everybody, tampered, user_named};
use crate::pages::{Page, other_pages, with};

#[track_caller]
fn is_created(answer: &Answer) {
    assert_eq!(answer.clone().expect(201).json()["status"], "ok");
}

/// What browsers say of pages that may do everything, and what is said by whoever is no browser: nothing.
fn allowed_pages(stack: &Stack) -> Vec<Page> {
    let (own, console) = (stack.ready().http.as_str(), stack.ready().console.as_str());
    let pages: [&[(&'static str, &str)]; 8] = [
        &[],
        &[("origin", own)],
        &[("origin", own), ("sec-fetch-site", "same-origin")],
        &[("origin", own), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("origin", console)],
        &[("origin", console), ("sec-fetch-site", "same-site")],
    ];
    let owned = |page: &[(&'static str, &str)]| {
        page.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    };
    pages.into_iter().map(owned).collect()
}

/// Checks that a page may do everything: what is done with cookies, and what has them set.
async fn may_do_everything(stack: &Stack, page: &[(&str, impl AsRef<str> + Debug)]) {
    let scene = Scene::new(stack).await;
    for call in scene.writes() {
        let answer = with(call.by(&scene.ada), page).await;
        assert_eq!(answer.status, call.status, "{} of {page:?}: {}", answer.question, answer.text());
    }
    signed_out(&with(scene.ada.get(LOGOUT), page).await);

    let (name, email) = (unique("Bob"), new_address());
    let form = [("name", name.as_str()), ("password", PASSWORD), ("email", &email)];
    let (id, _) = signed_in(&with(scene.anonymous.post(USER).form(&form), page).await.expect(201));
    let form = [("name", name.as_str()), ("password", PASSWORD)];
    let answer = with(scene.anonymous.post(LOGIN).form(&form), page).await.expect(200);
    assert_eq!(signed_in(&answer).0, id, "{page:?}");
}

#[tokio::test]
async fn without_cookies_every_path_is_403() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    for call in scene.guarded() {
        unauthenticated(&call.by(&scene.anonymous).await);
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn one_of_the_two_is_not_enough() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let WebUser { id, token, .. } = &scene.ada;
    for cookie in [
        format!("user_id={id}"),
        format!("token={token}"),
        format!("access_token={token}"),
        format!("user_id={id}; token="),
        format!("user_id={id}; token= "),
        format!("user_id=; token={token}"),
        format!("user_id= ; token={token}"),
        format!("user_id; token={token}"),
        format!("user_id={id}, token={token}"),
        format!("user_id={id} token={token}"),
    ] {
        scene.is_nobody(&cookie).await;
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn other_and_malformed_cookies_are_403() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let WebUser { id, token, .. } = &scene.ada;
    for cookie in [
        cookies(id, "x"),
        cookies(id, "a.b.c"),
        cookies(id, "null"),
        cookies(id, "%00"),
        cookies(id, &"a".repeat(2_000)),
        cookies(id, &format!("Bearer {token}")),
        format!("User_id={id}; Token={token}"),
        format!("USER_ID={id}; TOKEN={token}"),
        format!("xuser_id={id}; xtoken={token}"),
        format!("user_ids={id}; tokens={token}"),
        format!("user={id}; session={token}"),
        format!("theme=user_id={id}; theme=token={token}"),
        format!("{id}; {token}"),
    ] {
        scene.is_nobody(&cookie).await;
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn tampered_tokens_are_403() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let id = scene.ada.id;
    for token in tampered(&scene.ada.token, &scene.bob.token) {
        for id in [id, scene.bob.id] {
            let answer = scene.anonymous.get(CHATS).header("cookie", &cookies(id, &token)).await;
            unauthenticated(&answer);
        }
        let call = scene.anonymous.post(&chat_path(scene.chat)).form(&[("content", "mine")]);
        unauthenticated(&call.header("cookie", &cookies(id, &token)).await);
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn the_two_must_belong_together() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let (ada, bob) = (&scene.ada, &scene.bob);
    scene.is_nobody(&cookies(bob.id, &ada.token)).await;
    scene.is_nobody(&cookies(ada.id, &bob.token)).await;
    let wrong = ["1", "0", "x", "null", "-1", "9007199254740992", "99999999999999999999999"];
    for id in wrong.map(str::to_owned).into_iter().chain([format!("{0}{0}", ada.id), format!("{}.0", ada.id)])
    {
        let answer = scene.anonymous.get(CHATS).header("cookie", &cookies(&id, &ada.token)).await;
        unauthenticated(&answer);
        let call = scene.anonymous.post(&chat_path(scene.chat)).form(&[("content", "mine")]);
        unauthenticated(&call.header("cookie", &cookies(&id, &ada.token)).await);
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn cookies_of_two_sessions_of_one_user_go_together() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let again = ada.login(&stack).await;
    // The id is the same in both.
    stack.anonymous().get(CHATS).header("cookie", &cookies(ada.id, &again.token)).await.expect(200);
}

#[tokio::test]
async fn the_cookies_are_found_among_others_in_any_order() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let WebUser { id, token, .. } = &scene.ada;
    let all = [
        format!("user_id={id}; token={token}"),
        format!("token={token}; user_id={id}"),
        format!("theme=dark; user_id={id}; session=1; token={token}; xtoken=2"),
        format!("xuser_id=3; tokens=4; token={token}; a=user_id=5; user_id={id}"),
        format!("theme=dark;token={token};user_id={id};"),
        format!("user_id={id}; access_token={token}"),
        format!("access_token={token}; theme=dark; user_id={id}"),
        format!("user_id={id}; access_token=x; token={token}"),
        format!("user_id={id}; token={token}; access_token={}", scene.bob.token),
    ];
    for cookie in &all {
        scene.anonymous.get(CHATS).header("cookie", cookie).await.expect(200);
        let call = scene.anonymous.post(&chat_path(scene.chat)).form(&[("content", "hello")]);
        call.header("cookie", cookie).await.expect(201);
    }
    let rows = scene.bob.messages(scene.chat).await;
    assert_eq!(rows.len(), all.len() + 1);
    assert!(rows.iter().all(|row| row["sender_id"] == *id), "{rows:?}");
}

#[tokio::test]
async fn where_both_names_of_the_token_are_there_the_shorter_one_counts() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let WebUser { id, token, .. } = &scene.ada;
    for bad in ["x", &scene.bob.token] {
        scene.is_nobody(&format!("user_id={id}; access_token={token}; token={bad}")).await;
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn other_kinds_of_tokens_do_not_count_as_cookies() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let (user, guest) = join(scene.ada.header_user(&stack), Guest::new(&stack)).await;
    let guests_id = user_named(&user, &guest.name).await["user_id"].as_u64().expect("a user_id");
    let member = Platform::new(&stack).member("member").await;
    for (id, token) in [(user.id, &user.token), (guests_id, &guest.session), (user.id, &member.access)] {
        scene.is_nobody(&cookies(id, token)).await;
        scene.is_nobody(&format!("user_id={id}; access_token={token}")).await;
        scene.is_nobody(&format!("user_id={id}; session={token}")).await;
    }
    let stranger = User::new(&stack).await;
    scene.is_nobody(&cookies(stranger.id, &stranger.token)).await;
    scene.is_untouched().await;
}

#[tokio::test]
async fn nothing_but_cookies_counts_here() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let by_header = scene.ada.header_user(&stack).await;
    let member = Platform::new(&stack).member("member").await;
    for token in [&by_header.token, &scene.ada.token, &member.access] {
        for header in ["authentication", "authorization", "token", "access_token"] {
            for value in [token.clone(), format!("Bearer {token}")] {
                for call in scene.guarded() {
                    let call = call.by(&scene.anonymous).header(header, &value);
                    unauthenticated(&call.header("user_id", &scene.ada.id.to_string()).await);
                }
            }
        }
    }
    let WebUser { id, token, .. } = &scene.ada;
    for name in ["token", "access_token"] {
        let path = format!("{CHATS}?user_id={id}&{name}={token}");
        unauthenticated(&scene.anonymous.get(&path).await);
        let form = [("title", "Mine"), ("user_id", &id.to_string()), (name, token)];
        unauthenticated(&scene.anonymous.post(CHATS).form(&form).await);
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn beside_good_cookies_other_credentials_are_ignored() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let (stranger, guest) = join(User::new(&stack), Guest::new(&stack)).await;
    for (header, value) in [
        ("authentication", stranger.token.clone()),
        ("authorization", format!("Bearer {}", stranger.token)),
        ("authorization", "Basic eDp5".to_owned()),
        ("authentication", "nonsense".to_owned()),
    ] {
        let call = scene.ada.post(&chat_path(scene.chat)).form(&[("content", "hello")]);
        is_created(&call.header(header, &value).await);
    }
    let cookie = format!("session={}; {}", guest.session, cookies_of(&scene.ada));
    let call = scene.anonymous.post(&chat_path(scene.chat)).form(&[("content", "hello")]);
    is_created(&call.header("cookie", &cookie).await);
    let rows = scene.bob.messages(scene.chat).await;
    assert_eq!(rows.len(), 6);
    assert!(rows.iter().all(|row| row["sender_id"] == scene.ada.id), "{rows:?}");
}

#[tokio::test]
async fn the_token_is_good_for_no_header() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let anonymous = stack.anonymous();
    for value in [ada.token.clone(), format!("Bearer {}", ada.token)] {
        for header in ["authentication", "authorization"] {
            for path in ["/users", "/chats", "/chats/1", "/chats_v2/1", "/chat_rooms", "/chat_groups"] {
                anonymous.get(path).header(header, &value).await.refused(401);
            }
            for path in ["/notifications", "/chat_bot", "/logout"] {
                anonymous.get(path).header(header, &value).await.refused(401);
            }
            let body = json!({"receiver_id": ada.id, "message": "x", "type": "text"});
            anonymous.post("/chats").header(header, &value).json(&body).await.refused(401);
        }
        anonymous.get("/messages").header("authorization", &value).await.refused(401);
        let body = json!({"users": []});
        anonymous.post("/token").header("authorization", &value).json(&body).await.refused(401);
    }
    ada.get(CHATS).await.expect(200);
}

#[tokio::test]
async fn the_cookies_open_nothing_elsewhere() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    for path in ["/users", "/chats", "/chats/1", "/chats_v2/1", "/chat_rooms", "/chat_groups"] {
        ada.get(path).await.refused(401);
    }
    for path in ["/notifications", "/chat_bot", "/logout", "/messages"] {
        ada.get(path).await.refused(401);
    }
    ada.post("/chats").json(&json!({"receiver_id": 1, "message": "x", "type": "text"})).await.refused(401);
    ada.post("/chat_groups").json(&json!({"chat_group_name": "Mine"})).await.refused(401);
    let conversations = "/api/conversations";
    for call in [ada.get(conversations), ada.post(conversations).json(&json!({"title": "Mine"}))] {
        assert_eq!(call.await.expect(401).json()["status"], "unauthorised");
    }
    let cookie = format!("session={}", ada.token);
    let answer = stack.anonymous().get(conversations).header("cookie", &cookie).await;
    assert_eq!(answer.expect(401).json()["code"], "unauthenticated");
    ada.get(CHATS).await.expect(200);
}

#[tokio::test]
async fn the_cookie_of_conversations_opens_nothing_here() {
    let stack = Stack::shared().await;
    let guest = Guest::new(&stack).await;
    for path in [CHATS, USER, LOGOUT, "/api/chats/1", "/api/user/1"] {
        unauthenticated(&guest.get(path).await);
    }
    unauthenticated(&guest.post(CHATS).form(&[("title", "Mine")]).await);
    guest.get("/api/conversations").await.expect(200);
}

#[tokio::test]
async fn pages_of_other_sites_can_change_nothing() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    for page in other_pages(&stack) {
        for call in scene.writes() {
            let answer = with(call.by(&scene.ada), &page).await;
            assert_eq!(answer.status, 403, "{} of {page:?}", answer.question);
            refused_with(&answer, 403, "forbidden");
        }
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn pages_of_other_sites_can_log_nobody_out() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    for page in other_pages(&stack) {
        let answer = with(ada.get(LOGOUT), &page).await;
        refused_with(&answer, 403, "forbidden");
        sets_no_cookie(&answer);
    }
    ada.get(CHATS).await.expect(200);
}

#[tokio::test]
async fn pages_of_other_sites_can_have_no_cookies_set() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let name = unique("Bob");
    let email = new_address();
    let calls = [
        Guarded::new(Method::POST, LOGIN, &[("name", &ada.name), ("password", &ada.password)], 200),
        Guarded::new(Method::POST, USER, &[("name", &name), ("password", PASSWORD), ("email", &email)], 201),
    ];
    for page in other_pages(&stack) {
        for call in &calls {
            for call in [call.by(&stack.anonymous()), call.by(&ada)] {
                let answer = with(call, &page).await;
                refused_with(&answer, 403, "forbidden");
                sets_no_cookie(&answer);
            }
        }
    }
    assert!(stack.mails_to(&email).await.is_empty());
    assert!(got_the_name(&register(&stack, &name).await), "the name was still free");
}

#[tokio::test]
async fn allowed_pages_and_who_is_no_browser_may_do_everything() {
    let stack = Stack::shared().await;
    for page in allowed_pages(&stack) {
        may_do_everything(&stack, &page).await;
    }
}

#[tokio::test]
async fn pages_of_the_origins_that_the_operator_allows_may_do_everything() {
    let allowed = ["https://app.example", "http://one.example:8080"];
    let stack = Stack::start(&["--parameter", &format!("AllowedOrigins={}", allowed.join(","))]).await;
    for origin in allowed {
        may_do_everything(&stack, &[("origin", origin)]).await;
        may_do_everything(&stack, &[("origin", origin), ("sec-fetch-site", "cross-site")]).await;
        WebUser::new(&stack).await.socket(origin).await;
    }
    let scene = Scene::new(&stack).await;
    for origin in [
        "http://app.example",
        "https://app.example:8080",
        "https://one.example",
        "https://evil.app.example",
        "https://app.example.evil.example",
        "https://app.example,http://one.example:8080",
    ] {
        for call in scene.writes() {
            refused_with(&call.by(&scene.ada).header("origin", origin).await, 403, "forbidden");
        }
        let cookie = cookies_of(&scene.ada);
        let headers = [("cookie", cookie.as_str()), ("origin", origin)];
        let opened = Socket::try_open_with(&stack.ready().websocket, &headers).await;
        assert_eq!(opened.expect_err("a refused upgrade"), 403, "{origin}");
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn the_name_that_the_api_is_called_by_is_its_own() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let port = stack.ready().http.rsplit_once(':').expect("a port").1;
    let host = format!("localhost:{port}");
    let say = async |origin: &str| {
        let call = scene.ada.post(&chat_path(scene.chat)).form(&[("content", "hello")]);
        call.header("host", &host).header("origin", origin).await
    };
    is_created(&say(&format!("http://{host}")).await);
    refused_with(&say(&format!("http://evil.example:{port}")).await, 403, "forbidden");
    assert_eq!(scene.ada.messages(scene.chat).await.len(), 2);
}

#[tokio::test]
async fn what_changes_nothing_is_not_refused_by_where_it_comes_from() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    for page in other_pages(&stack) {
        for call in scene.reads() {
            with(call.by(&scene.ada), &page).await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_page_of_another_site_learns_nothing_without_cookies() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    for page in other_pages(&stack).into_iter().take(2) {
        for call in scene.guarded() {
            with(call.by(&scene.anonymous), &page).await.refused(403);
        }
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn only_what_begins_or_ends_a_session_sets_cookies() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    for call in [scene.reads(), scene.writes()].concat() {
        let answer = call.by(&scene.ada).await.expect(call.status);
        assert_eq!(set_cookies(&answer), Default::default(), "{}", answer.question);
    }
}

#[tokio::test]
async fn a_session_is_its_users_whatever_becomes_of_the_name() {
    let stack = Stack::shared().await;
    let [ada, mut bob] = pair(&stack).await;
    let again = ada.login(&stack).await;
    let name = unique("Ada");
    is_ok(&ada.put(USER).form(&[("name", &name)]).await, 200);
    is_ok(&bob.put(USER).form(&[("name", &ada.name)]).await, 200);
    for session in [&ada, &again] {
        assert_eq!(profile(session).await["id"], json!(ada.id));
        assert_eq!(profile(session).await["name"], json!(name));
    }
    assert_eq!(profile(&bob).await["name"], json!(ada.name));
    bob.name.clone_from(&ada.name);
    let reader = bob.header_user(&stack).await;
    assert_eq!(everybody(&reader).await.iter().filter(|row| row["user_id"] == ada.id).count(), 1);
}
