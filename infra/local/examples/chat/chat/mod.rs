//! The conversation: what is typed, what is sent, what comes.

mod hearing;
mod sending;
mod typing;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::future::pending;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::api::{Api, Message, To};
use crate::link::{Event, Link};
use crate::network::Failure;
use crate::people::People;
use crate::screen::Screen;
use crate::timeline::Timeline;

use sending::{Draft, Sending};

/// How long what was typed may take to be sent when nothing more will be.
const LAST_PATIENCE: Duration = Duration::from_secs(30);

/// Whom one talks with.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Chat(To),
    Bot,
}

/// Everything that one end of a conversation knows.
pub(crate) struct Chat {
    api: Api,
    link: Link,
    screen: Screen,
    me: u64,
    people: People,
    place: Option<Place>,
    /// Whom the chats are with.
    known: HashMap<u64, To>,
    rooms: HashMap<u64, String>,
    timelines: HashMap<u64, Timeline>,
    bot: Option<Timeline>,
    drafts: VecDeque<Draft>,
    sending: Sending,
    is_up: bool,
    /// How many messages came since the socket is open again, until all is told.
    missed: Option<usize>,
    /// Chats in which something is seen that counts as unread.
    seen: BTreeSet<u64>,
}

impl Chat {
    /// Waits for the socket, and looks around.
    pub(crate) async fn begin(api: Api, mut link: Link, mut screen: Screen) -> Result<Self, Failure> {
        let mut is_waiting = false;
        let me = loop {
            match link.events.recv().await {
                Some(Event::Up(me)) => break me,
                Some(Event::Down(failure)) => {
                    if !std::mem::replace(&mut is_waiting, true) {
                        screen.note(&format!("{failure}. Trying again …"))?;
                    }
                }
                Some(Event::Refused(failure)) => return Err(failure),
                Some(Event::Frame(_)) => {}
                None => return Err(Failure::Unable("The socket is gone".to_owned())),
            }
        };
        let mut people = People::default();
        people.look(&api).await?;
        let mut chat = Self {
            api,
            link,
            screen,
            me,
            people,
            place: None,
            known: HashMap::new(),
            rooms: HashMap::new(),
            timelines: HashMap::new(),
            bot: None,
            drafts: VecDeque::new(),
            sending: Sending::Nothing,
            is_up: true,
            missed: None,
            seen: BTreeSet::new(),
        };
        chat.people.meet(&chat.api, me).await;
        chat.screen.note(&format!("You are {}. /help tells what you can do.", chat.people.name(me)))?;
        chat.tell_who_is_online()?;
        chat.look_for_chats(true).await?;
        chat.resume();
        Ok(chat)
    }

    /// Talks until there is nothing more to say. The code tells whether everything that was typed was sent.
    pub(crate) async fn run(mut self) -> Result<ExitCode, Failure> {
        let mut lines = typing::typed_lines();
        let mut leaving = None;
        loop {
            if leaving.is_some() && self.drafts.is_empty() {
                self.screen.end()?;
                return Ok(ExitCode::SUCCESS);
            }
            let patience = async {
                match leaving {
                    Some(since) => sleep_until(since + LAST_PATIENCE).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                line = lines.recv(), if leaving.is_none() => match line {
                    Some(line) if self.read(&line).await? => {}
                    _ => leaving = Some(Instant::now()),
                },
                event = self.link.events.recv() => match event {
                    Some(event) => self.hear(event).await?,
                    None => return Err(Failure::Unable("The socket is gone".to_owned())),
                },
                sent = self.sending.outcome() => self.go_on(sent).await?,
                () = patience => {
                    self.screen.note(&format!("{} of your messages could not be sent.", self.drafts.len()))?;
                    return Ok(ExitCode::FAILURE);
                }
            }
            self.mark_read().await;
        }
    }

    /// What a chat is called.
    fn title(&self, chat: u64) -> String {
        self.known.get(&chat).map_or_else(|| format!("#{chat}"), |to| self.title_of(*to))
    }

    fn title_of(&self, to: To) -> String {
        match to {
            To::Person(user) => self.people.name(user),
            To::Room(room) => self.rooms.get(&room).cloned().unwrap_or_else(|| format!("#{room}")),
        }
    }

    fn show(&mut self, place: &Place, message: &Message) -> io::Result<()> {
        let elsewhere = (self.place.as_ref() != Some(place)).then(|| match place {
            Place::Chat(to) => self.title_of(*to),
            Place::Bot => "bot".to_owned(),
        });
        let name = message.sender.map_or_else(|| "Bot".to_owned(), |user| self.people.name(user));
        let text = match message.kind.as_str() {
            "text" => message.text.clone(),
            other => format!("({other}) {}", message.text),
        };
        let by = (name.as_str(), message.sender.unwrap_or_default());
        self.screen.message(&message.at, elsewhere.as_deref(), by, &text)
    }

    /// Tells that what is on the screen has been read. If that fails, it counts as unread: no harm.
    async fn mark_read(&mut self) {
        while let Some(chat) = self.seen.pop_first() {
            if let Some(to) = self.known.get(&chat) {
                let marking = self.api.mark_read(*to, chat);
                let _ = tokio::time::timeout(Duration::from_secs(5), marking).await;
            }
        }
    }
}
