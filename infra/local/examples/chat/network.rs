//! Connections: plain ones on this machine, TLS to a deployment. HTTP and sockets go over the same.

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};
use tower::{Service, ServiceExt as _};

/// How long an answer may take. API Gateway gives up after 30 seconds.
const PATIENCE: Duration = Duration::from_secs(35);
/// How long a socket may take to open.
const OPENING: Duration = Duration::from_secs(10);

/// Something that did not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// No answer.
    #[error("{url} does not answer: {why}")]
    Unreachable {
        /// Where.
        url: String,
        /// As the system says it.
        why: String,
    },
    /// An answer that says no.
    #[error("{error}")]
    Refused {
        /// The status.
        status: u16,
        /// A sentence.
        error: String,
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// An answer that is not this API's.
    #[error("{url} does not answer like a chat")]
    Strange {
        /// Where.
        url: String,
    },
    /// What keeps us from calling at all.
    #[error("{0}")]
    Unable(String),
    /// The terminal is gone.
    #[error("{0}")]
    Output(#[from] std::io::Error),
}

impl Failure {
    fn unreachable(url: &str, error: &dyn std::error::Error) -> Self {
        // The first of the causes alone says nothing.
        let mut why = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            why = format!("{why}: {error}");
            cause = error.source();
        }
        Self::Unreachable { url: url.to_owned(), why }
    }

    fn silent(url: &str) -> Self {
        Self::Unreachable { url: url.to_owned(), why: "it takes too long".to_owned() }
    }

    /// The status of an answer that says no.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same may work later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
            Self::Strange { .. } | Self::Unable(_) | Self::Output(_) => false,
        }
    }
}

/// An open socket.
pub(crate) type Socket = WebSocketStream<TokioIo<Stream>>;

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The way to other machines.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    connector: Connector,
    client: Client<Connector, Full<Bytes>>,
}

impl Network {
    /// The way to some URLs. Where none of them needs TLS, this machine needs no certificates.
    pub(crate) fn new(urls: &[&str]) -> Result<Self, Failure> {
        let needs_tls = urls.iter().any(|url| url.starts_with("https:") || url.starts_with("wss:"));
        let connector = if needs_tls {
            let builder = HttpsConnectorBuilder::new().with_native_roots();
            let builder = builder.map_err(|error| Failure::Unable(error.to_string()))?;
            Connector::Tls(builder.https_or_http().enable_http1().build())
        } else {
            Connector::Plain(HttpConnector::new())
        };
        let client = Client::builder(TokioExecutor::new()).build(connector.clone());
        Ok(Self { connector, client })
    }

    /// Calls, and reads the whole answer.
    pub(crate) async fn call(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Failure> {
        let url = request.uri().to_string();
        let calling = async {
            let answer = self.client.request(request).await;
            let answer = answer.map_err(|error| Failure::unreachable(&url, &error))?;
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.map_err(|error| Failure::unreachable(&url, &error))?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        tokio::time::timeout(PATIENCE, calling).await.unwrap_or_else(|_| Err(Failure::silent(&url)))
    }

    /// Opens a socket.
    pub(crate) async fn open(&self, url: &str) -> Result<Socket, Failure> {
        let opening = async {
            let unable = |error: &dyn std::fmt::Display| Failure::Unable(format!("{url}: {error}"));
            let request = url.into_client_request().map_err(|error| unable(&error))?;
            // The connector knows HTTP's names of the schemes.
            let at = url.replacen("ws", "http", 1).parse::<Uri>().map_err(|error| unable(&error))?;
            let stream = self.connector.clone().oneshot(at).await;
            let stream = stream.map_err(|error| Failure::unreachable(url, &*error))?;
            match client_async(request, TokioIo::new(stream)).await {
                Ok((socket, _)) => Ok(socket),
                Err(Error::Http(answer)) => {
                    let status = answer.status();
                    let error = format!("The socket was refused: {status}");
                    Err(Failure::Refused { status: status.as_u16(), error, retry_after: None })
                }
                Err(error) => Err(Failure::unreachable(url, &error)),
            }
        };
        tokio::time::timeout(OPENING, opening).await.unwrap_or_else(|_| Err(Failure::silent(url)))
    }
}

/// Opens connections.
#[derive(Clone, Debug)]
enum Connector {
    Plain(HttpConnector),
    Tls(HttpsConnector<HttpConnector>),
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Stream, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Plain(connector) => connector.poll_ready(context).map_err(Into::into),
            Self::Tls(connector) => connector.poll_ready(context),
        }
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        match self {
            Self::Plain(connector) => {
                let connecting = connector.call(uri);
                async { Ok(MaybeHttpsStream::Http(connecting.await?)) }.boxed()
            }
            Self::Tls(connector) => connector.call(uri),
        }
    }
}
