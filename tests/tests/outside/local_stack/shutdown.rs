//! SIGTERM.

use std::path::Path;

use tests::{Stack, User, eventually};

#[tokio::test]
async fn it_ends_every_process_and_every_socket() {
    let stack = Stack::start(&[]).await;
    let [ada, bob] = User::pair(&stack).await;
    ada.write(&bob, "hello").await;
    let mut socket = ada.socket().await;
    let processes = stack.processes();
    assert!(processes.len() >= 3, "{processes:?}");

    assert_eq!(stack.terminate().await, Some(0));
    socket.closed().await;
    for (pid, name) in processes {
        let gone = async || (!Path::new(&format!("/proc/{pid}")).exists()).then_some(());
        eventually(&format!("the end of {name}"), gone).await;
    }
}

#[tokio::test]
async fn functions_do_not_outlive_a_stack_that_was_killed() {
    let stack = Stack::start(&[]).await;
    let processes = stack.processes();
    stack.kill().await;
    for (pid, name) in processes {
        let gone = async || (!Path::new(&format!("/proc/{pid}")).exists()).then_some(());
        eventually(&format!("the end of {name}"), gone).await;
    }
}
