//! `@connections`: how functions post to sockets, look at them and close them.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde_json::json;

use super::connection::{Connection, Ending, Gone, MESSAGE_LIMIT};
use crate::permissions::{self, Permissions};
use crate::server::{self, Answer};
use crate::{clock, ids, template};

/// The answer to a caller whose policies do not allow the request. IAM does not see the connection's id.
pub(super) fn refusal<B>(
    permissions: &Permissions,
    api: &template::WebSocketApi,
    request: &Request<B>,
    connection_id: &str,
) -> Option<Answer> {
    let path = format!("{}/{}/{}/@connections/{{connectionId}}", api.id, api.stage, request.method());
    let resource = format!("arn:aws:execute-api:{}:{}:{path}", ids::REGION, ids::ACCOUNT_ID);
    let principal = permissions::principal(request.headers());
    let denied = permissions.check(principal, "execute-api:ManageConnections", &resource).err()?;
    Some(refuse(StatusCode::FORBIDDEN, "AccessDeniedException", &denied.to_string(), connection_id))
}

/// Answers a request about a connection, which may not exist.
pub(super) async fn handle(
    request: Request<Incoming>,
    connection_id: &str,
    connection: Option<Arc<Connection>>,
) -> Answer {
    let method = request.method().clone();
    let mut answer = match (method, connection) {
        (Method::POST, connection) => post(request, connection_id, connection).await,
        (_, None) => gone(connection_id),
        (Method::GET, Some(connection)) => get(&connection),
        (Method::DELETE, Some(connection)) => {
            connection.end(Ending::deleted());
            server::empty(StatusCode::NO_CONTENT)
        }
        _ => {
            refuse(StatusCode::METHOD_NOT_ALLOWED, "BadRequestException", "Method Not Allowed", connection_id)
        }
    };
    if let Ok(id) = HeaderValue::from_str(&ids::invocation_id()) {
        answer.headers_mut().insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    answer
}

async fn post(
    request: Request<Incoming>,
    connection_id: &str,
    connection: Option<Arc<Connection>>,
) -> Answer {
    let payload = match Limited::new(request.into_body(), MESSAGE_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            return refuse(status, "PayloadTooLargeException", "Payload Too Large", connection_id);
        }
        Err(_) => {
            return refuse(StatusCode::BAD_REQUEST, "BadRequestException", "Bad Request", connection_id);
        }
    };
    match connection {
        None => gone(connection_id),
        Some(connection) => match connection.post(payload).await {
            Ok(()) => server::empty(StatusCode::OK),
            Err(Gone) => gone(connection_id),
        },
    }
}

fn get(connection: &Connection) -> Answer {
    let identity = &connection.origin.identity;
    let body = json!({
        "connectedAt": clock::iso(connection.origin.connected_at),
        "identity": {
            "sourceIp": identity.source_ip,
            "userAgent": identity.user_agent,
        },
        "lastActiveAt": clock::iso(connection.last_active_at()),
    });
    server::json(StatusCode::OK, body.to_string())
}

fn gone(connection_id: &str) -> Answer {
    refuse(StatusCode::GONE, "GoneException", "Gone", connection_id)
}

fn refuse(status: StatusCode, kind: &'static str, message: &str, connection_id: &str) -> Answer {
    let request_id = ids::gateway_id();
    let body = json!({ "message": message, "connectionId": connection_id, "requestId": request_id });
    let mut answer = server::json(status, body.to_string());
    answer.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), HeaderValue::from_static(kind));
    answer
}
