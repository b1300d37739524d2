//! Chats that are too long to be deleted within a request.

use tests::{Caller as _, User, WebUser};

use super::place;
use crate::rows::{are_gone, fill};

/// More rows than a request removes.
const LONG: u64 = 1_500;

#[tokio::test]
async fn a_long_chat_of_two_is_deleted_to_its_last_row() {
    let Some((stack, tables)) = place().await else { return };
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "the first").await;
    fill(&tables, chat, ada.id, 2..=LONG).await;
    bob.delete(&format!("/chats/{chat}")).await.expect(204);
    are_gone(&tables, chat).await;
    ada.get(&format!("/chats/{chat}")).await.refused(404);
}

#[tokio::test]
async fn a_long_web_chat_goes_with_its_last_participant_to_its_last_row() {
    let Some((stack, tables)) = place().await else { return };
    let eve = WebUser::new(&stack).await;
    let by_leaving = eve.open_chat("A chat").await;
    let by_deletion = eve.open_chat("Another one").await;
    for chat in [by_leaving, by_deletion] {
        eve.say(chat, "the first").await;
        fill(&tables, chat, eve.id, 2..=LONG).await;
    }
    eve.delete(&format!("/api/chats?chat_id={by_leaving}")).await.expect(200);
    are_gone(&tables, by_leaving).await;
    eve.delete("/api/user").await.expect(200);
    are_gone(&tables, by_deletion).await;
}
