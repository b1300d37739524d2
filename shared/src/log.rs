//! A chat's log: a dense sequence of messages whose newest end lives in the chat's head.
//!
//! The head is one item and its update is the commit point of a send. It carries the newest messages inside
//! (the *tail*); a message leaves the tail only after its row is stored (it is *filed*), so there is no moment
//! at which a process can die and take a committed message with it, and a reader who takes head and rows
//! together never sees a gap. Usually the tail is the one newest message, filed by whoever sends next.
//!
//! This module is the arithmetic on a head that was read: nothing here touches storage.

use crate::clock::Timestamp;
use crate::ids::{ChatId, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Messages a head may carry that are not filed. Bounds the item (16 texts of 16 KiB fit DynamoDB's 400 KB)
/// and how many sends may overlap before one has to file.
pub const MAX_TAIL: usize = 16;

/// How long after the last of several messages in a tail more are expected to come.
const MOMENT: Duration = Duration::from_secs(1);

/// A committed message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Position in its chat: 1, 2, 3 …
    pub seq: u64,
    /// Who sent it.
    pub sender: UserId,
    /// Its text, as sent.
    pub text: String,
    /// Its kind, a surface's word such as `text` or `image`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was sent. Strictly increases along a chat.
    pub at: Timestamp,
    /// How many messages its sender had sent to this chat, this one included: with it, any position of a
    /// chat of two tells how many of the messages up to it are whose. 0 where the head does not count.
    #[serde(default)]
    pub nth: u64,
    /// The sender's idempotency key, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The attempt that committed it (see [`crate::ids::attempt`]).
    pub attempt: String,
}

/// A message inside a head: what its position and its neighbours tell is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Who sent it.
    pub sender: UserId,
    /// Its text.
    pub text: String,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// The writer's clock. The message's time is this, or just after the one before where that is later.
    pub at: Timestamp,
    /// The sender's idempotency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The attempt that wrote it.
    pub attempt: String,
}

/// A mailbox fetch that removes messages: those of others in `from..=to`. From the moment it stands in the
/// head it hides them from everybody, and the reader has read up to `to`; the reader's next one replaces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purge {
    /// First position.
    pub from: u64,
    /// Last position. The reader's cursor is at least here.
    pub to: u64,
    /// How many of the messages up to `to` are the reader's own.
    pub own: u64,
    /// The attempt that decided it; `None` once the rows are gone and the cursor has followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<String>,
}

/// How far a user has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Everything up to this position is read.
    pub seq: u64,
    /// How many of those are the reader's own.
    pub own: u64,
}

/// How many messages a user has sent, in a chat whose head does not count them: kept beside the user's cursor,
/// and brought up to date by whoever files a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many, up to `sent_through`.
    pub sent: u64,
    /// The last position that is counted. Every filed message of the user is.
    pub sent_through: u64,
}

impl Tally {
    /// The tally with more messages of its user counted, given by their positions in order. Those that it
    /// counts already are not counted twice; `None` when that is all of them.
    ///
    /// The positions are the user's in one head's tail, so everything before them is filed and counted.
    pub fn counting(self, positions: &[u64]) -> Option<Self> {
        let sent_through = *positions.last()?;
        let more = positions.iter().filter(|position| **position > self.sent_through).count() as u64;
        (more > 0).then_some(Self { sent: self.sent + more, sent_through })
    }
}

/// Who looks at a head: the user, how far it has read, and its tally.
///
/// The tally must be read after the head. It then counts every message of the user that is filed, and
/// [`Head::is_behind`] tells when it counts more than the head knows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Who.
    pub user: UserId,
    /// The stored cursor.
    pub read: Position,
    /// The stored tally; of no account where the head counts.
    pub tally: Tally,
}

/// A chat's head, as read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Which chat this is. A pair's chat gets another id after it was deleted.
    pub chat_id: ChatId,
    /// Messages up to here are filed.
    pub filed: u64,
    /// The time of message `filed`.
    pub filed_at: Timestamp,
    /// The messages after `filed`, oldest first.
    pub tail: Vec<Entry>,
    /// How many messages each participant has sent, in a chat of two. Empty where participants may be many:
    /// a head that grew with them would cost more with each.
    #[serde(default)]
    pub sent: BTreeMap<String, u64>,
    /// The last removal of each reader who caused any.
    #[serde(default)]
    pub purges: BTreeMap<String, Purge>,
    /// How many removals there have been. While 0, every position holds a message.
    #[serde(default)]
    pub purge_count: u64,
    /// How many messages were deleted by their authors, each a removal of one (004).
    #[serde(default)]
    pub deleted_count: u64,
    /// The newest message that is not removed, where the tail is empty.
    #[serde(default)]
    pub latest: Option<Message>,
    /// One of a chat's two was deleted: nobody writes to it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
    /// Attempts that must not commit any more. A set in DynamoDB, which knows no empty one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fenced: Vec<String>,
}

