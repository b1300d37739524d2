//! Everything that five people do with messages, each of it two or three times: everybody gets every message, nothing
//! comes again once it is acknowledged, and a sender hears of each recipient once. What they do is random; a failure
//! prints the seed, and `TEST_SEED` repeats it.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;
use serde_json::{Value, json};
use tests::{Answer, Caller as _, Incoming, Member, Stack, eventually, in_query, random, seed, unique};

use super::blocks::{Circle, circle, hashed, post_text, result, status, time, to_all, to_each};

pub(super) const PEOPLE: usize = 5;
/// How many blocks of messages each of them sends.
const BLOCKS: usize = 3;
/// More often than this nobody has to look into its queue until it is empty.
const ROUNDS: usize = 40;

/// Asks until there is an answer other than that of a server which is at a loss.
async fn persist(what: &str, ask: impl AsyncFn() -> Answer) -> Answer {
    eventually(what, async || {
        let answer = ask().await;
        (!answer.status.is_server_error()).then_some(answer)
    })
    .await
}

/// The result of a block, which is posted until there is one.
pub(super) async fn settle(member: &Member, block: &str) -> Value {
    result(persist(block, async || post_text(member, block).await).await)
}

/// Everything that waits for a member, however often that has to be asked for.
async fn waiting(member: &Member) -> Incoming {
    let mut all = Incoming::default();
    let mut path = "/messages".to_owned();
    loop {
        let answer = persist(&path, async || member.get(&path).await).await;
        let events = answer.expect(200).json()["incomingEvents"].take();
        for (list, name) in
            [(&mut all.messages, "messages"), (&mut all.statuses, "statuses"), (&mut all.info, "info")]
        {
            list.extend_from_slice(events[name].as_array().expect("a list"));
        }
        let Some(next) = events["next"].as_str() else { return all };
        path = format!("/messages?next={}", in_query(next));
    }
}

/// A message that the server has taken: when, and who is to get which text.
struct Sent {
    time: Value,
    texts: BTreeMap<usize, String>,
}

/// Somebody, and all that this one has sent and was handed out, each event by its id.
struct Person<'a> {
    place: usize,
    member: &'a Member,
    chat: &'a str,
    guids: &'a [String],
    rng: TestRng,
    sent: BTreeMap<String, Sent>,
    messages: BTreeMap<String, Value>,
    statuses: BTreeMap<String, Value>,
    infos: BTreeMap<String, Value>,
    acknowledged: BTreeSet<String>,
    /// Messages that are acknowledged as delivered, and not yet as read.
    unread: Vec<String>,
}

