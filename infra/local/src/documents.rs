//! The documents of both APIs, and a page for each to read it, at the console.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_SECURITY_POLICY};
use http::{HeaderValue, StatusCode};

use crate::server::{self, Answer};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const JSON: &str = "application/json";

/// Pages get everything from here, whatever the viewers might want.
const FROM_HERE: &str = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data:";

/// The answer to `GET` of a path, if it is one of these.
pub(crate) fn get(path: &str) -> Option<Answer> {
    let (kind, body): (_, &'static [u8]) = match path.strip_prefix("/documents/")? {
        "openapi.json" => (JSON, include_bytes!("../../openapi.json")),
        "asyncapi.json" => (JSON, include_bytes!("../../asyncapi.json")),
        "http" => (HTML, include_bytes!("../viewers/http.html")),
        "socket" => (HTML, include_bytes!("../viewers/socket.html")),
        "viewers/rapidoc.js" => (SCRIPT, include_bytes!("../viewers/rapidoc.js.gz")),
        "viewers/asyncapi.js" => (SCRIPT, include_bytes!("../viewers/asyncapi.js.gz")),
        "viewers/asyncapi.css" => (STYLE, include_bytes!("../viewers/asyncapi.css.gz")),
        _ => return None,
    };
    let mut answer =
        server::with_type(StatusCode::OK, HeaderValue::from_static(kind), Bytes::from_static(body));
    let headers = answer.headers_mut();
    match kind {
        HTML => headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(FROM_HERE)),
        // They are for browsers, and every browser takes this.
        SCRIPT | STYLE => headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip")),
        _ => None,
    };
    Some(answer)
}
