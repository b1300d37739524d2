//! `@connections`, as functions use it.

use http::Method;
use serde_json::{Value, json};
use tests::{Answer, Caller as _, Opcode, RawSocket, Socket, Stack, User, eventually};

use crate::common::is_moment;

/// Most bytes of a message.
const MESSAGE: usize = 128 * 1024;
/// Most bytes of a frame.
const FRAME: usize = 32 * 1024;
/// An id that nobody has, in the form that ids have.
const NOBODY: &str = "L0SM9cOFvHcCIhw=";
/// The store looks at the form of this header, not at the signature.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
    SignedHeaders=host;x-amz-date, Signature=0";

/// The path of the only connection of a stack, from the table that the functions keep.
async fn only_connection(stack: &Stack) -> String {
    let answer = stack
        .console()
        .post("/")
        .header("x-amz-target", "DynamoDB_20120810.Scan")
        .header("authorization", SIGNED)
        .header("x-amz-date", "20260101T000000Z")
        .body("application/x-amz-json-1.0", r#"{"TableName":"Connections"}"#)
        .await
        .expect(200);
    let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let items = body["Items"].as_array().expect("items");
    let ids: Vec<_> = items.iter().filter_map(|item| item["connection_id"]["S"].as_str()).collect();
    let [id] = ids[..] else { panic!("not one connection: {ids:?} in {items:?}") };
    path_of(id)
}

fn path_of(connection: &str) -> String {
    format!("/{}", connection.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"))
}

#[track_caller]
fn assert_gone(answer: &Answer) {
    assert_eq!(answer.status, 410, "{answer:?}");
    let kind = answer.header("x-amzn-errortype").unwrap_or_default();
    assert!(kind.starts_with("GoneException"), "{answer:?}");
}

async fn stack_with_a_socket() -> (Stack, Socket, String) {
    let stack = Stack::start(&[]).await;
    let socket = User::new(&stack).await.socket().await;
    let path = only_connection(&stack).await;
    (stack, socket, path)
}

#[tokio::test]
async fn one_that_was_never_there_is_gone() {
    let stack = Stack::start(&[]).await;
    for method in [Method::POST, Method::GET, Method::DELETE] {
        assert_gone(&stack.connections().call(method, &path_of(NOBODY)).await);
    }
}

#[tokio::test]
async fn what_is_posted_arrives() {
    let (stack, socket, path) = stack_with_a_socket().await;
    let mut socket = socket.undocumented();
    stack.connections().post(&path).body("text/plain", r#"{"posted":"ü"}"#).await.expect(200);
    let frame = socket.expect("what was posted", |frame| frame["posted"].is_string()).await;
    assert_eq!(frame, json!({"posted": "ü"}));
}

#[tokio::test]
async fn a_post_has_at_most_128_kib() {
    let (stack, socket, path) = stack_with_a_socket().await;
    let mut socket = socket.undocumented();
    let text = |size: usize| format!("{{\"posted\":\"{}\"}}", "x".repeat(size - r#"{"posted":""}"#.len()));
    stack.connections().post(&path).body("text/plain", text(MESSAGE)).await.expect(200);
    socket.expect("what was posted", |frame| frame["posted"].is_string()).await;
    stack.connections().post(&path).body("text/plain", text(MESSAGE + 1)).await.expect(413);
    socket.so_far().await;
}

#[tokio::test]
async fn a_large_post_comes_in_frames_of_at_most_32_kib() {
    let stack = Stack::start(&[]).await;
    let ada = User::new(&stack).await;
    let mut socket = RawSocket::open(&format!("{}?token={}", stack.ready().websocket, ada.token)).await;
    let path = only_connection(&stack).await;
    let text = "x".repeat(3 * FRAME + 1);
    stack.connections().post(&path).body("text/plain", text.clone()).await.expect(200);
    let mut received = Vec::new();
    loop {
        let frame = socket.next().await;
        assert!(frame.payload.len() <= FRAME, "a frame of {} bytes", frame.payload.len());
        assert_eq!(frame.opcode, if received.is_empty() { Opcode::Text } else { Opcode::Continuation });
        received.extend(frame.payload);
        if frame.is_last {
            break;
        }
    }
    assert_eq!(received, text.as_bytes());
}

#[tokio::test]
async fn it_can_be_looked_at() {
    let (stack, socket, path) = stack_with_a_socket().await;
    let seen: Value = stack.connections().get(&path).await.expect(200).json();
    assert!(is_moment(&seen["connectedAt"]) && is_moment(&seen["lastActiveAt"]), "{seen}");
    assert_eq!(seen["identity"]["sourceIp"], "127.0.0.1");
    drop(socket);
}

#[tokio::test]
async fn it_can_be_closed() {
    let (stack, mut socket, path) = stack_with_a_socket().await;
    stack.connections().delete(&path).await.expect(204);
    socket.closed().await;
    let gone = async || (stack.connections().get(&path).await.status == 410).then_some(());
    eventually("the end of the connection", gone).await;
    for method in [Method::POST, Method::DELETE] {
        assert_gone(&stack.connections().call(method, &path).await);
    }
}

#[tokio::test]
async fn it_is_gone_when_the_client_has_gone() {
    let (stack, socket, path) = stack_with_a_socket().await;
    socket.close().await;
    let gone = async || (stack.connections().get(&path).await.status == 410).then_some(());
    eventually("the end of the connection", gone).await;
    assert_gone(&stack.connections().post(&path).body("text/plain", "{}").await);
}

#[tokio::test]
async fn it_is_gone_when_the_client_broke() {
    let stack = Stack::start(&[]).await;
    let ada = User::new(&stack).await;
    let socket = RawSocket::open(&format!("{}?token={}", stack.ready().websocket, ada.token)).await;
    let path = only_connection(&stack).await;
    socket.reset();
    let gone = async || (stack.connections().get(&path).await.status == 410).then_some(());
    eventually("the end of the connection", gone).await;
}
