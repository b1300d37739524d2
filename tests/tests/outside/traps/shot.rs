//! A request as it goes over the wire, with one thing in it that a client would not send.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tests::{Answer, Stack, in_query};

use super::{Body, Field, Kind, Place, Route, Values};

/// Longer than API Gateway lets any call take: what takes longer hangs.
const LIMIT: Duration = Duration::from_secs(40);

/// What is sent in place of a good value.
#[derive(Clone, Debug)]
pub(super) enum Sent {
    /// A text, encoded as its place has it.
    Text(String),
    /// Bytes as they are.
    Raw(Vec<u8>),
    /// Nothing, not even the name.
    Nothing,
    /// The whole request is another one.
    Request(fn(&mut Shot)),
}

/// How the parts of a request are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Json,
    /// Forms and queries are written alike.
    Form,
    Path,
    Header,
}

impl Route {
    /// The ways in which a field can be sent.
    pub(super) fn codings(&self, field: &Field) -> &'static [Coding] {
        match (field.place, self.body) {
            (Place::Path, _) => &[Coding::Path],
            (Place::Query, _) | (Place::Body, Body::Form) => &[Coding::Form],
            (Place::Header, _) => &[Coding::Header],
            (Place::Body, Body::Json | Body::JsonOfEither) => &[Coding::Json],
            (Place::Body, Body::Either) => &[Coding::Json, Coding::Form],
            (Place::Body, Body::None) => panic!("{self:?} has no body for {field:?}"),
        }
    }
}

impl Kind {
    /// Whether JSON has it without quotes.
    fn is_bare(self) -> bool {
        use Kind::{Array, Capacity, Id, Latitude, Longitude};
        matches!(self, Id(_) | Latitude | Longitude | Capacity | Array)
    }

    /// A text as it stands in a request.
    pub(super) fn encode(self, coding: Coding, text: &str) -> Vec<u8> {
        match coding {
            Coding::Json if self.is_bare() => text.into(),
            Coding::Json => Value::from(text).to_string().into(),
            Coding::Form | Coding::Path => in_query(text).into(),
            Coding::Header => text.into(),
        }
    }
}

