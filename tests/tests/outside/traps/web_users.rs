//! Sessions and users of the form-and-cookie API.

use std::sync::Mutex;

use serde_json::{Value, json};
use tests::{Anonymous, Answer, Caller as _, Stack, User, WebUser};

use super::engine::holds;
use super::{By, Field, Kind, Route, Scene, Values, body, path, query, route, seen, stem};
use crate::common::everybody;

const PERSON: &[Field] =
    &[body("name", Kind::UserName).replaced().optional(), body("email", Kind::Email).replaced().optional()];

const ANOTHER: &[Field] = &[path("user_id", Kind::Id(403)), PERSON[0], PERSON[1]];

pub(super) const ROUTES: &[Route] = &[
    route(
        "POST",
        "/api/user",
        By::WebNobody,
        &[
            body("name", Kind::UserName).kept(),
            body("password", Kind::Password),
            body("email", Kind::Email).kept(),
        ],
    )
    .form(),
    route("POST", "/api/login", By::WebNobody, &[body("name", Kind::Login), body("password", Kind::Login)])
        .form(),
    route("GET", "/api/user", By::Web, &[query("name", Kind::KnownName)]),
    route("PUT", "/api/user", By::Web, PERSON).form(),
    route("GET", "/api/user/{user_id}", By::Web, &[path("user_id", Kind::Id(404))]),
    route("PUT", "/api/user/{user_id}", By::Web, ANOTHER).form(),
];

/// What ends a session or an account: nothing is taken but the good call.
pub(super) const ENDS: &[Route] = &[
    route("GET", "/api/logout", By::Web, &[]).writes(),
    route("DELETE", "/api/user/{user_id}", By::Web, &[path("user_id", Kind::Id(403))]),
    route("DELETE", "/api/user", By::Web, &[]),
];

/// Two people, and the names that others have asked for.
struct Users {
    ann: WebUser,
    bob: WebUser,
    reader: User,
    names: Mutex<Vec<String>>,
    api: Anonymous,
}

impl Users {
    async fn new(stack: &Stack) -> Self {
        let (ann, bob) = futures::future::join(WebUser::new(stack), WebUser::new(stack)).await;
        let reader = bob.header_user(stack).await;
        Self { ann, bob, reader, names: Mutex::default(), api: stack.anonymous() }
    }
}

impl Scene for Users {
    fn credential(&self, by: By) -> Option<(&'static str, String)> {
        (by == By::Web).then(|| ("cookie", format!("user_id={}; token={}", self.ann.id, self.ann.token)))
    }

    async fn good(&self, route: &Route) -> Values {
        let name = match (route.route, route.method) {
            ("/api/login", _) => self.bob.name.clone(),
            (_, "GET") => self.bob.name.clone(),
            _ => format!("Ann-{}", stem()),
        };
        if route.method != "GET" && route.route != "/api/login" {
            self.names.lock().expect("names").push(name.clone());
        }
        vec![
            ("name", name),
            ("password", self.bob.password.clone()),
            ("email", format!("{}@example.com", stem())),
            ("user_id", self.ann.id.to_string()),
        ]
    }

    async fn view(&self, route: &Route) -> Value {
        if route.method != "POST" {
            return json!([
                seen(&self.ann, &["/api/user"]).await,
                seen(&self.bob, &[&format!("/api/user/{}", self.ann.id)]).await
            ]);
        }
        let all = everybody(&self.reader).await;
        let names = self.names.lock().expect("names");
        all.iter().filter(|row| names.iter().any(|name| row["user_name"] == *name)).count().into()
    }

    async fn shown(&self, route: &Route, field: &Field, answers: &[Answer]) -> Vec<Vec<Value>> {
        let mut own = Vec::new();
        let mut others = Vec::new();
        for answer in answers {
            let mut cookies = format!("user_id={}; token={}", self.ann.id, self.ann.token);
            let mut id = self.ann.id.to_string();
            if route.method == "POST" {
                let set = answer.headers.get_all("set-cookie").iter();
                let set: Vec<_> = set.filter_map(|cookie| cookie.to_str().ok()?.split(';').next()).collect();
                cookies = set.join("; ");
                id = set[0].trim_start_matches("user_id=").to_owned();
            }
            let call = self.bob.get(&format!("/api/user/{id}")).await.expect(200).json();
            others.push(call["user"]["name"].clone());
            let mine = self.reader_of(&cookies).await;
            own.push(mine["user"][field.name].clone());
        }
        if field.name == "name" { vec![own, others] } else { vec![own] }
    }
}

impl Users {
    /// What somebody with these cookies sees of itself.
    async fn reader_of(&self, cookies: &str) -> Value {
        self.api.get("/api/user").header("cookie", cookies).await.expect(200).json()
    }
}

#[tokio::test]
async fn the_traps_of_web_users() {
    let stack = Stack::shared().await;
    holds(&stack, &Users::new(&stack).await, ROUTES).await;
}

#[tokio::test]
async fn the_traps_of_ends() {
    let stack = Stack::shared().await;
    for row in ENDS {
        holds(&stack, &Users::new(&stack).await, &[*row]).await;
    }
}