impl Person<'_> {
    /// Sends, and looks into the queue between.
    async fn talk(&mut self) {
        let mut left = BLOCKS;
        while left > 0 {
            if self.rng.random_range(0..3) > 0 {
                self.send().await;
                left -= 1;
            } else {
                self.collect(false).await;
            }
        }
    }

    /// A message, and who is to get which text.
    fn message(&mut self) -> (Value, BTreeMap<usize, String>) {
        let text = unique("text");
        let (anybody, kind) = (self.rng.random_range(0..PEOPLE), self.rng.random_range(0..4));
        let named = self.guids[anybody].as_str();
        let mut texts = BTreeMap::new();
        if kind < 3 {
            texts.extend((0..PEOPLE).filter(|place| *place != self.place).map(|place| (place, text.clone())));
        }
        let message = match kind {
            0 | 1 => to_all(self.chat, &text),
            2 => {
                let own = format!("{text} for one");
                let entries = json!([{"messageText": text}, {"messageText": own, "recipient": named}]);
                texts.insert(anybody, own);
                json!({"chatID": self.chat, "messageBlock": entries})
            }
            _ => {
                texts.insert(anybody, text.clone());
                to_each(self.chat, &[(named, &text)])
            }
        };
        (if self.rng.random() { hashed(message, &text) } else { message }, texts)
    }

    /// Posts a block two or three times, one after the other or all at once. The result is always the same.
    async fn repeat(&mut self, block: &str) -> Value {
        let times = self.rng.random_range(2..=3);
        let mut results = Vec::new();
        if self.rng.random() {
            results = join_all((0..times).map(|_| settle(self.member, block))).await;
        } else {
            for _ in 0..times {
                results.push(settle(self.member, block).await);
            }
        }
        results.dedup();
        assert_eq!(results.len(), 1, "{block} gave {results:?}");
        results.remove(0)
    }

    async fn send(&mut self) {
        let count = self.rng.random_range(1..=3);
        let (messages, texts): (Vec<_>, Vec<_>) = (0..count).map(|_| self.message()).unzip();
        let result = self.repeat(&self.member.block(messages.clone(), vec![])).await;
        let sent = result["messages"].as_array().expect("messages");
        assert_eq!(sent.len(), count, "{result}");
        if self.rng.random() {
            // By their hashes the same messages, in another block.
            let is_hashed = |message: &&Value| message["clientHash"].is_string();
            let again: Vec<_> = messages.iter().rev().filter(is_hashed).cloned().collect();
            let again = self.repeat(&self.member.block(again, vec![])).await;
            let expected: Vec<_> = sent.iter().rev().filter(is_hashed).cloned().collect();
            assert_eq!(again["messages"], json!(expected));
        }
        for (message, texts) in sent.iter().zip(texts) {
            let sent = Sent { time: message["serverTime"].clone(), texts };
            let before = self.sent.insert(id(message), sent);
            assert!(before.is_none(), "two messages have the id of {message}");
        }
    }

    /// Looks into the queue, and acknowledges some or all of it. Gives whether there was anything to do.
    async fn collect(&mut self, all: bool) -> bool {
        let waiting = waiting(self.member).await;
        let times = waiting.messages.iter().map(|message| time(&message["serverTime"]));
        assert!(times.is_sorted_by(|one, other| one < other), "{:?}", waiting.messages);
        let mut words = Vec::new();
        for (events, known) in [
            (waiting.messages, &mut self.messages),
            (waiting.statuses, &mut self.statuses),
            (waiting.info, &mut self.infos),
        ] {
            let is_message = events.first().is_some_and(|event| !event["messageText"].is_null());
            for event in events {
                let id = id(&event);
                assert!(!self.acknowledged.contains(&id), "{event} comes after it was acknowledged");
                if let Some(before) = known.insert(id.clone(), event.clone()) {
                    assert_eq!(before, event, "an event does not change");
                }
                let word = if is_message || self.rng.random() { "delivered" } else { "read" };
                words.push((id, word, is_message));
            }
        }
        let had_anything = !words.is_empty() || !self.unread.is_empty();
        self.shuffle(&mut words);
        words.truncate(if all { words.len() } else { self.rng.random_range(0..=words.len()) });
        self.acknowledge(words.iter().map(|(id, word, _)| (id.as_str(), *word)).collect()).await;
        // Only what was certainly delivered is read: the other way round only the reading would count.
        let mut unread = std::mem::take(&mut self.unread);
        self.shuffle(&mut unread);
        let read = if all { unread.len() } else { self.rng.random_range(0..=unread.len()) };
        self.acknowledge(unread[..read].iter().map(|id| (id.as_str(), "read")).collect()).await;
        self.unread = unread.split_off(read);
        self.unread.extend(words.iter().filter(|(.., is_message)| *is_message).map(|(id, ..)| id.clone()));
        self.acknowledged.extend(words.into_iter().map(|(id, ..)| id));
        had_anything
    }

    /// Posts statuses in blocks of some, now and then one of them twice.
    async fn acknowledge(&mut self, words: Vec<(&str, &str)>) {
        let mut rest = &words[..];
        while !rest.is_empty() {
            let (these, others) = rest.split_at(self.rng.random_range(1..=rest.len()));
            rest = others;
            let mut statuses: Vec<_> = these.iter().map(|(id, word)| status(&json!(id), word)).collect();
            if self.rng.random() {
                statuses.push(statuses[0].clone());
            }
            let expected = json!(vec![Value::Null; statuses.len()]);
            let result = self.repeat(&self.member.block(vec![], statuses)).await;
            assert_eq!(result, json!({"messages": [], "statuses": expected}));
        }
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.rng.random_range(0..=last));
        }
    }

    /// What this one should have got of all that all have sent, by id.
    fn expected_messages(&self, people: &[Person<'_>]) -> BTreeMap<String, Value> {
        let all =
            people.iter().flat_map(|sender| sender.sent.iter().map(move |(id, sent)| (sender, id, sent)));
        let own = all.filter_map(|(sender, id, sent)| {
            let recipients: BTreeSet<_> = sent.texts.keys().map(|place| &self.guids[*place]).collect();
            let row = json!({
                "messageID": id, "sender": self.guids[sender.place], "messageText": sent.texts.get(&self.place)?,
                "serverTime": sent.time, "chatID": self.chat, "recipientList": recipients,
            });
            Some((id.clone(), row))
        });
        own.collect()
    }

    /// Compares everything that this one was ever handed out with what it should be.
    fn check(&self, people: &[Person<'_>]) {
        let mut messages = self.messages.clone();
        for message in messages.values_mut() {
            let recipients = message["recipientList"].as_array_mut().expect("a recipientList");
            recipients.sort_unstable_by_key(Value::to_string);
        }
        assert_eq!(messages, self.expected_messages(people));

        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let told = self.statuses.values().map(|status| {
            [text(&status["messageIDStatus"]), text(&status["recipient"]), text(&status["type"])]
        });
        let mut told: Vec<_> = told.collect();
        told.sort();
        let due = self.sent.iter().flat_map(|(id, sent)| {
            sent.texts.keys().flat_map(move |place| {
                ["delivered", "read"].map(|word| [id.clone(), self.guids[*place].clone(), word.to_owned()])
            })
        });
        let mut due: Vec<_> = due.collect();
        due.sort();
        assert_eq!(told, due, "each recipient has received and read each message, and is told of once");

        let kinds: Vec<_> = self.infos.values().map(|info| &info["subType"]).collect();
        assert_eq!(kinds, ["chat_enter"], "they came together, and nobody left");
    }
}

fn id(event: &Value) -> String {
    event["messageID"].as_str().expect("a messageID").to_owned()
}

/// Lets all talk at once until everybody has said everything, then until nothing waits for anybody, and compares what
/// everybody was told with what it should be.
pub(super) async fn talk_it_over(circle: &Circle<PEOPLE>, seed: u64) {
    let people = circle.members.iter().enumerate().map(|(place, member)| Person {
        place,
        member,
        chat: &circle.chat,
        guids: &circle.guids,
        rng: random(seed, place),
        sent: BTreeMap::new(),
        messages: BTreeMap::new(),
        statuses: BTreeMap::new(),
        infos: BTreeMap::new(),
        acknowledged: BTreeSet::new(),
        unread: Vec::new(),
    });
    let mut people: Vec<_> = people.collect();
    join_all(people.iter_mut().map(Person::talk)).await;
    let mut rounds = 0;
    while join_all(people.iter_mut().map(|person| person.collect(true))).await.contains(&true) {
        rounds += 1;
        assert!(rounds < ROUNDS, "there is always something more");
    }
    let times = people.iter().flat_map(|person| person.sent.values().map(|sent| time(&sent.time)));
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    assert!(times.is_sorted_by(|one, other| one < other), "no two messages have one time: {times:?}");
    for person in &people {
        person.check(&people);
    }
}

#[tokio::test]
async fn everybody_gets_everything_and_nothing_again_after_acknowledging_it() {
    let seed = seed();
    let stack = Stack::shared().await;
    let circle = circle(&stack).await;
    talk_it_over(&circle, seed).await;
}
