//! The chat in the terminal, as two people use it: by what they type and what they see.

use std::process::Stdio;

use serde_json::json;
use tests::{Caller as _, Owned, Relay, Stack, User, in_time, target_folder, unique, workspace};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};

/// Somebody at a terminal that is none: a pipe.
struct Terminal {
    process: Owned,
    input: ChildStdin,
    output: ChildStdout,
    errors: ChildStderr,
    /// What was printed and not looked at yet.
    unseen: Vec<u8>,
}

impl Terminal {
    fn start(stack: &Stack, websocket: &str, who: &[&str]) -> Self {
        let ready = stack.ready();
        let mut child = Command::new(target_folder().join("examples/chat"))
            .current_dir(workspace())
            .args(["--api", &ready.http, "--websocket", websocket, "--console", &ready.console])
            .args(who)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the example `chat`; build it first: cargo build --release -p local --all-targets");
        Self {
            input: child.stdin.take().expect("its stdin"),
            output: child.stdout.take().expect("its stdout"),
            errors: child.stderr.take().expect("its stderr"),
            process: Owned::new(child),
            unseen: Vec::new(),
        }
    }

    /// Somebody new, who sees that it works.
    async fn named(stack: &Stack, name: &str) -> Self {
        Self::by_way_of(stack, &stack.ready().websocket, name).await
    }

    /// Somebody new, whose sockets go by another way.
    async fn by_way_of(stack: &Stack, websocket: &str, name: &str) -> Self {
        let mut terminal = Self::start(stack, websocket, &["--name", name]);
        terminal.see(&format!("You are {name}.")).await;
        terminal
    }

    /// Types a line.
    async fn say(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).await.expect("a chat that reads");
    }

    /// Waits for a line with a text, and gives those that were printed until then, without their time.
    async fn see(&mut self, text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        in_time(&format!("the line {text:?}"), async {
            loop {
                let line = self.line().await;
                let is_it = line.contains(text);
                lines.push(line);
                if is_it {
                    break;
                }
            }
        })
        .await;
        lines
    }

    async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.unseen.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unseen.drain(..=end).collect();
                return String::from_utf8(line).expect("UTF-8").trim_end().to_owned();
            }
            let read = self.output.read_buf(&mut self.unseen).await.expect("its output");
            assert_ne!(read, 0, "the chat has ended; it said {:?}", String::from_utf8_lossy(&self.unseen));
        }
    }

    /// Has nothing more to say, and gives the rest of what is printed, what goes wrong, and the exit code.
    async fn end(self) -> (String, String, Option<i32>) {
        let Self { process, input, mut output, mut errors, mut unseen } = self;
        drop(input);
        let mut told = String::new();
        in_time("the end of the output", output.read_to_end(&mut unseen)).await.expect("its output");
        in_time("the end of the errors", errors.read_to_string(&mut told)).await.expect("its errors");
        let printed = String::from_utf8(unseen).expect("UTF-8");
        (printed, told, process.ended().await.code())
    }
}

/// Those lines that are messages in the chat that is open, without their time.
fn messages(lines: &[String]) -> Vec<&str> {
    let is_time = |time: &str| time.len() == 5 && time.as_bytes()[2] == b':';
    lines
        .iter()
        .filter_map(|line| line.split_once(' ').filter(|(time, _)| is_time(time)))
        .map(|(_, rest)| rest)
        .collect()
}

#[tokio::test]
async fn two_people_talk() {
    let stack = Stack::shared().await;
    let [ann, bob] = [unique("Ann"), unique("Bob")];
    let mut at_bob = Terminal::named(&stack, &bob).await;
    let mut at_ann = Terminal::named(&stack, &ann).await;
    at_ann.say("To whom?").await;
    at_ann.see("/with NAME").await;
    at_ann.say(&format!("/with {}", bob.to_uppercase())).await;
    at_ann.see("have not talked yet").await;
    at_ann.say("/people").await;
    at_ann.see(&bob).await;
    at_ann.say("Grüß dich, Bob 👋").await;
    at_ann.see(&format!("{ann}: Grüß dich, Bob 👋")).await;
    at_bob.see(&format!("[{ann}] {ann}: Grüß dich, Bob 👋")).await;

    at_bob.say(&format!("/with {ann}")).await;
    at_bob.see(&format!("{ann}: Grüß dich, Bob 👋")).await;
    at_bob.say("//shrug").await;
    let seen = at_ann.see("/shrug").await;
    assert_eq!(messages(&seen), [format!("{bob}: /shrug")]);
    at_bob.say("/quit").await;
    at_ann.see(&format!("{bob} has gone.")).await;
    assert_eq!(at_bob.end().await.2, Some(0));

    // Whoever comes again is the same person, and sees what was left unread.
    at_ann.say("one").await;
    at_ann.say("two").await;
    at_ann.see(&format!("{ann}: two")).await;
    let mut at_bob = Terminal::named(&stack, &bob).await;
    at_ann.see(&format!("{bob} is online.")).await;
    at_bob.see(&format!("2 unread in [{ann}]")).await;
    at_bob.say(&format!("/with {ann}")).await;
    let seen = at_bob.see(": two").await;
    let said = [(&ann, "Grüß dich, Bob 👋"), (&bob, "/shrug"), (&ann, "one"), (&ann, "two")];
    assert_eq!(messages(&seen), said.map(|(who, what)| format!("{who}: {what}")));

    // What was typed last is sent although nothing follows.
    at_bob.say("Bye").await;
    assert_eq!(at_bob.end().await.2, Some(0));
    at_ann.see(&format!("{bob}: Bye")).await;
}

