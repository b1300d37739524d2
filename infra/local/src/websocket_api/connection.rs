//! One open socket: reading, writing, and why it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::event::Origin;
use crate::clock;
use crate::events::{Direction, Events};

/// Most bytes of a frame, in and out.
pub(super) const FRAME_LIMIT: usize = 32 * 1024;
/// Most bytes of a message, in and out.
pub(super) const MESSAGE_LIMIT: usize = 128 * 1024;

/// Frames that may wait for a client that reads slowly.
const QUEUE: usize = 64;
/// How long the queue of a client may be full until the client is given up.
const SLOW_CLIENT_LIMIT: Duration = Duration::from_secs(10);
/// How long a client may take to answer a close frame.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// An open connection, as everybody but its own tasks sees it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) origin: Origin,
    events: Events,
    frames: mpsc::Sender<Posted>,
    close: watch::Sender<Option<Ending>>,
    last_active_at: AtomicI64,
}

/// Why and how a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) code: u16,
    pub(super) reason: String,
}

/// The connection does not take messages any more.
#[derive(Debug)]
pub(super) struct Gone;

/// A message on its way to the client, and who waits until it is written.
#[derive(Debug)]
struct Posted {
    payload: Bytes,
    written: oneshot::Sender<()>,
}

/// The receiving ends of a connection, for the tasks that run it.
#[derive(Debug)]
pub(super) struct Ends {
    frames: mpsc::Receiver<Posted>,
    close: watch::Receiver<Option<Ending>>,
}

/// How long a connection may live and be silent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) idle: Duration,
    pub(super) lifetime: Duration,
}

impl Ending {
    fn new(code: u16, reason: &str) -> Self {
        Self { code, reason: reason.to_owned() }
    }

    /// The server goes away, or the connection is idle or old.
    pub(super) fn going_away() -> Self {
        Self::new(1001, "Going away")
    }

    /// A function closed the connection.
    pub(super) fn deleted() -> Self {
        Self::new(1000, "Connection Closed Normally")
    }

    /// The socket ended without a close frame.
    pub(super) fn abnormal() -> Self {
        Self::new(1006, "Connection closed abnormally")
    }

    fn closed_by_client(frame: Option<CloseFrame>) -> Self {
        match frame {
            Some(frame) => Self::new(frame.code.into(), frame.reason.as_str()),
            None => Self::new(1005, "Client-side close frame status not set"),
        }
    }
}

impl Connection {
    /// A connection whose socket is about to open.
    pub(super) fn new(origin: Origin, events: Events) -> (Arc<Self>, Ends) {
        let (frames, waiting) = mpsc::channel(QUEUE);
        let (close, closed) = watch::channel(None);
        let last_active_at = AtomicI64::new(clock::now_ms());
        let connection = Self { origin, events, frames, close, last_active_at };
        (Arc::new(connection), Ends { frames: waiting, close: closed })
    }

    /// Sends a message to the client, and returns once it is with the operating system. A client that does not
    /// read for long is disconnected.
    pub(super) async fn post(&self, payload: Bytes) -> Result<(), Gone> {
        let (written, done) = oneshot::channel();
        let sent = payload.clone();
        let sending = async {
            self.frames.send(Posted { payload, written }).await.map_err(|_| Gone)?;
            done.await.map_err(|_| Gone)?;
            self.events.note_frame(&self.origin.connection_id, Direction::Out, &sent);
            Ok(())
        };
        match tokio::time::timeout(SLOW_CLIENT_LIMIT, sending).await {
            Ok(outcome) => outcome,
            Err(_) => {
                self.end(Ending::abnormal());
                Err(Gone)
            }
        }
    }

    /// Asks the connection to end. The first reason counts.
    pub(super) fn end(&self, ending: Ending) {
        self.close.send_if_modified(|asked| {
            let is_first = asked.is_none();
            if is_first {
                *asked = Some(ending);
            }
            is_first
        });
    }

    /// When something was last sent either way.
    pub(super) fn last_active_at(&self) -> i64 {
        self.last_active_at.load(Ordering::Relaxed)
    }

    fn touch(&self) {
        self.last_active_at.store(clock::now_ms(), Ordering::Relaxed);
    }

    /// Ends when the connection is too old or was silent for too long.
    async fn expired(&self, limits: Limits) {
        let idle = async {
            let limit = i64::try_from(limits.idle.as_millis()).unwrap_or(i64::MAX);
            loop {
                let left = limit - (clock::now_ms() - self.last_active_at());
                match u64::try_from(left) {
                    Ok(left) if left > 0 => tokio::time::sleep(Duration::from_millis(left)).await,
                    _ => return,
                }
            }
        };
        tokio::select! {
            () = idle => {}
            () = tokio::time::sleep(limits.lifetime) => {}
        }
    }
}

/// A socket with the limits of API Gateway, on a connection that was upgraded.
pub(super) fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_frame_size(Some(FRAME_LIMIT))
        .max_message_size(Some(MESSAGE_LIMIT))
        .read_buffer_size(8 * 1024)
        .write_buffer_size(0)
}

