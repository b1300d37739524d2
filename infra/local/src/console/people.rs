//! The cookies of several people in one browser. Document 004 knows nothing but a cookie, a browser keeps one of a name
//! for a host, and the page shows two people side by side. So each has a path of its own here, `/people/<number>/`,
//! behind which is the whole API: what is called there is passed on, and the answer's cookies are made to belong to
//! that path. The browser then keeps them apart by itself; nothing is kept here.

use bytes::Bytes;
use futures::future;
use http::header::{CONNECTION, HOST, HeaderValue, SET_COOKIE, UPGRADE};
use http::uri::PathAndQuery;
use http::{HeaderMap, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::BODY_LIMIT;
use crate::client::Client;
use crate::environment::Endpoints;
use crate::server::{self, Answer};

const PREFIX: &str = "/people/";

/// What could not be passed on.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Passes on what people do under their paths.
#[derive(Debug)]
pub(super) struct People {
    http: String,
    websocket: String,
    client: Client,
}

/// Whose path it is, and what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whose<'a> {
    number: &'a str,
    rest: &'a str,
}

impl<'a> Whose<'a> {
    /// Reads the path of a request.
    pub(super) fn read(path: &'a str) -> Option<Self> {
        let path = path.strip_prefix(PREFIX)?;
        let (number, rest) = path.split_at(path.find('/')?);
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(Self { number, rest })
    }
}

impl People {
    /// Passes on to these endpoints.
    pub(super) fn new(endpoints: &Endpoints) -> Self {
        let http = endpoints.http.trim_start_matches("http://").to_owned();
        Self { http, websocket: endpoints.websocket_authority.clone(), client: Client::new() }
    }

    /// Passes on a request, and gives the answer to it.
    pub(super) async fn forward(&self, request: Request<Incoming>) -> Answer {
        let passed = if request.headers().contains_key(UPGRADE) {
            self.open(request).await
        } else {
            self.call(request).await
        };
        passed.unwrap_or_else(|error| server::message(StatusCode::BAD_GATEWAY, &error.to_string()))
    }

    async fn call(&self, request: Request<Incoming>) -> Result<Answer, Failure> {
        let path = request.uri().path().to_owned();
        let whose = Whose::read(&path).ok_or("nobody's path")?;
        let (mut parts, body) = request.into_parts();
        let body = Limited::new(body, BODY_LIMIT).collect().await?.to_bytes();
        parts.uri = target(&parts.uri, whose, Some(&self.http))?;
        parts.headers.remove(CONNECTION);
        parts.headers.insert(HOST, HeaderValue::try_from(&self.http)?);
        let mut answer = self.client.call(Request::from_parts(parts, Full::new(body))).await?;
        keep_apart(answer.headers_mut(), whose);
        Ok(answer.map(Full::new))
    }

    /// Passes on the upgrade to a socket, and then all that goes over it.
    async fn open(&self, mut request: Request<Incoming>) -> Result<Answer, Failure> {
        let path = request.uri().path().to_owned();
        let whose = Whose::read(&path).ok_or("nobody's path")?;
        let stream = TcpStream::connect(&self.websocket).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection.with_upgrades());
        let near = hyper::upgrade::on(&mut request);
        let (mut parts, _) = request.into_parts();
        parts.uri = target(&parts.uri, whose, None)?;
        parts.headers.insert(HOST, HeaderValue::try_from(&self.websocket)?);
        let mut answer = sender.send_request(Request::from_parts(parts, Empty::<Bytes>::new())).await?;
        let far = hyper::upgrade::on(&mut answer);
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            tokio::spawn(async move {
                if let Ok((near, far)) = future::try_join(near, far).await {
                    // It ends when either side does, however that is.
                    let _ =
                        tokio::io::copy_bidirectional(&mut TokioIo::new(near), &mut TokioIo::new(far)).await;
                }
            });
        }
        let (parts, body) = answer.into_parts();
        let body = match parts.status {
            StatusCode::SWITCHING_PROTOCOLS => Bytes::new(),
            _ => body.collect().await?.to_bytes(),
        };
        Ok(Response::from_parts(parts, Full::new(body)))
    }
}

/// Where the rest of a path is meant for.
fn target(uri: &Uri, whose: Whose<'_>, authority: Option<&str>) -> Result<Uri, Failure> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = PathAndQuery::try_from(format!("{}{query}", whose.rest))?;
    let uri = Uri::builder().path_and_query(path);
    let uri = match authority {
        Some(authority) => uri.scheme("http").authority(authority),
        None => uri,
    };
    Ok(uri.build()?)
}

/// Makes the cookies of an answer belong to somebody's path.
fn keep_apart(headers: &mut HeaderMap, whose: Whose<'_>) {
    for cookie in headers.iter_mut().filter(|(name, _)| **name == SET_COOKIE).map(|(_, value)| value) {
        let Ok(text) = cookie.to_str() else { continue };
        let attributes = text.split(';').map(str::trim);
        let others = attributes.filter(|attribute| !attribute.to_ascii_lowercase().starts_with("path="));
        let text = others.collect::<Vec<_>>().join("; ");
        if let Ok(kept) = HeaderValue::try_from(format!("{text}; Path={PREFIX}{}/", whose.number)) {
            *cookie = kept;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_whose_it_is() {
        let rest = |path| Whose::read(path).map(|whose| (whose.number, whose.rest));
        assert_eq!(rest("/people/7/api/conversations"), Some(("7", "/api/conversations")));
        assert_eq!(rest("/people/7/"), Some(("7", "/")));
        for nobody in ["/people/7", "/people//live", "/people/a/live", "/people/-1/live", "/outbox"] {
            assert_eq!(rest(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn a_path_keeps_its_query_and_its_escapes() {
        let uri: Uri = "/people/7/api/conversations/a%2Fb?N=5&x=%20".parse().expect("a path");
        let whose = Whose::read(uri.path()).expect("somebody");
        let target = target(&uri, whose, Some("127.0.0.1:3000")).expect("a URL");
        assert_eq!(target, "http://127.0.0.1:3000/api/conversations/a%2Fb?N=5&x=%20");
    }

    #[test]
    fn cookies_belong_to_the_path_and_keep_what_else_they_have() {
        let cookie = |text: &'static str| (SET_COOKIE, HeaderValue::from_static(text));
        let mut headers = HeaderMap::new();
        for (name, value) in [cookie("session=abc; HttpOnly; SameSite=Lax; Path=/; Max-Age=9"), cookie("a=b")]
        {
            headers.append(name, value);
        }
        keep_apart(&mut headers, Whose { number: "7", rest: "/" });
        let kept: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();
        assert_eq!(
            kept,
            ["session=abc; HttpOnly; SameSite=Lax; Max-Age=9; Path=/people/7/", "a=b; Path=/people/7/"],
        );
    }
}
