//! One message to many sockets, posted by the invocation that stores it and split by the queue, beside bare posts to the
//! same sockets. The parameter `FanOutLimit` says where one follows the other.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::future::{join, join_all};
use futures::stream;
use serde_json::{Value, json};
use tests::{Anonymous, Caller as _, Socket, Stack, User, in_query};

use crate::plot::Plot;
use crate::report::{Bar, Measured, Table, figure};
use crate::samples::{Samples, millis};
use crate::{Setup, usage};

/// Fewer than sockets, because it is work to register.
const USERS: usize = 50;
/// Calls under way at once.
const AT_ONCE: usize = 8;
/// Bare posts under way at once: as many as an invocation has.
const POSTS_AT_ONCE: usize = 64;
/// The number of sockets that DESIGN has bars for.
const CROWD: usize = 1_000;
/// DESIGN's bars: times the bare posts; seconds of computing for 1,000 deliveries, a tenth of serverless-offline's.
const MOST: f64 = 1.3;
const CPU: f64 = 0.052;

/// What a message took, in the middle of some.
#[derive(Clone, Copy, Debug)]
struct Taken {
    /// Until its sender was answered.
    answered: Duration,
    /// Until the last socket had it.
    delivered: Duration,
    /// The stack's computing time for it.
    cpu: Duration,
    /// Until the last socket had a bare post.
    bare: Duration,
}

pub(super) async fn measure(setup: &Setup) -> Measured {
    let counts: &[usize] = setup.pick(&[1, 50], &[1, 10, 50, 250, 500, CROWD, 1_500, 2_000]);
    let rounds = setup.pick(3, 15);
    let direct = with_limit(setup, "FanOutLimit=1000000", counts, rounds).await;
    let queued = with_limit(setup, "FanOutLimit=1", counts, rounds).await;

    let mut table = Table::new([
        "sockets",
        "bare posts ms",
        "one invocation: answered ms",
        "delivered ms",
        "× bare",
        "CPU s / 1,000",
        "by the queue: answered ms",
        "delivered ms",
    ]);
    let mut bars = Vec::new();
    let mut curves = [const { Vec::new() }; 3];
    for ((&count, one), split) in counts.iter().zip(&direct).zip(&queued) {
        let ratio = one.delivered.as_secs_f64() / one.bare.as_secs_f64();
        let cpu = one.cpu.as_secs_f64() * 1_000.0 / count as f64;
        table.add([
            count.to_string(),
            figure(millis(one.bare)),
            figure(millis(one.answered)),
            figure(millis(one.delivered)),
            figure(ratio),
            format!("{cpu:.3}"),
            figure(millis(split.answered)),
            figure(millis(split.delivered)),
        ]);
        for (curve, time) in curves.iter_mut().zip([one.bare, one.delivered, split.delivered]) {
            curve.push((count as f64, millis(time)));
        }
        if count == CROWD {
            let what = "one message to 1,000 sockets, beside as many bare posts".to_owned();
            bars.push(Bar { what, measured: ratio, most: MOST, unit: " ×" });
            let what =
                "computing time of 1,000 deliveries (a tenth of serverless-offline's, 0.52 s)".to_owned();
            bars.push(Bar { what, measured: cpu, most: CPU, unit: " s" });
        }
    }
    let names = ["bare posts", "one invocation", "by the queue"].map(str::to_owned);
    Measured {
        title: "Fan-out",
        how: format!(
            "A message to a room, until the last of so many sockets of {USERS} users has it, and beside it so many posts to \
             `@connections` by the driver, {POSTS_AT_ONCE} at once. Medians of {rounds}."
        ),
        table,
        plots: vec![Plot {
            file: "fan-out.svg",
            title: "Until the last socket has a message",
            x: "sockets",
            y: "ms",
            series: names.into_iter().zip(curves).collect(),
        }],
        bars,
    }
}

/// The medians for each number of sockets, on a stack of its own.
async fn with_limit(setup: &Setup, parameter: &str, counts: &[usize], rounds: usize) -> Vec<Taken> {
    let stack = setup.start(&["--parameter", parameter]).await;
    let sender = User::new(&stack).await;
    let room = sender.open_room("A place for everybody").await;
    let new_users = stream::iter(0..USERS).map(|_| User::new(&stack));
    let users: Vec<User> = new_users.buffer_unordered(AT_ONCE).collect().await;
    // Whoever has spoken takes part.
    let joining = stream::iter(&users).map(|user| user.post_to_room(room, "here"));
    joining.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;

    let mut sockets: Vec<Socket> = Vec::new();
    let mut medians = Vec::new();
    for &count in counts {
        let missing = users.iter().cycle().take(count - sockets.len());
        let opening = stream::iter(missing).map(User::socket);
        sockets.extend(opening.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await);
        let connections = connections(&stack).await;
        let mut taken = Vec::new();
        for _ in 0..=rounds {
            let bare = post_bare(&stack, &connections, &mut sockets).await;
            taken.push(Taken { bare, ..post(&stack, &sender, room, &mut sockets).await });
        }
        // The first one starts processes.
        taken.remove(0);
        let median = |of: fn(&Taken) -> Duration| Samples::of(taken.iter().map(of).collect()).median();
        medians.push(Taken {
            answered: median(|taken| taken.answered),
            delivered: median(|taken| taken.delivered),
            // In ticks: only all of them together say much.
            cpu: taken.iter().map(|taken| taken.cpu).sum::<Duration>() / u32::try_from(rounds).unwrap_or(1),
            bare: median(|taken| taken.bare),
        });
    }
    medians
}

/// Posts a message and waits until every socket has it.
async fn post(stack: &Stack, sender: &User, room: u64, sockets: &mut [Socket]) -> Taken {
    let begun = Instant::now();
    let posting = async {
        sender.post_to_room(room, "hello everybody").await;
        begun.elapsed()
    };
    let arriving = arrive(sockets, |frame| frame["message"] == "hello everybody");
    let (cpu, (answered, ())) = usage::cpu_of(stack, join(posting, arriving)).await;
    Taken { answered, delivered: begun.elapsed(), cpu, bare: Duration::ZERO }
}

/// Posts a frame of the same size to each connection, and waits until every socket has it.
async fn post_bare(stack: &Stack, connections: &[String], sockets: &mut [Socket]) -> Duration {
    let gateway: Anonymous = stack.connections();
    let frame = json!({"bare": "x".repeat(300)}).to_string();
    let begun = Instant::now();
    let posting = stream::iter(connections).map(|connection| {
        let call =
            gateway.post(&format!("/{}", in_query(connection))).body("application/json", frame.clone());
        async { call.await.expect(200) }
    });
    let posting = posting.buffer_unordered(POSTS_AT_ONCE).for_each(async |_| ());
    join(posting, arrive(sockets, |frame| frame["bare"].is_string())).await;
    begun.elapsed()
}

async fn arrive(sockets: &mut [Socket], is_meant: impl Fn(&Value) -> bool + Copy) {
    join_all(sockets.iter_mut().map(|socket| socket.expect("the message", is_meant))).await;
}

/// The connection ids of all sockets that are open.
async fn connections(stack: &Stack) -> Vec<String> {
    let items = stack.tables().items("Connections").await;
    let ids = items.iter().filter_map(|item| item["pk"]["S"].as_str()?.strip_prefix("connection#"));
    ids.map(str::to_owned).collect()
}