#[tokio::test]
async fn they_talk_in_a_room_and_with_the_bot() {
    let stack = Stack::shared().await;
    let ([ann, bob], room) = ([unique("Ann"), unique("Bob")], unique("Lunch"));
    let mut at_ann = Terminal::named(&stack, &ann).await;
    let mut at_bob = Terminal::named(&stack, &bob).await;
    at_ann.say(&format!("/room {room}")).await;
    at_ann.see("once you have said something").await;
    at_ann.say("A table for two?").await;
    at_ann.see(": A table for two?").await;
    at_bob.say(&format!("/room {room}")).await;
    at_bob.see(&format!("{ann}: A table for two?")).await;
    at_bob.say("Coming").await;
    at_ann.see(&format!("{bob}: Coming")).await;

    at_ann.say("/bot").await;
    at_ann.see("You talk with bot.").await;
    at_ann.say("Hello").await;
    let seen = at_ann.see("Bot: ").await;
    assert_eq!(messages(&seen)[0], format!("{ann}: Hello"));
    at_bob.say("And now?").await;
    at_ann.see(&format!("[{room}] {bob}: And now?")).await;
}

#[tokio::test]
async fn what_is_said_while_the_socket_is_cut_comes_afterwards_in_order_and_once() {
    let stack = Stack::shared().await;
    let [ann, bob] = [unique("Ann"), unique("Bob")];
    let (server, stage) =
        stack.ready().websocket["ws://".len()..].split_once('/').expect("a URL with a stage");
    let relay = Relay::to(server).await;
    let mut at_ann = Terminal::named(&stack, &ann).await;
    let mut at_bob = Terminal::by_way_of(&stack, &format!("ws://{}/{stage}", relay.address()), &bob).await;
    at_ann.say(&format!("/with {bob}")).await;
    at_ann.say("0").await;
    at_bob.see(": 0").await;
    at_bob.say(&format!("/with {ann}")).await;
    at_bob.see(": 0").await;

    relay.cut();
    at_bob.see("Trying again").await;
    for text in ["1", "2", "3"] {
        at_ann.say(text).await;
        at_ann.see(&format!("{ann}: {text}")).await;
    }
    relay.mend();
    let seen = at_bob.see("The 3 messages that you missed are here.").await;
    assert_eq!(messages(&seen), ["1", "2", "3"].map(|text| format!("{ann}: {text}")));

    // HTTP goes another way: whoever writes meanwhile sees what the answer is to.
    relay.cut();
    at_bob.see("Trying again").await;
    at_ann.say("4").await;
    at_ann.see(&format!("{ann}: 4")).await;
    at_bob.say("5").await;
    let seen = at_bob.see(": 5").await;
    assert_eq!(messages(&seen), [format!("{ann}: 4"), format!("{bob}: 5")]);
    relay.mend();
    let seen = at_bob.see("You missed nothing.").await;
    assert_eq!(messages(&seen), [""; 0]);
    at_ann.say("6").await;
    at_bob.see(": 6").await;

    // All of it again, as it is stored.
    at_bob.say(&format!("/with {ann}")).await;
    let (mut seen, mut said) = (Vec::new(), Vec::new());
    for text in ["0", "1", "2", "3", "4", "5", "6"] {
        seen.extend(at_bob.see(&format!(": {text}")).await);
        said.push(format!("{}: {text}", if text == "5" { &bob } else { &ann }));
    }
    assert_eq!(messages(&seen), said);
}

#[tokio::test]
async fn what_others_write_does_nothing_to_the_terminal() {
    let stack = Stack::shared().await;
    let eve = User::new(&stack).await;
    let bob = unique("Bob");
    let mut at_bob = Terminal::named(&stack, &bob).await;
    at_bob.say(&format!("/with #{}", eve.id)).await;
    at_bob.see("have not talked yet").await;
    at_bob.say("Hello").await;
    at_bob.see(&format!("{bob}: Hello")).await;

    let chats = eve.get("/chats").await.expect(200).rows();
    let text = "\x1b]0;title\x07\x1b[2J\u{9b}31m\r\u{202e}evil\n12:00 Somebody: else\u{7f}";
    let body = json!({"receiver_id": chats[0]["with_user_id"], "message": text, "type": "text"});
    eve.post("/chats").json(&body).await.expect(201);
    let seen = at_bob.see("Somebody: else").await.join("\n");
    let (printed, ..) = at_bob.end().await;
    let is_bad = |letter: char| letter.is_control() && letter != '\n' || letter == '\u{202e}';
    assert!(!seen.contains(is_bad) && !printed.contains(is_bad), "{seen:?} {printed:?}");
    assert!(seen.contains("\n      12:00 Somebody: else"), "a message that looks like two: {seen:?}");
}

#[tokio::test]
async fn whoever_does_not_get_in_is_told_why() {
    let stack = Stack::shared().await;
    let user = User::new(&stack).await;
    let email = user.applicant.email.as_str();
    let websocket = &stack.ready().websocket;
    let (printed, told, code) =
        Terminal::start(&stack, websocket, &["--email", email, "--password", "a wrong one"]).end().await;
    assert_eq!((printed.as_str(), code), ("", Some(1)));
    assert!(told.contains("password"), "{told:?}");

    let password = user.applicant.password.as_str();
    let mut known = Terminal::start(&stack, websocket, &["--email", email, "--password", password]);
    known.see(&format!("You are {}.", user.full_name())).await;
    assert_eq!(known.end().await.2, Some(0));
}
