//! What a member acknowledges (000, workflow step 4; contract, section 2, "statuses").

use crate::backend::Backend;
use crate::clock;
use crate::error::{Error, Result};
use crate::ids::{MemberId, event_id};
use crate::store::queues::{Acknowledged, Content, Event, Place};
use crate::store::{StoreError, pause};
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::HashMap;
use uuid::Uuid;

pub use crate::store::queues::Receipt;

/// Events that are acknowledged at once.
const ACKNOWLEDGED_AT_ONCE: usize = 8;
const ACKNOWLEDGE_TRIES: u32 = 12;

/// An event that a member acknowledges.
#[derive(Clone, Debug)]
pub struct Acknowledgement {
    /// Which.
    pub event: Uuid,
    /// What the member says of it.
    pub receipt: Receipt,
    /// The client's name for this acknowledgement, given back.
    pub client_hash: Option<String>,
}

/// Where each event is that a member acknowledges.
pub(super) async fn places(
    backend: &Backend,
    member: &MemberId,
    acknowledgements: &[Acknowledgement],
) -> Result<HashMap<Uuid, Place>> {
    let mut ids: Vec<_> = acknowledgements.iter().map(|acknowledgement| acknowledgement.event).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(backend.store.places(member, &ids, clock::now()).await?)
}

/// Takes what a member acknowledges out of its queue, and queues what became of messages for their senders. Each
/// receipt of a message once, whatever is repeated; what is not there is acknowledged already. Answers with what
/// was queued.
pub(super) async fn acknowledge(
    backend: &Backend,
    member: &MemberId,
    acknowledgements: &[Acknowledgement],
    mut places: HashMap<Uuid, Place>,
) -> Result<Vec<(MemberId, Event)>> {
    let mut receipts: HashMap<Uuid, Vec<Receipt>> = HashMap::new();
    for Acknowledgement { event, receipt, .. } in acknowledgements {
        receipts.entry(*event).or_default().push(*receipt);
    }
    let acknowledging = receipts.into_iter().map(|(id, receipts)| {
        let place = places.remove(&id);
        async move { acknowledge_one(backend, member, id, place, receipts).await }
    });
    let told: Vec<Vec<_>> =
        stream::iter(acknowledging).buffer_unordered(ACKNOWLEDGED_AT_ONCE).try_collect().await?;
    Ok(told.into_iter().flatten().collect())
}

async fn acknowledge_one(
    backend: &Backend,
    member: &MemberId,
    id: Uuid,
    mut place: Option<Place>,
    receipts: Vec<Receipt>,
) -> Result<Vec<(MemberId, Event)>> {
    let store = &backend.store;
    let mut told = Vec::new();
    let mut receipts = receipts.into_iter().peekable();
    let mut tried = 0;
    while let Some(&receipt) = receipts.peek() {
        let (of, before) = match place {
            None => break,
            Some(Place::Acknowledged(of, before)) => (of, Some(before)),
            Some(Place::Waiting(event)) => match event.content {
                Content::Message { sender, receiver_guid, .. } => {
                    (Acknowledged { sender, receiver_guid, queued_at: event.queued_at }, None)
                }
                Content::Status { .. } | Content::Info { .. } => {
                    store.drop_event(member, id).await?;
                    break;
                }
            },
        };
        if before.as_ref().is_some_and(|before| before.contains(&receipt)) {
            place = before.map(|before| Place::Acknowledged(of, before));
            receipts.next();
            continue;
        }
        let now = clock::now();
        let content = Content::Status { receipt, about: id, receiver_guid: of.receiver_guid };
        let status = Event { id: event_id(now), content, queued_at: now };
        let done = match &before {
            None => store.acknowledge(member, id, &of, receipt, &status).await,
            Some(_) => store.acknowledge_again(member, id, &of, receipt, &status).await,
        };
        match done {
            Ok(true) => {
                told.push((of.sender.clone(), status));
                let mut after = before.unwrap_or_default();
                after.push(receipt);
                place = Some(Place::Acknowledged(of, after));
                receipts.next();
                continue;
            }
            // Another call of the same member was quicker, or is about to be.
            Ok(false) | Err(StoreError::Unavailable(_)) if tried < ACKNOWLEDGE_TRIES => pause(tried).await,
            Ok(false) => return Err(busy()),
            Err(error) => return Err(error.into()),
        }
        tried += 1;
        place = store.places(member, &[id], clock::now()).await?.remove(&id);
    }
    Ok(told)
}

fn busy() -> Error {
    Error::Busy(StoreError::Unavailable("an event is acknowledged all the time".into()))
}
