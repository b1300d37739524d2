//! What DynamoDB answers when something is wrong.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Map, Value, json};

use super::StoreCall;
use super::forward::Answer;

/// Something is wrong with DynamoDB itself.
pub(super) fn server_error() -> Answer {
    error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", json!({}))
}

/// Too many calls, told in either of the two ways.
pub(super) fn throttled(otherwise: bool) -> Answer {
    let kind = if otherwise { "ThrottlingException" } else { "ProvisionedThroughputExceededException" };
    error(StatusCode::BAD_REQUEST, kind, json!({}))
}

/// A transaction is in the way.
pub(super) fn conflict(call: &StoreCall) -> Answer {
    let Some(items) = call.request["TransactItems"].as_array() else {
        return error(StatusCode::BAD_REQUEST, "TransactionConflictException", json!({}));
    };
    // It is in the way of the last item.
    let mut reasons = vec![json!({"Code": "None"}); items.len()];
    if let Some(last) = reasons.last_mut() {
        *last = json!({"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"});
    }
    let more = json!({"CancellationReasons": reasons});
    error(StatusCode::BAD_REQUEST, "TransactionCanceledException", more)
}

fn error(status: StatusCode, kind: &str, mut body: Value) -> Answer {
    body["__type"] = json!(format!("com.amazonaws.dynamodb.v20120810#{kind}"));
    // Transactions that are cancelled spell it with a capital.
    body["message"] = json!("a fault of a test");
    body["Message"] = body["message"].clone();
    answer(status, &body)
}

fn answer(status: StatusCode, body: &Value) -> Answer {
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}

/// Leaves the first so many items of a batch in it, and gives the others, as they stand under `RequestItems`.
pub(super) fn split(call: &mut StoreCall, processed: usize) -> Map<String, Value> {
    let is_read = call.operation == "BatchGetItem";
    let mut left = Map::new();
    let mut room = processed;
    let Some(tables) = call.request["RequestItems"].as_object_mut() else { return left };
    for (table, of_table) in tables.iter_mut() {
        let items = if is_read { &mut of_table["Keys"] } else { &mut *of_table };
        let Some(items) = items.as_array_mut() else { continue };
        let others = items.split_off(room.min(items.len()));
        room -= items.len();
        if others.is_empty() {
            continue;
        }
        let mut rest = Value::Array(others);
        if is_read {
            let mut with_keys = of_table.clone();
            with_keys["Keys"] = rest;
            rest = with_keys;
        }
        left.insert(table.clone(), rest);
    }
    tables.retain(|_, of_table| {
        let items = if is_read { &of_table["Keys"] } else { &*of_table };
        items.as_array().is_none_or(|items| !items.is_empty())
    });
    left
}

/// Whether nothing is left in a batch, which a store would not take.
pub(super) fn is_empty_batch(call: &StoreCall) -> bool {
    call.operation.starts_with("Batch") && call.request["RequestItems"].as_object().is_some_and(Map::is_empty)
}

/// What a batch is answered of which nothing was carried out.
pub(super) fn of_empty_batch() -> Answer {
    answer(StatusCode::OK, &json!({"Responses": {}}))
}

/// The answer to a batch of which something was left.
pub(super) async fn with_unprocessed(call: &StoreCall, given: Answer, left: Map<String, Value>) -> Answer {
    let status = given.status();
    let body: Bytes = match given.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(never) => match never {},
    };
    let mut body: Value = serde_json::from_slice(&body).expect("an answer of a store, which is JSON");
    if status == StatusCode::OK {
        let name = if call.operation == "BatchGetItem" { "UnprocessedKeys" } else { "UnprocessedItems" };
        body[name] = Value::Object(left);
    }
    answer(status, &body)
}
