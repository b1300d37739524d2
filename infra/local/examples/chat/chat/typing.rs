//! What is typed, and what it does.

use std::io::{self, BufRead as _};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use uuid::Uuid;

use crate::api::{Message, To};
use crate::network::Failure;
use crate::people::Found;
use crate::timeline::Timeline;

use super::sending::{Draft, Sending};
use super::{Chat, Place};

const HELP: &str = "\
Everything that you type goes to whom you talk with, but for these:
/with NAME    talk with somebody, /with #ID if several have the name
/room TITLE   talk in a room, which is opened if there is none with the title
/bot          talk with the bot
/people       see who is there
/help         see this
/quit         leave
A line that is to begin with a slash begins with two.";

/// Messages of a history that are shown.
const HISTORY: usize = 20;

impl Chat {
    /// Does what a line says. False means that it is the last one.
    pub(super) async fn read(&mut self, line: &str) -> Result<bool, Failure> {
        let line = line.trim();
        self.screen.typed(line)?;
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let done = match (word, rest) {
            ("", _) => Ok(()),
            ("/quit", _) => return Ok(false),
            ("/help", _) => HELP.lines().try_for_each(|line| self.screen.note(line)).map_err(Into::into),
            ("/people", _) => self.see_people().await,
            ("/bot", _) => self.talk_with_bot().await,
            ("/with", "") => self.screen.note("With whom? /with NAME").map_err(Into::into),
            ("/with", name) => self.talk_with(name).await,
            ("/room", "") => self.screen.note("In which room? /room TITLE").map_err(Into::into),
            ("/room", title) => self.talk_in(title).await,
            _ if line.starts_with('/') && !line.starts_with("//") => self
                .screen
                .note(&format!("There is no {word}. /help tells what there is."))
                .map_err(Into::into),
            _ => self.say(line.strip_prefix('/').unwrap_or(line)),
        };
        match done {
            Ok(()) => {}
            Err(Failure::Output(error)) => return Err(error.into()),
            Err(failure) => self.screen.note(&format!("That did not work: {failure}"))?,
        }
        Ok(true)
    }

    fn say(&mut self, text: &str) -> Result<(), Failure> {
        let Some(place) = self.place.clone() else {
            self.screen.note("To whom? /with NAME, /room TITLE or /bot first.")?;
            return Ok(());
        };
        let key = Uuid::new_v4().to_string();
        self.drafts.push_back(Draft { place, text: text.to_owned(), key, tries: 0 });
        if matches!(self.sending, Sending::Nothing) {
            self.send_first();
        }
        Ok(())
    }

    async fn see_people(&mut self) -> Result<(), Failure> {
        self.people.look(&self.api).await?;
        self.tell_who_is_online()?;
        let away = self.people.others(self.me, false);
        if !away.is_empty() {
            let (some, more) = (away.iter().take(HISTORY), away.len().saturating_sub(HISTORY));
            let some = some.map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            self.screen.note(&format!("Away: {some}{more}."))?;
        }
        Ok(())
    }

    pub(super) fn tell_who_is_online(&mut self) -> io::Result<()> {
        let online = self.people.others(self.me, true);
        match online.is_empty() {
            true => self.screen.note("Nobody else is online."),
            false => self.screen.note(&format!("Online: {}.", online.join(", "))),
        }
    }

    async fn talk_with(&mut self, name: &str) -> Result<(), Failure> {
        let other = match self.people.find(&self.api, name).await? {
            Found::One(other) if other == self.me => {
                self.screen.note("That is you.")?;
                return Ok(());
            }
            Found::One(other) => other,
            Found::Several(all) => {
                let all = all.into_iter().map(|user| format!("{} #{user}", self.people.name(user)));
                let all = all.collect::<Vec<_>>().join(", ");
                self.screen.note(&format!("Several people have that name: {all}"))?;
                return Ok(());
            }
            Found::Nobody => {
                self.screen.note(&format!("There is nobody called {name}. /people tells who is there."))?;
                return Ok(());
            }
        };
        let (to, name) = (To::Person(other), self.people.name(other));
        let chat = self.api.chat_of(self.me, other).await?;
        let history = match chat {
            Some(chat) => self.api.history(chat, HISTORY).await?,
            None => Vec::new(),
        };
        self.open(Place::Chat(to), &name)?;
        match chat {
            Some(chat) => self.show_history(chat, to, history).await,
            None => Ok(self.screen.note(&format!("You and {name} have not talked yet."))?),
        }
    }

    async fn talk_in(&mut self, title: &str) -> Result<(), Failure> {
        let room = match self.rooms.iter().find(|(_, own)| own.as_str() == title) {
            Some((room, _)) => *room,
            None => self.api.room_titled(title).await?,
        };
        let history = self.api.room_history(room, HISTORY).await?;
        self.open(Place::Chat(To::Room(room)), title)?;
        if !self.known.contains_key(&room) {
            self.screen.note("You hear what is said here once you have said something.")?;
        }
        self.rooms.insert(room, title.to_owned());
        self.show_history(room, To::Room(room), history).await
    }

    async fn talk_with_bot(&mut self) -> Result<(), Failure> {
        let history = self.api.bot_history(self.me).await?;
        self.open(Place::Bot, "bot")?;
        self.bot = Some(Timeline::since(history.last().map_or(0, |message| message.seq)));
        let old = history.len().saturating_sub(HISTORY);
        for message in &history[old..] {
            self.show(&Place::Bot, message)?;
        }
        Ok(())
    }

    fn open(&mut self, place: Place, name: &str) -> io::Result<()> {
        self.place = Some(place);
        self.screen.set_prompt(name)?;
        self.screen.note(&match self.place {
            Some(Place::Chat(To::Room(_))) => format!("You are in the room {name}."),
            _ => format!("You talk with {name}."),
        })
    }

    /// Shows the newest messages of a chat that is opened. What came after them comes after them.
    async fn show_history(&mut self, chat: u64, to: To, history: Vec<Message>) -> Result<(), Failure> {
        self.known.insert(chat, to);
        for message in &history {
            self.show(&Place::Chat(to), message)?;
        }
        let newest = history.last().map_or(0, |message| message.seq);
        let (after, _) = self.timelines.entry(chat).or_insert_with(|| Timeline::since(newest)).settle(newest);
        for message in after.iter().filter(|message| message.seq > newest) {
            self.show(&Place::Chat(to), message)?;
        }
        self.seen.insert(chat);
        Ok(())
    }
}

/// The lines that are typed, or come from wherever standard input comes from.
///
/// A thread reads them, which nobody waits for at the end: it may wait for a line that never comes.
pub(super) fn typed_lines() -> UnboundedReceiver<String> {
    let (tell, lines) = unbounded_channel();
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        while matches!(input.read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line);
            // Keys that this terminal does nothing with are not what somebody wants to say.
            let text = text.chars().filter(|letter| !letter.is_control() || *letter == '\t').collect();
            if tell.send(text).is_err() {
                return;
            }
            line.clear();
        }
    });
    lines
}
