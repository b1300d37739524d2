//! The conversation: what is typed, what is sent, what comes.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::future::pending;
use std::io::{self, BufRead as _};
use std::process::ExitCode;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::api::{Api, Message, PAGE, Posted, To, pause};
use crate::frames::{BotExchange, Frame, Refusal, Resumed};
use crate::link::{Event, Link};
use crate::network::Failure;
use crate::people::{Found, People};
use crate::screen::Screen;
use crate::timeline::Timeline;

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
/// Chats that one `resume` may ask for.
const CHATS_AT_ONCE: usize = 100;
/// A position that no chat has: asking for what came after it tells where a chat stands, and brings nothing.
const NOWHERE: u64 = (1 << 53) - 1;
/// How long the bot may take until it is asked again, with the same key.
const BOT_TAKES: Duration = Duration::from_secs(40);
/// How long what was typed may take to be sent when nothing more will be.
const LAST_PATIENCE: Duration = Duration::from_secs(30);

/// Whom one talks with.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Chat(To),
    Bot,
}

/// A message that is to be sent.
#[derive(Debug)]
struct Draft {
    place: Place,
    text: String,
    /// The same at each try, so that it is one message.
    key: String,
    tries: u32,
}

/// What becomes of the first draft.
enum Sending {
    /// There is none.
    Nothing,
    /// It is on its way, and what the answer will be.
    Call(BoxFuture<'static, Result<Posted, Failure>>),
    /// It is sent, or sent again, at this moment.
    At(Instant),
}

enum Sent {
    Answered(Result<Posted, Failure>),
    Due,
}

impl Sending {
    async fn outcome(&mut self) -> Sent {
        match self {
            Self::Nothing => pending().await,
            Self::Call(call) => Sent::Answered(call.await),
            Self::At(moment) => {
                sleep_until(*moment).await;
                Sent::Due
            }
        }
    }
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
        let mut lines = typed_lines();
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

    // ------------------------------------------------------------- typing

    /// Does what a line says. False means that it is the last one.
    async fn read(&mut self, line: &str) -> Result<bool, Failure> {
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

    fn tell_who_is_online(&mut self) -> io::Result<()> {
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

    // ------------------------------------------------------------ sending

    /// Sends the first draft, or sends it again.
    fn send_first(&mut self) {
        let Some(draft) = self.drafts.front() else {
            self.sending = Sending::Nothing;
            return;
        };
        self.sending = match draft.place {
            Place::Chat(to) => {
                let (api, text, key) = (self.api.clone(), draft.text.clone(), draft.key.clone());
                Sending::Call(async move { api.send(to, &text, &key).await }.boxed())
            }
            // Its answer is a frame. While there is no socket, it waits for the next one.
            Place::Bot => {
                self.link.send(json!({"chat_type": "bot", "message": draft.text, "client_id": draft.key}));
                Sending::At(Instant::now() + BOT_TAKES)
            }
        };
    }

    /// Forgets the first draft, and sends the next one.
    fn send_next(&mut self) {
        self.drafts.pop_front();
        self.send_first();
    }

    async fn go_on(&mut self, sent: Sent) -> Result<(), Failure> {
        let posted = match sent {
            Sent::Due => {
                self.send_first();
                return Ok(());
            }
            Sent::Answered(Ok(posted)) => posted,
            Sent::Answered(Err(failure)) => return self.fail(&failure),
        };
        let Some(draft) = self.drafts.front() else { return Ok(()) };
        let (place, text) = (draft.place.clone(), draft.text.clone());
        self.send_next();
        let (Place::Chat(to), Some(seq)) = (place, posted.seq) else { return Ok(()) };
        self.known.entry(posted.chat_id).or_insert(to);
        let at = posted.message_timestamp.unwrap_or_default();
        let message = Message { seq, sender: Some(self.me), text, kind: "text".to_owned(), at };
        self.take(posted.chat_id, message)?;
        self.fill(posted.chat_id, to).await
    }

    /// Brings what a chat misses while there is no socket: what one has said oneself is not to wait for that.
    async fn fill(&mut self, chat: u64, to: To) -> Result<(), Failure> {
        if self.is_up || !self.timelines.get(&chat).is_some_and(Timeline::has_gap) {
            return Ok(());
        }
        let history = match to {
            To::Person(_) => self.api.history(chat, PAGE).await,
            To::Room(room) => self.api.room_history(room, PAGE).await,
        };
        // If that fails, it comes with the socket.
        for message in history.unwrap_or_default() {
            self.take(chat, message)?;
        }
        Ok(())
    }

    /// The first draft was not sent.
    fn fail(&mut self, failure: &Failure) -> Result<(), Failure> {
        let Some(draft) = self.drafts.front_mut() else { return Ok(()) };
        if failure.is_passing() {
            if draft.tries == 0 {
                self.screen.note(&format!("{failure}. Your message is tried again …"))?;
            }
            self.sending = Sending::At(Instant::now() + pause(failure, draft.tries));
            draft.tries += 1;
        } else {
            self.screen.note(&format!("Not sent: {:?} – {failure}", draft.text))?;
            self.send_next();
        }
        Ok(())
    }

    // ------------------------------------------------------------ hearing

    async fn hear(&mut self, event: Event) -> Result<(), Failure> {
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
    fn resume(&mut self) {
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
    async fn look_for_chats(&mut self, is_first: bool) -> Result<(), Failure> {
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
    fn take(&mut self, chat: u64, message: Message) -> Result<(), Failure> {
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
    fn show_bot(&mut self, messages: Vec<Message>, all_until: Option<u64>) -> Result<(), Failure> {
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

    // ------------------------------------------------------------ showing

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

/// The lines that are typed, or come from wherever standard input comes from.
///
/// A thread reads them, which nobody waits for at the end: it may wait for a line that never comes.
fn typed_lines() -> UnboundedReceiver<String> {
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
