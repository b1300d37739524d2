//! Sockets as clients have them.

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::documents::{self, Sender};
use crate::{in_time, unique};

/// An open WebSocket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    is_documented: bool,
}

impl Socket {
    /// Opens a socket. The upgrade must be accepted.
    pub async fn open(url: &str) -> Self {
        match Self::try_open(url).await {
            Ok(socket) => socket,
            Err(status) => panic!("the upgrade at {url} was refused with {status}"),
        }
    }

    /// Opens a socket, or gives the status that the upgrade was refused with.
    pub async fn try_open(url: &str) -> Result<Self, u16> {
        Self::try_open_with(url, &[]).await
    }

    /// Opens a socket with more headers, as browsers do, or gives the status that the upgrade was refused with.
    pub async fn try_open_with(url: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = url.into_client_request().expect("a URL");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        match in_time("the upgrade", connect_async(request)).await {
            Ok((stream, _)) => Ok(Self { stream, is_documented: true }),
            Err(Error::Http(refusal)) => Err(refusal.status().as_u16()),
            Err(error) => panic!("no answer to the upgrade at {url}: {error}"),
        }
    }

    /// The same socket, for frames that a test posts to it itself: the document does not have those.
    pub fn undocumented(self) -> Self {
        Self { is_documented: false, ..self }
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string()).await;
    }

    /// Sends any text.
    pub async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("an open socket");
    }

    /// The next frame of the system; WebSocket's own pings are answered meanwhile.
    pub async fn next(&mut self) -> Value {
        match self.next_or_close().await {
            Ok(frame) => frame,
            Err(code) => panic!("the socket was closed with {code:?}"),
        }
    }

    /// The first frame that `matches`. What comes before is somebody else's business: everybody online hears of
    /// everybody who comes and goes.
    pub async fn expect(&mut self, what: &str, matches: impl Fn(&Value) -> bool) -> Value {
        in_time(what, async {
            loop {
                let frame = self.next().await;
                if matches(&frame) {
                    return frame;
                }
            }
        })
        .await
    }

    /// Sends a message with a `client_id`, and gives the frame that comes back with it: the acknowledgement.
    pub async fn say(&mut self, frame: &Value) -> Value {
        let mut frame = frame.clone();
        if frame["client_id"].is_null() {
            frame["client_id"] = json!(unique("frame"));
        }
        self.send(&frame).await;
        let back = self.expect("the acknowledgement", |back| back["client_id"] == frame["client_id"]).await;
        assert!(back["error"].is_null(), "{frame} was answered with {back}");
        documents::check_frame(Sender::Client, &frame);
        back
    }

    /// Sends a frame that must be refused, and gives the code. The refusal is the envelope of HTTP with the
    /// frame's own `client_id`, and nothing else.
    pub async fn refused(&mut self, frame: &Value) -> String {
        self.send(frame).await;
        let refusal = self.expect("a refusal", |back| back["error"].is_string()).await;
        let mut expected = json!({"error": refusal["error"], "code": refusal["code"]});
        if !frame["client_id"].is_null() {
            expected["client_id"] = frame["client_id"].clone();
        }
        assert_eq!(refusal, expected, "the refusal of {frame}");
        refusal["code"].as_str().expect("a code").to_owned()
    }

    /// Everything that has arrived so far. A ping makes sure: what was sent before it comes before its answer.
    pub async fn so_far(&mut self) -> Vec<Value> {
        self.send(&json!({"type": "ping"})).await;
        let mut frames = Vec::new();
        loop {
            match self.next().await {
                frame if frame == json!({"type": "pong"}) => return frames,
                frame => frames.push(frame),
            }
        }
    }

    /// Whether the other side has not closed it. A ping makes sure; frames before its answer are skipped.
    pub async fn is_open(&mut self) -> bool {
        if self.stream.send(Message::text(json!({"type": "ping"}).to_string())).await.is_err() {
            return false;
        }
        loop {
            match self.next_or_close().await {
                Ok(frame) if frame == json!({"type": "pong"}) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    }

    /// Waits until the other side closes, and gives its code. Frames before that are skipped.
    pub async fn closed(&mut self) -> Option<u16> {
        in_time("the close", async {
            loop {
                if let Err(code) = self.next_or_close().await {
                    return code;
                }
            }
        })
        .await
    }

    /// Closes, and waits until the other side has agreed.
    pub async fn close(mut self) {
        self.stream.close(None).await.expect("an open socket");
        self.closed().await;
    }

    /// Ends the connection with a reset instead of a close: as a crash does.
    pub fn reset(self) {
        let MaybeTlsStream::Plain(stream) = self.stream.get_ref() else { panic!("no TLS is built in") };
        stream.set_zero_linger().expect("an open connection");
    }

    async fn next_or_close(&mut self) -> Result<Value, Option<u16>> {
        loop {
            match in_time("a frame", self.stream.next()).await {
                Some(Ok(Message::Text(text))) => {
                    let frame = serde_json::from_str(&text).expect("a frame of JSON");
                    if self.is_documented {
                        documents::check_frame(Sender::System, &frame);
                    }
                    return Ok(frame);
                }
                Some(Ok(Message::Close(close))) => return Err(close.map(|close| close.code.into())),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(other)) => panic!("{other:?} is no frame of this system"),
                Some(Err(_)) | None => return Err(None),
            }
        }
    }
}
