//! What functions do with AWS rarely: each of them meets connections that have ended, forgets them, and has the queue
//! tell very many that somebody is offline; chats are deleted that are too long for a request; and sends are taken over
//! that died. So the report of permissions that nobody has used, at the end of a run, is about all that the functions do.
//!
//! On a shared stack, to whose store these tests write. Where that is another one than the stack's own, they are skipped.

mod claims;
mod erasure;
mod long_chats;
mod lost_sockets;

use futures::future::join_all;
use serde_json::Value;
use tests::{Caller as _, Socket, Stack, Tables, User};

use crate::stale::{Stale, hears_of_the_end};

/// More than one invocation posts to on the stack that `tests/run` starts for this, so that the queue does it.
const LISTENING: usize = 30;

/// The shared stack and its tables, unless they are in another store.
async fn place() -> Option<(Stack, Tables)> {
    if std::env::var_os("TEST_STORE").is_some() {
        println!("skipped: the functions do not run on this stack, and its store is another one");
        return None;
    }
    let stack = Stack::shared().await;
    let tables = stack.tables();
    Some((stack, tables))
}

/// One who listens, with so many sockets that it takes the queue to tell all of them; and Bob, who has but connections
/// that have ended.
struct Scene {
    stack: Stack,
    tables: Tables,
    ada: User,
    bob: User,
    listening: Vec<Socket>,
}

impl Scene {
    async fn new() -> Option<Self> {
        let (stack, tables) = place().await?;
        let [ada, bob] = User::pair(&stack).await;
        let url = ada.socket_url();
        let listening = join_all((0..LISTENING).map(|_| Socket::open(&url))).await;
        Some(Self { stack, tables, ada, bob, listening })
    }

    /// A connection of Bob's that has ended, which listens to nothing.
    async fn lost(&self) -> Stale {
        Stale::of(&self.tables, self.bob.id).await
    }

    /// A group, and the only open socket in it.
    async fn group(&self) -> (u64, Socket) {
        let tom = User::new(&self.stack).await;
        let inside = tom.socket().await;
        let group = tom.create_group("A group").await;
        tom.enter(group).await;
        (group, inside)
    }

    /// Whether a function has made such a call by now, on a stack that knows.
    async fn has_called(&self, function: &str, action: &str, resource: &str) -> bool {
        let answer = self.stack.console().get("/permissions").await;
        if answer.status == 404 {
            return true;
        }
        let report = answer.expect(200).json();
        let unused = report["unused"].as_array().unwrap_or_else(|| panic!("nothing unused in {report}"));
        let is_it = |entry: &Value| {
            let is_there = entry["resource"].as_str().is_some_and(|arn| arn.ends_with(resource));
            entry["function"] == function && entry["action"] == action && is_there
        };
        !unused.iter().any(is_it)
    }

    /// Waits until such a connection of somebody's is forgotten and everybody has heard that its owner is offline.
    async fn is_found_out(&mut self, lost: &Stale, user: u64) {
        lost.is_forgotten().await;
        join_all(self.listening.iter_mut().map(|socket| hears_of_the_end(socket, user))).await;
    }
}
