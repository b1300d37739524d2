//! The console's page, used as people use it: by looking, clicking and typing.

mod looks;
mod stack;
mod talk;

use serde_json::Value;
use tests::{Stack, Tab};

/// The page with two people on it, and the stack that it belongs to.
struct Scene {
    tab: Tab,
    stack: Stack,
    /// Their first names.
    people: [String; 2],
}

impl Scene {
    /// Makes the two people as whoever comes first does it.
    async fn new() -> Self {
        let stack = Stack::start(&[]).await;
        let mut tab = Tab::open(&stack.ready().console).await;
        tab.resize(1600, 1000).await;
        tab.click("button", "Make two people").await;
        let mut scene = Self { tab, stack, people: Default::default() };
        scene.people = scene.see_two().await;
        scene
    }

    /// The names of two people who are online, and have each other's chat before them.
    async fn see_two(&mut self) -> [String; 2] {
        self.tab
            .until(
                "document.querySelectorAll('.pane[data-state=online] .composer:not([hidden])').length === 2",
            )
            .await;
        let names = "[...document.querySelectorAll('.pane')].map((pane) => pane.dataset.person)";
        let names = self.tab.evaluate(names).await;
        let name = |value: &Value| value.as_str().expect("a name").to_owned();
        [name(&names[0]), name(&names[1])]
    }

    /// Something within a person's pane.
    fn within(&self, person: usize, selector: &str) -> String {
        format!("[data-person={}] {selector}", self.people[person])
    }

    /// Clicks on something of a person.
    async fn click(&mut self, person: usize, selector: &str, text: &str) {
        self.tab.click(&self.within(person, selector), text).await;
    }

    /// Waits until a person can see something.
    async fn see(&mut self, person: usize, selector: &str, text: &str) -> String {
        self.tab.see(&self.within(person, selector), text).await
    }

    /// Opens one of a person's chats, and waits until it is there.
    async fn open(&mut self, person: usize, title: &str) {
        self.click(person, ".chats .chat", title).await;
        self.see(person, ".thread h3", title).await;
    }

    /// Begins something with a title, by the button of that name.
    async fn begin(&mut self, person: usize, button: &str, title: &str) {
        self.click(person, "button.add", button).await;
        // What is suggested is selected, and goes with the first letter.
        self.tab
            .until("document.activeElement.matches('.begin input') && document.activeElement.value !== ''")
            .await;
        self.tab.insert(title).await;
        self.tab.press("Enter").await;
        self.see(person, ".thread h3", title).await;
    }

    /// Writes to the open chat.
    async fn write(&mut self, person: usize, text: &str) {
        self.click(person, ".composer textarea", "").await;
        self.tab.insert(text).await;
        self.tab.press("Enter").await;
    }

    /// Waits until a person has a message before it that was stored.
    async fn read(&mut self, person: usize, text: &str) {
        self.see(person, ".messages li[data-state=stored] p", text).await;
    }

    /// Writes to the open chat, which both have open.
    async fn say(&mut self, person: usize, text: &str) {
        self.write(person, text).await;
        self.read(0, text).await;
        self.read(1, text).await;
    }

    /// Drops a person's connection.
    async fn drop_connection(&mut self, person: usize) {
        self.click(person, "button", "Drop connection").await;
        self.see(person, ".state", "Offline").await;
    }

    /// Has a person come back, and gives what it is told about that.
    async fn reconnect(&mut self, person: usize) -> String {
        self.click(person, "button", "Reconnect now").await;
        self.see(person, ".notice", "Reconnected:").await
    }

    /// The texts of the open chat, in order.
    async fn texts(&mut self, person: usize) -> Vec<String> {
        let all = format!(
            "[...document.querySelectorAll('{} p')].map((text) => text.textContent)",
            self.within(person, ".messages li")
        );
        serde_json::from_value(self.tab.evaluate(&all).await).expect("texts")
    }

    /// Ends, if the page did nothing wrong meanwhile.
    #[track_caller]
    fn end(self) {
        assert_eq!(self.tab.complaints(), [""; 0]);
    }
}
