//! The messages of one chat in their order, each once, however they come.

use std::collections::BTreeMap;

use crate::api::Message;

/// What has been shown of a chat, and what waits for what comes before it.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// The newest position up to which all is shown; `None` while nobody has told where the chat stands.
    shown: Option<u64>,
    held: BTreeMap<u64, Message>,
    /// Whether what is missing has been asked for.
    pub(crate) is_asked_for: bool,
}

impl Timeline {
    /// A chat of which everything up to a position is old.
    pub(crate) fn since(seq: u64) -> Self {
        Self { shown: Some(seq), ..Self::default() }
    }

    /// The newest position up to which all is shown.
    pub(crate) fn shown(&self) -> Option<u64> {
        self.shown
    }

    /// Takes a message, and gives those that it is time to show.
    pub(crate) fn take(&mut self, message: Message) -> Vec<Message> {
        if self.shown.is_none_or(|shown| message.seq > shown) {
            self.held.insert(message.seq, message);
        }
        self.ready()
    }

    /// Whether a message waits for one that has not come.
    pub(crate) fn has_gap(&self) -> bool {
        self.shown.is_some() && !self.held.is_empty()
    }

    /// Nothing up to a position will come any more. Gives what waited, and tells whether something is missing.
    pub(crate) fn settle(&mut self, seq: u64) -> (Vec<Message>, bool) {
        let Some(shown) = self.shown else {
            // What came since the beginning is new, whatever else there is.
            let first = self.held.first_key_value().map(|(first, _)| first - 1);
            self.shown = Some(first.map_or(seq, |first| first.min(seq)));
            return (self.ready(), false);
        };
        let later = self.held.split_off(&(seq + 1));
        let earlier = std::mem::replace(&mut self.held, later);
        let is_incomplete = seq > shown + earlier.len() as u64;
        self.shown = Some(shown.max(seq));
        let mut ready: Vec<_> = earlier.into_values().collect();
        ready.extend(self.ready());
        (ready, is_incomplete)
    }

    fn ready(&mut self) -> Vec<Message> {
        let mut ready = Vec::new();
        while let Some(shown) = self.shown
            && let Some(next) = self.held.remove(&(shown + 1))
        {
            self.shown = Some(next.seq);
            ready.push(next);
        }
        ready
    }
}
