//! Calls one after another, in functions that are warm.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::{Caller as _, Guest, User, WebUser};

use crate::Setup;
use crate::report::{Measured, Table, figure};
use crate::samples::{Samples, millis};

pub(super) async fn measure(setup: &Setup) -> Measured {
    let times = setup.pick(20, 1_000);
    let stack = setup.start(&[]).await;
    let [ada, bob] = User::pair(&stack).await;
    let (guest, web) = (Guest::new(&stack).await, WebUser::new(&stack).await);
    let (tea, club) = (guest.open("Tea").await, web.open_chat("A club").await);
    let room = ada.open_room("a room").await;
    bob.post_to_room(room, "hello").await;
    let chat = ada.write(&bob, "hello").await;
    let mut socket = ada.socket().await;
    let text = "x".repeat(512);

    let mut table = Table::new(["call", "p50 ms", "p95 ms", "p99 ms"]);
    let mut add = |name: &str, samples: Samples| {
        let percentiles = [50, 95, 99].map(|hundredths| figure(millis(samples.percentile(hundredths))));
        table.add([name.to_owned()].into_iter().chain(percentiles));
    };
    add("ping, over the socket", timed(times, async || socket.so_far().await).await);
    add("POST /chats, 512 B", timed(times, async || ada.write(&bob, &text).await).await);
    let say = async || {
        let frame = json!({
            "chat_type": "room", "other_user_id": bob.id, "token": ada.token, "message": text.as_str(),
        });
        socket.say(&frame).await;
    };
    add("message over the socket, 512 B, to its own return", timed(times, say).await);
    add("POST to a room, 512 B", timed(times, async || bob.post_to_room(room, &text).await).await);
    add("POST to a conversation, 512 B", timed(times, async || guest.say(&tea, &text).await).await);
    add("POST to a web chat, 512 B", timed(times, async || web.say(club, &text).await).await);
    let unread = async || bob.get("/chats/unread").await.expect(200);
    add("GET /chats/unread", timed(times, unread).await);
    let history = format!("/chats/{chat}?count=50");
    add("GET /chats/{chat_id}, 50 rows", timed(times, async || bob.get(&history).await.expect(200)).await);
    add("POST /chats/read", timed(times, async || bob.mark_read(chat).await).await);
    Measured {
        title: "Latency",
        how: format!(
            "{times} calls of each kind, one after another on connections that stay open, in functions that are warm. What is \
             left of a call on AWS is what AWS adds: its network, and DynamoDB's own time for each call that waits for \
             another."
        ),
        table,
        plots: Vec::new(),
        bars: Vec::new(),
    }
}

/// Times a call again and again, after some that nobody times.
async fn timed<T>(times: usize, mut call: impl AsyncFnMut() -> T) -> Samples {
    for _ in 0..times / 10 {
        call().await;
    }
    let mut taken: Vec<Duration> = Vec::with_capacity(times);
    for _ in 0..times {
        let begun = Instant::now();
        call().await;
        taken.push(begun.elapsed());
    }
    Samples::of(taken)
}
