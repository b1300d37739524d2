//! A WebSocket by hand, for what no decent client does: frames of any size, and endings without a word.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::in_time;

/// Any key will do: nothing here depends on what the server makes of it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// The next part of a message.
    Continuation = 0,
    /// A text, or the first part of one.
    Text = 1,
    /// Bytes, or the first part of them.
    Binary = 2,
    /// The end.
    Close = 8,
    /// Are you there?
    Ping = 9,
    /// I am.
    Pong = 10,
}

impl Opcode {
    fn of(bits: u8) -> Self {
        match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            other => panic!("{other} is no opcode"),
        }
    }
}

/// A frame as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawFrame {
    /// Whether the message ends with it.
    pub is_last: bool,
    /// What it is.
    pub opcode: Opcode,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// A WebSocket by hand.
#[derive(Debug)]
pub struct RawSocket {
    stream: TcpStream,
}

impl RawSocket {
    /// Opens a socket. The upgrade must be accepted.
    pub async fn open(url: &str) -> Self {
        let address = url.strip_prefix("ws://").expect("a ws:// URL");
        let (host, path) = address.split_once('/').expect("a path");
        let mut stream = TcpStream::connect(host).await.expect("the WebSocket API");
        let request = format!(
            "GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("the handshake to be taken");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(in_time("the answer to the handshake", stream.read_u8()).await.expect("an answer"));
        }
        let head = String::from_utf8_lossy(&head);
        assert!(head.starts_with("HTTP/1.1 101 "), "the handshake was answered with {head}");
        Self { stream }
    }

    /// Sends one frame, whatever its size.
    pub async fn send(&mut self, is_last: bool, opcode: Opcode, payload: &[u8]) {
        // The other side may close while a frame that it does not want is still on its way: what it says then
        // is to be read, not how far the frame came.
        self.stream.write_all(&encode(is_last, opcode, payload)).await.ok();
    }

    /// Sends a text in one frame.
    pub async fn send_text(&mut self, text: &str) {
        self.send(true, Opcode::Text, text.as_bytes()).await;
    }

    /// Sends a text in frames of at most `size` bytes.
    pub async fn send_in_parts(&mut self, text: &str, size: usize) {
        let parts: Vec<_> = text.as_bytes().chunks(size).collect();
        for (index, part) in parts.iter().enumerate() {
            let opcode = if index == 0 { Opcode::Text } else { Opcode::Continuation };
            self.send(index + 1 == parts.len(), opcode, part).await;
        }
    }

    /// The next frame.
    pub async fn next(&mut self) -> RawFrame {
        in_time("a frame", self.read()).await
    }

    /// The next frame that belongs to the text `expected`; others are skipped.
    pub async fn expect_text(&mut self, expected: &str) {
        in_time(expected, async {
            loop {
                let frame = self.read().await;
                assert_ne!(frame.opcode, Opcode::Close, "{:?} closed the socket", close_code(&frame));
                if frame.opcode == Opcode::Text && frame.payload == expected.as_bytes() {
                    return;
                }
            }
        })
        .await;
    }

    /// Waits for the close frame, and gives its code.
    pub async fn close_code(&mut self) -> Option<u16> {
        in_time("the close", async {
            loop {
                let frame = self.read().await;
                if frame.opcode == Opcode::Close {
                    return close_code(&frame);
                }
            }
        })
        .await
    }

    /// Ends the connection with a reset instead of a close: as a crash does.
    pub fn reset(self) {
        self.stream.set_zero_linger().expect("an open connection");
    }

    async fn read(&mut self) -> RawFrame {
        let stream = &mut self.stream;
        let first = stream.read_u8().await.expect("a frame");
        let second = stream.read_u8().await.expect("a frame");
        assert_eq!(second & 0x80, 0, "a server never masks");
        let length = match second {
            126 => u64::from(stream.read_u16().await.expect("a length")),
            127 => stream.read_u64().await.expect("a length"),
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length).expect("a length that fits into memory")];
        stream.read_exact(&mut payload).await.expect("a payload");
        RawFrame { is_last: first & 0x80 != 0, opcode: Opcode::of(first & 0x0f), payload }
    }
}

fn close_code(frame: &RawFrame) -> Option<u16> {
    let code: [u8; 2] = frame.payload.get(..2)?.try_into().ok()?;
    Some(u16::from_be_bytes(code))
}

fn encode(is_last: bool, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![u8::from(is_last) << 7 | opcode as u8];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..126), _) => frame.push(0x80 | length),
        (_, Ok(length)) => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        let head = |size: usize| encode(true, Opcode::Text, &vec![0; size])[..4].to_vec();
        assert_eq!(head(125)[..2], [0x81, 0x80 | 125]);
        assert_eq!(head(126), [0x81, 0x80 | 126, 0, 126]);
        assert_eq!(head(65_535), [0x81, 0x80 | 126, 0xff, 0xff]);
        assert_eq!(head(65_536)[..2], [0x81, 0x80 | 127]);
    }

    #[test]
    fn payloads_are_masked() {
        let frame = encode(false, Opcode::Continuation, b"hello");
        assert_eq!(frame[0], 0);
        let unmasked: Vec<_> =
            frame[6..].iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        assert_eq!(unmasked, b"hello");
    }
}
