//! `AnnouncePresence=false`: nobody is told who comes and goes. On a stack of its own.

use tests::{Stack, User};

#[tokio::test]
async fn nobody_is_told_who_comes_and_goes_and_all_else_is_as_it_was() {
    let stack = Stack::start(&["--parameter", "AnnouncePresence=false"]).await;
    let [ada, bob] = User::pair(&stack).await;
    let mut watching = bob.socket().await;
    let socket = ada.socket().await;
    assert_eq!(ada.seen_by(&bob).await["online"], true);
    ada.write(&bob, "hello").await;
    socket.close().await;
    let offline = async || (ada.seen_by(&bob).await["online"] == false).then_some(());
    tests::eventually("ada to be offline", offline).await;
    let told = watching.so_far().await;
    let kinds: Vec<_> = told.iter().map(|frame| &frame["type"]).collect();
    assert_eq!(kinds, ["text"], "{told:?}");
}
