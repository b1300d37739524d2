//! Rooms (documents 001 and 002; contract, section 3): geolocated ones that anybody may read and post in, and
//! private ones of two that are opened from the socket.

use crate::backend::Backend;
use crate::chats::{self, About, Kind, Listing, NO_CHAT, Overview, Seat, View, not_taking_part};
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::frames::MessageFrame;
use crate::geo::{HALF_CIRCUMFERENCE_M, Point, covering};
use crate::ids::{ChatId, UserId};
use crate::log::{Head, Position};
use crate::presence;
use crate::send::{self, Draft, Identity, Sending, Sent, Stored};
use crate::sessions::Caller;
pub use crate::store::chats::Room;
use crate::store::cursors::Cursor;
use crate::store::heads::{HeadKey, Pair};
use crate::store::{StoreError, pause};
use crate::text::check_name;
use futures::future::{try_join, try_join_all};
use std::ops::Range;

const ROOMS: &[Kind] = &[Kind::Pair, Kind::Room];
const TRIES: u32 = 12;
const MAX_CAPACITY: u64 = 1_000_000;
/// The first circle that is searched for rooms nearby, and by how much the next one is wider.
const FIRST_CIRCLE_M: f64 = 20_000.0;
const CIRCLES_GROW: f64 = 5.0;
const FULL: Error = Error::Forbidden("This room takes no more participants");

/// A room to be made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its title, 1 to 100 characters.
    pub title: String,
    /// Where it is.
    pub place: Point,
    /// How many participants it takes, if not any number.
    pub capacity: Option<u64>,
}

