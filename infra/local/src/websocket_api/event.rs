//! The events of a connection: CONNECT, MESSAGE and DISCONNECT.

use std::collections::{BTreeMap, HashMap};

use http::HeaderMap;
use serde::Serialize;

use crate::{clock, ids};

/// An event. API Gateway leaves out what it has nothing to say about.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    multi_value_headers: BTreeMap<&'a str, Vec<&'a str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_query_string_parameters: Option<&'a HashMap<String, Vec<String>>>,
    request_context: Context<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    is_base64_encoded: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    api_id: &'a str,
    connected_at: i64,
    connection_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_status_code: Option<u16>,
    domain_name: &'a str,
    event_type: &'static str,
    extended_request_id: &'a str,
    identity: &'a Identity,
    message_direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    request_id: &'a str,
    request_time: String,
    request_time_epoch: i64,
    route_key: &'a str,
    stage: &'a str,
}

/// Who is at the other end of a connection.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identity {
    pub(super) source_ip: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_agent: Option<String>,
}

/// What every event of a connection says about it.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) api_id: String,
    pub(super) stage: String,
    pub(super) domain_name: String,
    pub(super) connection_id: String,
    pub(super) connected_at: i64,
    pub(super) identity: Identity,
}

/// What happened.
#[derive(Debug)]
pub(super) enum Happening<'a> {
    /// A client wants to open a socket.
    Connect { headers: &'a HeaderMap, query: HashMap<String, Vec<String>> },
    /// A client sent a message.
    Message { route_key: &'a str, body: String, is_base64_encoded: bool },
    /// A socket has ended.
    Disconnect { code: u16, reason: &'a str },
}

/// Builds an event as JSON. `request_id` is also what an error frame names.
pub(super) fn build(
    origin: &Origin,
    request_id: &str,
    happening: Happening<'_>,
) -> serde_json::Result<Vec<u8>> {
    let now = clock::now_ms();
    let mut event = Event {
        request_context: Context {
            api_id: &origin.api_id,
            connected_at: origin.connected_at,
            connection_id: &origin.connection_id,
            domain_name: &origin.domain_name,
            extended_request_id: request_id,
            identity: &origin.identity,
            message_direction: "IN",
            request_id,
            request_time: clock::common_log(now),
            request_time_epoch: now,
            stage: &origin.stage,
            // What comes with what happened.
            event_type: "",
            route_key: "",
            message_id: None,
            disconnect_status_code: None,
            disconnect_reason: None,
        },
        headers: BTreeMap::new(),
        multi_value_headers: BTreeMap::new(),
        query_string_parameters: BTreeMap::new(),
        multi_value_query_string_parameters: None,
        body: None,
        is_base64_encoded: false,
    };
    let context = &mut event.request_context;
    match &happening {
        Happening::Connect { headers, query } => {
            (context.event_type, context.route_key) = ("CONNECT", super::route::CONNECT);
            for (name, value) in *headers {
                // Bytes that are no text cannot stand in JSON.
                let Ok(value) = value.to_str() else { continue };
                event.multi_value_headers.entry(name.as_str()).or_default().push(value);
                // Of several values the last one is the single one.
                event.headers.insert(name.as_str(), value);
            }
            let last =
                query.iter().filter_map(|(name, values)| Some((name.as_str(), values.last()?.as_str())));
            event.query_string_parameters = last.collect();
            event.multi_value_query_string_parameters = (!query.is_empty()).then_some(query);
        }
        Happening::Message { route_key, body, is_base64_encoded } => {
            (context.event_type, context.route_key) = ("MESSAGE", route_key);
            context.message_id = Some(ids::gateway_id());
            event.body = Some(body);
            event.is_base64_encoded = *is_base64_encoded;
        }
        Happening::Disconnect { code, reason } => {
            (context.event_type, context.route_key) = ("DISCONNECT", super::route::DISCONNECT);
            context.disconnect_status_code = Some(*code);
            context.disconnect_reason = Some(reason);
        }
    }
    serde_json::to_vec(&event)
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
    use serde_json::{Value, json};

    use super::*;

    fn event(happening: Happening<'_>) -> Value {
        let origin = Origin {
            api_id: "Socket".to_owned(),
            stage: "live".to_owned(),
            domain_name: "127.0.0.1:3001".to_owned(),
            connection_id: "c=".to_owned(),
            connected_at: 1,
            identity: Identity { source_ip: "127.0.0.1".to_owned(), user_agent: None },
        };
        let json = build(&origin, "r=", happening).expect("an event");
        // It must be what functions read.
        serde_json::from_slice::<ApiGatewayWebsocketProxyRequest>(&json).expect("the event type");
        serde_json::from_slice(&json).expect("JSON")
    }

    #[test]
    fn a_message() {
        let body = "hi".to_owned();
        let event = event(Happening::Message { route_key: "$default", body, is_base64_encoded: false });
        let context = &event["requestContext"];
        let expected = json!({
            "requestContext": {
                "apiId": "Socket",
                "connectedAt": 1,
                "connectionId": "c=",
                "domainName": "127.0.0.1:3001",
                "eventType": "MESSAGE",
                "extendedRequestId": "r=",
                "identity": {"sourceIp": "127.0.0.1"},
                "messageDirection": "IN",
                "messageId": context["messageId"],
                "requestId": "r=",
                "requestTime": context["requestTime"],
                "requestTimeEpoch": context["requestTimeEpoch"],
                "routeKey": "$default",
                "stage": "live",
            },
            "body": "hi",
            "isBase64Encoded": false,
        });
        assert_eq!(event, expected);
    }

    #[test]
    fn connecting_carries_headers_and_query() {
        let headers: HeaderMap = [("a", "1"), ("b", "2"), ("b", "3")]
            .into_iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
            .collect();
        let query = crate::percent::query("t=1&t=2");
        let event = event(Happening::Connect { headers: &headers, query });
        assert_eq!(event["requestContext"]["eventType"], "CONNECT");
        assert_eq!(event["headers"]["a"], "1");
        assert_eq!(event["multiValueHeaders"]["b"], json!(["2", "3"]));
        assert_eq!(event["queryStringParameters"], json!({"t": "2"}));
        assert_eq!(event["multiValueQueryStringParameters"], json!({"t": ["1", "2"]}));
    }

    #[test]
    fn disconnecting_says_why() {
        let event = event(Happening::Disconnect { code: 1001, reason: "Going away" });
        assert_eq!(event["requestContext"]["routeKey"], "$disconnect");
        assert_eq!(event["requestContext"]["disconnectStatusCode"], 1001);
        assert_eq!(event["requestContext"]["disconnectReason"], "Going away");
    }
}
