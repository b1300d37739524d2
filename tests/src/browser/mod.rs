//! A real browser, and pages for it on origins of their own.
//!
//! A page does what it is there for and then tells the server that it came from: it posts JSON to `/report`. The answer
//! comes when the test wants it, and is the address that the page is to go to next. So one browser, with all its
//! cookies, goes from page to page as the test says, and nothing has to be known of how browsers are driven. A page that
//! is not made for tests is looked at and clicked on instead: see [`Tab`].

mod tab;

pub use tab::Tab;

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use reqwest::Url;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::{mpsc, oneshot};

use crate::{Owned, unique};

/// How long a page may take from its address to its report. A browser starts meanwhile, on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// What keeps a browser without a screen to itself.
const FLAGS: [&str; 12] = [
    "--headless=new",
    // The superuser's starts only so, and so do all in containers. It sees no pages but those of the test.
    "--no-sandbox",
    // What a container may not have.
    "--disable-gpu",
    "--disable-dev-shm-usage",
    // No welcome, nobody's key ring, nobody's extensions.
    "--no-first-run",
    "--password-store=basic",
    "--disable-extensions",
    // It fetches little that no page asked for, and even that little finds no host but this one.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// A browser with cookies of its own. It starts with the first visit and ends with its owner.
#[derive(Debug)]
pub struct Browser {
    // The process first: it ends before its folder goes.
    process: Option<Owned>,
    profile: Profile,
    reports: (mpsc::Sender<Report>, mpsc::Receiver<Report>),
    next: Option<oneshot::Sender<String>>,
}

/// What a page tells, and how it is told where to go.
#[derive(Debug)]
struct Report {
    told: Value,
    next: oneshot::Sender<String>,
}

impl Browser {
    /// One that has seen nothing yet.
    pub fn new() -> Self {
        Self { process: None, profile: Profile::new(), reports: mpsc::channel(1), next: None }
    }

    /// Serves a page to this browser, and gives its origin, which no other page has.
    #[expect(clippy::disallowed_methods, reason = "servers run beside the test")]
    pub async fn serve(&self, page: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("its address"));
        let reports = self.reports.0.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let reports = reports.clone();
                let service = service_fn(move |request| {
                    let reports = reports.clone();
                    async move { Ok::<_, Infallible>(answer(request, page, reports).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        origin
    }

    /// Goes to the page of an origin, and gives what it reports.
    pub async fn visit(&mut self, origin: &str, query: &[(&str, &str)]) -> Value {
        let url = Url::parse_with_params(origin, query).expect("an origin").to_string();
        match self.next.take() {
            Some(next) => next.send(url.clone()).expect("a page that waits"),
            None => self.process = Some(self.profile.start(&[&url])),
        }
        match tokio::time::timeout(LIMIT, self.reports.1.recv()).await {
            Ok(Some(Report { told, next })) => {
                self.next = Some(next);
                told
            }
            _ => panic!("the page at {url} reported nothing within {LIMIT:?}"),
        }
    }
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

/// What the server of a page answers.
async fn answer(
    request: Request<Incoming>,
    page: &'static str,
    reports: mpsc::Sender<Report>,
) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => of_kind("text/html; charset=utf-8", page),
        (&Method::POST, "/report") => match report(request, reports).await {
            Some(next) => of_kind("text/plain; charset=utf-8", next),
            // The test is over.
            None => empty(StatusCode::SERVICE_UNAVAILABLE),
        },
        _ => empty(StatusCode::NOT_FOUND),
    }
}

/// Hands a report to the test, and waits for where it wants the page to go.
async fn report(request: Request<Incoming>, reports: mpsc::Sender<Report>) -> Option<String> {
    let body = request.into_body().collect().await.ok()?.to_bytes();
    let told = serde_json::from_slice(&body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
    let (next, wanted) = oneshot::channel();
    reports.send(Report { told, next }).await.ok()?;
    wanted.await.ok()
}

fn of_kind(kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let response = Response::builder().header(CONTENT_TYPE, kind).header(CACHE_CONTROL, "no-store");
    response.body(Full::new(body.into())).expect("an answer")
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// A folder for all that a browser keeps. It goes with its owner.
#[derive(Debug)]
struct Profile(PathBuf);

impl Profile {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(unique("browser"));
        std::fs::create_dir(&folder).expect("a new folder");
        Self(folder)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn start(&self, arguments: &[&str]) -> Owned {
        let child = Command::new("chromium")
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", self.path().display()))
            .args(arguments)
            // What it keeps elsewhere, it keeps here, too.
            .env("HOME", self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the browser `chromium`; on Debian: apt-get install chromium");
        Owned::new(child)
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // Processes that the browser started may end a moment after it, and write something until then.
        for _ in 0..100 {
            if std::fs::remove_dir_all(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