/// Makes a geolocated room. Whoever makes it takes no part in it yet.
pub async fn create(backend: &Backend, owner: UserId, plan: Plan) -> Result<ChatId> {
    check_name("title", &plan.title)?;
    if plan.capacity.is_some_and(|capacity| !(1..=MAX_CAPACITY).contains(&capacity)) {
        return Err(Error::invalid("invalid_capacity", "capacity must be a whole number from 1 to 1000000"));
    }
    for tried in 0..TRIES {
        let chat_id = ChatId::mint();
        let about = About::Room(Room {
            chat_id,
            title: plan.title.clone(),
            owner,
            created_at: clock::now(),
            place: plan.place,
            capacity: plan.capacity,
        });
        match backend.store.create_chat(chat_id, &about, None).await {
            Ok(()) => return Ok(chat_id),
            Err(StoreError::Refused(_) | StoreError::Unavailable(_)) => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::internal("no free room id"))
}

/// A window of the rooms that the caller takes part in.
pub async fn mine(
    backend: &Backend,
    caller: Caller,
    window: Range<usize>,
    shown: impl Fn(&Overview) -> bool,
) -> Result<Listing> {
    chats::list(backend, caller, ROOMS, window, shown).await
}

/// A geolocated room and how far away it is.
#[derive(Clone, Debug)]
pub struct Nearby {
    /// The room.
    pub room: Room,
    /// In metres, along the great circle.
    pub distance_m: f64,
}

/// A window of the geolocated rooms within a radius in metres, nearest first. By the index of places, in circles that
/// grow until they hold enough: what is far away is not read where enough is near.
pub async fn nearby(
    backend: &Backend,
    caller: Caller,
    centre: Point,
    radius_m: f64,
    window: Range<usize>,
) -> Result<Vec<Nearby>> {
    if radius_m.is_nan() || radius_m <= 0.0 {
        return Err(Error::invalid("invalid_radius", "radius_m must be more than 0"));
    }
    let radius_m = radius_m.min(HALF_CIRCUMFERENCE_M);
    let mut circle_m = radius_m.min(FIRST_CIRCLE_M);
    let mut nearby = caller.confirm_while(backend, within(backend, centre, circle_m)).await?;
    while nearby.len() < window.end && circle_m < radius_m {
        circle_m = radius_m.min(circle_m * CIRCLES_GROW);
        nearby = within(backend, centre, circle_m).await?;
    }
    Ok(nearby.into_iter().skip(window.start).take(window.len()).collect())
}

/// All rooms within a radius, nearest first.
async fn within(backend: &Backend, centre: Point, radius_m: f64) -> Result<Vec<Nearby>> {
    let ranges = covering(centre, radius_m);
    let found = try_join_all(ranges.iter().map(|range| backend.store.rooms_in(range))).await?;
    let mut nearby: Vec<_> = found
        .into_iter()
        .flatten()
        .map(|room| Nearby { distance_m: centre.distance_m(room.place), room })
        .filter(|nearby| nearby.distance_m <= radius_m)
        .collect();
    nearby.sort_unstable_by(|one, other| {
        one.distance_m.total_cmp(&other.distance_m).then(one.room.chat_id.cmp(&other.room.chat_id))
    });
    Ok(nearby)
}

/// A room with its newest messages, or those before `until`. Any user may read a geolocated room.
pub async fn read(backend: &Backend, caller: Caller, chat: ChatId, until: Option<Timestamp>) -> Result<View> {
    let user = caller.claimed_user();
    let about = caller.confirm_while(backend, async { Ok(backend.store.about(chat).await?) }).await?;
    let key = match &about {
        Some(About::Room(_)) => HeadKey::Chat(chat),
        Some(About::Pair { pair, .. }) if pair.contains(user) => HeadKey::Pair(*pair),
        _ => return Err(not_taking_part(&about, ROOMS)),
    };
    chats::view(backend, user, key, about.ok_or(NO_CHAT)?, chat, until).await
}

/// Posts a message to a room. The first one makes its sender a participant of a geolocated room. All sockets of
/// all participants are told.
///
/// Three round trips one after another in a geolocated room, however many take part. The first message of a
/// participant takes five; one to a room of two takes four, because its head is found by its people.
pub async fn post(backend: &Backend, caller: Caller, chat: ChatId, draft: Draft) -> Result<Sent> {
    let sender = caller.claimed_user();
    let reading = async {
        check(&draft)?;
        let head = backend.store.head(HeadKey::Chat(chat));
        Ok(try_join(head, backend.store.cursor(sender, chat)).await?)
    };
    let (head, cursor) = caller.confirm_to_send(backend, reading).await?;
    match cursor {
        Some(cursor) => {
            let seat = Seat::of(sender, cursor, ROOMS)?;
            let head = match seat.key {
                HeadKey::Chat(_) => head.ok_or(NO_CHAT)?,
                _ => seat.head(backend).await?,
            };
            let key = seat.key;
            deliver(Sending { backend, key, sender, draft: &draft, identity: Identity::Content }, Some(head))
                .await
        }
        None => {
            let about = backend.store.about(chat).await?;
            let (Some(About::Room(room)), Some(head)) = (&about, head) else {
                return Err(not_taking_part(&about, ROOMS));
            };
            let key = HeadKey::Chat(chat);
            let sending = Sending { backend, key, sender, draft: &draft, identity: Identity::Content };
            sending.check_key().await?;
            join(backend, sender, room, &head).await?;
            deliver(sending, Some(head)).await
        }
    }
}

/// Writes to another user in the private room of the two, opening it if there is none (002, step 9).
pub async fn write_to(backend: &Backend, caller: Caller, other: UserId, draft: Draft) -> Result<Sent> {
    let sender = caller.claimed_user();
    let reading = async {
        check(&draft)?;
        let pair = Pair::of(sender, other)
            .ok_or_else(|| Error::invalid("invalid_receiver", "other_user_id must be another user"))?;
        let key = HeadKey::Pair(pair);
        Ok((key, backend.store.head(key).await?))
    };
    let (key, head) = caller.confirm_to_send(backend, reading).await?;
    deliver(Sending { backend, key, sender, draft: &draft, identity: Identity::Content }, head).await
}

fn check(draft: &Draft) -> Result<()> {
    draft.check()?;
    match draft.kind {
        send::Kind::Customize => Err(Error::invalid("invalid_type", "customize is for chats, not for rooms")),
        _ => Ok(()),
    }
}

/// Makes a user a participant, who has read everything up to here.
async fn join(backend: &Backend, user: UserId, room: &Room, head: &Head) -> Result<()> {
    let read = Position { seq: head.seq(), own: 0 };
    let cursor = Cursor::new(room.chat_id, Kind::Room, None, read, clock::now());
    match chats::join(backend, user, &cursor, room.capacity.is_some()).await? {
        true => Ok(()),
        false => Err(FULL),
    }
}

/// Sends, and tells all who take part.
async fn deliver(sending: Sending<'_>, head: Option<Head>) -> Result<Sent> {
    let sent = sending.run(head).await?;
    let Sending { backend, key, sender, .. } = sending;
    if let Stored::Now(message) = &sent.outcome {
        let (kind, users) = match key.pair() {
            Some(pair) => (Kind::Pair, pair.users().to_vec()),
            None => (Kind::Room, chats::participants(backend, sent.chat_id, sender).await),
        };
        let frame = MessageFrame::new(kind, sent.chat_id, message);
        presence::push(backend, sent.chat_id, sender, &users, &frame).await;
    }
    Ok(sent)
}

/// Marks everything in a room as read.
pub async fn mark_read(backend: &Backend, user: UserId, chat: ChatId) -> Result<()> {
    chats::mark_read(backend, user, chat, ROOMS).await
}

/// Who takes part in a room and since when, longest first. Anybody may ask about a geolocated room.
pub async fn users(backend: &Backend, caller: Caller, chat: ChatId) -> Result<Vec<(UserId, Timestamp)>> {
    let user = caller.claimed_user();
    let store = &backend.store;
    let reading = async { Ok(try_join(store.about(chat), store.cursor(user, chat)).await?) };
    let (about, cursor) = caller.confirm_while(backend, reading).await?;
    let mut users = match &about {
        Some(About::Room(_)) => store.participants(chat).await?,
        Some(About::Pair { pair, created_at, .. }) if pair.contains(user) => {
            pair.users().map(|user| (user, *created_at)).to_vec()
        }
        _ => return Err(not_taking_part(&about, ROOMS)),
    };
    // The index may not know yet that the caller has just begun to take part.
    if let Some(cursor) = cursor
        && users.iter().all(|(known, _)| *known != user)
    {
        users.push((user, cursor.joined_at));
    }
    users.sort_unstable_by_key(|(user, since)| (*since, *user));
    Ok(users)
}
