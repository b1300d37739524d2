//! Memory of functions after many calls.

use futures::stream::{self, StreamExt as _};
use serde_json::json;
use tests::{Caller as _, Guest, Platform, Stack, User, WebUser};

use super::broadcast;
use crate::function::{self, Function};
use crate::report::{Bar, Measured, Table, figure};
use crate::{Setup, usage};

/// DESIGN's bar, in MiB, and what Argon2 takes beside it where passwords are checked.
const MOST: f64 = 32.0;
const ARGON2: f64 = 19.0;

/// The functions that check passwords.
const WITH_PASSWORDS: [&str; 2] = ["Accounts", "Web"];

pub(super) async fn measure(setup: &Setup) -> Measured {
    let calls = setup.pick(50, 1_000);
    let stack = setup.start(&[]).await;
    call(&stack, calls).await;

    let mut table = Table::new(["function", "MiB", "may be"]);
    let mut fullest = (0.0, String::new(), MOST);
    for Function { name, pid, .. } in function::functions(&stack) {
        let memory = usage::memory(pid) as f64 / 1024.0 / 1024.0;
        let most = if WITH_PASSWORDS.contains(&name.as_str()) { MOST + ARGON2 } else { MOST };
        table.add([name.clone(), figure(memory), most.to_string()]);
        if memory / most > fullest.0 / fullest.2 {
            fullest = (memory, name, most);
        }
    }
    Measured {
        title: "Memory of functions",
        how: format!(
            "What a process takes after {calls} calls, PSS: reads and sends, one after another, each with rows in its answer. \
             The functions Accounts and Web also hashed passwords, with Argon2id's 19 MiB."
        ),
        table,
        plots: Vec::new(),
        bars: vec![Bar {
            what: format!("memory of a function after {calls} calls (fullest: {})", fullest.1),
            measured: fullest.0,
            most: fullest.2,
            unit: " MiB",
        }],
    }
}

/// Calls each function so often, one call after another: each has one process.
async fn call(stack: &Stack, calls: usize) {
    let (ada, bob) = (User::new(stack).await, User::new(stack).await);
    let (web, guest) = (WebUser::new(stack).await, Guest::new(stack).await);
    let member = Platform::new(stack).member("ada").await;
    let (room, group) = (ada.open_room("a room").await, ada.create_group("a group").await);
    let (tea, club) = (guest.open("Tea").await, web.open_chat("A club").await);
    let mut socket = ada.socket().await;
    for _ in 0..calls / 2 {
        ada.write(&bob, "hello").await;
        bob.get("/chats/unread").await.expect(200);
        ada.post_to_room(room, "hello").await;
        ada.get(&format!("/chat_rooms/{room}")).await.expect(200);
        ada.look_into(group).await;
        ada.get("/chat_groups").await.expect(200);
        guest.say(&tea, "hello").await;
        guest.get(&tea).await.expect(200);
        web.say(club, "hello").await;
        web.get("/api/chats").await.expect(200);
    }
    for _ in 0..calls {
        ada.get("/users").await.expect(200);
        ada.get("/chat_bot").await.expect(200);
        member.get("/messages").await.expect(200);
        socket.so_far().await;
    }
    let invoking =
        ["FanOutFunction", "HousekeepingFunction", "KeyRotationFunction"].map(|function| async move {
            let event = if function == "FanOutFunction" { broadcast() } else { json!({}) };
            for _ in 0..calls {
                stack.invoke(function, &event).await;
            }
        });
    stream::iter(invoking).buffer_unordered(1).collect::<()>().await;
}
