//! Pages for people, of which there are few.

use axum::http::StatusCode;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

const STYLE: &str = "body{font-family:system-ui;max-width:32rem;margin:4rem auto;padding:0 1rem}";

/// A page of a title and a sentence, both of ours. Browsers apply its own style to it, which they know by its hash, and
/// do nothing else that it says.
pub fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style><h1>{title}</h1><p>{text}</p>"
    );
    let hash = BASE64.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    (status, [(CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response()
}
