//! Frames for many sockets. Up to a limit an invocation posts them by itself; more are split over several invocations
//! by a queue, in parts that go to the same sockets each time, so that what is told of one chat reaches a socket in
//! order.

use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::ids::{ChatId, Owner};
use crate::presence;
use bytes::Bytes;
use futures::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::time::Duration;
use tokio::time::timeout;

/// Parts that are posted side by side.
const SHARDS: usize = 8;
/// Sockets of one message: with the longest frame it stays far below the 256 KiB that every SQS takes.
const TARGETS_PER_MESSAGE: usize = 1_000;

/// How long a part is posted, and how long its connections that are gone are forgotten; together less than the template
/// gives the function.
const POSTING_LASTS: Duration = Duration::from_secs(18);
const FORGETTING_LASTS: Duration = Duration::from_secs(6);

/// A socket: whose it is, the group through which it was found, and the connection's id.
pub(crate) type Target = (Owner, Option<ChatId>, String);

/// A message of the queue `Broadcasts`: a frame, and sockets that it goes to.
#[derive(Debug, Deserialize)]
pub struct Broadcast {
    frame: Box<RawValue>,
    targets: Vec<Target>,
}

/// Sends a frame to sockets, all of which hear of the same thing: a chat, or who comes and goes. Answers with those
/// that turned out to be gone; a queue's consumer forgets them by itself.
pub(crate) async fn fan_out(
    backend: &Backend,
    about: Option<ChatId>,
    targets: Vec<Target>,
    frame: Bytes,
) -> Vec<Target> {
    if targets.len() <= backend.fan_out_limit {
        return backend.pusher.fan_out(targets, frame).await;
    }
    let queued = join_all(shards(targets).into_iter().enumerate().map(|(shard, targets)| {
        let frame = frame.clone();
        async move { queue(backend, about, shard, targets, &frame).await.err() }
    }));
    let mut gone = Vec::new();
    // What cannot be queued is posted all the same.
    for (targets, error) in queued.await.into_iter().flatten() {
        tracing::warn!(error = error.cause(), "a part of a broadcast could not be queued");
        gone.extend(backend.pusher.fan_out(targets, frame.clone()).await);
    }
    gone
}

/// Sockets by their shard, which is always the same.
fn shards(targets: Vec<Target>) -> Vec<Vec<Target>> {
    let mut shards = vec![Vec::new(); SHARDS];
    for target in targets {
        let hash = target.2.bytes().fold(0u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        shards[hash as usize % SHARDS].push(target);
    }
    shards
}

/// Queues a shard's messages one after another. Gives back the sockets whose message, or one before it, failed.
async fn queue(
    backend: &Backend,
    about: Option<ChatId>,
    shard: usize,
    mut targets: Vec<Target>,
    frame: &Bytes,
) -> Result<(), (Vec<Target>, Error)> {
    let about = about.map_or_else(|| "notices".to_owned(), |chat| chat.to_string());
    let group = format!("{about}-{shard}");
    while !targets.is_empty() {
        let rest = targets.split_off(targets.len().min(TARGETS_PER_MESSAGE));
        let sent = match body(frame, &targets) {
            Ok(body) => backend.jobs.broadcast(&group, body).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            return Err((targets.into_iter().chain(rest).collect(), error));
        }
        targets = rest;
    }
    Ok(())
}

/// The body of a [`Broadcast`]. SQS takes neither of two characters that JSON has in its strings as they are.
fn body(frame: &Bytes, targets: &[Target]) -> Result<String> {
    #[derive(Serialize)]
    struct Body<'a> {
        frame: &'a RawValue,
        targets: &'a [Target],
    }
    let frame = serde_json::from_slice(frame).map_err(Error::internal)?;
    let body = serde_json::to_string(&Body { frame, targets }).map_err(Error::internal)?;
    Ok(body.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"))
}

/// Posts a part of a broadcast, and forgets connections that are gone, both as far as it goes within a while: to do all
/// of it again would bring frames twice and hold up those behind. What was not posted is stored and can be fetched.
pub async fn post(backend: &Backend, broadcast: Broadcast) {
    let Broadcast { frame, targets } = broadcast;
    let frame = Bytes::from(String::from(Box::<str>::from(frame)));
    let Ok(gone) = timeout(POSTING_LASTS, backend.pusher.fan_out(targets, frame)).await else {
        tracing::warn!("a part of a broadcast took too long to reach everybody");
        return;
    };
    match timeout(FORGETTING_LASTS, presence::forget_apparently(backend, gone)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(error = error.cause(), "connections that are gone are left on record")
        }
        Err(_) => tracing::warn!("many connections that are gone are left on record"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;
    use proptest::prelude::*;

    fn target(connection: String) -> Target {
        (Owner::UserId(UserId::BOT), None, connection)
    }

    proptest! {
        #[test]
        fn every_socket_is_in_one_shard_and_always_the_same(
            connections in prop::collection::hash_set("[A-Za-z0-9_=-]{1,20}", 0..200),
        ) {
            let all: Vec<_> = connections.iter().cloned().map(target).collect();
            let sharded = shards(all.clone());
            prop_assert_eq!(sharded.len(), SHARDS);
            let alone = |connection: &String| {
                shards(vec![target(connection.clone())]).iter().position(|shard| !shard.is_empty())
            };
            for (place, shard) in sharded.iter().enumerate() {
                for (_, _, connection) in shard {
                    prop_assert_eq!(alone(connection), Some(place));
                }
            }
            prop_assert_eq!(sharded.into_iter().flatten().count(), all.len());
        }
    }

    #[test]
    fn a_message_of_the_longest_frame_and_all_its_sockets_fits_any_queue() {
        let frame = format!("\"{}\"", "x".repeat(128 * 1024 - 2));
        let chat = ChatId::mint();
        let connection = "x".repeat(24);
        let owner = Owner::UserId(((1u64 << 53) - 1).try_into().expect("an id"));
        let targets = vec![(owner, Some(chat), connection); TARGETS_PER_MESSAGE];
        let body = body(&Bytes::from(frame), &targets).expect("JSON");
        assert!(body.len() < 256 * 1024, "{} bytes", body.len());
    }

    #[test]
    fn a_frame_of_any_characters_is_one_that_sqs_takes_and_the_same_afterwards() {
        let frame = serde_json::json!({ "message": "\u{fffe}\u{ffff}\u{0}\u{fffd}\"\\" });
        let body = body(&Bytes::from(frame.to_string()), &[]).expect("JSON");
        let is_taken = |char| matches!(char, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
        assert!(body.chars().all(is_taken), "{body:?}");
        let read: Broadcast = serde_json::from_str(&body).expect("a broadcast");
        let read: serde_json::Value = serde_json::from_str(read.frame.get()).expect("a frame");
        assert_eq!(read, frame);
    }
}
