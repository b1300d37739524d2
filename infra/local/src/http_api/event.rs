//! The event of a request: payload format 2.0.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use serde::Serialize;

use super::router::Match;
use crate::{clock, ids, percent};

/// An event, with what it has of the request borrowed: nothing of it is built twice.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'static str,
    route_key: &'a str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<&'a str>,
    headers: BTreeMap<&'a str, Cow<'a, str>>,
    #[serde(skip_serializing_if = "HashMap::is_empty")]
    query_string_parameters: HashMap<String, String>,
    #[serde(skip_serializing_if = "HashMap::is_empty")]
    path_parameters: HashMap<String, String>,
    request_context: Context<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    account_id: &'static str,
    api_id: &'a str,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: &'a str,
    route_key: &'a str,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: String,
    source_ip: &'a str,
    /// Without one API Gateway sends an empty one.
    user_agent: &'a str,
}

/// What an event says about the API and the request, besides the request itself.
#[derive(Debug)]
pub(super) struct Origin<'a> {
    pub(super) api_id: &'a str,
    pub(super) port: u16,
    pub(super) peer: SocketAddr,
    pub(super) request_id: &'a str,
}

/// Builds the event of a request, as JSON.
pub(super) fn build(
    parts: &Parts,
    body: &Bytes,
    route: Match<'_>,
    origin: &Origin<'_>,
) -> serde_json::Result<Vec<u8>> {
    let host = match (header(&parts.headers, HOST), parts.uri.authority()) {
        (Some(host), _) => Cow::Borrowed(host),
        (None, Some(authority)) => Cow::Borrowed(authority.as_str()),
        (None, None) => format!("127.0.0.1:{}", origin.port).into(),
    };
    let raw_query = parts.uri.query().unwrap_or_default();
    let path = raw_path(parts.uri.path());
    let source = origin.peer.ip().to_string();
    let now = clock::now_ms();
    let text = std::str::from_utf8(body).ok().filter(|_| is_text(&parts.headers));
    let query = percent::query(raw_query).into_iter();
    serde_json::to_vec(&Event {
        version: "2.0",
        route_key: route.route_key,
        raw_path: &path,
        raw_query_string: raw_query,
        cookies: cookies(&parts.headers),
        headers: headers(&parts.headers, &host, &source, origin),
        query_string_parameters: query.map(|(name, values)| (name, values.join(","))).collect(),
        path_parameters: route.path_parameters,
        request_context: Context {
            account_id: ids::ACCOUNT_ID,
            api_id: origin.api_id,
            domain_name: &host,
            domain_prefix: host.split(['.', ':']).next().unwrap_or_default(),
            http: Http {
                method: parts.method.as_str(),
                path: &path,
                protocol: format!("{:?}", parts.version),
                source_ip: &source,
                user_agent: header(&parts.headers, USER_AGENT).unwrap_or_default(),
            },
            request_id: origin.request_id,
            route_key: route.route_key,
            stage: "$default",
            time: clock::common_log(now),
            time_epoch: now,
        },
        body: (!body.is_empty()).then(|| text.map_or_else(|| STANDARD.encode(body).into(), Cow::Borrowed)),
        is_base64_encoded: !body.is_empty() && text.is_none(),
    })
}

/// HTTP APIs decode the path, and lose what follows a question mark that was encoded in it.
fn raw_path(path: &str) -> String {
    let mut decoded = percent::decode(path);
    if let Some(end) = decoded.find('?') {
        decoded.truncate(end);
    }
    decoded
}

/// The cookies of all `cookie` headers.
fn cookies(headers: &HeaderMap) -> Vec<&str> {
    let fields = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    fields.flat_map(|value| value.split(';')).map(str::trim).filter(|cookie| !cookie.is_empty()).collect()
}

