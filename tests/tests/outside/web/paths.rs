//! What all paths have in common: slashes, methods, and the bodies that they take.

use http::Method;
use tests::{Answer, Caller as _, Stack, WebUser, unique};

use super::{
    CHATS, Guarded, LOGIN, LOGOUT, PASSWORD, Scene, USER, chat_path, cookies_of, is_ok, listed, login,
    members_path, message_path, new_address, refused_with, register, sets_no_cookie, signed_in, signed_out,
};

const FORM: &str = "application/x-www-form-urlencoded";

/// A body as forms are encoded.
fn encoded(form: &[(&'static str, String)]) -> String {
    let url = reqwest::Url::parse_with_params("http://127.0.0.1", form).expect("a URL");
    url.query().unwrap_or_default().to_owned()
}

/// A path with a slash at its end.
fn with_slash(path: &str) -> String {
    match path.split_once('?') {
        Some((path, query)) => format!("{path}/?{query}"),
        None => format!("{path}/"),
    }
}

/// Makes a call without saying what kind of body it has.
async fn untyped(stack: &Stack, cookie: &str, call: &Guarded) -> Answer {
    let url = format!("{}{}", stack.ready().http, call.path);
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client.request(call.method.clone(), url).header("cookie", cookie).body(encoded(&call.form));
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.expect("all of the answer");
    Answer { question: format!("{} {} without a type", call.method, call.path), status, headers, body }
}

/// Logging in, and asking for an account with this name, which need no cookies.
fn open_calls(user: &WebUser, name: &str) -> [Guarded; 2] {
    let email = new_address();
    [
        Guarded::new(Method::POST, LOGIN, &[("name", &user.name), ("password", &user.password)], 200),
        Guarded::new(Method::POST, USER, &[("name", name), ("password", PASSWORD), ("email", &email)], 201),
    ]
}

/// Every call with a body: those that need no cookies first.
fn with_bodies(scene: &Scene, name: &str) -> Vec<Guarded> {
    let mut calls = open_calls(&scene.ada, name).to_vec();
    calls.extend(scene.writes().into_iter().filter(|call| !call.form.is_empty()));
    calls
}

#[tokio::test]
async fn a_trailing_slash_is_the_same_path() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    for call in open_calls(&scene.ada, &unique("Bob")) {
        signed_in(&call.at(&scene.anonymous, &with_slash(&call.path)).await.expect(call.status));
    }
    for call in [scene.reads(), scene.writes()].concat() {
        let answer = call.at(&scene.ada, &with_slash(&call.path)).await;
        assert_eq!(answer.status, call.status, "{}: {}", answer.question, answer.text());
        if call.path == CHATS && call.method == Method::POST {
            let location = answer.header("location").expect("a location");
            assert!(!location.ends_with('/'), "{location}");
        }
    }
    signed_out(&scene.ada.get(&with_slash(LOGOUT)).await);
}

#[tokio::test]
async fn other_methods_are_not_there() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let (chat, members) = (chat_path(scene.chat), members_path(scene.chat));
    let own = format!("{USER}/{}", scene.ada.id);
    let [get, post, put, delete] = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
    for (path, methods) in [
        (LOGIN, &[&get, &put, &delete][..]),
        (LOGOUT, &[&post, &put, &delete]),
        (CHATS, &[&put]),
        (&chat, &[]),
        (&members, &[&get, &put, &delete]),
        (USER, &[]),
        (&own, &[&post]),
    ] {
        for method in methods.iter().copied().chain([&Method::PATCH]) {
            for path in [path.to_owned(), format!("{path}/")] {
                let form = [("title", "x"), ("content", "x"), ("name", &scene.ada.name), ("password", "x")];
                let answer = scene.ada.call(method.clone(), &path).form(&form).await;
                refused_with(&answer, 404, "not_found");
                refused_with(&scene.anonymous.call(method.clone(), &path).await, 404, "not_found");
                sets_no_cookie(&answer);
            }
        }
        scene.ada.call(Method::HEAD, path).await.expect(404);
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn other_paths_are_not_there() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let chat = chat_path(scene.chat);
    let members = members_path(scene.chat);
    let paths = [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/Chats",
        "/API/chats",
        "/api/chat",
        "/api/users",
        "/api/login/1",
        "/api/logout/1",
        "/login/api",
        &format!("{chat}/1"),
        &format!("{chat}/messages"),
        &format!("{chat}/users/{}", scene.bob.id),
        &format!("{members}/x/y"),
        &format!("{USER}/{}/x", scene.ada.id),
        &format!("{USER}/{}/{}", scene.ada.id, scene.bob.id),
    ];
    for path in paths {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            refused_with(&scene.ada.call(method.clone(), path).await, 404, "not_found");
            refused_with(&scene.anonymous.call(method, path).await, 404, "not_found");
        }
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn a_form_is_known_by_its_type_or_by_none() {
    let stack = Stack::shared().await;
    let kinds = [
        FORM,
        "application/x-www-form-urlencoded; charset=UTF-8",
        "application/x-www-form-urlencoded;charset=utf-8",
        "Application/X-WWW-Form-URLencoded",
    ];
    for kind in kinds.map(Some).into_iter().chain([None]) {
        let scene = Scene::new(&stack).await;
        for call in with_bodies(&scene, &unique("Böb a+b&c=d%20")) {
            let answer = match kind {
                Some(kind) => {
                    let request = scene.ada.call(call.method.clone(), &call.path);
                    request.body(kind, encoded(&call.form)).await
                }
                None => untyped(&stack, &cookies_of(&scene.ada), &call).await,
            };
            assert_eq!(answer.status, call.status, "{kind:?}, {}: {}", answer.question, answer.text());
        }
    }
}

#[tokio::test]
async fn other_kinds_of_bodies_are_400() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let name = unique("Bob");
    let (kind, boundary) = ("multipart/form-data; boundary=x", "--x");
    for call in with_bodies(&scene, &name) {
        let fields: serde_json::Map<_, _> =
            call.form.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
        let json = serde_json::Value::Object(fields).to_string();
        let part = |(name, value): &(&str, String)| {
            format!("{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let multipart = format!("{}{boundary}--\r\n", call.form.iter().map(part).collect::<String>());
        let bodies = [
            ("application/json", json.clone()),
            ("application/json; charset=utf-8", json.clone()),
            ("text/plain", json),
            (kind, multipart),
            ("text/plain", encoded(&call.form)),
            ("application/json", encoded(&call.form)),
            ("application/octet-stream", encoded(&call.form)),
            ("application/x-www-form-urlencoded-not", encoded(&call.form)),
            ("x-www-form-urlencoded", encoded(&call.form)),
            ("nonsense", encoded(&call.form)),
        ];
        for (kind, body) in bodies {
            let answer = scene.ada.call(call.method.clone(), &call.path).body(kind, body).await;
            assert_eq!(answer.status, 400, "{kind}, {}", answer.question);
            refused_with(&answer, 400, "unsupported_media_type");
            sets_no_cookie(&answer);
        }
    }
    scene.is_untouched().await;
    signed_in(&register(&stack, &name).await.expect(201));
}

#[tokio::test]
async fn a_body_without_its_fields_is_400() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    for call in with_bodies(&scene, &unique("Bob")) {
        for body in
            ["", "&", "=", "&&=&", "x", "{}", "nothing=else", "%6eothing=else", "TITLE=x&CONTENT=x&NAME=x"]
        {
            let answer = scene.ada.call(call.method.clone(), &call.path).body(FORM, body).await;
            assert_eq!(answer.status, 400, "{body:?}, {}", answer.question);
            refused_with(&answer, 400, "invalid_body");
            sets_no_cookie(&answer);
        }
        let empty = Guarded { form: Vec::new(), ..call };
        refused_with(&untyped(&stack, &cookies_of(&scene.ada), &empty).await, 400, "invalid_body");
    }
    scene.is_untouched().await;
}

/// Makes every call with a body, and one of its values after another ends with this, as it stands in a form.
async fn is_refused_in_every_field(scene: &Scene, name: &str, ending: &[u8]) {
    for call in with_bodies(scene, name) {
        for (place, (field, _)) in call.form.iter().enumerate() {
            let mut others = call.form.clone();
            others.remove(place);
            let mut body = encoded(&others);
            if !body.is_empty() {
                body.push('&');
            }
            body.push_str(&format!("{field}={}", unique("value")));
            let body = [body.as_bytes(), ending].concat();
            let text = String::from_utf8_lossy(&body).into_owned();
            let answer = scene.ada.call(call.method.clone(), &call.path).body(FORM, body).await;
            assert_eq!(answer.status, 400, "{} with {text}: {}", answer.question, answer.text());
            answer.refused(400);
            sets_no_cookie(&answer);
        }
    }
}

#[tokio::test]
async fn what_is_no_utf_8_is_400_in_every_field() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let name = unique("Bob");
    let wrong: [&[u8]; 8] =
        [b"%ff", b"%C3", b"%C3%28", b"%ED%A0%80", b"%F4%90%80%80", b"%FFx", b"\xff", b"\xc3\x28"];
    for ending in wrong {
        is_refused_in_every_field(&scene, &name, ending).await;
    }
    scene.is_untouched().await;
    signed_in(&register(&stack, &name).await.expect(201));
}

/// As in the forms of browsers.
#[tokio::test]
async fn a_percent_sign_that_escapes_nothing_is_itself() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let chat = ada.open_chat("Tea").await;
    for text in ["100%", "%2", "%zz", "%u00e4", "%%"] {
        let form = format!("content={text}");
        ada.post(&chat_path(chat)).body(FORM, form).await.expect(201);
        let messages = ada.messages(chat).await;
        assert_eq!(messages.last().expect("a message")["content"], text);
    }
}