/// Runs an open socket until it ends, and says why it did. Messages go to `receive`, which may take its time:
/// the client then has to wait.
pub(super) async fn run<S, F>(
    socket: WebSocketStream<S>,
    connection: &Arc<Connection>,
    ends: Ends,
    limits: Limits,
    receive: impl Fn(Message) -> F,
) -> Ending
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = ()>,
{
    let Ends { frames, mut close } = ends;
    let (mut sink, mut stream) = socket.split();
    let ending = {
        let reading = read(&mut stream, connection, receive);
        let writing = write(&mut sink, connection, frames);
        let asked = async {
            match close.wait_for(Option::is_some).await {
                Ok(ending) => ending.clone().unwrap_or_else(Ending::abnormal),
                Err(_) => Ending::abnormal(),
            }
        };
        tokio::select! {
            ending = reading => ending,
            ending = writing => ending,
            ending = asked => ending,
            () = connection.expired(limits) => Ending::going_away(),
        }
    };
    // Whoever posts from here on learns that the connection is gone: its queue went with `write`.
    let farewell = finish(sink, stream, &ending);
    // A client that does not take part is left.
    let _ = tokio::time::timeout(CLOSE_LIMIT, farewell).await;
    ending
}

/// Reads until the client or an error ends it.
async fn read<S, F>(
    stream: &mut SplitStream<WebSocketStream<S>>,
    connection: &Connection,
    receive: impl Fn(Message) -> F,
) -> Ending
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = ()>,
{
    while let Some(message) = stream.next().await {
        connection.touch();
        match message {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => receive(message).await,
            // A pong is on its way already.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
            Ok(Message::Close(frame)) => return Ending::closed_by_client(frame),
            Err(Error::Capacity(_)) => {
                return Ending::new(1009, "The message or frame is too large");
            }
            Err(Error::Utf8(_)) => return Ending::new(1007, "The text is not UTF-8"),
            Err(Error::Protocol(error)) => {
                tracing::debug!("a client broke the protocol: {error}");
                return match error {
                    tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake => {
                        Ending::abnormal()
                    }
                    _ => Ending::new(1002, "Protocol error"),
                };
            }
            Err(_) => return Ending::abnormal(),
        }
    }
    Ending::abnormal()
}

/// Writes what is posted. Several messages that wait go out together.
async fn write<S>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    connection: &Connection,
    mut frames: mpsc::Receiver<Posted>,
) -> Ending
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut batch = Vec::with_capacity(QUEUE);
    while frames.recv_many(&mut batch, QUEUE).await > 0 {
        let mut waiting = Vec::with_capacity(batch.len());
        for Posted { payload, written } in batch.drain(..) {
            for frame in fragments(payload) {
                if sink.feed(frame).await.is_err() {
                    return Ending::abnormal();
                }
            }
            waiting.push(written);
        }
        if sink.flush().await.is_err() {
            return Ending::abnormal();
        }
        connection.touch();
        for written in waiting {
            // Who posted may have given up.
            let _ = written.send(());
        }
    }
    Ending::abnormal()
}

/// A message as frames of at most 32 KiB. It is text unless it is not UTF-8.
fn fragments(payload: Bytes) -> Vec<Message> {
    let kind = if std::str::from_utf8(&payload).is_ok() { Data::Text } else { Data::Binary };
    let count = payload.len().div_ceil(FRAME_LIMIT).max(1);
    (0..count)
        .map(|index| {
            let end = payload.len().min((index + 1) * FRAME_LIMIT);
            let part = payload.slice(index * FRAME_LIMIT..end);
            let opcode = if index == 0 { kind } else { Data::Continue };
            Message::Frame(Frame::message(part, OpCode::Data(opcode), index + 1 == count))
        })
        .collect()
}

/// Says farewell as the protocol wants it, and reads on until the client has closed: bytes that were not read
/// would make the operating system take the close frame back.
async fn finish<S>(
    mut sink: SplitSink<WebSocketStream<S>, Message>,
    stream: SplitStream<WebSocketStream<S>>,
    ending: &Ending,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // 1005 and 1006 are never sent: the client has closed, or there is no client.
    if !matches!(ending.code, 1005 | 1006) {
        let frame = CloseFrame { code: CloseCode::from(ending.code), reason: ending.reason.as_str().into() };
        // Fails when the client's own close frame was answered already.
        let _ = sink.send(Message::Close(Some(frame))).await;
    }
    let _ = sink.flush().await;
    let Ok(socket) = stream.reunite(sink) else { return };
    let mut transport = socket.into_inner();
    // Fails on a socket that is closed, as does reading it.
    let _ = transport.shutdown().await;
    let _ = tokio::io::copy(&mut transport, &mut tokio::io::sink()).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(length: usize) -> Vec<usize> {
        fragments(Bytes::from(vec![b'a'; length])).iter().map(Message::len).collect()
    }

    #[test]
    fn long_messages_go_out_in_several_frames() {
        assert_eq!(sizes(0).len(), 1);
        assert_eq!(sizes(FRAME_LIMIT).len(), 1);
        assert_eq!(sizes(FRAME_LIMIT + 1).len(), 2);
        assert_eq!(sizes(MESSAGE_LIMIT).len(), 4);
    }

    #[test]
    fn only_the_last_frame_is_final() {
        let frames = fragments(Bytes::from(vec![b'a'; 2 * FRAME_LIMIT + 1]));
        let finals: Vec<bool> = frames
            .iter()
            .map(|message| match message {
                Message::Frame(frame) => frame.header().is_final,
                other => panic!("no frame: {other:?}"),
            })
            .collect();
        assert_eq!(finals, [false, false, true]);
    }

    #[test]
    fn the_first_reason_to_end_counts() {
        let origin = Origin {
            api_id: String::new(),
            stage: String::new(),
            domain_name: String::new(),
            connection_id: String::new(),
            connected_at: 0,
            identity: super::super::event::Identity::default(),
        };
        let (connection, ends) = Connection::new(origin, Events::default());
        connection.end(Ending::deleted());
        connection.end(Ending::going_away());
        assert_eq!(*ends.close.borrow(), Some(Ending::deleted()));
    }
}
