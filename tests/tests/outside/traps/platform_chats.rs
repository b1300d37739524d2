//! Chats of platforms: by the operator's backend, and by members.

use serde_json::{Value, json};
use tests::{Answer, Caller as _, Member, Platform, Stack};

use super::engine::holds;
use super::{By, Field, Kind, Route, Scene, Values, body, path, route, seen};

/// Naming a chat makes it.
const NEW: Field = path("chat_id", Kind::ChatName(200));
/// Where the document has no 404.
const KNOWN: Field = path("chat_id", Kind::ChatName(400));
const FOUND: Field = path("chat_id", Kind::ChatName(404));
const USERS: Field = body("users", Kind::Array);
const NAME: Field = body("chatName", Kind::Description).replaced().optional();

pub(super) const OPERATORS: &[Route] = &[
    route("PUT", "/backend/chats/{chat_id}/users", By::Key, &[NEW, USERS, NAME]).json(),
    route("GET", "/backend/chats/{chat_id}/users", By::Key, &[KNOWN]),
    route("DELETE", "/backend/chats/{chat_id}/users", By::Key, &[FOUND, USERS]).json(),
    route("DELETE", "/backend/chats/{chat_id}/users", By::Key, &[FOUND, body("GUIDs", Kind::Array)]).json(),
    route("DELETE", "/backend/chats/{chat_id}", By::Key, &[KNOWN]),
];

pub(super) const MEMBERS: &[Route] = &[
    // First, and so with all traps: the path of a direct chat is the same one.
    route("DELETE", "/chats/{chat_id}", By::Access, &[KNOWN]),
    route("PUT", "/chats/{chat_id}/users", By::Access, &[NEW, USERS, NAME]).json(),
    route("GET", "/chats/{chat_id}/users", By::Access, &[KNOWN]),
    route("DELETE", "/chats/{chat_id}/users", By::Access, &[FOUND, USERS]).json(),
    route("DELETE", "/chats/{chat_id}/users", By::Access, &[FOUND, body("GUIDs", Kind::Array)]).json(),
    route("DELETE", "/chats/{chat_id}", By::Field, &[KNOWN, body("accessToken", Kind::Credential)]).json(),
];

/// Three members, and a chat of the first two.
struct Chats {
    platform: Platform,
    key: String,
    ann: Member,
    bob: Member,
    eve: Member,
    chat: String,
}

impl Chats {
    async fn new(stack: &Stack) -> Self {
        let platform = Platform::new(stack);
        let [ann, bob, eve]: [Member; 3] = platform.members(3).await.try_into().expect("three");
        let chat = Platform::new_chat_id();
        platform.seat(&chat, &[&ann, &bob]).await;
        Self { platform, key: stack.ready().backend_key.clone(), ann, bob, eve, chat }
    }

    fn path(&self) -> String {
        format!("/chats/{}/users", self.chat)
    }
}

impl Scene for Chats {
    fn credential(&self, by: By) -> Option<(&'static str, String)> {
        match by {
            By::Field => None,
            By::Key => Some(("authorization", self.key.clone())),
            _ => Some(("authorization", format!("Bearer {}", self.ann.access))),
        }
    }

    async fn good(&self, route: &Route) -> Values {
        let mut chat = self.chat.clone();
        let mut guids = Vec::new();
        // A chat of its own to be changed.
        if route.method == "DELETE" {
            chat = Platform::new_chat_id();
            guids = self.platform.seat(&chat, &[&self.ann, &self.eve]).await;
        }
        vec![
            ("chat_id", chat),
            (
                "users",
                json!([if route.method == "DELETE" { &self.eve.id } else { &self.bob.id }]).to_string(),
            ),
            ("GUIDs", json!([guids.last()]).to_string()),
            ("chatName", "A chat".to_owned()),
            ("accessToken", self.ann.access.clone()),
        ]
    }

    async fn view(&self, route: &Route) -> Value {
        match route.method {
            // What is to be changed is another one each time.
            "DELETE" => seen(&self.bob, &[&self.path()]).await,
            _ => json!([seen(&self.ann, &[&self.path()]).await, seen(&self.bob, &[&self.path()]).await]),
        }
    }

    async fn shown(&self, _: &Route, _: &Field, _: &[Answer]) -> Vec<Vec<Value>> {
        let mut shown = Vec::new();
        for reader in [&self.ann, &self.bob] {
            let chat = reader.get(&self.path()).await.expect(200).json();
            shown.push(vec![chat["chat"]["chatName"].clone()]);
        }
        shown
    }
}

#[tokio::test]
async fn the_traps_of_the_operators_chats() {
    let stack = Stack::shared().await;
    holds(&stack, &Chats::new(&stack).await, OPERATORS).await;
}

#[tokio::test]
async fn the_traps_of_members_chats() {
    let stack = Stack::shared().await;
    holds(&stack, &Chats::new(&stack).await, MEMBERS).await;
}