/// A field of a body: its name, and its value as it is written.
pub(super) type Part = (&'static str, Vec<u8>);

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Shot {
    pub(super) method: &'static str,
    pub(super) path: String,
    /// Without the question mark.
    pub(super) query: Vec<u8>,
    /// `None`: no body at all.
    pub(super) body: Option<Vec<u8>>,
    pub(super) headers: Vec<(&'static str, Vec<u8>)>,
}

impl Shot {
    /// The request of a route with these values. One field, if any, is sent as said.
    pub(super) fn new(
        route: &Route,
        values: &Values,
        credential: Option<(&'static str, String)>,
        trap: Option<(&Field, Coding, &Sent)>,
        write: impl Fn(&[Part]) -> Option<Vec<u8>>,
    ) -> Self {
        let is_form = match trap {
            Some((Field { place: Place::Body, .. }, coding, _)) => coding == Coding::Form,
            _ => route.body == Body::Form,
        };
        let mut shot = Self {
            method: route.method,
            path: route.route.to_owned(),
            query: Vec::new(),
            body: None,
            headers: credential.into_iter().map(|(name, value)| (name, value.into())).collect(),
        };
        let mut parts = Vec::new();
        for field in route.fields {
            let coding = match field.place {
                Place::Path => Coding::Path,
                Place::Query => Coding::Form,
                Place::Header => Coding::Header,
                Place::Body => {
                    if is_form {
                        Coding::Form
                    } else {
                        Coding::Json
                    }
                }
            };
            let sent = match trap {
                Some((trapped, _, Sent::Text(text))) if trapped.is(field) => {
                    Some(field.kind.encode(coding, text))
                }
                Some((trapped, _, Sent::Raw(bytes))) if trapped.is(field) => Some(bytes.clone()),
                Some((trapped, _, Sent::Nothing)) if trapped.is(field) => None,
                _ => values
                    .iter()
                    .find(|(name, _)| *name == field.name)
                    .map(|(_, value)| field.kind.encode(coding, value)),
            };
            let Some(sent) = sent else { continue };
            match field.place {
                Place::Path => {
                    let sent = String::from_utf8(sent).expect("a path is ASCII");
                    shot.path = shot.path.replace(&format!("{{{}}}", field.name), &sent);
                }
                Place::Query => pair(&mut shot.query, field.name, &sent),
                Place::Header => shot.headers.push((field.name, sent)),
                Place::Body => parts.push((field.name, sent)),
            }
        }
        if route.body != Body::None {
            let (kind, body) = if is_form { form(&parts) } else { json(&parts) };
            shot.headers.push(("content-type", kind.into()));
            shot.body = Some(write(&parts).unwrap_or(body));
        }
        if let Some((_, _, Sent::Request(change))) = trap {
            change(&mut shot);
        }
        shot
    }

    /// The value of a header that is there.
    pub(super) fn header(&mut self, name: &str) -> &mut Vec<u8> {
        let header = self.headers.iter_mut().find(|(known, _)| *known == name);
        &mut header.unwrap_or_else(|| panic!("no header {name}")).1
    }

    /// The body, which there must be.
    pub(super) fn body(&mut self) -> &mut Vec<u8> {
        self.body.as_mut().expect("a body")
    }
}

impl Field {
    fn is(&self, other: &Self) -> bool {
        (self.name, self.place) == (other.name, other.place)
    }
}

fn pair(text: &mut Vec<u8>, name: &str, value: &[u8]) {
    if !text.is_empty() {
        text.push(b'&');
    }
    text.extend_from_slice(name.as_bytes());
    text.push(b'=');
    text.extend_from_slice(value);
}

fn form(parts: &[Part]) -> (&'static str, Vec<u8>) {
    let mut text = Vec::new();
    parts.iter().for_each(|(name, value)| pair(&mut text, name, value));
    ("application/x-www-form-urlencoded", text)
}

pub(super) fn json(parts: &[Part]) -> (&'static str, Vec<u8>) {
    let parts =
        parts.iter().map(|(name, value)| [format!("\"{name}\":").into_bytes(), value.clone()].concat());
    let text = parts.collect::<Vec<_>>().join(&b","[..]);
    ("application/json", [&b"{"[..], &text, b"}"].concat())
}

/// Whoever sends requests. It writes them as they are, where decent clients mend them.
#[derive(Debug)]
pub(super) struct Client {
    pool: Pool<HttpConnector, Full<Bytes>>,
    root: String,
}

impl Client {
    pub(super) fn new(stack: &Stack) -> Self {
        let pool = Pool::builder(TokioExecutor::new()).build_http();
        Self { pool, root: stack.ready().http.clone() }
    }

    /// The answer to a request, or why there is none.
    pub(super) async fn send(&self, shot: &Shot) -> Result<Answer, String> {
        let query = if shot.query.is_empty() { Vec::new() } else { [b"?", &shot.query[..]].concat() };
        let uri = [self.root.as_bytes(), shot.path.as_bytes(), &query].concat();
        let mut request = Request::builder().method(shot.method).uri(&uri[..]);
        for (name, value) in &shot.headers {
            request = request.header(*name, HeaderValue::from_bytes(value).expect("a header"));
        }
        let body = Full::new(shot.body.clone().unwrap_or_default().into());
        let request = request.body(body).map_err(|error| format!("no request: {error}"))?;
        let asking = async {
            let answer = self.pool.request(request).await.map_err(|error| format!("no answer: {error:?}"))?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.map_err(|error| format!("half an answer: {error}"))?.to_bytes();
            let question = format!("{} {}", shot.method, shot.path);
            Ok(Answer { question, status: head.status, headers: head.headers, body })
        };
        tokio::time::timeout(LIMIT, asking).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }
}