impl Head {
    /// Position of the newest message ever sent.
    pub fn seq(&self) -> u64 {
        self.filed + self.tail.len() as u64
    }

    /// Whether the tail has no room for another message.
    pub(crate) fn is_full(&self) -> bool {
        self.tail.len() >= MAX_TAIL
    }

    /// Whether people write at the same time just now: somebody has joined somebody else in the tail a moment ago. Then it
    /// is not worth while to file the tail before each send, as all but one would do it in vain.
    pub(crate) fn is_busy(&self, now: Timestamp) -> bool {
        self.tail.len() > 1 && self.tail.last().is_some_and(|newest| newest.at + MOMENT > now)
    }

    /// How many messages are left in a conversation, from which only their authors delete.
    pub fn count(&self) -> u64 {
        self.seq().saturating_sub(self.deleted_count)
    }

    /// The head of a chat without messages; `counted` are the participants whose messages it counts.
    pub fn empty(chat_id: ChatId, counted: &[UserId]) -> Self {
        Self {
            chat_id,
            filed: 0,
            filed_at: Timestamp::default(),
            tail: Vec::new(),
            sent: counted.iter().map(|user| (user.to_string(), 0)).collect(),
            purges: BTreeMap::new(),
            purge_count: 0,
            deleted_count: 0,
            latest: None,
            closed: false,
            fenced: Vec::new(),
        }
    }

    /// Whether a tally counts messages that were sent after this head was read.
    pub fn is_behind(&self, tally: Tally) -> bool {
        tally.sent_through > self.seq()
    }

    /// How many messages the reader has sent.
    fn sent_by(&self, reader: &Reader) -> u64 {
        if let Some(counted) = self.sent.get(&reader.user.to_string()) {
            return *counted;
        }
        let Tally { sent, sent_through } = reader.tally;
        let uncounted = (self.filed + 1..)
            .zip(&self.tail)
            .filter(|(seq, entry)| entry.sender == reader.user && *seq > sent_through);
        sent + uncounted.count() as u64
    }

    /// The messages of the tail, oldest first.
    pub fn tail_messages(&self) -> Vec<Message> {
        let mut nth = self.sent.clone();
        for entry in &self.tail {
            if let Some(count) = nth.get_mut(&entry.sender.to_string()) {
                *count -= 1;
            }
        }
        let mut before = self.filed_at;
        (self.filed + 1..)
            .zip(&self.tail)
            .map(|(seq, entry)| {
                before = entry.at.max(Timestamp(before.0 + 1));
                let count = nth.get_mut(&entry.sender.to_string()).map_or(0, |count| {
                    *count += 1;
                    *count
                });
                Message {
                    seq,
                    sender: entry.sender,
                    text: entry.text.clone(),
                    kind: entry.kind.clone(),
                    at: before,
                    nth: count,
                    client_id: entry.client_id.clone(),
                    attempt: entry.attempt.clone(),
                }
            })
            .collect()
    }

    /// The newest message that is not removed. A tail is never removed from: it is filed first.
    pub fn newest(&self) -> Option<Message> {
        self.tail_messages().pop().or_else(|| self.latest.clone())
    }

    /// Whether a filed message is hidden by a removal.
    pub fn hides(&self, message: &Message) -> bool {
        self.purges.iter().any(|(reader, purge)| {
            *reader != message.sender.to_string() && (purge.from..=purge.to).contains(&message.seq)
        })
    }

    /// How far `reader` has read: the stored cursor, or a removal of its own that the cursor has yet to
    /// follow.
    pub fn position(&self, reader: UserId, stored: Position) -> Position {
        match self.purges.get(&reader.to_string()) {
            Some(purge) if purge.to > stored.seq => Position { seq: purge.to, own: purge.own },
            _ => stored,
        }
    }

    /// The position of one who has read everything.
    pub fn end(&self, reader: &Reader) -> Position {
        Position { seq: self.seq(), own: self.sent_by(reader) }
    }

    /// How many messages by others the reader has not read.
    pub fn unread(&self, reader: &Reader) -> u64 {
        let read = self.position(reader.user, reader.read);
        let by_others = self.seq().saturating_sub(self.sent_by(reader));
        by_others.saturating_sub(read.seq.saturating_sub(read.own))
    }

