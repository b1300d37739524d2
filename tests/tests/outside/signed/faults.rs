//! What becomes of messages, statuses and infos when the store fails in the middle of things. On stacks of their own,
//! whose store fails as it is told.

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::RngExt as _;
use serde_json::{Value, json};
use tests::store_proxy::Fate;
use tests::{
    Answer, Caller as _, FaultPlan, Faults, Member, Platform, Rates, eventually, random, repeatable, seed,
};

use super::blocks::{Circle, circle, hashed, inbox, post_text, result, send, status, to_all};
use super::exactly_once::{PEOPLE, settle, talk_it_over};
use super::{backend, refresh};
use crate::common::column;

/// How often the functions try a call before they give up.
const ATTEMPTS: usize = 4;
/// No request makes more calls than this.
const MOST_CALLS: usize = 150;
/// Fewer faults than this would say little.
const LEAST_FAULTS: usize = 100;
/// As long as a call may take and still be answered.
const SLOW: Duration = Duration::from_millis(700);

/// How a call of the store can fail.
const EITHER_WAY: [Fate; 2] = [Fate::FailBefore, Fate::FailAfter];

/// The end of a function in the middle of a request: the store meets its call number `step` with this fate, and is gone
/// after it.
struct Stop<'a> {
    faults: &'a Faults,
    fate: Fate,
    step: usize,
    /// Whether any request took so many calls.
    was_reached: bool,
    /// How many requests had no good answer.
    lost: usize,
}

impl Display for Stop<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} at {}", self.fate, self.step)
    }
}

impl Stop<'_> {
    /// Makes a request that is stopped here. Gives the answer, if it was a good one.
    async fn interrupt(&mut self, request: impl IntoFuture<Output = Answer>) -> Option<Answer> {
        let calls = Arc::new(AtomicUsize::new(0));
        let (counted, fate, step) = (calls.clone(), self.fate, self.step);
        self.faults.set(move |_, _| match counted.fetch_add(1, Ordering::SeqCst) {
            call if call < step => Fate::Pass,
            call if call == step => fate,
            _ => Fate::FailBefore,
        });
        let answer = request.await;
        self.faults.end();
        let was_reached = calls.load(Ordering::SeqCst) > step;
        let is_good = answer.status.is_success();
        // If it is not good, the server says that it is its own fault.
        assert!(is_good || answer.status.is_server_error(), "{} gave {}", answer.question, answer.text());
        assert!(is_good || was_reached, "{} gave {}", answer.question, answer.text());
        self.was_reached |= was_reached;
        self.lost += usize::from(!is_good);
        is_good.then_some(answer)
    }
}

