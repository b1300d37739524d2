//! Pages of a chat's history, newest first.

use crate::backend::Backend;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::log::{Head, Message};
use crate::store::messages::{Order, Row};
use crate::text::{MAX_MESSAGE_BYTES, answer_len};

/// Rows that one answer holds at most, in bytes: Lambda hands out 6 MB.
const ANSWER_BYTES: usize = 5_500_000;
/// What a row has beside its text, at most: names and titles of 100 characters each, and its fields.
const ROW_BYTES: usize = 2_048;
/// Rows that a search past removed messages reads at most in one call.
const MAX_ROWS: usize = 2_000;
/// Messages on a page of the surfaces that page by time (002, "limit: 100").
pub(crate) const PAGE: usize = 100;

/// The room that one answer has.
#[derive(Debug, Default)]
pub(crate) struct Room {
    taken: usize,
}

impl Room {
    /// Takes a row with this text in. False when it does not fit any more.
    pub(crate) fn takes(&mut self, text: &str) -> bool {
        self.takes_bytes(answer_len(text) + ROW_BYTES)
    }

    /// Takes something of this size in. False when it does not fit any more.
    pub(crate) fn takes_bytes(&mut self, bytes: usize) -> bool {
        self.taken += bytes;
        self.taken <= ANSWER_BYTES
    }

    /// Whether a row of the largest size might not have fitted.
    fn is_nearly_full(&self) -> bool {
        self.taken + ROW_BYTES + 7 * MAX_MESSAGE_BYTES > ANSWER_BYTES
    }
}

/// Messages, newest first, and where older ones continue.
#[derive(Clone, Debug)]
pub struct Page {
    /// The messages.
    pub messages: Vec<Message>,
    /// The time of the oldest, where there are older ones.
    pub next: Option<Timestamp>,
}

/// The newest `count` messages, or those before the moment `until`.
pub(crate) async fn before(
    backend: &Backend,
    head: &Head,
    until: Option<Timestamp>,
    count: usize,
) -> Result<Page> {
    let from = match until {
        None => head.seq(),
        Some(until) => last_before(backend, head, until).await?,
    };
    // One more than a page tells whether there is another.
    let mut messages = descending(backend, head, from, 0, count + 1).await?;
    let mut room = Room::default();
    for message in &messages {
        room.takes(&message.text);
    }
    let more = messages.len() > count || room.is_nearly_full();
    messages.truncate(count);
    let next = messages.last().filter(|oldest| more && oldest.seq > 1).map(|oldest| oldest.at);
    Ok(Page { messages, next })
}

/// The last position whose message is older than a moment; 0 when none is.
async fn last_before(backend: &Backend, head: &Head, until: Timestamp) -> Result<u64> {
    if let Some(message) = head.tail_messages().iter().rfind(|message| message.at < until) {
        return Ok(message.seq);
    }
    let mut search = Search::new(head.filed, head.filed_at, until);
    while let Some(guess) = search.guess() {
        let rows = backend.store.rows(head.chat_id, guess..=search.above - 1, Order::Ascending, 1).await?;
        search.learn(guess, rows.first().map(|row| (row.seq(), row.at())));
    }
    Ok(search.below)
}

/// A search for the last position that is older than a moment, along positions whose times increase. Positions may
/// be without a row. Where messages come evenly, it takes a few steps; never more than twice those of a bisection.
#[derive(Debug)]
struct Search {
    until: Timestamp,
    /// A position that is older, with its time; 0 at first.
    below: u64,
    below_at: Option<Timestamp>,
    /// A position that is not older, or the end.
    above: u64,
    above_at: Timestamp,
    halve: bool,
}

impl Search {
    /// Among the positions up to `filed`.
    fn new(filed: u64, filed_at: Timestamp, until: Timestamp) -> Self {
        let all = filed == 0 || filed_at < until;
        let below = if all { filed } else { 0 };
        Self {
            until,
            below,
            below_at: None,
            above: if all { filed + 1 } else { filed },
            above_at: filed_at,
            halve: false,
        }
    }

    /// The position to look at next, or at the first row after it.
    fn guess(&self) -> Option<u64> {
        let (first, last) = (self.below + 1, self.above.checked_sub(1)?);
        if first > last {
            return None;
        }
        // The first row gives the time to reckon from.
        let Some(below_at) = self.below_at else { return Some(first) };
        if self.halve {
            return Some(first + (last - first) / 2);
        }
        let span = (self.above_at.0 - below_at.0).max(1) as f64;
        let share = (self.until.0 - below_at.0) as f64 / span;
        let guess = self.below as f64 + share * (self.above - self.below) as f64;
        Some((guess as u64).clamp(first, last))
    }

    /// Takes in the first row from `guess` on and before `above`, if there is one.
    fn learn(&mut self, guess: u64, row: Option<(u64, Timestamp)>) {
        match row {
            Some((seq, at)) if at < self.until => (self.below, self.below_at) = (seq, Some(at)),
            Some((_, at)) => (self.above, self.above_at) = (guess, at),
            None => self.above = guess,
        }
        self.halve = !self.halve;
    }
}

