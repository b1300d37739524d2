//! What people see. Nothing that others wrote gets to the terminal but as text.

use std::io::{self, IsTerminal as _, Write as _};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Ends what the codes before it began.
const PLAIN: &str = "\x1b[0m";
/// Goes to the beginning of the line, and empties it.
const EMPTY_LINE: &str = "\r\x1b[2K";
/// Goes up a line, and empties it.
const TAKE_BACK: &str = "\x1b[A\x1b[2K";
/// The colours of names.
const COLOURS: [&str; 6] = ["\x1b[36m", "\x1b[32m", "\x1b[33m", "\x1b[35m", "\x1b[34m", "\x1b[31m"];
const DIM: &str = "\x1b[2m";
/// A line that is typed and surely takes no more than one line of the screen.
const SHORT: usize = 60;

/// Standard output, with a prompt where somebody types.
#[derive(Debug)]
pub(crate) struct Screen {
    is_coloured: bool,
    has_prompt: bool,
    prompt: String,
}

impl Screen {
    /// The screen of this process.
    pub(crate) fn new() -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_terminal =
            io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self {
            is_coloured: is_terminal && !is_set("NO_COLOR"),
            has_prompt: is_terminal && io::stdin().is_terminal(),
            prompt: "> ".to_owned(),
        }
    }

    /// From now on people type to somebody.
    pub(crate) fn set_prompt(&mut self, to: &str) -> io::Result<()> {
        self.prompt = format!("{}> ", harmless(to));
        self.write("", "")
    }

    /// Something was typed. It will be shown when it is there, so it is taken away where it stands.
    pub(crate) fn typed(&mut self, line: &str) -> io::Result<()> {
        let is_short = line.chars().count() + self.prompt.chars().count() < SHORT;
        self.write(if is_short { TAKE_BACK } else { "" }, "")
    }

    /// Shows a message: when, in which chat if it is not the one that is open, by whom with which id, and what.
    pub(crate) fn message(
        &mut self,
        at: &str,
        chat: Option<&str>,
        (name, id): (&str, u64),
        text: &str,
    ) -> io::Result<()> {
        let colour = COLOURS[(id % COLOURS.len() as u64) as usize];
        let when = self.painted(DIM, &harmless(&when(at)));
        let chat = chat.map(|chat| format!("[{}] ", harmless(chat))).unwrap_or_default();
        let name = self.painted(colour, &harmless(name));
        // What has several lines cannot look like several messages.
        let text = text.lines().map(harmless).collect::<Vec<_>>().join("\n      ");
        self.write("", &format!("{when} {chat}{name}: {text}\n"))
    }

    /// Says something by itself.
    pub(crate) fn note(&mut self, text: &str) -> io::Result<()> {
        let line = self.painted(DIM, &format!("* {}", harmless(text)));
        self.write("", &format!("{line}\n"))
    }

    /// Takes the prompt away: nothing more is typed.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.prompt.clear();
        self.write("", "")
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.is_coloured { format!("{code}{text}{PLAIN}") } else { text.to_owned() }
    }

    fn write(&self, before: &str, lines: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self.has_prompt {
            true => write!(out, "{EMPTY_LINE}{before}{lines}{}", self.prompt)?,
            false => write!(out, "{lines}")?,
        }
        out.flush()
    }
}

/// The time of a message where one sits: the hour today, else the day too.
fn when(at: &str) -> String {
    let Ok(moment) = at.parse::<Timestamp>() else { return at.to_owned() };
    let zone = TimeZone::system();
    let moment = moment.to_zoned(zone.clone());
    let is_today = moment.date() == Zoned::now().with_time_zone(zone).date();
    moment.strftime(if is_today { "%H:%M" } else { "%Y-%m-%d %H:%M" }).to_string()
}

/// A text without what would do anything to a terminal, or to the order of what is shown around it.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\t' => ' ',
            letter if letter.is_control() => char::REPLACEMENT_CHARACTER,
            // Other ends of lines, and marks that turn the direction of writing.
            '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' => char::REPLACEMENT_CHARACTER,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
            letter => letter,
        })
        .collect()
}
