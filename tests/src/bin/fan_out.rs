//! How long a message to many sockets takes, posted by the invocation that stores it and split by the queue:
//! `cargo run --release -p tests --bin fan_out`. The parameter `FanOutLimit` says where one follows the other.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream;
use serde_json::Value;
use tests::{Socket, Stack, User, allow_open_files};

/// How many sockets are measured with, one measurement after another.
const SOCKETS: [usize; 6] = [50, 250, 500, 1_000, 1_500, 2_000];
/// Fewer than sockets, because it is work to register.
const USERS: usize = 50;
/// Of as many messages the median is told.
const MESSAGES: usize = 9;
/// Calls under way at once.
const AT_ONCE: usize = 8;

/// What a message took.
#[derive(Clone, Copy, Debug)]
struct Taken {
    /// Until its sender was answered.
    answered: Duration,
    /// Until the last socket had it.
    delivered: Duration,
}

#[tokio::main]
async fn main() {
    // Both ends of each socket, and what else there is to open.
    allow_open_files(8_192);
    let direct = measure("FanOutLimit=1000000").await;
    let queued = measure("FanOutLimit=1").await;
    println!("{:>8} {:>28} {:>28}", "", "one invocation", "split by the queue");
    println!("{:>8} {:>14}{:>14} {:>14}{:>14}", "sockets", "answered", "delivered", "answered", "delivered");
    for ((count, direct), queued) in SOCKETS.iter().zip(direct).zip(queued) {
        let [a, b, c, d] = [direct.answered, direct.delivered, queued.answered, queued.delivered]
            .map(|taken| format!("{:.1} ms", taken.as_secs_f64() * 1000.0));
        println!("{count:>8} {a:>14}{b:>14} {c:>14}{d:>14}");
    }
}

/// The medians for each number of sockets, on a stack of its own.
async fn measure(parameter: &str) -> Vec<Taken> {
    let stack = Stack::start(&["--parameter", parameter]).await;
    let sender = User::new(&stack).await;
    let room = sender.open_room("A place for everybody").await;
    let new_users = stream::iter(0..USERS).map(|_| User::new(&stack));
    let users: Vec<User> = new_users.buffer_unordered(AT_ONCE).collect().await;
    // Whoever has spoken takes part.
    let joining = stream::iter(&users).map(|user| user.post_to_room(room, "here"));
    joining.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;

    let mut sockets: Vec<Socket> = Vec::new();
    let mut medians = Vec::new();
    for count in SOCKETS {
        let missing = users.iter().cycle().take(count - sockets.len());
        let opening = stream::iter(missing).map(User::socket);
        sockets.extend(opening.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await);
        let mut taken = Vec::new();
        for _ in 0..MESSAGES {
            taken.push(post(&sender, room, &mut sockets).await);
        }
        let median = |of: fn(&Taken) -> Duration| {
            let mut all: Vec<_> = taken.iter().map(of).collect();
            all.sort_unstable();
            all[MESSAGES / 2]
        };
        let (answered, delivered) = (median(|taken| taken.answered), median(|taken| taken.delivered));
        medians.push(Taken { answered, delivered });
    }
    medians
}

/// Posts a message and waits until every socket has it.
async fn post(sender: &User, room: u64, sockets: &mut [Socket]) -> Taken {
    let begun = Instant::now();
    let mut answered = Duration::ZERO;
    let posting = async {
        sender.post_to_room(room, "hello everybody").await;
        answered = begun.elapsed();
    };
    let is_message = |frame: &Value| frame["message"] == "hello everybody";
    let arriving = sockets.iter_mut().map(|socket| socket.expect("the message", is_message));
    futures::future::join(posting, join_all(arriving)).await;
    Taken { answered, delivered: begun.elapsed() }
}
