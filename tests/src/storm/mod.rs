//! Many people write to one room while its store fails in every way and processes are killed: what was acknowledged is
//! there, once, in one order for all, and nobody's unread count is off.

mod observers;
mod record;
mod senders;
mod verdict;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::future::{join, join_all, join4};
use proptest::prelude::RngExt as _;
use serde_json::json;

use crate::store_proxy::Upstream;
use crate::{
    Answer, Call, Caller as _, FaultPlan, Faults, Met, PATIENCE, Rates, Stack, Tables, User, insist, process,
    random, repeatable,
};
use observers::{Listener, Listening};
use record::Record;

/// How far the replica lags behind.
const LAG: Duration = Duration::from_millis(250);
/// How often the killer looks whether it is behind, at most.
const REST: Duration = Duration::from_millis(25);
/// With two listeners, frames to both of them go by the queue, and those to one of them do not.
const FAN_OUT_LIMIT: &str = "FanOutLimit=1";
/// How long frames wait behind one whose process was killed, in milliseconds: longer than it takes to post it.
const VISIBILITY_MS: &str = "3000";
/// With so many calls each kind of fault is among them.
const MANY_CALLS: u64 = 20_000;
/// Functions whose processes are killed at random moments: the first one mostly.
const VICTIMS: [&str; 3] = ["chat-rooms", "websocket", "fan-out"];
/// Parts of a run that draw random numbers of their own, after the senders.
const KILLER: usize = 1 << 20;
const OBSERVERS: usize = KILLER + 1;

/// Many people who write to one room, and what happens meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// How many write.
    pub senders: usize,
    /// How many messages each of them writes.
    pub messages: usize,
    /// How many processes are killed at least, half of them at calls of theirs.
    pub kills: u64,
    /// What settles everything that is drawn. In which order things come is another time another one.
    pub seed: u64,
}

/// What happened.
#[derive(Clone, Debug)]
pub struct Report {
    storm: Storm,
    calls: u64,
    met: Met,
    killed_at_random: u64,
    refusals: Vec<(u16, u64)>,
    frames: u64,
    resumed: u64,
    lasted: Duration,
    checked: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { storm: Storm { senders, messages, seed, .. }, calls, met, refusals, .. } = self;
        writeln!(formatter, "seed {seed}: {senders} senders with {messages} messages each")?;
        writeln!(formatter, "store:   {calls} calls, of which {met}")?;
        let (at_calls, at_random) = (met.kills(), self.killed_at_random);
        let kills = at_calls + at_random;
        writeln!(
            formatter,
            "killed:  {kills} processes, {at_calls} at calls, {at_random} at random moments"
        )?;
        let told: Vec<_> = refusals.iter().map(|(status, times)| format!("{times} times {status}")).collect();
        writeln!(formatter, "clients: asked again after {}", told.join(", "))?;
        writeln!(formatter, "sockets: {} frames, {} times resumed", self.frames, self.resumed)?;
        let [lasted, checked] = [self.lasted, self.checked].map(|time| time.as_secs_f64());
        write!(formatter, "lasted {lasted:.1} s, and {checked:.1} s to look at what is there: all is right")
    }
}

/// Everything that happens in a storm.
struct Scene<'a> {
    storm: Storm,
    stack: &'a Stack,
    plan: Arc<FaultPlan>,
    room: u64,
    record: Record,
    killed_at_random: AtomicU64,
    /// Up to here the marker has read at least.
    marked: AtomicU64,
    refusals: [AtomicU64; 600],
}

/// Those who take part.
struct People {
    senders: Vec<User>,
    /// Takes no part and pages through what is said.
    visitor: User,
    /// Takes part, never marks anything as read, and looks what is unread.
    counter: User,
    /// Takes part, marks as read now and then, and looks what is unread.
    marker: User,
    /// Take part by sockets: one stays, the other one comes and goes.
    listeners: [User; 2],
}

impl People {
    async fn gather(stack: &Stack, senders: usize) -> Self {
        let mut all = join_all((0..senders + 5).map(|_| User::new(stack))).await;
        let others: [User; 5] = all.split_off(senders).try_into().expect("five more");
        let [visitor, counter, marker, stays, comes_and_goes] = others;
        Self { senders: all, visitor, counter, marker, listeners: [stays, comes_and_goes] }
    }

    /// All who take part in the room.
    fn participants(&self) -> impl Iterator<Item = &User> {
        self.senders.iter().chain([&self.counter, &self.marker]).chain(&self.listeners)
    }
}

impl Storm {
    /// How to have the same again.
    fn command(&self) -> String {
        let Self { senders, messages, kills, seed } = self;
        format!(
            "target/release/storm --senders {senders} --messages {messages} --kills {kills} --seed {seed}"
        )
    }

    /// Lets it happen on a stack of its own with this store, which must be empty, and panics where anything is not as it
    /// should be. The functions must be built.
    pub async fn run(self, upstream: Upstream) -> Report {
        repeatable(&self.command(), self.happen(upstream)).await
    }

