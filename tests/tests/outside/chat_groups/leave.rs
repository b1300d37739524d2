//! Leaving a group: by `DELETE /chat_groups/{chat_group_id}/presence`, by a frame, and in every other way.

use serde_json::{Value, json};
use tests::{Caller as _, Socket, Stack, User};

use super::{
    NO_GROUP, NO_IDS, expect_message, expect_notice, founder, heard, leaving, newcomer, present, to_group,
};

/// A group with its founder, who watches, and somebody else who is about to leave.
struct Scene {
    stack: Stack,
    founder: User,
    watching: Socket,
    group: u64,
    leaver: User,
    socket: Socket,
}

impl Scene {
    async fn new() -> Self {
        let stack = Stack::shared().await;
        let (founder, mut watching, group) = founder(&stack).await;
        let (leaver, socket) = newcomer(&stack, group).await;
        expect_notice(&mut watching, "enter", &leaver, group).await;
        Self { stack, founder, watching, group, leaver, socket }
    }

    /// Waits until the founder hears that the other one has left, and only that.
    async fn has_left(&mut self) {
        let Self { founder, watching, group, leaver, .. } = self;
        expect_notice(watching, "leave", leaver, *group).await;
        assert_eq!(present(founder, *group).await, json!([founder.id]));
        assert_eq!(heard(watching, *group).await, Vec::<Value>::new(), "it is told once");
    }

    /// Checks that the founder has heard nothing, and that the other one is still there.
    async fn is_still_there(&mut self) {
        let Self { founder, watching, group, leaver, .. } = self;
        assert_eq!(heard(watching, *group).await, Vec::<Value>::new());
        let mut expected = [founder.id, leaver.id];
        expected.sort_unstable();
        assert_eq!(present(founder, *group).await, json!(expected));
    }

    fn presence(&self) -> String {
        format!("/chat_groups/{}/presence", self.group)
    }
}

#[tokio::test]
async fn by_deleting_ones_presence() {
    let mut scene = Scene::new().await;
    let answer = scene.leaver.delete(&scene.presence()).await.expect(204);
    assert!(answer.body.is_empty(), "{answer:?}");
    scene.has_left().await;
    assert_eq!(heard(&mut scene.socket, scene.group).await, Vec::<Value>::new(), "only the others are told");
}

#[tokio::test]
async fn who_left_stays_a_member_and_has_what_is_said_as_unread() {
    let mut scene = Scene::new().await;
    scene.leaver.delete(&scene.presence()).await.expect(204);
    scene.watching.say(&to_group(scene.group, "you have left")).await;
    assert_eq!(heard(&mut scene.socket, scene.group).await, Vec::<Value>::new());
    let row = scene.leaver.listed_group(scene.group).await;
    assert_eq!((&row["is_member"], &row["unread_count"]), (&json!(true), &json!(1)));
}

#[tokio::test]
async fn deleting_a_presence_that_is_not_there_is_fine_and_nobody_is_told() {
    let mut scene = Scene::new().await;
    let stranger = User::new(&scene.stack).await;
    let _socket = stranger.socket().await;
    stranger.delete(&scene.presence()).await.expect(204);
    scene.is_still_there().await;
    assert_eq!(stranger.listed_group(scene.group).await["is_member"], false);

    scene.leaver.delete(&scene.presence()).await.expect(204);
    scene.leaver.delete(&scene.presence()).await.expect(204);
    scene.has_left().await;
}

#[tokio::test]
async fn unknown_groups_and_nonsense_are_refused() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    ada.delete(&format!("/chat_groups/{NO_GROUP}/presence")).await.refused(404);
    for id in NO_IDS {
        ada.delete(&format!("/chat_groups/{id}/presence")).await.refused(400);
    }
}

#[tokio::test]
async fn leaving_another_group_than_the_one_that_one_is_in_changes_nothing() {
    let mut scene = Scene::new().await;
    let other = scene.founder.create_group("Another group").await;
    scene.leaver.delete(&format!("/chat_groups/{other}/presence")).await.expect(204);
    scene.is_still_there().await;
}

