//! What queues do, one rule at a time. What must hold whatever happens is in `properties`.

use std::sync::Arc;

use super::*;
use crate::template::{Fifo, Queue, Redrive, RedriveAllow};

/// A queue of the template: standard, or FIFO by its name; dead letters go to `Dead` or `Dead.fifo`.
pub(super) fn queue(name: &str, max_receive_count: Option<u32>) -> Queue {
    let is_fifo = name.ends_with(".fifo");
    let dead = if is_fifo { "Dead.fifo" } else { "Dead" };
    Queue {
        name: name.to_owned(),
        visibility_timeout: Duration::from_secs(30),
        retention: Duration::from_secs(345_600),
        wait_time: Duration::ZERO,
        managed_sse: true,
        fifo: is_fifo.then(Fifo::default),
        redrive: max_receive_count.map(|count| Redrive {
            line: 1,
            queue: dead.to_owned(),
            max_receive_count: count,
        }),
        redrive_allow: RedriveAllow::All,
    }
}

pub(super) fn plain(body: &str) -> NewMessage {
    NewMessage { body: body.to_owned(), ..NewMessage::default() }
}

/// A message of a group; its body is its deduplication id.
pub(super) fn of_group(group: &str, body: &str) -> NewMessage {
    NewMessage {
        body: body.to_owned(),
        group_id: Some(group.to_owned()),
        deduplication_id: Some(body.to_owned()),
    }
}

fn queues(max_receive_count: u32) -> Queues {
    let all = [
        queue("Work", Some(max_receive_count)),
        queue("Dead", None),
        queue("Casts.fifo", Some(max_receive_count)),
        queue("Dead.fifo", None),
    ];
    Queues::new(&all, None, 0)
}

/// The bodies that one call receives.
fn bodies(queues: &mut Queues, name: &str, now: i64) -> Vec<String> {
    let receipt = queues.receive(name, 10, None, now).expect("a queue");
    receipt.received.into_iter().map(|received| received.message.body).collect()
}

fn one(queues: &mut Queues, name: &str, now: i64) -> Received {
    queues.receive(name, 1, None, now).expect("a queue").received.pop().expect("a message")
}

#[test]
fn a_message_is_hidden_from_others_until_it_is_deleted_or_its_time_is_over() {
    let mut queues = queues(5);
    queues.send("Work", plain("a"), 0).expect("sent");
    let first = one(&mut queues, "Work", 0);
    assert_eq!((first.message.receive_count, first.message.first_received_at), (1, Some(0)));
    assert_eq!(queues.next_visible("Work"), Some(30_000));
    assert!(bodies(&mut queues, "Work", 29_999).is_empty());
    let second = one(&mut queues, "Work", 30_000);
    assert_eq!(second.message.id, first.message.id);
    assert_eq!((second.message.receive_count, second.message.first_received_at), (2, Some(0)));

    // Who had it before has no say any more, and is not told.
    queues.delete("Work", &first.receipt_handle, 30_001).expect("taken");
    assert_eq!(queues.attributes("Work", 30_001).expect("it")["ApproximateNumberOfMessagesNotVisible"], "1");
    queues.delete("Work", &second.receipt_handle, 60_001).expect("visible again, but not with anybody else");
    queues.delete("Work", &second.receipt_handle, 60_001).expect("gone already");
    assert!(bodies(&mut queues, "Work", 90_000).is_empty());
}

#[test]
fn a_group_is_in_one_hand_at_a_time_and_keeps_its_order() {
    let mut queues = queues(5);
    for (group, body) in [("g", "1"), ("g", "2"), ("h", "3"), ("g", "4")] {
        queues.send("Casts.fifo", of_group(group, body), 0).expect("sent");
    }
    assert_eq!(bodies(&mut queues, "Casts.fifo", 0), ["1", "3"]);
    assert!(bodies(&mut queues, "Casts.fifo", 29_999).is_empty(), "both groups are blocked");
    let again = one(&mut queues, "Casts.fifo", 30_000);
    assert_eq!(again.message.body, "1");
    queues.delete("Casts.fifo", &again.receipt_handle, 30_000).expect("deleted");
    assert_eq!(bodies(&mut queues, "Casts.fifo", 30_000), ["2", "3"]);
    let late = queues.delete("Casts.fifo", &again.receipt_handle, 30_001);
    assert_eq!(late, Ok(()), "what is gone is gone");
}