    /// How many of the messages up to a filed message are `reader`'s own. Right for a chat of two.
    pub fn position_at(&self, reader: UserId, message: &Message) -> Position {
        let own = if message.sender == reader { message.nth } else { message.seq - message.nth };
        Position { seq: message.seq, own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const USERS: [u64; 2] = [7, 9];

    fn user(side: usize) -> UserId {
        UserId::try_from(USERS[side]).expect("an id")
    }

    fn reader(user: UserId, read: Position) -> Reader {
        Reader { user, read, tally: Tally::default() }
    }

    /// A head after the given sends, filed up to `filed`; and each message as it must come out.
    fn after(sends: &[(usize, i64)], filed: usize) -> (Head, Vec<Message>) {
        let mut all: Vec<Message> = Vec::new();
        let mut sent = BTreeMap::from(USERS.map(|user| (user.to_string(), 0)));
        for (index, &(side, clock)) in sends.iter().enumerate() {
            let count = sent.get_mut(&USERS[side].to_string()).expect("a participant");
            *count += 1;
            let earliest = all.last().map_or(1, |before| before.at.0 + 1);
            all.push(Message {
                seq: index as u64 + 1,
                sender: user(side),
                text: index.to_string(),
                kind: "text".into(),
                at: Timestamp(clock.max(earliest)),
                nth: *count,
                client_id: None,
                attempt: format!("a{index}"),
            });
        }
        let tail = all[filed..]
            .iter()
            .zip(&sends[filed..])
            .map(|(message, &(_, clock))| Entry {
                sender: message.sender,
                text: message.text.clone(),
                kind: message.kind.clone(),
                at: Timestamp(clock),
                client_id: None,
                attempt: message.attempt.clone(),
            })
            .collect();
        let head = Head {
            filed: filed as u64,
            filed_at: filed.checked_sub(1).map_or(Timestamp(0), |last| all[last].at),
            tail,
            sent,
            ..Head::empty(ChatId::mint(), &[])
        };
        (head, all)
    }

    fn sends() -> impl Strategy<Value = (Vec<(usize, i64)>, usize)> {
        prop::collection::vec((0usize..2, 1i64..50), 1..40)
            .prop_flat_map(|sends| (Just(sends.clone()), 0..=sends.len()))
    }

    proptest! {
        #[test]
        fn a_removal_hides_and_reads_what_it_says((sends, _) in sends(), ends in (0usize..40, 0usize..40)) {
            let (mut head, all) = after(&sends, sends.len());
            let (from, to) = (ends.0.min(ends.1).min(all.len() - 1), ends.0.max(ends.1).min(all.len() - 1));
            let me = user(0);
            let Position { seq, own } = head.position_at(me, &all[to]);
            let purge = Purge { from: all[from].seq, to: seq, own, attempt: None };
            head.purges.insert(me.to_string(), purge);
            for message in &all {
                let removed = message.sender != me && (from + 1..=to + 1).contains(&(message.seq as usize));
                prop_assert_eq!(head.hides(message), removed);
            }
            let recount = all[to + 1..].iter().filter(|message| message.sender != me).count() as u64;
            prop_assert_eq!(head.unread(&reader(me, Position::default())), recount);
        }

        #[test]
        fn the_tail_gives_the_messages_whole_wherever_filing_stopped((sends, filed) in sends()) {
            let (head, all) = after(&sends, filed);
            prop_assert_eq!(head.seq(), sends.len() as u64);
            prop_assert_eq!(head.tail_messages(), all[filed..].to_vec());
            prop_assert!(all.windows(2).all(|pair| pair[0].at < pair[1].at));
        }

        #[test]
        fn unread_is_what_a_recount_says((sends, filed) in sends(), read in 0usize..40) {
            let (head, all) = after(&sends, filed);
            let read = read.min(all.len());
            for side in 0..2 {
                let me = user(side);
                let stored = match read {
                    0 => Position::default(),
                    _ => head.position_at(me, &all[read - 1]),
                };
                let recount = all[read..].iter().filter(|message| message.sender != me).count() as u64;
                let end = head.end(&reader(me, stored));
                prop_assert_eq!(head.unread(&reader(me, stored)), recount);
                prop_assert_eq!(head.unread(&reader(me, end)), 0);
            }
        }

        #[test]
        fn a_tally_beside_the_head_counts_as_the_head_does(
            (sends, filed) in sends(),
            read in 0usize..40,
            earlier in (0usize..40, 0usize..40),
        ) {
            let (counting, all) = after(&sends, filed);
            let head = Head { sent: BTreeMap::new(), ..counting.clone() };
            let read = read.min(all.len());
            for side in 0..2 {
                let me = user(side);
                let mine = |range: std::ops::Range<usize>| {
                    let of_range = all[range].iter().filter(|message| message.sender == me);
                    of_range.map(|message| message.seq).collect::<Vec<_>>()
                };
                // Everything filed is counted, by filers who saw more or less of the tail.
                let mut tally = Tally::default();
                tally = tally.counting(&mine(0..filed)).unwrap_or(tally);
                for end in [earlier.0, earlier.1].map(|end| end.clamp(filed, all.len())) {
                    tally = tally.counting(&mine(filed..end)).unwrap_or(tally);
                }
                prop_assert!(!head.is_behind(tally));
                let stored = match read {
                    0 => Position::default(),
                    _ => counting.position_at(me, &all[read - 1]),
                };
                let reader = Reader { user: me, read: stored, tally };
                let recount = all[read..].iter().filter(|message| message.sender != me).count() as u64;
                prop_assert_eq!(head.unread(&reader), recount);
                prop_assert_eq!(head.end(&reader), counting.end(&reader));
            }
        }
    }
}