/// The newest filed message that is neither removed nor about to be, looked for among `first` rows, then among more.
pub(crate) async fn newest_besides(
    backend: &Backend,
    head: &Head,
    first: usize,
    goes: impl Fn(u64) -> bool,
) -> Result<Option<Message>> {
    let mut next = head.filed;
    for limit in growing(first) {
        if next == 0 {
            break;
        }
        let rows = backend.store.rows(head.chat_id, 1..=next, Order::Descending, limit).await?;
        let Some(last) = rows.last() else { break };
        next = last.seq() - 1;
        let left = rows.into_iter().find_map(|row| match row {
            Row::Live(message) if !head.hides(&message) && !goes(message.seq) => Some(message),
            _ => None,
        });
        if left.is_some() {
            return Ok(left);
        }
    }
    Ok(None)
}

/// Sizes of the calls of a search that usually ends with its first: each four times the one before.
fn growing(first: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(first), |limit| Some((limit * 4).min(MAX_ROWS)))
}

/// `count` messages without the `skip` newest, newest first. Fewer where the chat ends, or where one answer holds no
/// more: about 48 of 16 KiB if every character has to be escaped.
pub(crate) async fn newest_first(
    backend: &Backend,
    head: &Head,
    skip: u64,
    count: usize,
) -> Result<Vec<Message>> {
    if skip >= head.seq() {
        return Ok(Vec::new());
    }
    // Without removals a place from the end is a position; with them, the places are counted.
    let (skip, from) = match head.purge_count {
        0 => (0, head.seq() - skip),
        _ => (skip, head.seq()),
    };
    descending(backend, head, from, skip, count).await
}

/// Up to `count` messages from a position down, after leaving out `skip`.
async fn descending(
    backend: &Backend,
    head: &Head,
    from: u64,
    mut skip: u64,
    count: usize,
) -> Result<Vec<Message>> {
    let mut next = from;
    let mut page = Vec::with_capacity(count);
    let mut room = Room::default();
    let mut take = |message: Message| {
        if skip > 0 {
            skip -= 1;
            return false;
        }
        let fits = room.takes(&message.text);
        if fits {
            page.push(message);
        }
        page.len() == count || !fits
    };
    for message in head.tail_messages().into_iter().rev() {
        if message.seq == next {
            next -= 1;
            if take(message) {
                return Ok(page);
            }
        }
    }
    for limit in growing(count) {
        if next == 0 {
            break;
        }
        let rows = backend.store.rows(head.chat_id, 1..=next, Order::Descending, limit).await?;
        let Some(last) = rows.last() else { break };
        next = last.seq() - 1;
        for row in rows {
            let Row::Live(message) = row else { continue };
            if !head.hides(&message) && take(message) {
                return Ok(page);
            }
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The last position that a search finds in rows, and in how many steps.
    fn search(rows: &[(u64, i64)], until: i64) -> (u64, usize) {
        let (filed, filed_at) = rows.last().copied().unwrap_or_default();
        let mut search = Search::new(filed, Timestamp(filed_at), Timestamp(until));
        let mut steps = 0;
        while let Some(guess) = search.guess() {
            let row = rows.iter().find(|(seq, _)| (guess..search.above).contains(seq));
            search.learn(guess, row.map(|&(seq, at)| (seq, Timestamp(at))));
            steps += 1;
        }
        (search.below, steps)
    }

    proptest! {
        #[test]
        fn a_search_finds_the_last_older_message_whatever_is_missing(
            gaps in prop::collection::vec((1u64..4, 1i64..1_000), 0..200),
            until in -1i64..110_000,
        ) {
            let mut last = (0, 0);
            let rows: Vec<_> = gaps
                .into_iter()
                .map(|(positions, ms)| {
                    last = (last.0 + positions, last.1 + ms);
                    last
                })
                .collect();
            let expected = rows.iter().rev().find(|(_, at)| *at < until).map_or(0, |(seq, _)| *seq);
            let (found, steps) = search(&rows, until);
            // Positions between two rows are as good as the lower row.
            let same = rows.iter().rev().find(|(seq, _)| *seq <= found).map_or(0, |(seq, _)| *seq);
            prop_assert_eq!(same, expected);
            prop_assert!(steps <= 24, "{} steps", steps);
        }

        #[test]
        fn even_messages_are_found_in_a_few_steps(count in 1_000u64..1_000_000, share in 0.0f64..1.0) {
            let until = (count as f64 * share) as i64 * 1_000 + 500;
            let mut search = Search::new(count, Timestamp(count as i64 * 1_000), Timestamp(until));
            let mut steps = 0;
            while let Some(guess) = search.guess() {
                search.learn(guess, Some((guess, Timestamp(guess as i64 * 1_000))));
                steps += 1;
            }
            prop_assert_eq!(search.below, (until / 1_000) as u64);
            prop_assert!(steps <= 12, "{} steps", steps);
        }
    }
}