#[tokio::test]
async fn by_a_frame_which_is_answered_with_the_notice() {
    let mut scene = Scene::new().await;
    scene.socket.send(&leaving(scene.group)).await;
    expect_notice(&mut scene.socket, "leave", &scene.leaver, scene.group).await;
    scene.has_left().await;
    scene.watching.say(&to_group(scene.group, "you have left")).await;
    assert_eq!(heard(&mut scene.socket, scene.group).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_frame_that_leaves_where_one_is_not_is_answered_and_nobody_is_told() {
    let mut scene = Scene::new().await;
    let stranger = User::new(&scene.stack).await;
    let mut socket = stranger.socket().await;
    socket.send(&leaving(scene.group)).await;
    expect_notice(&mut socket, "leave", &stranger, scene.group).await;
    scene.is_still_there().await;
}

#[tokio::test]
async fn frames_that_leave_nothing_are_refused_and_the_socket_stays() {
    let mut scene = Scene::new().await;
    assert_eq!(scene.socket.refused(&leaving(NO_GROUP)).await, "chat_not_found");
    let mut named = leaving(NO_GROUP);
    named["client_id"] = json!("7");
    assert_eq!(scene.socket.refused(&named).await, "chat_not_found");
    for event in [json!("enter"), json!("nothing"), json!(""), json!(7), json!([])] {
        let frame = json!({"chat_type": "group", "chat_group_id": scene.group, "event": event});
        scene.socket.refused(&frame).await;
    }
    scene.socket.refused(&json!({"chat_type": "group", "event": "leave"})).await;
    for id in [json!("x"), json!(0), json!(-1), json!(1.5), json!(null)] {
        scene.socket.refused(&json!({"chat_type": "group", "chat_group_id": id, "event": "leave"})).await;
    }
    scene.is_still_there().await;
}

#[tokio::test]
async fn by_entering_another_group() {
    let mut scene = Scene::new().await;
    let (_other_founder, mut other_watching, other) = founder(&scene.stack).await;
    scene.leaver.enter(other).await;
    expect_notice(&mut other_watching, "enter", &scene.leaver, other).await;
    scene.has_left().await;
    scene.watching.say(&to_group(scene.group, "here")).await;
    other_watching.say(&to_group(other, "there")).await;
    expect_message(&mut scene.socket, other, "there").await;
    assert_eq!(heard(&mut scene.socket, scene.group).await, Vec::<Value>::new());
}

#[tokio::test]
async fn all_sockets_leave_at_once() {
    let mut scene = Scene::new().await;
    let mut second = scene.leaver.socket().await;
    scene.leaver.enter(scene.group).await;
    scene.leaver.delete(&scene.presence()).await.expect(204);
    scene.has_left().await;
    scene.watching.say(&to_group(scene.group, "you have left")).await;
    for socket in [&mut scene.socket, &mut second] {
        assert_eq!(heard(socket, scene.group).await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn by_logging_out() {
    let mut scene = Scene::new().await;
    scene.leaver.get("/logout").await.expect(200);
    scene.has_left().await;
    scene.socket.closed().await;
}

#[tokio::test]
async fn by_closing_the_only_socket() {
    let mut scene = Scene::new().await;
    let socket = std::mem::replace(&mut scene.socket, scene.founder.socket().await);
    socket.close().await;
    scene.has_left().await;
}

#[tokio::test]
async fn by_an_only_socket_that_breaks() {
    let mut scene = Scene::new().await;
    let socket = std::mem::replace(&mut scene.socket, scene.founder.socket().await);
    socket.reset();
    scene.has_left().await;
}

#[tokio::test]
async fn who_has_another_socket_in_the_group_stays_until_it_ends_too() {
    let mut scene = Scene::new().await;
    // Another login, because the end of its sockets is known for sure once it has logged out.
    let again = scene.leaver.again(&scene.stack).await;
    let mut second = again.socket().await;
    again.enter(scene.group).await;
    again.get("/logout").await.expect(200);
    second.closed().await;
    scene.is_still_there().await;
    scene.watching.say(&to_group(scene.group, "still here?")).await;
    expect_message(&mut scene.socket, scene.group, "still here?").await;

    let last = std::mem::replace(&mut scene.socket, scene.founder.socket().await);
    last.close().await;
    scene.has_left().await;
}

#[tokio::test]
async fn of_two_sockets_that_break_only_the_last_one_is_told_of() {
    let mut scene = Scene::new().await;
    let second = scene.leaver.socket().await;
    scene.leaver.enter(scene.group).await;
    let first = std::mem::replace(&mut scene.socket, scene.founder.socket().await);
    first.reset();
    second.close().await;
    scene.has_left().await;
}
