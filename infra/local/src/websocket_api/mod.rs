//! The WebSocket API: sockets, their events, and `@connections`, on one port.

mod connection;
mod connections_api;
mod event;
mod handshake;
mod route;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::request::Parts;
use http::{HeaderName, Request, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::cli::Cli;
use crate::events::{Direction, Events, Happening as Watched, Source};
use crate::lambda::{Functions, InvocationError};
use crate::permissions::Permissions;
use crate::server::{self, Answer};
use crate::shutdown::Shutdown;
use crate::sync::lock;
use crate::{clock, ids, percent, template};

use connection::{Connection, Ending, Ends, Limits};
use event::{Happening, Identity, Origin};
use handshake::Handshake;

/// How long API Gateway waits for a function.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(29);
/// Messages of one connection that functions work on at a time. More make the client wait.
const IN_FLIGHT: usize = 16;

/// The WebSocket API.
#[derive(Debug)]
pub(crate) struct WebSocketApi {
    api: template::WebSocketApi,
    authority: String,
    limits: Limits,
    functions: Arc<Functions>,
    permissions: Option<Arc<Permissions>>,
    events: Events,
    connections: Mutex<HashMap<String, Arc<Connection>>>,
    shutdown: Shutdown,
}

impl WebSocketApi {
    /// The API of a template. `authority` is where it listens.
    pub(crate) fn new(
        api: template::WebSocketApi,
        authority: String,
        cli: &Cli,
        functions: Arc<Functions>,
        permissions: Option<Arc<Permissions>>,
        events: Events,
        shutdown: Shutdown,
    ) -> Self {
        let limits = Limits { idle: cli.idle_timeout(), lifetime: cli.connection_lifetime() };
        let connections = Mutex::default();
        Self { api, authority, limits, functions, permissions, events, connections, shutdown }
    }

    /// Answers a request: a client that opens a socket, or a function at `@connections`.
    pub(crate) async fn handle(self: Arc<Self>, request: Request<Incoming>, peer: SocketAddr) -> Answer {
        let mut segments = request.uri().path().split('/').skip(1).map(percent::decode);
        let stage = segments.next().unwrap_or_default();
        let rest: Vec<String> = segments.filter(|segment| !segment.is_empty()).collect();
        if stage != self.api.stage {
            return server::message(StatusCode::FORBIDDEN, "Forbidden");
        }
        match rest.as_slice() {
            [] => self.open(request, peer).await,
            [connections, id] if connections == "@connections" => {
                if let Some(permissions) = &self.permissions
                    && let Some(refusal) = connections_api::refusal(permissions, &self.api, &request, id)
                {
                    return refusal;
                }
                let connection = lock(&self.connections).get(id).cloned();
                connections_api::handle(request, id, connection).await
            }
            _ => server::message(StatusCode::FORBIDDEN, "Forbidden"),
        }
    }

    /// Asks the `$connect` route, and opens the socket if it agrees.
    async fn open(self: Arc<Self>, mut request: Request<Incoming>, peer: SocketAddr) -> Answer {
        let handshake = match Handshake::read(request.headers()) {
            Ok(handshake) => handshake,
            Err(status) => return server::message(status, status.canonical_reason().unwrap_or_default()),
        };
        let upgrade = hyper::upgrade::on(&mut request);
        let (parts, _) = request.into_parts();
        let (answer, answered) = oneshot::channel();
        // A task of its own: `$connect` is followed by `$disconnect` even if the client does not wait for it.
        tokio::spawn(self.connection(parts, peer, handshake, upgrade, answer));
        answered
            .await
            .unwrap_or_else(|_| server::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"))
    }

    /// A connection from `$connect` to `$disconnect`.
    async fn connection(
        self: Arc<Self>,
        parts: Parts,
        peer: SocketAddr,
        handshake: Handshake,
        upgrade: OnUpgrade,
        answer: oneshot::Sender<Answer>,
    ) {
        let origin = self.origin(&parts, peer);
        let agreed = match self.connect(&parts, &origin).await {
            Ok(headers) => handshake.agree(&headers),
            Err(refusal) => {
                // The client may have gone.
                let _ = answer.send(refusal);
                return;
            }
        };
        let id = origin.connection_id.clone();
        let (connection, ends) = Connection::new(origin, self.events.clone());
        lock(&self.connections).insert(id.clone(), connection.clone());
        self.events.note(Watched::Connect { connection: id.clone() });
        // If the client has gone, upgrading fails.
        let _ = answer.send(agreed);
        let ending = match upgrade.await {
            Ok(upgraded) => self.run(upgraded, &connection, ends).await,
            Err(_) => Ending::abnormal(),
        };
        lock(&self.connections).remove(&id);
        self.events.note(Watched::Disconnect { connection: id, code: ending.code });
        self.disconnect(&connection.origin, &ending).await;
    }

    fn origin(&self, parts: &Parts, peer: SocketAddr) -> Origin {
        let header = |name: HeaderName| {
            parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        Origin {
            api_id: self.api.id.clone(),
            stage: self.api.stage.clone(),
            domain_name: header(HOST).unwrap_or_else(|| self.authority.clone()),
            connection_id: ids::gateway_id(),
            connected_at: clock::now_ms(),
            identity: Identity { source_ip: peer.ip().to_string(), user_agent: header(USER_AGENT) },
        }
    }

    /// Invokes `$connect`: the headers of its answer if it agrees, what the client is told otherwise.
    async fn connect(&self, parts: &Parts, origin: &Origin) -> Result<handshake::Headers, Answer> {
        let Some(function) = route::function(&self.api, route::CONNECT) else {
            return Ok(handshake::Headers::default());
        };
        let request_id = ids::gateway_id();
        let refuse = |status: StatusCode, message: &str| {
            server::json(status, failure(message, &origin.connection_id, &request_id))
        };
        let query = percent::query(parts.uri.query().unwrap_or_default());
        let happening = Happening::Connect { headers: &parts.headers, query };
        let payload = event::build(origin, &request_id, happening).map_err(|error| {
            tracing::error!("an event cannot be built: {error}");
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
        })?;
        let source = Source::of_socket(route::CONNECT, &origin.connection_id);
        let answer = self.invoke(function, source, payload).await.map_err(|error| {
            tracing::warn!("{function} failed on $connect: {error}");
            refuse(StatusCode::BAD_GATEWAY, "Internal server error")
        })?;
        handshake::verdict(&answer).map_err(|status| {
            let message = match status {
                StatusCode::UNAUTHORIZED => "Unauthorized",
                StatusCode::FORBIDDEN => "Forbidden",
                _ => "Internal server error",
            };
            refuse(status, message)
        })
    }

    async fn run(self: &Arc<Self>, upgraded: Upgraded, connection: &Arc<Connection>, ends: Ends) -> Ending {
        let Ok(transport) = upgraded.downcast::<TokioIo<TcpStream>>() else {
            // Cannot happen: nothing but this type is ever served.
            return Ending::abnormal();
        };
        let socket = WebSocketStream::from_partially_read(
            transport.io.into_inner(),
            transport.read_buf.into(),
            Role::Server,
            Some(connection::config()),
        )
        .await;
        let in_flight = Arc::new(Semaphore::new(IN_FLIGHT));
        let receive = |message| {
            let in_flight = in_flight.clone();
            async move {
                // Nobody closes the semaphore.
                if let Ok(permit) = in_flight.acquire_owned().await {
                    self.receive(connection, message, permit);
                }
            }
        };
        let running = connection::run(socket, connection, ends, self.limits, receive);
        tokio::pin!(running);
        tokio::select! {
            ending = running.as_mut() => ending,
            () = self.shutdown.wait() => {
                connection.end(Ending::going_away());
                running.await
            }
        }
    }

    /// Invokes the route of a message. Messages get in line in their order, and are worked on side by side.
    fn receive(
        self: &Arc<Self>,
        connection: &Arc<Connection>,
        message: Message,
        permit: OwnedSemaphorePermit,
    ) {
        let request_id = ids::gateway_id();
        let id = &connection.origin.connection_id;
        let (route, body, is_base64_encoded) = match message {
            Message::Text(text) => {
                self.events.note_frame(id, Direction::In, text.as_bytes());
                (route::select(&self.api, &text), text.as_str().to_owned(), false)
            }
            other => {
                let data = other.into_data();
                self.events.note_frame(id, Direction::In, &data);
                (route::default(&self.api), STANDARD.encode(data), true)
            }
        };
        let invocation = route.map(|(route_key, function)| {
            let happening = Happening::Message { route_key, body, is_base64_encoded };
            let payload = event::build(&connection.origin, &request_id, happening);
            let source = Source::of_socket(route_key, id);
            let invoke = |payload: Vec<u8>| self.functions.invoke(function, source, payload.into());
            (function.to_owned(), payload.map(invoke))
        });
        let connection = connection.clone();
        let shutdown = self.shutdown.clone();
        tokio::spawn(async move {
            let failed = match invocation {
                None => Some("Forbidden"),
                Some((function, Err(error))) => {
                    tracing::error!("an event for {function} cannot be built: {error}");
                    Some("Internal server error")
                }
                Some((function, Ok(invocation))) => {
                    match tokio::time::timeout(INTEGRATION_TIMEOUT, invocation).await {
                        Ok(Ok(_)) => None,
                        Ok(Err(error)) => {
                            tracing::warn!("{function} failed on a message: {error}");
                            Some("Internal server error")
                        }
                        Err(_) => {
                            tracing::warn!("{function} took too long on a message");
                            Some("Internal server error")
                        }
                    }
                }
            };
            if let Some(message) = failed {
                let frame = failure(message, &connection.origin.connection_id, &request_id);
                // The client may have gone.
                let _ = connection.post(frame.into()).await;
            }
            drop((permit, shutdown));
        });
    }

    async fn disconnect(&self, origin: &Origin, ending: &Ending) {
        let Some(function) = route::function(&self.api, route::DISCONNECT) else { return };
        let happening = Happening::Disconnect { code: ending.code, reason: &ending.reason };
        let outcome = match event::build(origin, &ids::gateway_id(), happening) {
            Ok(payload) => {
                let source = Source::of_socket(route::DISCONNECT, &origin.connection_id);
                self.invoke(function, source, payload).await.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = outcome {
            tracing::warn!("{function} failed on $disconnect: {error}");
        }
    }

    async fn invoke(
        &self,
        function: &str,
        source: Source,
        payload: Vec<u8>,
    ) -> Result<Bytes, InvocationError> {
        let invocation = self.functions.invoke(function, source, payload.into());
        tokio::time::timeout(INTEGRATION_TIMEOUT, invocation).await.unwrap_or(Err(InvocationError::TimedOut))
    }
}

/// What a client is told when something fails.
fn failure(message: &str, connection_id: &str, request_id: &str) -> String {
    json!({ "message": message, "connectionId": connection_id, "requestId": request_id }).to_string()
}
