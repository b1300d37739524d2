//! The API of SQS, in AWS JSON 1.0: the operations that functions and tests call.

use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Sqs;
use super::error::SqsError;
use super::message::{NewMessage, Received, md5};
use crate::ids;
use crate::server::{self, Answer};

/// What stands before the operation in `X-Amz-Target`.
pub(crate) const TARGET_PREFIX: &str = "AmazonSQS.";

/// Most messages that one call receives.
const MOST_MESSAGES: usize = 10;
/// Longest wait of one call, in seconds.
const LONGEST_WAIT: u64 = 20;
/// Longest visibility timeout, in seconds.
const LONGEST_VISIBILITY_TIMEOUT: u64 = 43_200;
/// The name that stands for every attribute.
const ALL: &str = "All";

/// Answers a call; nothing if its operation is not run here.
pub(crate) async fn handle(sqs: &Sqs, operation: &str, body: &[u8]) -> Option<Answer> {
    let outcome = match operation {
        "SendMessage" => send_message(sqs, body),
        "ReceiveMessage" => receive_message(sqs, body).await,
        "DeleteMessage" => delete_message(sqs, body),
        "GetQueueAttributes" => get_queue_attributes(sqs, body),
        _ => return None,
    };
    Some(match outcome {
        Ok(value) => answer(StatusCode::OK, &value),
        Err(error) => refuse(&error),
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SendMessage {
    queue_url: Option<String>,
    message_body: Option<String>,
    delay_seconds: Option<u32>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

fn send_message(sqs: &Sqs, body: &[u8]) -> Result<Value, SqsError> {
    let request: SendMessage = read(body)?;
    let queue = queue(request.queue_url)?;
    if request.delay_seconds.is_some_and(|delay| delay != 0) {
        return Err(SqsError::unsupported_operation("DelaySeconds is not supported here".to_owned()));
    }
    let message = NewMessage {
        body: required("MessageBody", request.message_body)?,
        group_id: request.message_group_id,
        deduplication_id: request.message_deduplication_id,
    };
    let sent = sqs.send(&queue, message)?;
    let mut answer = json!({ "MD5OfMessageBody": sent.md5_of_body, "MessageId": sent.message_id });
    if let Some(number) = sent.sequence_number {
        answer["SequenceNumber"] = number.into();
    }
    Ok(answer)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ReceiveMessage {
    queue_url: Option<String>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    /// No message has any.
    #[serde(default, rename = "MessageAttributeNames")]
    _message_attribute_names: Vec<String>,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
}

async fn receive_message(sqs: &Sqs, body: &[u8]) -> Result<Value, SqsError> {
    let request: ReceiveMessage = read(body)?;
    let queue = queue(request.queue_url)?;
    let most = match request.max_number_of_messages {
        None => 1,
        Some(most) => usize::try_from(most)
            .ok()
            .filter(|most| (1..=MOST_MESSAGES).contains(most))
            .ok_or_else(|| out_of_range("MaxNumberOfMessages", most, "between 1 and 10"))?,
    };
    let visibility_timeout =
        seconds("VisibilityTimeout", request.visibility_timeout, LONGEST_VISIBILITY_TIMEOUT)?;
    let wait = match seconds("WaitTimeSeconds", request.wait_time_seconds, LONGEST_WAIT)? {
        Some(wait) => wait,
        None => sqs.wait_time(&queue)?,
    };
    let mut names = request.attribute_names;
    names.extend(request.message_system_attribute_names);
    let received = sqs.receive(&queue, most, visibility_timeout, wait).await?;
    Ok(match received.as_slice() {
        [] => json!({}),
        received => {
            json!({ "Messages": received.iter().map(|one| message(one, &names)).collect::<Vec<_>>() })
        }
    })
}

fn message(Received { message, receipt_handle }: &Received, names: &[String]) -> Value {
    let mut value = json!({
        "MessageId": message.id,
        "ReceiptHandle": receipt_handle,
        "MD5OfBody": md5(&message.body),
        "Body": message.body,
    });
    let mut attributes = message.attributes();
    attributes.retain(|name, _| names.iter().any(|wanted| wanted == name || wanted == ALL));
    if !attributes.is_empty() {
        value["Attributes"] = json!(attributes);
    }
    value
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteMessage {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
}

fn delete_message(sqs: &Sqs, body: &[u8]) -> Result<Value, SqsError> {
    let request: DeleteMessage = read(body)?;
    let queue = queue(request.queue_url)?;
    sqs.delete(&queue, &required("ReceiptHandle", request.receipt_handle)?)?;
    Ok(json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetQueueAttributes {
    queue_url: Option<String>,
    #[serde(default)]
    attribute_names: Vec<String>,
}

fn get_queue_attributes(sqs: &Sqs, body: &[u8]) -> Result<Value, SqsError> {
    /// What a queue may lack though SQS knows it.
    const OPTIONAL: [&str; 5] =
        ["KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "RedrivePolicy"];
    let request: GetQueueAttributes = read(body)?;
    let names = request.attribute_names;
    let mut attributes = sqs.attributes(&queue(request.queue_url)?)?;
    let is_known = |name: &str| name == ALL || attributes.contains_key(name) || OPTIONAL.contains(&name);
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        return Err(SqsError::invalid_attribute_name(unknown));
    }
    attributes.retain(|name, _| names.iter().any(|wanted| wanted == name || wanted == ALL));
    Ok(if attributes.is_empty() { json!({}) } else { json!({ "Attributes": attributes }) })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, SqsError> {
    serde_json::from_slice(body).map_err(|error| {
        let message = error.to_string();
        if message.starts_with("unknown field") {
            SqsError::unsupported_operation(format!("not supported here: {message}"))
        } else {
            SqsError::malformed_input(message)
        }
    })
}

fn required(name: &str, value: Option<String>) -> Result<String, SqsError> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| SqsError::missing_parameter(name))
}

/// The name in the URL of a queue of this account, on any host: it is called at another one here.
fn queue(url: Option<String>) -> Result<String, SqsError> {
    let url = required("QueueUrl", url)?;
    let (rest, name) = url.rsplit_once('/').ok_or_else(SqsError::queue_does_not_exist)?;
    if rest.rsplit('/').next() != Some(ids::ACCOUNT_ID) {
        return Err(SqsError::queue_does_not_exist());
    }
    Ok(name.to_owned())
}

fn seconds(name: &str, value: Option<i64>, most: u64) -> Result<Option<Duration>, SqsError> {
    let Some(value) = value else { return Ok(None) };
    match u64::try_from(value) {
        Ok(seconds) if seconds <= most => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(out_of_range(name, value, &format!(">= 0 and <= {most}"))),
    }
}

fn out_of_range(name: &str, value: i64, range: &str) -> SqsError {
    SqsError::invalid_parameter(&value.to_string(), name, &format!("Must be {range}, if provided."))
}

fn refuse(error: &SqsError) -> Answer {
    let mut answer = answer(error.status, &json!({ "__type": error.kind, "message": error.message }));
    let code = format!("{};Sender", error.code);
    if let Ok(code) = HeaderValue::try_from(code) {
        answer.headers_mut().insert(HeaderName::from_static("x-amzn-query-error"), code);
    }
    answer
}

fn answer(status: StatusCode, body: &Value) -> Answer {
    let json = HeaderValue::from_static("application/x-amz-json-1.0");
    let mut answer = server::with_type(status, json, body.to_string());
    if let Ok(id) = HeaderValue::try_from(ids::invocation_id()) {
        answer.headers_mut().insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    answer
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::super::tests::queue as settings;
    use super::*;

    const URL: &str = "https://sqs.us-east-1.amazonaws.com/000000000000";

    async fn call(sqs: &Sqs, operation: &str, request: Value) -> (StatusCode, Value, Option<String>) {
        let answer = handle(sqs, operation, request.to_string().as_bytes()).await.expect("an operation");
        assert_eq!(answer.headers()["content-type"], "application/x-amz-json-1.0");
        let code = answer.headers().get("x-amzn-query-error");
        let code = code.map(|code| code.to_str().expect("text").to_owned());
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).expect("JSON"), code)
    }

    async fn ok(sqs: &Sqs, operation: &str, request: Value) -> Value {
        let (status, body, code) = call(sqs, operation, request).await;
        assert_eq!((status, code), (StatusCode::OK, None), "{body}");
        body
    }

    #[tokio::test]
    async fn a_message_goes_in_and_out() {
        let sqs = Sqs::new(&[settings("Casts.fifo", None)], None);
        let url = format!("{URL}/Casts.fifo");
        let message = json!({
            "QueueUrl": url, "MessageBody": "hello", "MessageGroupId": "g", "MessageDeduplicationId": "1",
        });
        let sent = ok(&sqs, "SendMessage", message).await;
        assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592"); // printf hello | md5sum
        assert_eq!(sent["SequenceNumber"].as_str().map(str::len), Some(20));

        let names = json!(["ApproximateReceiveCount", "MessageGroupId"]);
        let request = json!({ "QueueUrl": url, "MessageSystemAttributeNames": names, "WaitTimeSeconds": 20 });
        let received = ok(&sqs, "ReceiveMessage", request.clone()).await;
        let message = &received["Messages"][0];
        assert_eq!(message["MessageId"], sent["MessageId"]);
        assert_eq!((&message["Body"], &message["MD5OfBody"]), (&json!("hello"), &sent["MD5OfMessageBody"]));
        assert_eq!(message["Attributes"], json!({ "ApproximateReceiveCount": "1", "MessageGroupId": "g" }));
        assert_eq!(ok(&sqs, "ReceiveMessage", json!({ "QueueUrl": url })).await, json!({}));

        let names = json!(["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]);
        let count = json!({ "QueueUrl": url, "AttributeNames": names });
        let expected = |visible: &str, in_flight: &str| {
            json!({ "Attributes": {
                "ApproximateNumberOfMessages": visible,
                "ApproximateNumberOfMessagesNotVisible": in_flight,
            } })
        };
        assert_eq!(ok(&sqs, "GetQueueAttributes", count.clone()).await, expected("0", "1"));
        let delete = json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] });
        assert_eq!(ok(&sqs, "DeleteMessage", delete).await, json!({}));
        assert_eq!(ok(&sqs, "GetQueueAttributes", count).await, expected("0", "0"));
    }

    #[tokio::test]
    async fn errors_are_those_of_sqs() {
        let sqs = Sqs::new(&[settings("Work", None)], None);
        let url = format!("{URL}/Work");
        let sqs_error = |kind: &str| format!("com.amazonaws.sqs#{kind}");
        let common = |kind: &str| format!("com.amazon.coral.service#{kind}Exception");
        let no_queue = ("AWS.SimpleQueueService.NonExistentQueue;Sender", sqs_error("QueueDoesNotExist"));
        let missing = ("MissingParameter;Sender", common("MissingRequiredParameter"));
        let invalid = ("InvalidParameterValue;Sender", common("InvalidParameterValue"));
        let unsupported =
            ("AWS.SimpleQueueService.UnsupportedOperation;Sender", sqs_error("UnsupportedOperation"));
        let handle = ("ReceiptHandleIsInvalid;Sender", sqs_error("ReceiptHandleIsInvalid"));
        let cases = [
            ("SendMessage", json!({ "QueueUrl": format!("{URL}/No"), "MessageBody": "a" }), &no_queue),
            ("SendMessage", json!({ "QueueUrl": "https://x/1/Work", "MessageBody": "a" }), &no_queue),
            ("SendMessage", json!({ "MessageBody": "a" }), &missing),
            ("SendMessage", json!({ "QueueUrl": url }), &missing),
            ("SendMessage", json!({ "QueueUrl": url, "MessageBody": "a", "DelaySeconds": 1 }), &unsupported),
            ("SendMessage", json!({ "QueueUrl": url, "MessageBody": "a", "Colour": 1 }), &unsupported),
            ("ReceiveMessage", json!({ "QueueUrl": url, "MaxNumberOfMessages": 11 }), &invalid),
            ("ReceiveMessage", json!({ "QueueUrl": url, "WaitTimeSeconds": 21 }), &invalid),
            ("ReceiveMessage", json!({ "QueueUrl": url, "VisibilityTimeout": -1 }), &invalid),
            ("DeleteMessage", json!({ "QueueUrl": url, "ReceiptHandle": "x" }), &handle),
            (
                "GetQueueAttributes",
                json!({ "QueueUrl": url, "AttributeNames": ["FifoQueue"] }),
                &("InvalidAttributeName;Sender", sqs_error("InvalidAttributeName")),
            ),
        ];
        for (operation, request, (expected_code, expected_kind)) in cases {
            let (status, body, code) = call(&sqs, operation, request.clone()).await;
            assert!(status.is_client_error(), "{request}");
            assert_eq!(
                (code.as_deref(), &body["__type"]),
                (Some(*expected_code), &json!(expected_kind)),
                "{request}"
            );
        }
        assert!(super::handle(&sqs, "PurgeQueue", b"{}").await.is_none(), "what is not run here");
    }
}
