//! What a member acknowledges (000, workflow step 4; contract, section 2, "statuses").

use super::queue::Told;
use crate::backend::Backend;
use crate::clock;
use crate::error::{Error, Result};
use crate::ids::{MemberId, event_id};
use crate::store::queues::{Acknowledged, Content, Event, Place};
use crate::store::{StoreError, pause};
use futures::stream::{self, StreamExt};
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
/// receipt of a message once, whatever is repeated; what is not there is acknowledged already. All of it is tried,
/// also where some of it fails.
pub(super) async fn acknowledge(
    backend: &Backend,
    member: &MemberId,
    acknowledgements: &[Acknowledgement],
    mut places: HashMap<Uuid, Place>,
    told: &Told,
) -> Result<()> {
    let mut receipts: HashMap<Uuid, Vec<Receipt>> = HashMap::new();
    for Acknowledgement { event, receipt, .. } in acknowledgements {
        receipts.entry(*event).or_default().push(*receipt);
    }
    let acknowledging = receipts.into_iter().map(|(id, receipts)| {
        let place = places.remove(&id);
        acknowledge_one(backend, member, id, place, receipts, told)
    });
    let acknowledging =
        stream::iter(acknowledging.collect::<Vec<_>>()).buffer_unordered(ACKNOWLEDGED_AT_ONCE);
    acknowledging.collect::<Vec<_>>().await.into_iter().collect()
}

async fn acknowledge_one(
    backend: &Backend,
    member: &MemberId,
    id: Uuid,
    mut place: Option<Place>,
    receipts: Vec<Receipt>,
    told: &Told,
) -> Result<()> {
    for receipt in receipts {
        place = acknowledge_as(backend, member, id, place, receipt, told).await?;
    }
    Ok(())
}

/// Answers with where the event is then.
async fn acknowledge_as(
    backend: &Backend,
    member: &MemberId,
    id: Uuid,
    mut place: Option<Place>,
    receipt: Receipt,
    told: &Told,
) -> Result<Option<Place>> {
    let store = &backend.store;
    for tried in 0..ACKNOWLEDGE_TRIES {
        let (of, mut before) = match place {
            None => return Ok(None),
            Some(Place::Waiting(Event {
                content: Content::Status { .. } | Content::Info { .. }, ..
            })) => {
                store.drop_event(member, id).await?;
                return Ok(None);
            }
            Some(Place::Waiting(Event {
                content: Content::Message { sender, receiver_guid, .. },
                queued_at,
                ..
            })) => (Acknowledged { sender, receiver_guid, queued_at }, Vec::new()),
            Some(Place::Acknowledged(of, before)) if before.contains(&receipt) => {
                return Ok(Some(Place::Acknowledged(of, before)));
            }
            Some(Place::Acknowledged(of, before)) => (of, before),
        };
        let now = clock::now();
        let content = Content::Status { receipt, about: id, receiver_guid: of.receiver_guid };
        let status = Event { id: event_id(now), content, queued_at: now };
        let done = match before.is_empty() {
            true => store.acknowledge(member, id, &of, receipt, &status).await,
            false => store.acknowledge_again(member, id, &of, receipt, &status).await,
        };
        match done {
            Ok(true) => {
                told.add([(of.sender.clone(), status)]);
                before.push(receipt);
                return Ok(Some(Place::Acknowledged(of, before)));
            }
            // Another call of the same member was quicker, or is about to be.
            Ok(false) | Err(StoreError::Unavailable(_)) => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
        place = store.places(member, &[id], clock::now()).await?.remove(&id);
    }
    Err(Error::Busy(StoreError::Unavailable("an event is acknowledged all the time".into())))
}
