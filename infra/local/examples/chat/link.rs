//! The socket, which is opened again whenever it ends.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::api::pause;
use crate::frames::{self, Frame};
use crate::network::{Failure, Network, Socket};

/// How often the other side is asked for a sign of life. API Gateway gives it by itself, and no function runs.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long the other side may be silent.
const SILENCE: Duration = Duration::from_secs(45);
/// How often a frame is sent that counts for API Gateway, which closes what is idle for ten minutes.
const FRAME_EVERY: Duration = Duration::from_secs(300);
/// How long the other side may take to say who it takes us for.
const INIT: Duration = Duration::from_secs(10);
/// A socket that lived this long was a good one: what follows is a new misfortune.
const GOOD: Duration = Duration::from_secs(10);

/// What happens to the socket, and on it.
#[derive(Debug)]
pub(crate) enum Event {
    /// It is open, and this user's.
    Up(u64),
    /// A frame came.
    Frame(Frame),
    /// It has ended, or could not be opened. It is tried again.
    Down(Failure),
    /// The token does not hold any more. It is not tried again.
    Refused(Failure),
}

/// The end of the socket that the chat holds.
#[derive(Debug)]
pub(crate) struct Link {
    /// What happens.
    pub(crate) events: UnboundedReceiver<Event>,
    frames: UnboundedSender<Value>,
}

impl Link {
    /// Sends a frame, if the socket is open. One that gets lost is asked for again after the next [`Event::Up`].
    pub(crate) fn send(&self, frame: Value) {
        // The other end lives until there is nothing to talk with any more, which is told as an event.
        let _ = self.frames.send(frame);
    }
}

/// Opens a socket for whoever has a token.
pub(crate) fn open(network: Network, url: String, token: String) -> Link {
    let (tell, events) = unbounded_channel();
    let (frames, to_send) = unbounded_channel();
    tokio::spawn(keep_open(network, url, token, tell, to_send));
    Link { events, frames }
}

async fn keep_open(
    network: Network,
    url: String,
    token: String,
    tell: UnboundedSender<Event>,
    mut to_send: UnboundedReceiver<Value>,
) {
    let mut failures = 0;
    while !tell.is_closed() {
        let failure = match opened(&network, &url, &token).await {
            Ok((socket, me)) => {
                // What was to be sent on the one before has been forgotten, or is sent again.
                while to_send.try_recv().is_ok() {}
                let since = Instant::now();
                let _ = tell.send(Event::Up(me));
                let failure = serve(socket, &url, &tell, &mut to_send).await;
                if since.elapsed() > GOOD {
                    failures = 0;
                }
                failure
            }
            Err(failure) => failure,
        };
        if matches!(failure.status(), Some(401 | 403)) || matches!(failure, Failure::Unable(_)) {
            let _ = tell.send(Event::Refused(failure));
            return;
        }
        let pause = pause(&failure, failures);
        failures += 1;
        let _ = tell.send(Event::Down(failure));
        tokio::time::sleep(pause).await;
    }
}

/// Opens a socket and says whose it is.
async fn opened(network: &Network, url: &str, token: &str) -> Result<(Socket, u64), Failure> {
    let mut socket = network.open(url).await?;
    let init = async {
        socket.send(Message::text(json!({"token": token}).to_string())).await.ok()?;
        while let Some(Ok(frame)) = socket.next().await {
            let Message::Text(text) = frame else { continue };
            let frame: Value = serde_json::from_str(&text).ok()?;
            match (frame["type"].as_str(), frame["code"].as_str(), frame["error"].as_str()) {
                (Some("ready"), ..) => return frame["user_id"].as_u64().map(Ok),
                (None, Some(code), Some(error)) => {
                    let status = if code == "unauthenticated" { 401 } else { 503 };
                    return Some(Err(Failure::Refused {
                        status,
                        error: error.to_owned(),
                        retry_after: None,
                    }));
                }
                _ => {}
            }
        }
        None
    };
    match timeout(INIT, init).await {
        Ok(Some(Ok(me))) => Ok((socket, me)),
        Ok(Some(Err(refused))) => Err(refused),
        Ok(None) | Err(_) => Err(ended(url)),
    }
}

/// Sends and receives until the socket ends.
async fn serve(
    mut socket: Socket,
    url: &str,
    tell: &UnboundedSender<Event>,
    to_send: &mut UnboundedReceiver<Value>,
) -> Failure {
    let mut pings = interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut heard, mut sent) = (Instant::now(), Instant::now());
    loop {
        let next = tokio::select! {
            frame = socket.next() => {
                heard = Instant::now();
                match frame {
                    Some(Ok(Message::Text(text))) => {
                        if let Some(frame) = frames::parse(&text) {
                            let _ = tell.send(Event::Frame(frame));
                        }
                        continue;
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return ended(url),
                    Some(Ok(_)) => continue,
                }
            }
            frame = to_send.recv() => match frame {
                Some(frame) => Message::text(frame.to_string()),
                None => return ended(url),
            },
            _ = pings.tick() => {
                if heard.elapsed() > SILENCE {
                    return ended(url);
                }
                match sent.elapsed() > FRAME_EVERY {
                    true => Message::text(json!({"type": "ping"}).to_string()),
                    false => Message::Ping(Default::default()),
                }
            }
        };
        if next.is_text() {
            sent = Instant::now();
        }
        // A peer that does not read is as good as gone.
        if !matches!(timeout(SILENCE, socket.send(next)).await, Ok(Ok(()))) {
            return ended(url);
        }
    }
}

fn ended(url: &str) -> Failure {
    Failure::Unreachable { url: url.to_owned(), why: "the connection has ended".to_owned() }
}