    async fn happen(self, upstream: Upstream) -> Report {
        let (stack, faults) = Faults::start_on(
            upstream.with_replica(LAG).await,
            &["--parameter", FAN_OUT_LIMIT, "--visibility-timeout-ms", VISIBILITY_MS],
        )
        .await;
        let people = People::gather(&stack, self.senders).await;
        let room = people.visitor.open_room("In the storm").await;
        let scene = Scene {
            storm: self,
            stack: &stack,
            plan: Arc::new(FaultPlan::new(self.seed, Rates::STORM)),
            room,
            record: Record::default(),
            killed_at_random: AtomicU64::new(0),
            marked: AtomicU64::new(0),
            refusals: [const { AtomicU64::new(0) }; 600],
        };
        scene.take_places(&people).await;
        let [stays, comes_and_goes] = &people.listeners;
        let mut listeners =
            [Listener::new(&scene, stays, false).await, Listener::new(&scene, comes_and_goes, true).await];

        let began = Instant::now();
        faults.watch(scene.plan.clone());
        scene.rage(&people, &mut listeners).await;
        faults.end();
        faults.settled().await;
        let lasted = began.elapsed();

        let began = Instant::now();
        scene.check(&people, &faults.tables(), &mut listeners).await;
        scene.check_faults();
        let heard: Listening = listeners.iter().map(Listener::heard).sum();
        Report {
            storm: self,
            calls: scene.plan.calls(),
            met: scene.plan.met(),
            killed_at_random: scene.killed_at_random.load(Ordering::SeqCst),
            refusals: scene.refused(),
            frames: heard.frames,
            resumed: heard.resumed,
            lasted,
            checked: began.elapsed(),
        }
    }
}

impl Scene<'_> {
    /// Makes all participants, and everybody's unread count 0, while there are no faults yet.
    async fn take_places(&self, people: &People) {
        for user in people.participants() {
            let ask = || user.post(&self.path("/message")).json(&json!({"message": "here", "type": "text"}));
            let placed = self.answered(201, ask).await.json();
            self.record.attempt();
            self.record.acknowledge(user.id, "here", &placed);
        }
        join_all(people.participants().map(|user| user.mark_room_read(self.room))).await;
    }

    /// What happens while there are faults.
    async fn rage(&self, people: &People, listeners: &mut [Listener; 2]) {
        let sending = async {
            join_all(people.senders.iter().enumerate().map(|(place, user)| self.send_all(place, user))).await;
            self.record.finish();
        };
        let observing = join4(
            self.page(&people.visitor),
            self.count(&people.counter),
            self.mark(&people.marker),
            join_all(listeners.iter_mut().map(|listener| listener.listen(self))),
        );
        join(join(sending, self.kill()), observing).await;
    }

    /// Kills as many processes as are due at any time: half of them at calls of theirs, half at random moments.
    async fn kill(&self) {
        let mut rng = random(self.storm.seed, KILLER);
        let mut over_since = None;
        let all = (self.storm.senders * self.storm.messages) as u64;
        loop {
            let is_over = self.record.is_finished();
            // Somewhat ahead, so that the last ones are killed before it is all over.
            let sent = if is_over { all } else { self.record.acknowledged() as u64 + all / 20 };
            let due = self.storm.kills * sent.min(all) / all;
            self.plan.allow_kills(due.div_ceil(2));
            let at_random = self.killed_at_random.load(Ordering::SeqCst);
            if at_random < due / 2 || is_over && self.killed() < due {
                let place = if rng.random_ratio(9, 10) { 0 } else { rng.random_range(1..VICTIMS.len()) };
                let mut running = self.stack.processes();
                running.retain(|(_, name)| name == VICTIMS[place]);
                if !running.is_empty() {
                    let (pid, _) = running[rng.random_range(0..running.len())];
                    if self.plan.ends(pid) {
                        self.killed_at_random.fetch_add(1, Ordering::SeqCst);
                    }
                    process::kill_now(pid);
                }
            } else if is_over {
                return;
            }
            // Nothing runs any more that could be killed: whoever checks will say how many there were.
            if is_over && over_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                return;
            }
            tokio::time::sleep(rng.random_range(Duration::ZERO..REST)).await;
        }
    }

    fn killed(&self) -> u64 {
        self.plan.met().kills() + self.killed_at_random.load(Ordering::SeqCst)
    }

    /// Checks that what was asked for has happened.
    fn check_faults(&self) {
        self.plan.check();
        let (killed, met) = (self.killed(), self.plan.met());
        assert!(killed >= self.storm.kills, "{killed} processes were killed instead of {}", self.storm.kills);
        for kind in ["unprocessed", "in conflict", "stale"] {
            assert!(met.times(kind) > 0 || self.plan.calls() < MANY_CALLS, "no call was {kind}: {met}");
        }
        for kind in ["killed before", "killed after"] {
            let least = self.storm.kills / 10;
            assert!(met.times(kind) >= least, "{} processes {kind} a call: {met}", met.times(kind));
        }
    }

    fn path(&self, rest: &str) -> String {
        format!("/chat_rooms/{}{rest}", self.room)
    }

    /// Asks until there is an answer, which must have this status.
    async fn answered(&self, status: u16, ask: impl Fn() -> Call) -> Answer {
        let refused = |status: u16| {
            self.refusals[usize::from(status)].fetch_add(1, Ordering::SeqCst);
        };
        insist(ask, refused).await.expect(status)
    }

    /// The statuses that clients asked again after, and how often.
    fn refused(&self) -> Vec<(u16, u64)> {
        let times = self.refusals.iter().map(|times| times.load(Ordering::SeqCst));
        (0..).zip(times).filter(|(_, times)| *times > 0).collect()
    }
}

/// A user's cursor in the room, as the store keeps it: the number of the last message that it has read.
async fn cursor(tables: &Tables, user: &User, room: u64) -> u64 {
    let key = json!({"user_id": {"N": user.id.to_string()}, "chat_id": {"N": room.to_string()}});
    let item = tables.item("Unread", &key).await.expect("the cursor of one who takes part");
    item["seq"]["N"].as_str().and_then(|seq| seq.parse().ok()).expect("a position")
}
