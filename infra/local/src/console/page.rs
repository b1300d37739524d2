//! The page for people: HTML, a style sheet and modules as they are written, all of it in this executable.

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, LOCATION, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::environment::Endpoints;
use crate::server::{self, Answer};

const HTML: &str = include_str!("page/page.html");

/// The files beside the page, by their paths.
const FILES: [(&str, &str, &str); 12] = [
    ("/console/api.js", JAVASCRIPT, include_str!("page/api.js")),
    ("/console/chats.js", JAVASCRIPT, include_str!("page/chats.js")),
    ("/console/dom.js", JAVASCRIPT, include_str!("page/dom.js")),
    ("/console/live.js", JAVASCRIPT, include_str!("page/live.js")),
    ("/console/main.js", JAVASCRIPT, include_str!("page/main.js")),
    ("/console/names.js", JAVASCRIPT, include_str!("page/names.js")),
    ("/console/outbox.js", JAVASCRIPT, include_str!("page/outbox.js")),
    ("/console/pane.js", JAVASCRIPT, include_str!("page/pane.js")),
    ("/console/person.js", JAVASCRIPT, include_str!("page/person.js")),
    ("/console/socket.js", JAVASCRIPT, include_str!("page/socket.js")),
    ("/console/tabs.js", JAVASCRIPT, include_str!("page/tabs.js")),
    ("/console/style.css", "text/css; charset=utf-8", include_str!("page/style.css")),
];
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The page of one stack.
#[derive(Debug)]
pub(super) struct Page {
    html: String,
    policy: HeaderValue,
    /// Where people are to see it: the one origin whose pages the API answers.
    origin: String,
}

impl Page {
    /// A page that calls these endpoints and nothing else.
    pub(super) fn new(endpoints: &Endpoints, websocket: Option<&str>) -> Self {
        let websocket = websocket.unwrap_or_default();
        let html = HTML.replace("{{http}}", &endpoints.http).replace("{{websocket}}", websocket);
        let sockets = [&endpoints.websocket_authority, authority(&endpoints.console)];
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'; connect-src 'self' {} {}",
            endpoints.http,
            sockets.map(|authority| format!("ws://{authority}")).join(" "),
        );
        // Addresses on this machine are plain text.
        let policy = HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("sandbox"));
        Self { html, policy, origin: endpoints.console.clone() }
    }

    /// The page. Whoever calls this machine by another name is sent to where the API answers its pages.
    pub(super) fn html(&self, headers: &HeaderMap) -> Answer {
        if headers.get(HOST).is_some_and(|host| host != authority(&self.origin)) {
            let mut answer = server::empty(StatusCode::TEMPORARY_REDIRECT);
            if let Ok(origin) = HeaderValue::try_from(format!("{}/", self.origin)) {
                answer.headers_mut().insert(LOCATION, origin);
            }
            return answer;
        }
        let mut answer = file("text/html; charset=utf-8", self.html.clone());
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        answer
    }
}

/// The file of a path, if there is one.
pub(super) fn at(path: &str) -> Option<Answer> {
    let (_, kind, text) = FILES.iter().find(|(candidate, ..)| *candidate == path)?;
    Some(file(kind, *text))
}

fn file(kind: &'static str, text: impl Into<bytes::Bytes>) -> Answer {
    let mut answer = server::with_type(StatusCode::OK, HeaderValue::from_static(kind), text);
    let headers = answer.headers_mut();
    // Another stack may have another one.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

fn authority(origin: &str) -> &str {
    origin.trim_start_matches("http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        Page::new(&Endpoints::new([3000, 3001, 3002], None, None), Some("ws://127.0.0.1:3001/live"))
    }

    fn by(host: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))])
    }

    #[test]
    fn the_page_may_call_its_stack_alone() {
        let answer = page().html(&by("127.0.0.1:3002"));
        let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().expect("text");
        let calls = "connect-src 'self' http://127.0.0.1:3000 ws://127.0.0.1:3001 ws://127.0.0.1:3002";
        assert!(policy.starts_with("default-src 'none'; ") && policy.ends_with(calls), "{policy}");
        assert!(!page().html.contains("{{"), "every place is filled in");
    }

    #[test]
    fn whoever_comes_by_another_name_is_sent_on() {
        let answer = page().html(&by("localhost:3002"));
        assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(answer.headers()[LOCATION], "http://127.0.0.1:3002/");
    }

    /// A module that is not served, or is misspelt, would show on nobody's screen but a visitor's.
    #[test]
    fn every_file_that_is_asked_for_is_there_and_every_file_is_asked_for() {
        let asked = |text: &str| -> Vec<String> {
            let parts = text.split('"').filter(|part| part.ends_with(".js") || part.ends_with(".css"));
            parts.map(|part| part.replace("./", "/console/")).collect()
        };
        let mut all = asked(HTML);
        all.extend(FILES.iter().flat_map(|(_, _, text)| asked(text)));
        for path in &all {
            assert!(at(path).is_some(), "{path}");
        }
        for (path, ..) in FILES {
            assert!(all.iter().any(|candidate| candidate == path), "nothing asks for {path}");
        }
    }
}