#[test]
fn a_fifo_queue_deletes_only_what_is_in_flight() {
    let mut queues = queues(5);
    queues.send("Casts.fifo", of_group("g", "1"), 0).expect("sent");
    let first = one(&mut queues, "Casts.fifo", 0);
    let expired = queues.delete("Casts.fifo", &first.receipt_handle, 30_000).expect_err("visible again");
    assert!(
        expired
            .message
            .ends_with("for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.")
    );
    let second = one(&mut queues, "Casts.fifo", 30_000);
    assert!(queues.delete("Casts.fifo", &first.receipt_handle, 30_001).is_err(), "with somebody else");
    assert_eq!(queues.delete("Casts.fifo", &second.receipt_handle, 30_001), Ok(()));
    for wrong in ["", "x", "Zm9v", &first.receipt_handle] {
        assert_eq!(queues.delete("Work", wrong, 0), Err(SqsError::receipt_handle_is_invalid()), "{wrong}");
    }
}

#[test]
fn a_message_that_was_received_too_often_is_a_dead_letter() {
    for (name, dead) in [("Work", "Dead"), ("Casts.fifo", "Dead.fifo")] {
        let mut queues = queues(2);
        let is_fifo = name == "Casts.fifo";
        let message = |body| if is_fifo { of_group("g", body) } else { plain(body) };
        let sent = queues.send(name, message("a"), 0).expect("sent");
        queues.send(name, message("b"), 1).expect("sent");
        one(&mut queues, name, 1);
        one(&mut queues, name, 30_001);
        assert!(bodies(&mut queues, dead, 60_000).is_empty(), "not before somebody wants it");
        let receipt = queues.receive(name, 1, None, 60_001).expect("a queue");
        assert_eq!((receipt.buried, receipt.received[0].message.body.as_str()), (1, "b"));
        let letter = one(&mut queues, dead, 60_001).message;
        assert_eq!((&letter.id, letter.sent_at, letter.receive_count), (&sent.message_id, 0, 3));
        let attributes = letter.attributes();
        assert_eq!(attributes["DeadLetterQueueSourceArn"], crate::ids::queue_arn(name));
        assert_eq!(attributes.contains_key("SequenceNumber"), is_fifo);
    }
}

#[test]
fn messages_are_kept_for_their_time_and_dead_letters_of_a_fifo_queue_anew() {
    const DAYS: i64 = 345_600_000;
    let mut queues = queues(1);
    queues.send("Work", plain("a"), 0).expect("sent");
    queues.send("Casts.fifo", of_group("g", "b"), 0).expect("sent");
    queues.send("Casts.fifo", of_group("g", "c"), 1).expect("sent");
    for name in ["Work", "Casts.fifo"] {
        one(&mut queues, name, 0);
        assert_eq!(queues.receive(name, 1, None, DAYS - 1).expect("a queue").buried, 1);
    }
    // The group of what is too old is free.
    assert!(bodies(&mut queues, "Casts.fifo", DAYS + 1).is_empty());
    assert!(bodies(&mut queues, "Dead", DAYS).is_empty());
    assert_eq!(bodies(&mut queues, "Dead.fifo", 2 * DAYS - 2), ["b"]);
    assert!(bodies(&mut queues, "Dead.fifo", 2 * DAYS - 1).is_empty(), "in flight or not");
}

#[test]
fn a_duplicate_is_the_message_that_it_repeats_for_five_minutes() {
    let mut all = [queue("Casts.fifo", None)];
    let send = |queues: &mut Queues, group, body, now| {
        queues.send("Casts.fifo", of_group(group, body), now).expect("sent")
    };
    let mut queues = Queues::new(&all, None, 0);
    let first = send(&mut queues, "g", "x", 0);
    let received = one(&mut queues, "Casts.fifo", 1);
    queues.delete("Casts.fifo", &received.receipt_handle, 2).expect("deleted");
    assert_eq!(send(&mut queues, "h", "x", 299_999), first, "even after it was deleted, in any group");
    assert!(bodies(&mut queues, "Casts.fifo", 299_999).is_empty());
    let anew = send(&mut queues, "g", "x", 300_000);
    assert_ne!(anew.message_id, first.message_id);
    assert!(anew.sequence_number > first.sequence_number);

    all[0].fifo = Some(Fifo { deduplicates_by_group: true, ..Fifo::default() });
    let mut queues = Queues::new(&all, None, 0);
    let first = send(&mut queues, "g", "x", 0);
    assert_ne!(send(&mut queues, "h", "x", 1).message_id, first.message_id, "an id of another group");
    assert_eq!(send(&mut queues, "g", "x", 1), first);
}

