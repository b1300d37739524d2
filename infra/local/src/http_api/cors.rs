//! Cross-origin resource sharing: a browser lets a page call the API of another origin, and read the answer,
//! only where the API's headers say so.
//!
//! With a `CorsConfiguration` API Gateway says it by itself: it answers preflights that no route takes, and puts its
//! own headers in the place of those that a function sets. `$default` and `ANY` take every preflight.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::server::{self, Answer};
use crate::template;

/// How names of headers begin that only the configuration may set.
const OWN_HEADERS: &str = "access-control-";

/// The configuration of an API, at work.
#[derive(Debug)]
pub(super) struct Cors(template::Cors);

impl Cors {
    /// Works by a configuration.
    pub(super) fn new(configuration: &template::Cors) -> Self {
        Self(configuration.clone())
    }

    /// The answer to a preflight, in which a browser asks whether a page may make a request; nothing for any
    /// other request. Without headers it means no.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Answer> {
        let (Some(origin), Some(wanted)) = (headers.get(ORIGIN), headers.get(ACCESS_CONTROL_REQUEST_METHOD))
        else {
            return None;
        };
        if method != Method::OPTIONS {
            return None;
        }
        let mut answer = server::empty(StatusCode::NO_CONTENT);
        if self.allows_method(wanted) && self.allows_headers(headers) && self.share(origin, &mut answer) {
            let Self(template::Cors { allow_methods, allow_headers, max_age, .. }) = self;
            let headers = answer.headers_mut();
            set_list(headers, ACCESS_CONTROL_ALLOW_METHODS, allow_methods);
            set_list(headers, ACCESS_CONTROL_ALLOW_HEADERS, allow_headers);
            if let Some(seconds) = max_age {
                headers.insert(ACCESS_CONTROL_MAX_AGE, (*seconds).into());
            }
        }
        Some(answer)
    }

    /// Says on the answer to any other request whether a page of this origin may read it.
    pub(super) fn label(&self, origin: Option<&HeaderValue>, answer: &mut Answer) {
        let headers = answer.headers_mut();
        // What a function says of origins does not count.
        let foreign: Vec<HeaderName> =
            headers.keys().filter(|name| name.as_str().starts_with(OWN_HEADERS)).cloned().collect();
        for name in foreign {
            headers.remove(name);
        }
        if origin.is_some_and(|origin| self.share(origin, answer)) {
            set_list(answer.headers_mut(), ACCESS_CONTROL_EXPOSE_HEADERS, &self.0.expose_headers);
        }
    }

    /// Shares an answer with the pages of an origin, if it is allowed.
    fn share(&self, origin: &HeaderValue, answer: &mut Answer) -> bool {
        let allowed = origin.to_str().unwrap_or_default();
        let is_allowed = |entry: &String| match entry.strip_suffix("://*") {
            Some(scheme) => allowed.split_once("://").is_some_and(|(of_page, _)| of_page == scheme),
            None => entry == allowed,
        };
        let headers = answer.headers_mut();
        if self.0.allow_origins.iter().any(|entry| entry == "*") {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else if self.0.allow_origins.iter().any(is_allowed) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.append(VARY, HeaderValue::from_static("origin"));
        } else {
            return false;
        }
        if self.0.allow_credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        true
    }

    fn allows_method(&self, wanted: &HeaderValue) -> bool {
        self.0.allow_methods.iter().any(|allowed| allowed == "*" || allowed == wanted)
    }

    /// Whether each header that the page wants to send is allowed.
    fn allows_headers(&self, headers: &HeaderMap) -> bool {
        let is_allowed = |wanted: &str| {
            self.0.allow_headers.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(wanted))
        };
        headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter().all(|list| {
            list.to_str().is_ok_and(|list| {
                list.split(',').map(str::trim).all(|name| name.is_empty() || is_allowed(name))
            })
        })
    }
}

