//! Groups, which everybody may enter.

use serde_json::{Value, json};
use tests::{Caller as _, Socket, Stack, unique};

use super::engine::holds;
use super::people::Cast;
use super::{Credential, NOBODY, Row, Scene, Surface, Thing, Wallet, row};
use crate::common::seen;

/// Who made the group, a member, a member that has left it, which it stays for all that, and a stranger.
pub(super) const ROWS: &[Row] = &[
    row("POST", "/chat_groups", &[201, 201, 201, 201]).json(r#"{"chat_group_name":"{new_name}"}"#),
    row("POST", "/chat_groups", &[201, 403, 403, 403])
        .json(r#"{"chat_group_name":"{new_name}","author_id":{owner_id}}"#),
    row("GET", "/chat_groups", &[200, 200, 200, 200]),
    row("PUT", "/chat_groups/{chat_group_id}", &[200, 403, 403, 403]).json(r#"{"chat_group_name":"Mine"}"#),
    row("PUT", "/chat_groups", &[200, 403, 403, 403])
        .json(r#"{"chat_group_id":{chat_group_id},"chat_group_name":"Mine"}"#),
    row("GET", "/chat_groups/{chat_group_id}", &[200, 200, 200, 200]).shows(),
    row("DELETE", "/chat_groups/{chat_group_id}/presence", &[204, 204, 204, 204]),
    row("PUT", "/notifications", &[200, 200, 200, 403]).json(r#"{"chat_group_id":{chat_group_id}}"#),
];

/// A group, which its owner is in with a socket.
struct Group {
    cast: Cast,
    _socket: Socket,
}

impl Scene for Group {
    const SURFACE: Surface = Surface::Login;
    const INSIDE: usize = 4;

    async fn new(stack: &Stack) -> Self {
        let cast = Cast::new(stack).await;
        let socket = cast.owner.user.socket().await;
        Self { cast, _socket: socket }
    }

    fn people(&self) -> Vec<Credential> {
        Cast::logins(&self.cast.four())
    }

    fn ended(&self) -> Vec<Credential> {
        self.cast.ended_logins()
    }

    fn wallet(&self) -> &Wallet {
        &self.cast.wallet
    }

    async fn thing(&self) -> Thing {
        let Cast { owner, member, former, .. } = &self.cast;
        let (owner, mark) = (&owner.user, unique("mark"));
        let group = owner.create_group("A group").await;
        let mut socket = owner.socket().await;
        owner.enter(group).await;
        member.user.enter(group).await;
        former.user.enter(group).await;
        former.user.delete(&format!("/chat_groups/{group}/presence")).await.expect(204);
        for (socket, text) in [(&mut member.user.socket().await, "first"), (&mut socket, &mark)] {
            socket.say(&json!({"chat_type": "group", "chat_group_id": group, "message": text})).await;
        }
        let values = vec![
            ("chat_group_id", group.to_string()),
            ("owner_id", owner.id.to_string()),
            ("new_name", unique("group")),
        ];
        Thing { values, mark }
    }

    fn nothing(&self, thing: &Thing) -> Thing {
        thing.with(&[("chat_group_id", NOBODY)])
    }

    async fn view(&self, thing: &Thing) -> Value {
        let group = thing.value("chat_group_id").parse().expect("an id");
        let Cast { owner, member, .. } = &self.cast;
        let inside = owner.user.look_into(group).await;
        assert_eq!(inside["present"], json!([owner.user.id]));
        let is_of_row =
            |row: &Value| row["chat_group_id"] == group || row["chat_group_name"] == thing.value("new_name");
        let (mut rows, mut path) = (Vec::new(), "/chat_groups?count=100".to_owned());
        loop {
            let page = member.user.get(&path).await.expect(200).json();
            let groups = page["chat_groups"].as_array().expect("chat_groups");
            rows.extend(groups.iter().filter(|row| is_of_row(row)).cloned());
            match &page["next"] {
                Value::Null => break,
                next => path = format!("/chat_groups?count=100&next={next}"),
            }
        }
        let notifications = ["/notifications".to_owned()];
        let notified = [seen(&owner.user, &notifications).await, seen(&member.user, &notifications).await];
        json!([inside, rows, notified])
    }
}

#[tokio::test]
async fn the_rows_hold() {
    holds::<Group>(ROWS).await;
}