#[test]
fn what_sqs_does_not_take_is_refused() {
    let standard = |message: NewMessage| message.checked(None).map(|_| ()).map_err(|error| error.code);
    assert_eq!(standard(plain("")), Err("MissingParameter"));
    assert_eq!(standard(plain(&"ü".repeat(524_288))), Ok(()), "1 MiB");
    assert_eq!(standard(plain(&"a".repeat(1_048_577))), Err("InvalidParameterValue"));
    assert_eq!(standard(plain("\t\r\n \u{d7ff}\u{e000}\u{fffd}\u{10ffff}")), Ok(()));
    for character in ['\0', '\u{8}', '\u{b}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
        let wrong = standard(plain(&format!("a{character}")));
        assert_eq!(wrong, Err("InvalidMessageContents"), "{character:?}");
    }
    assert_eq!(standard(of_group("g", "a")), Err("InvalidParameterValue"), "no deduplication");
    let grouped = NewMessage { deduplication_id: None, ..of_group("g", "a") };
    assert_eq!(standard(grouped.clone()), Ok(()));

    let by_content = Fifo { content_based_deduplication: true, ..Fifo::default() };
    let fifo = |message: NewMessage, fifo: &Fifo| message.checked(Some(fifo)).map_err(|error| error.code);
    assert_eq!(fifo(plain("a"), &by_content).err(), Some("MissingParameter"));
    assert_eq!(fifo(grouped.clone(), &Fifo::default()).err(), Some("InvalidParameterValue"));
    let hash = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"; // printf a | sha256sum
    let given = fifo(grouped, &by_content).map(|message| message.deduplication_id);
    assert_eq!(given, Ok(Some(hash.to_owned())));
    for wrong in ["", "a b", "ü", "\n", &"g".repeat(129)] {
        let refused = fifo(of_group(wrong, "a"), &by_content);
        assert_eq!(refused.err(), Some("InvalidParameterValue"), "{wrong:?}");
    }
}

#[test]
fn attributes_count_and_tell_the_settings() {
    let mut queues = queues(3);
    for body in ["1", "2", "3"] {
        queues.send("Casts.fifo", of_group("g", body), 0).expect("sent");
    }
    one(&mut queues, "Casts.fifo", 0);
    let attributes = queues.attributes("Casts.fifo", 1).expect("it");
    let expected = [
        ("ApproximateNumberOfMessages", "2"),
        ("ApproximateNumberOfMessagesNotVisible", "1"),
        ("ContentBasedDeduplication", "false"),
        ("DeduplicationScope", "queue"),
        ("FifoThroughputLimit", "perQueue"),
        ("MessageRetentionPeriod", "345600"),
        ("QueueArn", "arn:aws:sqs:us-east-1:000000000000:Casts.fifo"),
        (
            "RedrivePolicy",
            r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:Dead.fifo","maxReceiveCount":3}"#,
        ),
        ("VisibilityTimeout", "30"),
    ];
    for (name, value) in expected {
        assert_eq!(attributes[name], value, "{name}");
    }
    let mut short = Queues::new(&[queue("Work", None)], Some(Duration::from_millis(500)), 0);
    let attributes = short.attributes("Work", 1).expect("it");
    assert_eq!(attributes["VisibilityTimeout"], "1");
    assert!(!attributes.contains_key("FifoQueue") && !attributes.contains_key("RedrivePolicy"));
    short.send("Work", plain("a"), 0).expect("sent");
    one(&mut short, "Work", 0);
    assert_eq!(bodies(&mut short, "Work", 500), ["a"], "another visibility timeout than its own");
}

#[tokio::test]
async fn whoever_waits_gets_what_is_sent_and_what_becomes_visible() {
    let sqs = Arc::new(Sqs::new(&[queue("Work", None)], Some(Duration::from_millis(50))));
    let wait = Duration::from_secs(60);
    let waiting = tokio::spawn({
        let sqs = sqs.clone();
        async move { sqs.receive("Work", 1, None, wait).await }
    });
    tokio::task::yield_now().await;
    sqs.send("Work", plain("a")).expect("sent");
    let first = waiting.await.expect("a task").expect("a queue").pop().expect("a message");
    let again = sqs.receive("Work", 1, None, wait).await.expect("a queue").pop().expect("a message");
    assert_eq!((again.message.id, again.message.receive_count), (first.message.id, 2));
    let long = Some(Duration::from_secs(600));
    sqs.receive("Work", 1, long, wait).await.expect("a queue").pop().expect("a message");
    let nothing = sqs.receive("Work", 1, None, Duration::from_millis(100)).await.expect("a queue");
    assert!(nothing.is_empty(), "{nothing:?}");
    let nobody = sqs.receive("Nobody", 1, None, wait).await;
    assert_eq!(nobody.err(), Some(SqsError::queue_does_not_exist()));
}
