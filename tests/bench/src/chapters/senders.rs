//! People who send side by side.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::{join, join_all};
use futures::stream::{self, StreamExt as _};
use serde_json::Value;
use tests::{Socket, Stack, User};

use crate::plot::Plot;
use crate::report::{Bar, Measured, Table, figure};
use crate::samples::{Samples, millis};
use crate::{Setup, usage};

/// Accounts made at once: each hashes a password twice.
const AT_ONCE: usize = 8;

/// DESIGN's bars, in seconds of computing for 1,000 sends: a tenth of what serverless-offline with a minimal chat in Node
/// takes, and a tenth of what Synapse on SQLite takes.
const CPU_OF_NODE: f64 = 0.63;
const CPU_OF_SYNAPSE: f64 = 1.35;

/// What a number of senders saw.
struct Seen {
    /// How long all of it took.
    lasted: Duration,
    /// From each call to its answer.
    answers: Samples,
    /// From each call until a socket had the message.
    deliveries: Samples,
    /// Computing time of the stack.
    cpu: Duration,
}

pub(super) async fn measure(setup: &Setup) -> Measured {
    let counts: &[usize] = setup.pick(&[1, 8], &[1, 2, 4, 8, 16, 32, 64]);
    let messages = setup.pick(64, 2_048);
    let stack = setup.start(&[]).await;
    let people = counts.iter().max().copied().unwrap_or_default();
    let new_users = stream::iter(0..people).map(|_| User::new(&stack));
    let senders: Vec<User> = new_users.buffer_unordered(AT_ONCE).collect().await;
    let receiver = User::new(&stack).await;
    let room = receiver.open_room("A place for everybody").await;
    let mut socket = receiver.socket().await;
    // Whoever has spoken takes part, and every pair has a chat.
    receiver.post_to_room(room, "here").await;
    for sender in &senders {
        sender.post_to_room(room, "here").await;
        sender.write(&receiver, "here").await;
    }

    let mut table = Table::new([
        "senders",
        "to a chat each: sends/s",
        "answer p50 ms",
        "delivery p50 ms",
        "p99 ms",
        "CPU s / 1,000",
        "to one room: sends/s",
        "answer p50 ms",
        "delivery p50 ms",
        "p99 ms",
        "CPU s / 1,000",
    ]);
    let (mut rates, mut delays) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    let mut worst = 0.0_f64;
    for &count in counts {
        let senders = &senders[..count];
        let each = messages / count;
        let direct = send(&stack, senders, &mut socket, each, async |sender, text| {
            sender.write(&receiver, text).await;
        });
        let direct = direct.await;
        let many = send(&stack, senders, &mut socket, each, async |sender, text| {
            sender.post_to_room(room, text).await;
        });
        let many = many.await;
        let sent = (each * count) as f64;
        let mut row = vec![count.to_string()];
        for (kind, seen) in [&direct, &many].into_iter().enumerate() {
            let rate = sent / seen.lasted.as_secs_f64();
            let cpu = seen.cpu.as_secs_f64() * 1_000.0 / sent;
            let delivery = millis(seen.deliveries.median());
            row.extend([
                figure(rate),
                figure(millis(seen.answers.median())),
                figure(delivery),
                figure(millis(seen.deliveries.percentile(99))),
                figure(cpu),
            ]);
            rates[kind].push((count as f64, rate));
            delays[kind].push((count as f64, delivery));
            worst = worst.max(cpu);
        }
        table.add(row);
    }
    let named = |[direct, many]: [Vec<(f64, f64)>; 2]| {
        vec![("to a chat each".to_owned(), direct), ("to one room".to_owned(), many)]
    };
    let bar = |than: &str, most| Bar {
        what: format!(
            "computing time of 1,000 sends, each delivered to a socket, at worst (a tenth of {than})"
        ),
        measured: worst,
        most,
        unit: " s",
    };
    Measured {
        title: "Sends side by side",
        how: format!(
            "{messages} messages by so many senders, each of whom waits for an answer before the next; every one is delivered to \
             one socket of somebody who takes part in all. The CPU is that of the gateway, the functions and the store \
             together, without the driver's."
        ),
        table,
        plots: vec![
            Plot {
                file: "sends.svg",
                title: "Sends per second",
                x: "senders",
                y: "sends/s",
                series: named(rates),
            },
            Plot {
                file: "deliveries.svg",
                title: "From the call to the socket, p50",
                x: "senders",
                y: "ms",
                series: named(delays),
            },
        ],
        bars: vec![
            bar("serverless-offline's with a minimal chat in Node, 6.3 s", CPU_OF_NODE),
            bar("Synapse's on SQLite, 13.5 s", CPU_OF_SYNAPSE),
        ],
    }
}

/// Lets each of some send so many messages one after another, and waits until the socket has all of them.
async fn send(
    stack: &Stack,
    senders: &[User],
    socket: &mut Socket,
    each: usize,
    post: impl AsyncFn(&User, &str),
) -> Seen {
    let began: Mutex<HashMap<String, Instant>> = Mutex::default();
    let answers = Mutex::new(Vec::new());
    let sending = join_all(senders.iter().map(async |sender| {
        for number in 0..each {
            let text = format!("{number} of {}", sender.id);
            let begun = Instant::now();
            began.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone(), begun);
            post(sender, &text).await;
            answers.lock().unwrap_or_else(PoisonError::into_inner).push(begun.elapsed());
        }
    }));
    let receiving = async {
        let mut deliveries = Vec::new();
        while deliveries.len() < each * senders.len() {
            let frame: Value = socket.next().await;
            let Some(text) = frame["message"].as_str() else { continue };
            // Not of this round: somebody who joined.
            let Some(begun) = began.lock().unwrap_or_else(PoisonError::into_inner).remove(text) else {
                continue;
            };
            deliveries.push(begun.elapsed());
        }
        deliveries
    };
    let begun = Instant::now();
    let (cpu, (_, deliveries)) = usage::cpu_of(stack, join(sending, receiving)).await;
    let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    Seen { lasted: begun.elapsed(), answers: Samples::of(answers), deliveries: Samples::of(deliveries), cpu }
}