#[tokio::test]
async fn a_field_that_comes_twice_leaves_everything_as_it_is_or_counts_once() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let other = unique("Other");
    let form = [("title", other.as_str()), ("title", &scene.title)];
    let answer = scene.ada.put(&chat_path(scene.chat)).form(&form).await;
    if answer.status == 200 {
        is_ok(&answer, 200);
    } else {
        refused_with(&answer, 400, "invalid_body");
        scene.is_untouched().await;
    }
    let title = listed(&scene.bob, scene.chat).await["title"].clone();
    assert!(title == *other || title == *scene.title, "{title}");
}

#[tokio::test]
async fn large_bodies_are_400_and_no_other_status() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let large = "x".repeat(2_000_000);
    for call in with_bodies(&scene, &unique("Bob")) {
        for (place, (field, _)) in call.form.iter().enumerate() {
            let mut form: Vec<_> = call.form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            form[place].1 = &large;
            let answer = scene.ada.call(call.method.clone(), &call.path).form(&form).await;
            // A name that nobody can have is one that nobody has.
            let is_no_name = call.path == members_path(scene.chat) && answer.status == 404;
            assert!(answer.status == 400 || is_no_name, "{field}, {}: {}", answer.question, answer.status);
            answer.refused(answer.status.as_u16());
        }
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn every_refusal_is_in_the_envelope_and_tells_nothing_of_the_inside() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let stranger = WebUser::new(&stack).await;
    let answers = [
        scene.ada.post(CHATS).form(&[("title", "")]).await,
        scene.ada.post(&chat_path(scene.chat)).form(&[("content", "")]).await,
        scene.ada.get(&chat_path(1)).await,
        scene.ada.get(&format!("{CHATS}?count=x")).await,
        scene.ada.delete(&message_path(scene.chat, 7)).await,
        stranger.get(&chat_path(scene.chat)).await,
        scene.anonymous.get(CHATS).await,
        login(&stack, &scene.ada.name, "wrong password").await,
        register(&stack, &scene.ada.name).await,
    ];
    for answer in answers {
        let status = answer.status.as_u16();
        assert!(matches!(status, 400 | 403 | 404), "{} gave {status}", answer.question);
        answer.refused(status);
        let text = answer.text();
        for inside in ["Dynamo", "dynamo", "Conditional", "panic", "Error {", ".rs", scene.title.as_str()] {
            assert!(!text.contains(inside), "{text}");
        }
    }
}
