//! The events of a connection: CONNECT, MESSAGE and DISCONNECT.

use std::collections::HashMap;

use aws_lambda_events::apigw::{
    ApiGatewayRequestIdentity, ApiGatewayWebsocketProxyRequest, ApiGatewayWebsocketProxyRequestContext,
};
use http::HeaderMap;
use serde_json::Value;

use crate::{clock, ids};

/// Who is at the other end of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Identity {
    pub(super) source_ip: String,
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
    let mut identity = ApiGatewayRequestIdentity::default();
    identity.source_ip = Some(origin.identity.source_ip.clone());
    identity.user_agent = origin.identity.user_agent.clone();

    let mut context = ApiGatewayWebsocketProxyRequestContext::default();
    context.apiid = Some(origin.api_id.clone());
    context.stage = Some(origin.stage.clone());
    context.domain_name = Some(origin.domain_name.clone());
    context.connection_id = Some(origin.connection_id.clone());
    context.connected_at = origin.connected_at;
    context.identity = identity;
    context.request_id = Some(request_id.to_owned());
    context.extended_request_id = Some(request_id.to_owned());
    context.message_direction = Some("IN".to_owned());
    context.request_time = Some(clock::common_log(now));
    context.request_time_epoch = now;

    let mut event = ApiGatewayWebsocketProxyRequest::default();
    let mut query = HashMap::new();
    let (event_type, route_key) = match happening {
        Happening::Connect { headers, query: parameters } => {
            event.headers = readable(headers);
            event.multi_value_headers = readable(headers);
            query = parameters;
            ("CONNECT", super::route::CONNECT)
        }
        Happening::Message { route_key, body, is_base64_encoded } => {
            context.message_id = Some(ids::gateway_id());
            event.body = Some(body);
            event.is_base64_encoded = is_base64_encoded;
            ("MESSAGE", route_key)
        }
        Happening::Disconnect { code, reason } => {
            context.disconnect_status_code = Some(i64::from(code));
            context.disconnect_reason = Some(reason.to_owned());
            ("DISCONNECT", super::route::DISCONNECT)
        }
    };
    context.event_type = Some(event_type.to_owned());
    context.route_key = Some(route_key.to_owned());
    event.request_context = context;

    let mut event = serde_json::to_value(event)?;
    drop_empty(&mut event);
    if let Some(context) = event.get_mut("requestContext") {
        drop_empty(context);
        if let Some(identity) = context.get_mut("identity") {
            drop_empty(identity);
        }
    }
    if !query.is_empty() {
        // Of several values the last one is the single one.
        let single: HashMap<&String, Option<&String>> =
            query.iter().map(|(name, values)| (name, values.last())).collect();
        event["queryStringParameters"] = serde_json::to_value(single)?;
        event["multiValueQueryStringParameters"] = serde_json::to_value(query)?;
    }
    serde_json::to_vec(&event)
}

/// Headers without values that cannot stand in JSON.
fn readable(headers: &HeaderMap) -> HeaderMap {
    let pairs = headers.iter().filter(|(_, value)| value.to_str().is_ok());
    pairs.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// API Gateway leaves out what it has nothing to say about.
fn drop_empty(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, value| match value {
            Value::Null => false,
            Value::Object(fields) => !fields.is_empty(),
            _ => true,
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
