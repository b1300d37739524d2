//! Listening on loopback and serving HTTP/1.1 there.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket};

use crate::shutdown::Shutdown;

/// An answer that is complete before it is sent: nearly every one.
pub(crate) type Answer = Response<Full<Bytes>>;
/// An answer that may go on.
pub(crate) type Streamed = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// Listens on a port of 127.0.0.1; 0 takes a free one. Accepted sockets inherit `TCP_NODELAY`.
pub(crate) fn listen(port: u16) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_nodelay(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(1024)
}

/// Serves every connection of `listener` until the stack ends. Requests that are under way then are finished.
pub(crate) async fn serve<H, F, B>(listener: TcpListener, shutdown: Shutdown, handler: H)
where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.wait() => return,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of file descriptors, most likely. Closing connections brings some back.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        // Fails only on a socket that is already gone, which serving it then shows.
        let _ = stream.set_nodelay(true);
        let handler = handler.clone();
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let answer = handler(request, peer);
                async move { Ok::<_, Infallible>(answer.await) }
            });
            let connection =
                http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
            tokio::pin!(connection);
            // An error here is a client that went away.
            tokio::select! {
                _ = connection.as_mut() => {}
                () = shutdown.wait() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
        });
    }
}

/// An answer with a JSON body.
pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    with_type(status, HeaderValue::from_static("application/json"), body)
}

/// An answer with a body of the given type.
pub(crate) fn with_type(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Answer {
    let mut answer = empty(status);
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    *answer.body_mut() = Full::new(body.into());
    answer
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

/// API Gateway's own answers: `{"message":"…"}`.
pub(crate) fn message(status: StatusCode, text: &str) -> Answer {
    json(status, serde_json::json!({ "message": text }).to_string())
}
