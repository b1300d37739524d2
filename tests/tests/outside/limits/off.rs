//! Where nobody asks for limits, the local stack has none.

use serde_json::json;
use tests::{Caller as _, Socket, Stack, User};

use super::TABLE;

const PARAMETERS: [&str; 6] = [
    "LoginsPerAddress=1",
    "LoginsPerSource=1",
    "RegistrationsPerAddress=1",
    "RegistrationsPerSource=1",
    "MessagesPerUser=1",
    "SocketsPerUser=1",
];

#[tokio::test]
async fn nothing_is_limited_and_nothing_counted_locally_unless_it_is_asked_for() {
    let arguments: Vec<_> = PARAMETERS.iter().flat_map(|parameter| ["--parameter", *parameter]).collect();
    let stack = Stack::start(&arguments).await;
    let [ada, bob] = User::pair(&stack).await;
    // One more mail to an address that has had its link.
    stack.anonymous().post("/register").json(&ada.applicant.body()).await.expect(202);
    for _ in 0..3 {
        let wrong = json!({"email": ada.applicant.email, "password": "not the password"});
        stack.anonymous().post("/login").json(&wrong).await.expect(401);
        ada.write(&bob, "hello").await;
    }
    ada.again(&stack).await;
    let _open = [ada.socket().await, Socket::open(&ada.socket_url()).await];
    assert!(stack.tables().items(TABLE).await.is_empty());
}
