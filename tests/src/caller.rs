//! Whoever calls the HTTP API.

use std::future::IntoFuture;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::Method;
use reqwest::{Client, ClientBuilder, RequestBuilder};
use serde::Serialize;
use uuid::Uuid;

use crate::{Answer, documents};

/// Longer than API Gateway lets any call take.
const LIMIT: Duration = Duration::from_secs(60);

/// Somebody who calls the HTTP API. What a caller does not send, it does not have: [`Anonymous`] sends no token.
pub trait Caller {
    /// A call of any method.
    fn call(&self, method: Method, path: &str) -> Call;

    /// `GET path`.
    fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// `POST path`.
    fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    /// `PUT path`.
    fn put(&self, path: &str) -> Call {
        self.call(Method::PUT, path)
    }

    /// `DELETE path`.
    fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }
}

/// Somebody without a token.
#[derive(Clone, Debug)]
pub struct Anonymous {
    client: Client,
    root: String,
    is_documented: bool,
}

impl Anonymous {
    /// A caller of the API with this root, whose answers are held against its document.
    pub fn new(root: &str) -> Self {
        Self::built(root, Client::builder(), true)
    }

    /// A caller of something else with this root.
    pub fn of_other(root: &str) -> Self {
        Self::built(root, Client::builder(), false)
    }

    /// A caller of the API with this root, from an address of this machine that nobody else calls from.
    pub fn from_elsewhere(root: &str) -> Self {
        let [one, two, three, ..] = *Uuid::new_v4().as_bytes();
        // Neither 127.0.0.0/16, where all others are, nor the last address of all.
        let address = Ipv4Addr::new(127, one.max(1), two, three.clamp(1, 254));
        Self::built(root, Client::builder().local_address(IpAddr::from(address)), true)
    }

    fn built(root: &str, client: ClientBuilder, is_documented: bool) -> Self {
        let client = client.timeout(LIMIT).no_proxy().build();
        Self { client: client.expect("an HTTP client without TLS"), root: root.to_owned(), is_documented }
    }
}

impl Caller for Anonymous {
    fn call(&self, method: Method, path: &str) -> Call {
        let request = self.client.request(method.clone(), format!("{}{path}", self.root));
        Call { method, path: path.to_owned(), request, is_documented: self.is_documented }
    }
}

/// A call that is made when it is awaited.
#[derive(Debug)]
#[must_use = "a call is made when it is awaited"]
pub struct Call {
    method: Method,
    path: String,
    request: RequestBuilder,
    is_documented: bool,
}

impl Call {
    /// With a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    /// With a JSON body.
    pub fn json(self, body: &impl Serialize) -> Self {
        Self { request: self.request.json(body), ..self }
    }

    /// With a form as its body.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        Self { request: self.request.form(fields), ..self }
    }

    /// With a body of any kind.
    pub fn body(self, kind: &str, body: impl Into<Bytes>) -> Self {
        Self { request: self.request.header("content-type", kind).body(body.into()), ..self }
    }

    async fn answer(self) -> Answer {
        let Self { method, path, request, is_documented } = self;
        let question = format!("{method} {path}");
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => panic!("{question} got no answer: {error:?}"),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let answer = match response.bytes().await {
            Ok(body) => Answer { question, status, headers, body },
            Err(error) => panic!("{question} got half an answer: {error:?}"),
        };
        if is_documented {
            documents::check_answer(&method, &path, &answer);
        }
        answer
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = BoxFuture<'static, Answer>;

    fn into_future(self) -> Self::IntoFuture {
        self.answer().boxed()
    }
}