/// Sets a header to a list, unless that is empty. What the template holds fits into a header.
fn set_list(headers: &mut HeaderMap, name: HeaderName, list: &[String]) {
    if let Ok(value) = HeaderValue::from_str(&list.join(","))
        && !list.is_empty()
    {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const ONE: &str = "https://one.example";

    fn cors(origins: &[&str]) -> Cors {
        let strings = |strings: &[&str]| strings.iter().map(|&text| text.to_owned()).collect();
        Cors(template::Cors {
            allow_origins: strings(origins),
            allow_credentials: !origins.contains(&"*"),
            allow_methods: strings(&["GET", "PUT"]),
            allow_headers: strings(&["content-type", "Authorization"]),
            expose_headers: strings(&["location", "retry-after"]),
            max_age: Some(60),
        })
    }

    fn preflight(cors: &Cors, method: Method, headers: &[(&str, &str)]) -> Option<Answer> {
        let mut request = Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        cors.preflight(&parts.method, &parts.headers)
    }

    /// The headers of an answer, by name.
    fn headers(answer: &Answer) -> Vec<(&str, &str)> {
        let mut headers: Vec<_> = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().expect("text")))
            .collect();
        headers.sort_unstable();
        headers
    }

    /// The headers of what a function answered to a page of an origin.
    fn labelled(cors: &Cors, origin: Option<&'static str>, of_function: &[(&'static str, &str)]) -> Answer {
        let mut answer = server::message(StatusCode::NOT_FOUND, "Not Found");
        for (name, value) in of_function {
            answer.headers_mut().append(*name, value.parse().expect("a value"));
        }
        cors.label(origin.map(HeaderValue::from_static).as_ref(), &mut answer);
        answer
    }

    #[test]
    fn a_preflight_is_told_what_is_allowed() {
        let asked = [
            ("origin", ONE),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "Content-Type, authorization"),
        ];
        let answer =
            preflight(&cors(&["https://two.example", ONE]), Method::OPTIONS, &asked).expect("a preflight");
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let expected = [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-headers", "content-type,Authorization"),
            ("access-control-allow-methods", "GET,PUT"),
            ("access-control-allow-origin", ONE),
            ("access-control-max-age", "60"),
            ("vary", "origin"),
        ];
        assert_eq!(headers(&answer), expected);
    }

    #[test]
    fn a_preflight_for_what_is_not_allowed_is_told_nothing() {
        let (method, headers_wanted) = ("access-control-request-method", "access-control-request-headers");
        let cases: [&[(&str, &str)]; 7] = [
            &[("origin", "https://two.example"), (method, "GET")],
            &[("origin", "https://one.example:8443"), (method, "GET")],
            &[("origin", "null"), (method, "GET")],
            &[("origin", ONE), (method, "PATCH")],
            &[("origin", ONE), (method, "get")],
            &[("origin", ONE), (method, "GET"), (headers_wanted, "content-type,x-other")],
            &[
                ("origin", ONE),
                (method, "GET"),
                (headers_wanted, "authorization"),
                (headers_wanted, "x-other"),
            ],
        ];
        for asked in cases {
            let answer = preflight(&cors(&[ONE]), Method::OPTIONS, asked).expect("a preflight");
            assert_eq!(
                (answer.status(), headers(&answer)),
                (StatusCode::NO_CONTENT, Vec::new()),
                "{asked:?}"
            );
        }
    }

    #[test]
    fn what_is_no_preflight_goes_on() {
        let asked = [("origin", ONE), ("access-control-request-method", "GET")];
        let cors = cors(&[ONE]);
        assert!(preflight(&cors, Method::OPTIONS, &asked[..1]).is_none(), "no method");
        assert!(preflight(&cors, Method::OPTIONS, &asked[1..]).is_none(), "no origin");
        assert!(preflight(&cors, Method::POST, &asked).is_none(), "no OPTIONS");
    }

    #[test]
    fn an_answer_is_shared_with_allowed_origins_alone() {
        let cors = cors(&[ONE]);
        let answer = labelled(&cors, Some(ONE), &[("vary", "accept")]);
        let expected = [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-origin", ONE),
            ("access-control-expose-headers", "location,retry-after"),
            ("content-type", "application/json"),
            ("vary", "accept"),
            ("vary", "origin"),
        ];
        assert_eq!(headers(&answer), expected);
        for origin in [None, Some("https://two.example"), Some("null"), Some("")] {
            let answer = labelled(&cors, origin, &[]);
            assert_eq!(headers(&answer), [("content-type", "application/json")], "{origin:?}");
        }
    }

    #[test]
    fn what_a_function_says_of_origins_does_not_count() {
        let of_function = [
            ("access-control-allow-origin", "https://two.example"),
            ("access-control-allow-origin", "*"),
            ("access-control-allow-credentials", "false"),
            ("access-control-allow-methods", "PATCH"),
            ("access-control-max-age", "1"),
        ];
        let cors = cors(&[ONE]);
        for origin in [None, Some("https://two.example")] {
            let answer = labelled(&cors, origin, &of_function);
            assert_eq!(headers(&answer), [("content-type", "application/json")], "{origin:?}");
        }
        assert_eq!(
            headers(&labelled(&cors, Some(ONE), &of_function)),
            headers(&labelled(&cors, Some(ONE), &[]))
        );
    }

    #[test]
    fn origins_may_be_all_or_all_of_a_scheme() {
        let shared_with = |entry: &str, origin: &'static str| {
            let answer = labelled(&cors(&[entry]), Some(origin), &[]);
            let allowed = answer.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN);
            let allowed = allowed.map(|value| value.to_str().expect("text").to_owned());
            (allowed, answer.headers().contains_key(VARY))
        };
        assert_eq!(shared_with("*", ONE), (Some("*".to_owned()), false));
        assert_eq!(shared_with("https://*", ONE), (Some(ONE.to_owned()), true));
        assert_eq!(shared_with("http://*", ONE), (None, false));
        assert_eq!(shared_with("https://*", "null"), (None, false));
    }
}
