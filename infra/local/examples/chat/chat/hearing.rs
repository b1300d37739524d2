//! What comes over the socket, and what is missed while there is none.

use std::io;

use serde_json::json;
use tokio::time::Instant;

use crate::api::{Message, To};
use crate::frames::{BotExchange, Frame, Refusal, Resumed};
use crate::link::Event;
use crate::network::Failure;
use crate::timeline::Timeline;

use super::sending::{Draft, Sending};
use super::{Chat, Place};

/// Chats that one `resume` may ask for.
const CHATS_AT_ONCE: usize = 100;
/// A position that no chat has: asking for what came after it tells where a chat stands, and brings nothing.
const NOWHERE: u64 = (1 << 53) - 1;

impl Chat {
    pub(super) async fn hear(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Up(_) => self.come_back().await,
            Event::Down(failure) => {
                if std::mem::take(&mut self.is_up) {
                    self.screen.note(&format!("{failure}. Trying again …"))?;
                }
                Ok(())
            }
            Event::Refused(failure) => Err(failure),
            Event::Frame(Frame::Message { chat, room, message }) => {
                self.learn(chat, room, &message).await?;
                self.take(chat, message)
            }
            Event::Frame(Frame::Bot(exchange)) => self.hear_bot(exchange),
            Event::Frame(Frame::Resumed(resumed)) => self.settle(resumed),
            Event::Frame(Frame::Refusal(refusal)) => self.hear_no(&refusal),
            Event::Frame(Frame::Activity(activity)) => {
                let what = if activity.login { "is online" } else { "has gone" };
                if let Some(name) = self.people.note(&self.api, activity.user_id, activity.login).await {
                    self.screen.note(&format!("{name} {what}."))?;
                }
                Ok(())
            }
        }
    }

    /// The socket is open again: asks for what was missed.
    async fn come_back(&mut self) -> Result<(), Failure> {
        self.is_up = true;
        self.missed = Some(0);
        self.resume();
        if let Some(draft) = self.drafts.front()
            && draft.place == Place::Bot
        {
            self.send_first();
        }
        // What has to do with the bot is nothing that could be resumed, and who is there is not told again. What is known
        // of people is good enough if that fails.
        let _ = self.people.look(&self.api).await;
        if self.bot.is_some()
            && let Ok(history) = self.api.bot_history(self.me).await
        {
            let newest = history.last().map_or(0, |message| message.seq);
            self.show_bot(history, Some(newest))?;
        }
        Ok(())
    }

    /// Asks for what came after what was shown, in all chats.
    pub(super) fn resume(&mut self) {
        let known: Vec<_> = self.timelines.iter_mut().collect();
        let asked = known.into_iter().map(|(chat, timeline)| {
            timeline.is_asked_for = true;
            (chat.to_string(), json!(timeline.shown().unwrap_or(NOWHERE)))
        });
        let asked: Vec<_> = asked.collect();
        let mut parts =
            asked.chunks(CHATS_AT_ONCE).map(|chats| chats.iter().cloned().collect()).collect::<Vec<_>>();
        if parts.is_empty() {
            parts.push(serde_json::Map::new());
        }
        for chats in parts {
            self.link.send(json!({"type": "resume", "chats": chats}));
        }
    }

    /// Everything that could be brought has come.
    fn settle(&mut self, resumed: Resumed) -> Result<(), Failure> {
        let mut incomplete = Vec::new();
        for (chat, recovery) in resumed.chats {
            let Some(timeline) = self.timelines.get_mut(&chat) else { continue };
            timeline.is_asked_for = false;
            let (ready, is_incomplete) = timeline.settle(recovery.seq);
            if is_incomplete && !recovery.recovered {
                incomplete.push(self.title(chat));
            }
            self.show_all(chat, &ready)?;
        }
        if let Some(missed) = self.missed.take() {
            self.screen.note(&match missed {
                0 => "Connected again. You missed nothing.".to_owned(),
                1 => "Connected again. The message that you missed is here.".to_owned(),
                _ => format!("Connected again. The {missed} messages that you missed are here."),
            })?;
        }
        for title in incomplete {
            self.screen
                .note(&format!("Not everything in [{title}] could be brought. Open it to see the newest."))?;
        }
        Ok(())
    }

    /// Finds out whom a chat is with that a message came in.
    async fn learn(&mut self, chat: u64, room: Option<To>, message: &Message) -> Result<(), Failure> {
        if let Some(sender) = message.sender {
            self.people.meet(&self.api, sender).await;
        }
        if self.known.contains_key(&chat) {
            return Ok(());
        }
        match (room, message.sender) {
            // Its title is not in the frame.
            (Some(to), _) => {
                self.known.insert(chat, to);
                self.look_for_chats(false).await?;
                // Begun elsewhere: what is before is no news.
                self.timelines.entry(chat).or_insert_with(|| Timeline::since(message.seq - 1));
            }
            (None, Some(sender)) if sender != self.me => {
                self.known.insert(chat, To::Person(sender));
            }
            // Said by oneself elsewhere.
            (None, _) => self.look_for_chats(false).await?,
        }
        Ok(())
    }

    /// Finds out which chats there are.
    pub(super) async fn look_for_chats(&mut self, is_first: bool) -> Result<(), Failure> {
        let (chats, rooms) = (self.api.chats().await?, self.api.rooms().await?);
        for chat in chats {
            self.people.meet(&self.api, chat.with_user_id).await;
            self.known.insert(chat.chat_id, To::Person(chat.with_user_id));
            if is_first {
                self.timelines.entry(chat.chat_id).or_default();
                self.tell_unread(chat.chat_id, chat.unread_count)?;
            }
        }
        for room in rooms {
            let title = match (room.title, room.other_user_id) {
                (Some(title), _) if !title.is_empty() => title,
                (_, Some(other)) => format!("you and {}", self.people.name(other)),
                _ => format!("#{}", room.chat_room_id),
            };
            self.rooms.insert(room.chat_room_id, title);
            self.known.insert(room.chat_room_id, To::Room(room.chat_room_id));
            if is_first {
                self.timelines.entry(room.chat_room_id).or_default();
                self.tell_unread(room.chat_room_id, room.unread_count)?;
            }
        }
        Ok(())
    }

    fn tell_unread(&mut self, chat: u64, count: u64) -> io::Result<()> {
        match count {
            0 => Ok(()),
            count => self.screen.note(&format!("{count} unread in [{}]", self.title(chat))),
        }
    }

    /// Takes a message of a chat, and shows what it is time to show.
    pub(super) fn take(&mut self, chat: u64, message: Message) -> Result<(), Failure> {
        let seq = message.seq;
        // A room that was entered just now has older messages; a new direct chat has none.
        let before = if matches!(self.known.get(&chat), Some(To::Room(_))) { seq - 1 } else { 0 };
        let timeline = self.timelines.entry(chat).or_insert_with(|| Timeline::since(before));
        let ready = timeline.take(message);
        let asks = timeline.has_gap() && !timeline.is_asked_for;
        if let (true, Some(shown)) = (asks, timeline.shown()) {
            timeline.is_asked_for = true;
            self.link.send(json!({"type": "resume", "chats": {chat.to_string(): shown}}));
        }
        self.show_all(chat, &ready)
    }

    fn show_all(&mut self, chat: u64, messages: &[Message]) -> Result<(), Failure> {
        let Some(to) = self.known.get(&chat).copied() else { return Ok(()) };
        for message in messages {
            self.show(&Place::Chat(to), message)?;
            if self.place == Some(Place::Chat(to)) && message.sender != Some(self.me) {
                self.seen.insert(chat);
            }
        }
        if let Some(missed) = &mut self.missed {
            *missed += messages.iter().filter(|message| message.sender != Some(self.me)).count();
        }
        Ok(())
    }

    fn hear_bot(&mut self, exchange: BotExchange) -> Result<(), Failure> {
        let is_first = |draft: &Draft| Some(&draft.key) == exchange.client_id.as_ref();
        if self.drafts.front().is_some_and(is_first) {
            self.send_next();
        }
        let messages = exchange.messages.map(|message| message.said_by(self.me)).into();
        self.show_bot(messages, None)
    }

    /// Shows what was said to the bot and by it. Where everything up to a position is known, nothing is waited for.
    pub(super) fn show_bot(&mut self, messages: Vec<Message>, all_until: Option<u64>) -> Result<(), Failure> {
        let first = messages.first().map_or(1, |message| message.seq);
        let timeline = self.bot.get_or_insert_with(|| Timeline::since(first - 1));
        let mut ready: Vec<_> = messages.into_iter().flat_map(|message| timeline.take(message)).collect();
        if let Some(seq) = all_until {
            ready.extend(timeline.settle(seq).0);
        }
        ready.iter().try_for_each(|message| self.show(&Place::Bot, message))?;
        Ok(())
    }

    fn hear_no(&mut self, refusal: &Refusal) -> Result<(), Failure> {
        let is_first = |draft: &&mut Draft| Some(&draft.key) == refusal.client_id.as_ref();
        match self.drafts.front_mut().filter(is_first) {
            Some(draft) if refusal.is_passing() => {
                draft.tries += 1;
                self.sending = Sending::At(Instant::now() + refusal.pause());
            }
            Some(draft) => {
                self.screen.note(&format!("Not sent: {:?} – {}", draft.text, refusal.error))?;
                self.send_next();
            }
            None => self.screen.note(&refusal.error)?,
        }
        Ok(())
    }
}
