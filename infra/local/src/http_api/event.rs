//! The event of a request: payload format 2.0.

use std::net::SocketAddr;

use aws_lambda_events::apigw::{
    ApiGatewayV2httpRequest, ApiGatewayV2httpRequestContext, ApiGatewayV2httpRequestContextHttpDescription,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::router::Match;
use crate::{clock, ids, percent};

/// Fields of the event type that only custom authorizers have. API Gateway sends none of them here.
const AUTHORIZER_FIELDS: [&str; 8] = [
    "type",
    "methodArn",
    "httpMethod",
    "identitySource",
    "authorizationToken",
    "resource",
    "stageVariables",
    "authorizer",
];

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
    let host = header(&parts.headers, HOST)
        .map(str::to_owned)
        .or_else(|| parts.uri.authority().map(|authority| authority.to_string()))
        .unwrap_or_else(|| format!("127.0.0.1:{}", origin.port));
    let raw_query = parts.uri.query().unwrap_or_default();
    let path = raw_path(parts.uri.path());
    let now = clock::now_ms();

    let mut http = ApiGatewayV2httpRequestContextHttpDescription::default();
    http.method = parts.method.clone();
    http.path = Some(path.clone());
    http.protocol = Some(format!("{:?}", parts.version));
    http.source_ip = Some(origin.peer.ip().to_string());
    http.user_agent = header(&parts.headers, USER_AGENT).map(str::to_owned);

    let mut context = ApiGatewayV2httpRequestContext::default();
    context.route_key = Some(route.route_key.to_owned());
    context.account_id = Some(ids::ACCOUNT_ID.to_owned());
    context.stage = Some("$default".to_owned());
    context.request_id = Some(origin.request_id.to_owned());
    context.apiid = Some(origin.api_id.to_owned());
    context.domain_prefix = host.split(['.', ':']).next().map(str::to_owned);
    context.domain_name = Some(host.clone());
    context.time = Some(clock::common_log(now));
    context.time_epoch = now;
    context.http = http;

    let mut event = ApiGatewayV2httpRequest::default();
    event.version = Some("2.0".to_owned());
    event.route_key = Some(route.route_key.to_owned());
    event.raw_path = Some(path);
    event.raw_query_string = Some(raw_query.to_owned());
    event.cookies = cookies(&parts.headers);
    event.headers = headers(&parts.headers, &host, origin);
    event.query_string_parameters = percent::query(raw_query).into();
    event.path_parameters = route.path_parameters;
    event.request_context = context;
    if !body.is_empty() {
        let text = std::str::from_utf8(body).ok().filter(|_| is_text(&parts.headers));
        event.is_base64_encoded = text.is_none();
        event.body = Some(text.map_or_else(|| STANDARD.encode(body), str::to_owned));
    }

    let mut event = serde_json::to_value(event)?;
    if let Some(fields) = event.as_object_mut() {
        for name in AUTHORIZER_FIELDS {
            fields.remove(name);
        }
        // Without a user agent API Gateway sends an empty one.
        if let Some(agent) = fields["requestContext"]["http"].get_mut("userAgent")
            && agent.is_null()
        {
            *agent = "".into();
        }
    }
    serde_json::to_vec(&event)
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
fn cookies(headers: &HeaderMap) -> Option<Vec<String>> {
    let cookies: Vec<String> = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(str::trim)
        .filter(|cookie| !cookie.is_empty())
        .map(str::to_owned)
        .collect();
    (!cookies.is_empty()).then_some(cookies)
}

/// One value per header, several joined by commas; cookies apart; where the request came from added.
fn headers(headers: &HeaderMap, host: &str, origin: &Origin<'_>) -> HeaderMap {
    let mut joined = HeaderMap::with_capacity(headers.keys_len() + 4);
    for name in headers.keys().filter(|name| **name != COOKIE) {
        let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        insert(&mut joined, name.clone(), &values.join(&b","[..]));
    }
    insert(&mut joined, HOST, host.as_bytes());
    let source = origin.peer.ip().to_string();
    let forwarded_for = HeaderName::from_static("x-forwarded-for");
    let chain = match header(headers, forwarded_for.clone()) {
        Some(before) => format!("{before}, {source}"),
        None => source,
    };
    insert(&mut joined, forwarded_for, chain.as_bytes());
    insert(&mut joined, HeaderName::from_static("x-forwarded-port"), origin.port.to_string().as_bytes());
    insert(&mut joined, HeaderName::from_static("x-forwarded-proto"), b"http");
    joined
}

/// Sets a header. Events are JSON, so bytes that are not UTF-8 are replaced.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) {
    let ascii: Vec<u8> = value.iter().map(|byte| if byte.is_ascii() { *byte } else { b'?' }).collect();
    if let Ok(value) = HeaderValue::from_bytes(&ascii) {
        headers.insert(name, value);
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
    use std::collections::HashMap;

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
