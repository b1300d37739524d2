//! What the page shows of the stack: invocations, frames, mails.

use serde_json::json;
use tests::{Caller as _, eventually, unique};

use super::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_send_is_seen_with_what_it_took() {
    let mut scene = Scene::new().await;
    let own = scene.people[0].clone();
    scene.say(0, "How much is this?").await;
    let row = scene.tab.see("#invocations .invocation", "POST /chats\n").await;
    for part in ["201", " ms", "Chats", " R · ", " W", " calls", &own] {
        assert!(row.contains(part), "{part} is not in {row}");
    }
    scene.tab.see("#sum", "write units").await;

    scene.tab.click("#filter", "").await;
    scene.tab.insert("post /chats 201").await;
    scene.tab.miss("#invocations .invocation", "GET ").await;
    scene.tab.see("#invocations .invocation", "POST /chats").await;
    scene.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_are_seen_both_ways_by_name_and_without_tokens() {
    let mut scene = Scene::new().await;
    let own = scene.people[0].clone();
    // By the keys alone.
    scene.tab.click("[role=tab]", "Invocations").await;
    scene.tab.press("ArrowRight").await;
    let init = scene.tab.see("#frames .frame", "{\"token\":\"…\"}").await;
    assert!(init.contains("to the stack"), "{init}");
    scene.say(0, "Over the wire").await;
    let told = scene.tab.see("#frames .frame", "Over the wire").await;
    assert!(told.contains("from the stack"), "{told}");
    scene.tab.see("#frames .frame .who", &own).await;

    scene.tab.click("#pause", "Pause").await;
    scene.say(0, "Unseen").await;
    scene.tab.see("#pause", "new)").await;
    scene.tab.miss("#frames .frame", "Unseen").await;
    scene.tab.click("#pause", "Resume").await;
    scene.tab.see("#frames .frame", "Unseen").await;
    scene.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_in_the_outbox_can_be_clicked_on() {
    let mut scene = Scene::new().await;
    let email = format!("{}@example.com", unique("eve"));
    let eve = json!({"email": email, "password": "correct horse", "first_name": "Eve", "last_name": "Ash"});
    scene.stack.anonymous().post("/register").json(&eve).await.expect(202);
    scene.tab.click("[role=tab]", "Outbox").await;
    let mail = scene.tab.see("#outbox .mail", &email).await;
    let link = mail.split_whitespace().find(|word| word.contains("/register/")).expect("a link").to_owned();
    scene.tab.click("#outbox .mail a", &link).await;
    eventually("the page behind the link", async || {
        scene.tab.addresses().await.contains(&link).then_some(())
    })
    .await;
    let credentials = json!({"email": email, "password": "correct horse"});
    eventually("a confirmed address", async || {
        let answer = scene.stack.anonymous().post("/login").json(&credentials).await;
        (answer.status == 200).then_some(())
    })
    .await;
    scene.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn more_people_come_and_go() {
    let mut scene = Scene::new().await;
    scene.tab.click("#new-person", "New person").await;
    scene.tab.until("document.querySelectorAll('.pane[data-state=online]').length === 3").await;
    let first = scene.people[0].clone();
    scene.click(0, "button", &format!("Log {first} out")).await;
    scene.tab.until("document.querySelectorAll('.pane').length === 2").await;
    // The other one sees it go.
    scene.tab.miss(".chats .chat.online", &first).await;
    scene.end();
}