/// Does something that is stopped at the first call of its request, at the second one, and so on, until no request takes
/// so many; all that with each of these fates.
async fn stop_anywhere(faults: &Faults, fates: &[Fate], mut act: impl AsyncFnMut(&mut Stop<'_>)) {
    let mut lost = 0;
    for &fate in fates {
        for step in 0.. {
            assert!(step < MOST_CALLS, "a request makes more and more calls");
            let mut stop = Stop { faults, fate, step, was_reached: false, lost: 0 };
            act(&mut stop).await;
            lost += stop.lost;
            if !stop.was_reached {
                break;
            }
        }
    }
    // Some request was interrupted so that it had to be repeated: else a test says little.
    assert!(lost > 0, "no request was lost");
}

fn id(event: &Value) -> &str {
    event["messageID"].as_str().expect("a messageID")
}

/// The statuses that wait for a member, as type, message and recipient.
async fn statuses(member: &Member) -> Vec<[Value; 3]> {
    let statuses = member.incoming().await.statuses;
    let fields = |status: &Value| ["type", "messageIDStatus", "recipient"].map(|field| status[field].clone());
    statuses.iter().map(fields).collect()
}

/// Acknowledges everything that waits for a member.
async fn clear(member: &Member) {
    let all = member.incoming().await;
    let events: Vec<_> = [all.messages, all.statuses, all.info].concat();
    member.acknowledge(&events.iter().map(id).collect::<Vec<_>>(), "delivered").await;
}

/// How often somebody was told that these GUIDs, and no others, came or went.
async fn times_told(member: &Member, chat: &str, kind: &str, guids: &[&String]) -> usize {
    let mut expected: Vec<_> = guids.iter().map(|guid| json!(guid)).collect();
    expected.sort_unstable_by_key(Value::to_string);
    let info = member.incoming().await.info;
    let is_it = |info: &&Value| {
        let mut guids = info["messageGUIDList"].as_array().expect("a messageGUIDList").clone();
        guids.sort_unstable_by_key(Value::to_string);
        info["chatID"] == chat && info["subType"] == kind && guids == expected
    };
    info.iter().filter(is_it).count()
}

/// Fails now and then: one call, all attempts at a call, or a call that was carried out; and some calls are late.
fn now_and_then(seed: u64) -> impl FnMut(&str, &Value) -> Fate + Send + 'static {
    let mut rng = random(seed, PEOPLE);
    let mut doomed: HashMap<String, (Fate, usize)> = HashMap::new();
    move |operation, request| {
        let call = format!("{operation} {request}");
        if let Some((fate, left)) = doomed.remove(&call) {
            if left > 1 {
                doomed.insert(call, (fate, left - 1));
            }
            return fate;
        }
        match rng.random_range(0..100) {
            0..3 => {
                doomed.insert(call, (Fate::FailBefore, ATTEMPTS - 1));
                Fate::FailBefore
            }
            3..6 => {
                doomed.insert(call, (Fate::FailAfter, ATTEMPTS - 1));
                Fate::FailAfter
            }
            6..9 => {
                doomed.insert(call, (Fate::FailBefore, ATTEMPTS - 1));
                Fate::FailAfter
            }
            9..14 => Fate::FailBefore,
            14..19 => Fate::FailAfter,
            19..27 => Fate::Late(Duration::from_millis(rng.random_range(5..150))),
            _ => Fate::Pass,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_everything_once_though_the_store_fails_now_and_then() {
    let seed = seed();
    let (stack, faults) = Faults::start().await;
    let circle = circle(&stack).await;
    faults.set(now_and_then(seed));
    talk_it_over(&circle, seed).await;
    faults.end();
    let met = faults.met();
    assert!(met > LEAST_FAULTS, "only {met} faults: they say little");
    for member in &circle.members {
        let left = member.incoming().await;
        assert_eq!((left.messages.len(), left.statuses.len(), left.info.len()), (0, 0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_everything_once_in_a_storm() {
    let seed = seed();
    let (stack, faults) = Faults::start().await;
    let circle = circle(&stack).await;
    // Without stale reads, for which this store has no replica.
    let plan = Arc::new(FaultPlan::new(seed, Rates { stale: 0.0, ..Rates::STORM }));
    faults.watch(plan.clone());
    repeatable(&format!("TEST_SEED={seed}"), talk_it_over(&circle, seed)).await;
    faults.end();
    println!("{} calls, of which {}", plan.calls(), plan.met());
    plan.check();
    assert!(plan.met().kills() > 0, "{}", plan.met());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_that_stops_anywhere_and_is_repeated_is_one_message() {
    let (stack, faults) = Faults::start().await;
    let Circle { chat, members: [ada, bob, eve], .. } = circle(&stack).await;
    stop_anywhere(&faults, &EITHER_WAY, async |stop| {
        let text = stop.to_string();
        let with_hash = hashed(to_all(&chat, &text), &text);
        let block = ada.block(vec![to_all(&chat, &text), with_hash.clone()], vec![]);
        let first = stop.interrupt(post_text(&ada, &block)).await;
        let second = result(post_text(&ada, &block).await);
        if let Some(first) = first {
            assert_eq!(result(first), second, "{text}");
        }
        assert_eq!(result(post_text(&ada, &block).await), second, "{text}");
        assert_eq!(send(&ada, vec![with_hash]).await[0], second["messages"][1], "{text}");
        for member in [&bob, &eve] {
            let seen = inbox(member).await;
            assert_eq!(column(&seen, "messageText"), [text.as_str(); 2]);
            let sent = second["messages"].as_array().expect("messages");
            for field in ["messageID", "serverTime"] {
                assert_eq!(column(&seen, field), column(sent, field), "{text}");
            }
            clear(member).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_stops_anywhere_and_is_repeated_is_told_once() {
    let (stack, faults) = Faults::start().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    stop_anywhere(&faults, &EITHER_WAY, async |stop| {
        let text = stop.to_string();
        let sent = ada.send(&chat, &text, &text).await["messageID"].clone();
        for word in ["delivered", "read"] {
            let block = bob.block(vec![], vec![status(&sent, word)]);
            stop.interrupt(post_text(&bob, &block)).await;
            let expected = [[json!(word), sent.clone(), json!(guids[1])]];
            for _ in 0..2 {
                post_text(&bob, &block).await.expect(200);
                bob.acknowledge(&[sent.as_str().expect("an id")], word).await;
                assert_eq!(statuses(&ada).await, expected, "{text}");
                assert_eq!(inbox(&bob).await, Vec::<Value>::new(), "{text}");
            }
            clear(&ada).await;
            post_text(&bob, &block).await.expect(200);
            assert_eq!(statuses(&ada).await, Vec::<[Value; 3]>::new(), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_of_both_that_stops_anywhere_and_is_repeated_is_applied_once() {
    let (stack, faults) = Faults::start().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    stop_anywhere(&faults, &[Fate::FailAfter], async |stop| {
        let text = stop.to_string();
        let asked = ada.send(&chat, &text, &text).await["messageID"].clone();
        let block = bob.block(vec![to_all(&chat, &text)], vec![status(&asked, "read")]);
        stop.interrupt(post_text(&bob, &block)).await;
        post_text(&bob, &block).await.expect(200);
        assert_eq!(column(&inbox(&ada).await, "messageText"), [text.as_str()]);
        assert_eq!(statuses(&ada).await, [[json!("read"), asked, json!(guids[1])]]);
        assert_eq!(inbox(&bob).await, Vec::<Value>::new());
        clear(&ada).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_whose_answers_are_lost_count_once() {
    let (stack, faults) = Faults::start().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    // As often as the functions try, and more often.
    for times in 1..=ATTEMPTS + 1 {
        let lose = || {
            let mut left = times;
            faults.set(move |operation, _| match operation {
                "TransactWriteItems" if left > 0 => {
                    left -= 1;
                    Fate::FailAfter
                }
                _ => Fate::Pass,
            });
        };
        let text = format!("lost {times} times");
        lose();
        let block = ada.block(vec![to_all(&chat, &text)], vec![]);
        let sent = settle(&ada, &block).await["messages"][0]["messageID"].clone();
        faults.end();
        let seen = inbox(&bob).await;
        assert_eq!(
            (column(&seen, "messageText"), column(&seen, "messageID")),
            (vec![json!(text)], vec![sent.clone()])
        );

        lose();
        settle(&bob, &bob.block(vec![], vec![status(&sent, "delivered")])).await;
        faults.end();
        assert_eq!(inbox(&bob).await, Vec::<Value>::new());
        assert_eq!(statuses(&ada).await, [[json!("delivered"), sent, json!(guids[1])]]);
        clear(&ada).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_is_sent_again_while_its_first_copy_is_still_on_its_way_is_applied_once() {
    let (stack, faults) = Faults::start().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    for step in 0.. {
        assert!(step < MOST_CALLS, "a request makes more and more calls");
        let text = format!("slow at {step}");
        let asked = bob.send(&chat, &text, &text).await["messageID"].clone();
        let message = hashed(to_all(&chat, &text), &text);
        let block = ada.block(vec![message], vec![status(&asked, "read")]);
        let (is_slow, is_over) = (Arc::new(AtomicBool::new(false)), AtomicBool::new(false));
        let (mut calls, slowed) = (0, is_slow.clone());
        faults.set(move |_, _| {
            calls += 1;
            if calls != step + 1 {
                return Fate::Pass;
            }
            slowed.store(true, Ordering::SeqCst);
            Fate::Late(SLOW)
        });
        let first = async {
            let first = settle(&ada, &block).await;
            is_over.store(true, Ordering::SeqCst);
            first
        };
        let second = async {
            let is_time = || is_slow.load(Ordering::SeqCst) || is_over.load(Ordering::SeqCst);
            eventually("the first one on its way", async || is_time().then_some(())).await;
            settle(&ada, &block).await
        };
        let (first, second) = futures::future::join(first, second).await;
        faults.end();
        assert_eq!(first, second, "{text}");
        assert_eq!(column(&inbox(&bob).await, "messageText"), [text.as_str()]);
        assert_eq!(statuses(&bob).await, [[json!("read"), asked, json!(guids[0])]], "{text}");
        assert_eq!(inbox(&ada).await, Vec::<Value>::new());
        clear(&bob).await;
        if !is_slow.load(Ordering::SeqCst) {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_is_told_of_once_though_the_joining_stopped_anywhere() {
    let (stack, faults) = Faults::start().await;
    let Circle { platform, members: [ada, bob], .. } = circle(&stack).await;
    stop_anywhere(&faults, &EITHER_WAY, async |stop| {
        let chat = Platform::new_chat_id();
        platform.seat(&chat, &[&ada]).await;
        let path = format!("{}/users", backend(&chat));
        let body = json!({"users": [bob.id]});
        let first = stop.interrupt(platform.put(&path).json(&body)).await;
        let [guid] = &platform.seat(&chat, &[&bob]).await[..] else { panic!("one GUID") };
        if let Some(first) = first {
            assert_eq!(first.json()["GUIDList"], json!([guid]));
        }
        for member in [&ada, &bob] {
            let told = times_told(member, &chat, "chat_enter", &[guid]).await;
            assert_eq!(told, 1, "{stop}");
            clear(member).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_is_told_of_once_though_the_leaving_stopped_anywhere() {
    let (stack, faults) = Faults::start().await;
    let Circle { platform, members: [ada, bob], .. } = circle(&stack).await;
    stop_anywhere(&faults, &EITHER_WAY, async |stop| {
        let chat = Platform::new_chat_id();
        let guids = platform.seat(&chat, &[&ada, &bob]).await;
        let path = format!("{}/users", backend(&chat));
        let body = json!({"users": [bob.id]});
        let call = || platform.delete(&path).json(&body);
        stop.interrupt(call()).await;
        call().await.expect(200);
        for member in [&ada, &bob] {
            let told = times_told(member, &chat, "chat_leave", &[&guids[1]]).await;
            assert_eq!(told, 1, "{stop}");
            clear(member).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_chat_is_told_of_once_though_the_deletion_stopped_anywhere() {
    let (stack, faults) = Faults::start().await;
    let Circle { platform, members: [ada, bob], .. } = circle(&stack).await;
    stop_anywhere(&faults, &EITHER_WAY, async |stop| {
        let chat = Platform::new_chat_id();
        let guids = platform.seat(&chat, &[&ada, &bob]).await;
        let call = || platform.delete(&backend(&chat));
        stop.interrupt(call()).await;
        // It may be gone already.
        let second = call().await;
        assert!(matches!(second.status.as_u16(), 200 | 400), "{}", second.text());
        super::is_no_chat(&platform, &chat).await;
        for member in [&ada, &bob] {
            let told = times_told(member, &chat, "chat_leave", &[&guids[0], &guids[1]]).await;
            assert_eq!(told, 1, "{stop}");
            clear(member).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_is_refused_as_busy_can_be_repeated() {
    let (stack, faults) = Faults::start().await;
    let ada = Platform::new(&stack).member("ada").await;
    stack.crash("messages");
    faults.set(|_, request| match request["Key"]["pk"]["S"] == "private#tokens" {
        true => Fate::FailBefore,
        false => Fate::Pass,
    });
    let busy = async || {
        let answer = refresh(&ada, &ada.refresh).await;
        (answer.status.as_u16() == 503).then_some(())
    };
    eventually("a new process that cannot sign", busy).await;
    faults.end();
    refresh(&ada, &ada.refresh).await.expect(201);
    ada.get("/messages").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_pushed_though_the_rest_of_its_block_fails() {
    let (stack, faults) = Faults::start().await;
    let Circle { platform, chat, members: [ada, bob], .. } = circle(&stack).await;
    let other = Platform::new_chat_id();
    platform.seat(&other, &[&ada, &bob]).await;
    let mut socket = bob.socket().await;
    let failing = other.clone();
    faults.set(move |operation, request| {
        let is_it = operation == "TransactWriteItems" && request.to_string().contains(&failing);
        if is_it { Fate::FailBefore } else { Fate::Pass }
    });
    let block = ada.block(vec![to_all(&chat, "first"), to_all(&other, "second")], vec![]);
    post_text(&ada, &block).await.expect(503);
    let pushed = |frame: &Value| frame["incomingEvents"]["messages"][0]["messageText"].clone();
    let frame = socket.expect("the first message", |frame| frame["type"] == "incomingEvents").await;
    assert_eq!(pushed(&frame), "first");
    faults.end();
    post_text(&ada, &block).await.expect(200);
    let frame = socket.expect("the second message", |frame| frame["type"] == "incomingEvents").await;
    assert_eq!(pushed(&frame), "second");
}
