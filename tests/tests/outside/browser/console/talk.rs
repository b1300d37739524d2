//! Two people side by side, in each kind of chat, one of whom loses the connection in the middle.

use super::Scene;

const ADA: usize = 0;
const BOB: usize = 1;

/// What both say in a chat that both have open, with a dropped connection in the middle.
async fn talk(scene: &mut Scene) {
    scene.say(ADA, "Are you there?").await;
    scene.say(BOB, "I am <b>here</b> & well").await;

    scene.drop_connection(BOB).await;
    for text in ["one", "two", "three"] {
        scene.write(ADA, text).await;
        scene.read(ADA, text).await;
    }
    assert_eq!(scene.texts(BOB).await.len(), 2, "nothing comes without a connection");
    assert_eq!(scene.reconnect(BOB).await, "Reconnected: 3 messages recovered.");
    scene.read(BOB, "three").await;
    scene.say(BOB, "Back again").await;

    let all = ["Are you there?", "I am <b>here</b> & well", "one", "two", "three", "Back again"];
    assert_eq!(scene.texts(ADA).await, all);
    assert_eq!(scene.texts(BOB).await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_chat_is_open_before_two_who_were_just_made() {
    let mut scene = Scene::new().await;
    talk(&mut scene).await;
    scene.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_with_a_place_is_found_by_the_other() {
    let mut scene = Scene::new().await;
    scene.begin(ADA, "New room", "By the canal").await;
    scene.open(BOB, "By the canal").await;
    // Whoever has not written takes no part in it, and hears nothing.
    scene.see(BOB, ".label", "write to take part").await;
    scene.write(ADA, "Anybody?").await;
    scene.read(ADA, "Anybody?").await;
    scene.write(BOB, "Me").await;
    scene.read(ADA, "Me").await;
    // From now on he does, and has what was said before.
    scene.read(BOB, "Anybody?").await;
    scene.drop_connection(BOB).await;
    scene.write(ADA, "Still?").await;
    scene.read(ADA, "Still?").await;
    assert_eq!(scene.reconnect(BOB).await, "Reconnected: 1 message recovered.");
    scene.say(BOB, "Always").await;
    assert_eq!(scene.texts(ADA).await, ["Anybody?", "Me", "Still?", "Always"]);
    scene.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_room_of_two_is_opened_over_the_socket() {
    let mut scene = Scene::new().await;
    let other = scene.people[BOB].clone();
    scene.click(ADA, "button.add", "Write to somebody").await;
    scene.see(ADA, ".begin select", &other).await;
    scene.click(ADA, ".begin button", "Private room").await;
    scene.see(ADA, ".label", "Private room of two").await;
    let own = scene.people[ADA].clone();
    scene.click(BOB, ".chats .chat[data-kind=pair]", &own).await;
    scene.read(BOB, "Just the two of us.").await;
    scene.say(BOB, "Good").await;
    scene.drop_connection(BOB).await;
    scene.write(ADA, "Alone now").await;
    scene.read(ADA, "Alone now").await;
    assert_eq!(scene.reconnect(BOB).await, "Reconnected: 1 message recovered.");
    scene.say(BOB, "Not any more").await;
    scene.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_shows_who_is_there() {
    let mut scene = Scene::new().await;
    scene.begin(ADA, "New group", "Night shift").await;
    // Everybody who is online is told of it.
    scene.open(BOB, "Night shift").await;
    let both = format!("here: {}, {}", scene.people[ADA], scene.people[BOB]);
    scene.see(ADA, ".label", &both).await;
    talk(&mut scene).await;
    scene.see(ADA, ".label", &both).await;
    scene.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_open_to_both_by_their_cookies() {
    let mut scene = Scene::new().await;
    scene.begin(ADA, "New conversation", "Tabs or spaces").await;
    scene.open(BOB, "Tabs or spaces").await;
    talk(&mut scene).await;
    let author = scene.people[ADA].clone();
    scene.see(BOB, ".messages .author", &author).await;
    scene.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_answers_each_of_the_two_what_was_asked_without_a_connection_too() {
    let mut scene = Scene::new().await;
    for person in [ADA, BOB] {
        scene.open(person, "Bot").await;
        scene.write(person, "I am happy").await;
        scene.read(person, "I am happy").await;
        scene
            .tab
            .until(&format!(
                "document.querySelectorAll('{}').length === 2",
                scene.within(person, ".messages li[data-state=stored]")
            ))
            .await;
    }
    scene.drop_connection(BOB).await;
    scene.write(BOB, "Nobody hears me").await;
    scene.see(BOB, ".messages li[data-state=waiting]", "waits for the connection").await;
    scene.reconnect(BOB).await;
    scene.read(BOB, "Nobody hears me").await;
    scene
        .tab
        .until(&format!(
            "document.querySelectorAll('{}').length === 4",
            scene.within(BOB, ".messages li[data-state=stored]")
        ))
        .await;
    scene.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unread_is_counted_until_it_is_read() {
    let mut scene = Scene::new().await;
    let own = scene.people[ADA].clone();
    scene.say(ADA, "Hello").await;
    scene.open(BOB, "Bot").await;
    for (text, count) in [("one", "1"), ("two", "2")] {
        scene.write(ADA, text).await;
        scene.see(BOB, ".chats .chat[data-kind=direct] .badge", count).await;
    }
    scene.tab.until("document.title.startsWith('(2) ')").await;
    // It is the system's count as well: the page asks for it when it is loaded anew.
    scene.tab.reload().await;
    scene.see_two().await;
    let badges = scene.within(BOB, ".chats .badge");
    scene.tab.miss(&badges, "2").await;
    scene.open(BOB, &own).await;
    scene.read(BOB, "two").await;
    scene.tab.until("!document.title.startsWith('(')").await;
    scene.see(BOB, ".chats .chat[data-kind=direct] small", "two").await;
    scene.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_long_ago_is_a_page_away() {
    let mut scene = Scene::new().await;
    for number in 1..=35 {
        scene.write(ADA, &format!("number {number}.")).await;
    }
    scene.read(BOB, "number 35.").await;
    scene.tab.reload().await;
    scene.see_two().await;
    scene.read(BOB, "number 35.").await;
    assert_eq!(scene.texts(BOB).await.len(), 30);
    scene.click(BOB, "button.earlier", "Earlier messages").await;
    scene.see(BOB, ".messages", "number 1.").await;
    let expected: Vec<_> = (1..=35).map(|number| format!("number {number}.")).collect();
    let mut texts = scene.texts(BOB).await;
    // Those that were sent side by side are stored in any order.
    texts.sort_by_key(|text| {
        text.trim_start_matches("number ").trim_end_matches('.').parse::<u32>().expect("a number")
    });
    assert_eq!(texts, expected);
    let earlier = scene.within(BOB, "button.earlier");
    scene.tab.miss(&earlier, "").await;
    scene.end();
}
