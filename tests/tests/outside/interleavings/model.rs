//! What a person would say that should be so: lists, no cleverness.

use std::collections::BTreeMap;

/// How many people there are: enough for somebody to have two chats.
pub(super) const PEOPLE: usize = 3;
/// What a fetch hands out at most.
const PAGE: usize = 50;

/// A message that is still there.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) seq: u64,
    pub(super) text: String,
    sender: usize,
}

/// A chat of two.
#[derive(Clone, Debug, Default)]
pub(super) struct Chat {
    /// `None` before the first message, and after a deletion.
    pub(super) id: Option<u64>,
    messages: Vec<Message>,
    sent: u64,
    read: BTreeMap<usize, u64>,
}

impl Chat {
    /// The numbers of those messages that a fetch hands out.
    pub(super) fn waiting(&self, reader: usize) -> Vec<u64> {
        self.unread(reader).map(|message| message.seq).take(PAGE).collect()
    }

    /// Everything so far is read.
    pub(super) fn read(&mut self, reader: usize) {
        self.read.insert(reader, self.sent);
    }

    /// The first `count` of those that wait are kept by the reader and removed here.
    pub(super) fn remove(&mut self, reader: usize, count: usize) {
        let gone = &self.waiting(reader)[..count];
        if let Some(last) = gone.last() {
            self.read.insert(reader, *last);
        }
        self.messages.retain(|message| !gone.contains(&message.seq));
    }

    fn unread(&self, reader: usize) -> impl Iterator<Item = &Message> {
        let read = self.read.get(&reader).copied().unwrap_or(0);
        self.messages.iter().filter(move |message| message.sender != reader && message.seq > read)
    }
}

/// All chats of some people.
#[derive(Clone, Debug)]
pub(super) struct Model {
    chats: BTreeMap<(usize, usize), Chat>,
}

impl Model {
    /// Nobody has written to anybody.
    pub(super) fn new() -> Self {
        let pairs = (0..PEOPLE).flat_map(|one| (one + 1..PEOPLE).map(move |other| (one, other)));
        Self { chats: pairs.map(|pair| (pair, Chat::default())).collect() }
    }

    /// The chat of two people.
    pub(super) fn chat(&mut self, one: usize, other: usize) -> &mut Chat {
        self.chats.entry((one.min(other), one.max(other))).or_default()
    }

    /// A message, which may open the chat.
    pub(super) fn send(&mut self, by: usize, with: usize, id: u64, text: &str) {
        let chat = self.chat(by, with);
        assert_eq!(*chat.id.get_or_insert(id), id, "the chat's id");
        chat.sent += 1;
        chat.messages.push(Message { seq: chat.sent, text: text.to_owned(), sender: by });
    }

    /// The chat is gone.
    pub(super) fn delete(&mut self, by: usize, with: usize) {
        *self.chat(by, with) = Chat::default();
    }

    /// `(chat, last message, unread)` of a person's chats, in the order of their ids.
    pub(super) fn overview(&self, person: usize, only_unread: bool) -> Vec<(u64, Option<String>, u64)> {
        let mut rows: Vec<_> = self
            .of(person)
            .map(|(id, chat)| {
                let last = chat.messages.last().map(|message| message.text.clone());
                (id, last, chat.unread(person).count() as u64)
            })
            .filter(|(_, _, unread)| !only_unread || *unread > 0)
            .collect();
        rows.sort_unstable();
        rows
    }

    /// The messages of each of a person's chats, newest first.
    pub(super) fn histories(&self, person: usize) -> impl Iterator<Item = (u64, Vec<Message>)> {
        self.of(person).map(|(id, chat)| (id, chat.messages.iter().rev().cloned().collect()))
    }

    fn of(&self, person: usize) -> impl Iterator<Item = (u64, &Chat)> {
        self.chats
            .iter()
            .filter(move |((one, other), _)| *one == person || *other == person)
            .filter_map(|(_, chat)| Some((chat.id?, chat)))
    }
}
