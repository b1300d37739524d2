//! Somebody with every kind of token that there is.

use std::collections::BTreeMap;
use std::path::Path;

use futures::future::{join_all, join4};
use serde_json::{Value, json};
use tests::token::kid;
use tests::{Caller as _, Guest, Member, Platform, Socket, Stack, User, WebUser, eventually};

/// The functions that tokens are shown to and that issue them.
const FUNCTIONS: [&str; 6] = ["accounts", "chats", "conversations", "messages", "web", "websocket"];
/// Who is let in by each function in turn.
const IN: [u16; 4] = [200; 4];
/// Who is not.
const OUT: [u16; 4] = [401, 403, 401, 401];

/// People who have got their tokens in every way there is.
pub(super) struct Crowd {
    /// By `/login`.
    pub(super) user: User,
    /// By the form.
    pub(super) web: WebUser,
    /// By a name.
    pub(super) guest: Guest,
    /// From a platform, and another one in the same chat.
    pub(super) members: [Member; 2],
    pub(super) platform: Platform,
    pub(super) chat: String,
}

impl Crowd {
    /// New people, all of whom come at the same moment.
    pub(super) async fn new(stack: &Stack) -> Self {
        let platform = Platform::new(stack);
        let seated = async {
            let members: [Member; 2] = platform.members(2).await.try_into().expect("two members");
            let chat = Platform::new_chat_id();
            platform.seat(&chat, &members.each_ref()).await;
            (members, chat)
        };
        let coming = join4(User::new(stack), WebUser::new(stack), Guest::new(stack), seated).await;
        let (user, web, guest, (members, chat)) = coming;
        Self { user, web, guest, members, platform, chat }
    }

    /// The token of each.
    pub(super) fn tokens(&self) -> [&str; 4] {
        [&self.user.token, &self.web.token, &self.guest.session, &self.members[0].access]
    }

    /// The one key that has signed all their tokens.
    #[track_caller]
    pub(super) fn kid(&self) -> String {
        let kids: BTreeMap<_, _> = self.tokens().into_iter().map(|token| (kid(token), token)).collect();
        assert_eq!(kids.len(), 1, "{kids:?}");
        kids.into_keys().next().expect("a key")
    }

    /// How each is answered just now.
    async fn statuses(&self) -> [u16; 4] {
        [
            self.user.get("/chats").await.status.as_u16(),
            self.web.get("/api/chats").await.status.as_u16(),
            self.guest.get("/api/conversations").await.status.as_u16(),
            self.members[0].get("/messages").await.status.as_u16(),
        ]
    }

    /// Checks that all are let in.
    pub(super) async fn are_in(&self) {
        assert_eq!(self.statuses().await, IN);
        self.user.socket().await.close().await;
    }

    /// Waits until none is let in by processes that began a moment ago.
    pub(super) async fn are_soon_out(&self) {
        let out = async || (self.statuses().await == OUT).then_some(());
        eventually("the refusal of every token", out).await;
        let url = self.user.socket_url();
        let refused = async || (Socket::try_open(&url).await.err() == Some(401)).then_some(());
        eventually("the refusal of a socket", refused).await;
    }
}

/// Ends the processes of all functions that keep keys, and waits until others serve in their place: calls that reach a
/// process in its last moments fail, as on AWS.
pub(super) async fn renew_processes(stack: &Stack) {
    let killed: Vec<_> = FUNCTIONS.iter().flat_map(|function| stack.crash_if_running(function)).collect();
    let are_gone =
        async || killed.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists()).then_some(());
    eventually("the end of the processes", are_gone).await;
    let anonymous = stack.anonymous();
    let serve = async || {
        let paths = ["/users", "/chats", "/api/conversations", "/messages", "/api/chats"];
        let answers = join_all(paths.map(|path| anonymous.get(path).into_future())).await;
        answers.iter().all(|answer| answer.status.is_client_error()).then_some(())
    };
    eventually("the next processes", serve).await;
    let url = format!("{}?token=none", stack.ready().websocket);
    let serves = async || (Socket::try_open(&url).await.err() == Some(401)).then_some(());
    eventually("the next process of sockets", serves).await;
}

/// Has the keys rotated in this manner, and gives what is answered.
pub(super) async fn rotate(stack: &Stack, payload: &Value) -> Value {
    let answer = stack.invoke("KeyRotationFunction", payload).await;
    assert!(answer["tokens"].is_string() && answer["rotated"].is_boolean(), "{answer}");
    answer
}

/// Has new keys put in place, and gives the name of the one for tokens.
pub(super) async fn rotate_now(stack: &Stack) -> String {
    let answer = rotate(stack, &json!({"rotate": true})).await;
    assert_eq!(answer["rotated"], true, "{answer}");
    answer["tokens"].as_str().expect("a kid").to_owned()
}
