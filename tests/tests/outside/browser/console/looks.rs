//! What the page looks like: it fits a phone, and pictures are made of it for whoever wants to see.
//!
//! The pictures go into `target/release/console`, and those of the README also where `CONSOLE_PICTURES` says:
//! `CONSOLE_PICTURES=infra/local cargo nextest run --release -p local -p tests --filterset 'test(pictures_of_it)'`.

use std::path::PathBuf;

use tests::{Stack, Tab, target_folder, workspace};

use super::Scene;

/// A small phone.
const NARROW: (u32, u32) = (360, 740);

async fn expect_no_overflow(tab: &mut Tab, what: &str) {
    let sizes = tab.evaluate("[document.scrollingElement.scrollWidth, innerWidth]").await;
    assert_eq!(sizes[0], sizes[1], "{what}");
    let outside = "[...document.querySelectorAll('body *')].filter((node) => node.checkVisibility()
        && !node.closest('.unseen, .rows, .what, .messages') && node.getBoundingClientRect().right > innerWidth + 1)
        .map((node) => node.outerHTML.slice(0, 120))";
    assert_eq!(tab.evaluate(outside).await, serde_json::json!([]), "{what}");
}

fn folder() -> PathBuf {
    let folder = target_folder().join("console");
    std::fs::create_dir_all(&folder).expect("a folder in the target folder");
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn it_fits_a_phone() {
    let stack = Stack::start(&[]).await;
    let mut tab = Tab::open(&stack.ready().console).await;
    tab.resize(NARROW.0, NARROW.1).await;
    tab.see("h2", "Talk to yourself, twice").await;
    expect_no_overflow(&mut tab, "the welcome").await;
    tab.picture(&folder().join("narrow-welcome.png")).await;
    tab.click("button", "Make two people").await;
    tab.see("#switch", "Activity").await;
    expect_no_overflow(&mut tab, "a list of chats").await;
    tab.picture(&folder().join("narrow-list.png")).await;

    tab.click(".pane.shown .chats .chat[data-kind=direct]", "").await;
    tab.click(".pane.shown .composer textarea", "").await;
    tab.insert("A_word_without_any_place_to_break_it_in_two_pieces_that_is_longer_than_the_screen_is_wide")
        .await;
    tab.press("Enter").await;
    tab.see(".pane.shown .messages li[data-state=stored]", "A_word").await;
    expect_no_overflow(&mut tab, "a chat").await;
    tab.picture(&folder().join("narrow-chat.png")).await;

    tab.click("#switch button:nth-child(2)", "").await;
    tab.see("#switch button:nth-child(2)[aria-pressed=true]", "").await;
    tab.see(".pane.shown .chats .badge", "1").await;
    tab.click("#switch button", "Activity").await;
    tab.see("#invocations .invocation", "POST /chats").await;
    expect_no_overflow(&mut tab, "the invocations").await;
    tab.picture(&folder().join("narrow-activity.png")).await;
    for name in ["Frames", "Outbox"] {
        tab.click("[role=tab]", name).await;
        expect_no_overflow(&mut tab, name).await;
        tab.picture(&folder().join(format!("narrow-{}.png", name.to_lowercase()))).await;
    }
    tab.click("#switch button:nth-child(1)", "").await;
    tab.click(".pane.shown button", "All chats").await;
    tab.see(".pane.shown .chats h3", "Conversations").await;
    assert_eq!(tab.complaints(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_of_it_are_made() {
    let mut scene = Scene::new().await;
    scene.begin(0, "New room", "Café Central").await;
    scene.write(0, "A table for two, by the window").await;
    scene.begin(0, "New group", "Sunday hikers").await;
    scene.write(0, "Trains leave at 8:40 from platform 2").await;
    scene.begin(1, "New conversation", "What are you reading?").await;
    scene.write(1, "“The Wall”. It goes well with the weather.").await;
    scene.open(1, "Bot").await;
    scene.write(1, "I am looking forward to Sunday").await;
    scene.tab.until("document.querySelectorAll('.pane:last-child .messages li').length === 2").await;
    scene.open(1, "Café Central").await;
    scene.write(1, "Give me ten minutes").await;
    scene.read(1, "Give me").await;
    for person in [0, 1] {
        let other = scene.people[1 - person].clone();
        scene.click(person, ".chats .chat[data-kind=direct]", &other).await;
    }
    scene.say(0, "Are you coming on Sunday?").await;
    scene.say(1, "If the weather holds. What should I bring?").await;
    scene.say(0, "Boots, and something for lunch. Greta brings the map.").await;
    scene.say(1, "Soup it is, then.").await;
    scene.drop_connection(1).await;
    scene.write(0, "One more thing: the early train").await;
    scene.write(0, "The late one does not stop there.").await;
    scene.read(0, "The late one").await;
    scene.reconnect(1).await;
    scene.open(0, "Café Central").await;
    scene.write(0, "I have ordered for you").await;
    scene.read(0, "I have ordered").await;
    let other = scene.people[1].clone();
    scene.open(0, &other).await;
    scene.see(1, ".chats .chat[data-kind=room] .badge", "1").await;
    scene.say(1, "Good that you say it. See you at 8:30!").await;
    scene.say(0, "See you there.").await;
    scene.tab.see("#invocations .invocation", "POST /chats").await;

    let folders: Vec<PathBuf> =
        std::env::var_os("CONSOLE_PICTURES").map(|to| workspace().join(to)).into_iter().collect();
    scene.tab.resize(1440, 860).await;
    for colours in ["light", "dark"] {
        scene.tab.prefer(colours).await;
        for folder in folders.iter().chain([&folder()]) {
            let path = folder.join(format!("console-{colours}.png"));
            scene.tab.picture(&path).await;
            let size = std::fs::metadata(&path).expect("the picture").len();
            assert!((20_000..300_000).contains(&size), "{} has {size} bytes", path.display());
        }
    }
    for (width, name) in [(1024, "medium"), (1280, "laptop")] {
        scene.tab.resize(width, 800).await;
        scene.tab.picture(&folder().join(format!("dark-{name}.png"))).await;
        expect_no_overflow(&mut scene.tab, name).await;
    }
    scene.tab.prefer("light").await;
    for (index, name) in ["Frames", "Outbox"].into_iter().enumerate() {
        scene.tab.click("[role=tab]", name).await;
        scene.tab.picture(&folder().join(format!("light-{index}-{}.png", name.to_lowercase()))).await;
    }
    scene.end();
}