/// One value per header, several joined by commas; cookies apart; where the request came from added.
fn headers<'a>(
    headers: &'a HeaderMap,
    host: &'a str,
    source: &'a str,
    origin: &Origin<'_>,
) -> BTreeMap<&'a str, Cow<'a, str>> {
    let mut joined: BTreeMap<&str, Cow<'_, str>> = BTreeMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| *name != COOKIE) {
        let value = readable(value.as_bytes());
        joined
            .entry(name.as_str())
            .and_modify(|values| {
                let values = values.to_mut();
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    joined.insert("host", host.into());
    let chain = match header(headers, HeaderName::from_static("x-forwarded-for")) {
        Some(before) => format!("{before}, {source}").into(),
        None => source.into(),
    };
    joined.insert("x-forwarded-for", chain);
    joined.insert("x-forwarded-port", origin.port.to_string().into());
    joined.insert("x-forwarded-proto", "http".into());
    joined
}

/// The text of a header. Events are JSON, so bytes that are not ASCII are replaced.
fn readable(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => text.into(),
        _ => value.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect(),
    }
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether API Gateway hands a body of this content type over as text.
fn is_text(headers: &HeaderMap) -> bool {
    let Some(content_type) = header(headers, CONTENT_TYPE) else { return false };
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.starts_with("text/")
        || matches!(essence.as_str(), "application/json" | "application/javascript" | "application/xml")
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
    use http::Request;
    use serde_json::{Value, json};

    use super::*;

    fn event(request: http::request::Builder, body: &'static [u8]) -> Value {
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let route = Match {
            function: "F",
            route_key: "POST /users/{id}",
            path_parameters: HashMap::from([("id".to_owned(), "a b".to_owned())]),
        };
        let origin = Origin {
            api_id: "HttpApi",
            port: 3000,
            peer: SocketAddr::from(([127, 0, 0, 1], 50_000)),
            request_id: "id=",
        };
        let json = build(&parts, &Bytes::from_static(body), route, &origin).expect("an event");
        // It must be what functions read.
        serde_json::from_slice::<ApiGatewayV2httpRequest>(&json).expect("the event type");
        serde_json::from_slice(&json).expect("JSON")
    }

    #[test]
    fn an_event_has_the_form_of_payload_2() {
        let request = Request::post("/users/a%20b?x=1&x=2&y=%20")
            .header("Host", "127.0.0.1:3000")
            .header("Content-Type", "application/json; charset=utf-8")
            .header("Accept", "a")
            .header("Accept", "b")
            .header("Cookie", "s=1; t=2")
            .header("User-Agent", "test");
        let event = event(request, b"{}");
        let expected = json!({
            "version": "2.0",
            "routeKey": "POST /users/{id}",
            "rawPath": "/users/a b",
            "rawQueryString": "x=1&x=2&y=%20",
            "cookies": ["s=1", "t=2"],
            "headers": {
                "host": "127.0.0.1:3000",
                "content-type": "application/json; charset=utf-8",
                "accept": "a,b",
                "user-agent": "test",
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-port": "3000",
                "x-forwarded-proto": "http",
            },
            "queryStringParameters": {"x": "1,2", "y": " "},
            "pathParameters": {"id": "a b"},
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "HttpApi",
                "domainName": "127.0.0.1:3000",
                "domainPrefix": "127",
                "http": {
                    "method": "POST",
                    "path": "/users/a b",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "test",
                },
                "requestId": "id=",
                "routeKey": "POST /users/{id}",
                "stage": "$default",
                "time": event["requestContext"]["time"],
                "timeEpoch": event["requestContext"]["timeEpoch"],
            },
            "body": "{}",
            "isBase64Encoded": false,
        });
        assert_eq!(event, expected);
    }

    #[test]
    fn bodies_that_are_not_text_are_base64() {
        let form = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
        let form = event(form, b"a=1");
        assert_eq!((&form["body"], &form["isBase64Encoded"]), (&json!("YT0x"), &json!(true)));
        let broken = event(Request::post("/").header("content-type", "text/plain"), b"\xff");
        assert_eq!((&broken["body"], &broken["isBase64Encoded"]), (&json!("/w=="), &json!(true)));
        let none = event(Request::get("/"), b"");
        assert_eq!(none.get("body"), None);
        assert_eq!(none["isBase64Encoded"], false);
    }
}
