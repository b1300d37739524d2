//! The limits of frames and messages, by hand.

use tests::{Opcode, RawSocket, Stack, User};

/// Most bytes of a frame.
const FRAME: usize = 32 * 1024;
/// Most bytes of a message.
const MESSAGE: usize = 128 * 1024;
const TOO_BIG: Option<u16> = Some(1009);
const PONG: &str = r#"{"type":"pong"}"#;

async fn open(stack: &Stack) -> RawSocket {
    let ada = User::new(stack).await;
    RawSocket::open(&format!("{}?token={}", stack.ready().websocket, ada.token)).await
}

/// A ping of that many bytes.
fn ping(size: usize) -> String {
    let (head, tail) = (r#"{"type":"ping","pad":""#, r#""}"#);
    format!("{head}{}{tail}", "x".repeat(size - head.len() - tail.len()))
}

#[tokio::test]
async fn a_frame_has_at_most_32_kib() {
    let stack = Stack::start(&[]).await;
    let mut socket = open(&stack).await;
    socket.send_text(&ping(FRAME)).await;
    socket.expect_text(PONG).await;
    socket.send_text(&ping(FRAME + 1)).await;
    assert_eq!(socket.close_code().await, TOO_BIG);
}

#[tokio::test]
async fn a_later_frame_of_a_message_has_at_most_32_kib_too() {
    let stack = Stack::start(&[]).await;
    let mut socket = open(&stack).await;
    socket.send(false, Opcode::Text, b"{").await;
    socket.send(true, Opcode::Continuation, &vec![b' '; FRAME + 1]).await;
    assert_eq!(socket.close_code().await, TOO_BIG);
}

#[tokio::test]
async fn a_message_has_at_most_128_kib_in_frames() {
    let stack = Stack::start(&[]).await;
    let mut socket = open(&stack).await;
    socket.send_in_parts(&ping(MESSAGE), FRAME).await;
    socket.expect_text(PONG).await;
    socket.send_in_parts(&ping(MESSAGE + 1), FRAME).await;
    assert_eq!(socket.close_code().await, TOO_BIG);
}

#[tokio::test]
async fn a_text_in_many_small_frames_is_one_message() {
    let stack = Stack::start(&[]).await;
    let mut socket = open(&stack).await;
    socket.send_in_parts(&ping(100), 1).await;
    socket.expect_text(PONG).await;
}

#[tokio::test]
async fn control_frames_may_come_between_the_parts() {
    let stack = Stack::start(&[]).await;
    let mut socket = open(&stack).await;
    socket.send(false, Opcode::Text, br#"{"type":"#).await;
    socket.send(true, Opcode::Ping, b"there?").await;
    let pong = socket.next().await;
    assert_eq!((pong.opcode, pong.payload.as_slice()), (Opcode::Pong, &b"there?"[..]));
    socket.send(true, Opcode::Continuation, br#""ping"}"#).await;
    socket.expect_text(PONG).await;
}

#[tokio::test]
async fn binary_frames_are_refused_in_a_frame_and_the_socket_stays() {
    let stack = Stack::start(&[]).await;
    let mut socket = open(&stack).await;
    socket.send(true, Opcode::Binary, &[0xff, 0x00, 0xfe]).await;
    let refusal = socket.next().await;
    assert_eq!(refusal.opcode, Opcode::Text);
    assert!(String::from_utf8_lossy(&refusal.payload).contains(r#""error""#), "{refusal:?}");
    socket.send_text(&ping(100)).await;
    socket.expect_text(PONG).await;
}

#[tokio::test]
async fn a_close_is_answered() {
    let stack = Stack::start(&[]).await;
    let mut socket = open(&stack).await;
    socket.send(true, Opcode::Close, &1000_u16.to_be_bytes()).await;
    assert_eq!(socket.close_code().await, Some(1000));
}
