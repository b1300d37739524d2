//! `user_update`: somebody new.

use serde_json::json;
use tests::{Applicant, Stack, User};

#[tokio::test]
async fn everybody_online_hears_of_a_new_user_once_it_is_confirmed() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut sockets = [ada.socket().await, bob.socket().await];
    let new = Applicant::new();
    let link = new.register(&stack).await;
    for socket in &mut sockets {
        let frames = socket.so_far().await;
        assert!(frames.iter().all(|frame| frame["last_name"] != json!(new.last_name)), "{frames:?}");
    }
    let id = new.confirm(&stack, &link).await;
    let expected = json!({
        "type": "user_update", "user_id": id, "first_name": new.first_name, "last_name": new.last_name,
    });
    for socket in &mut sockets {
        socket.expect("the new user", |frame| *frame == expected).await;
    }
}
