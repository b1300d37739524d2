//! The queues of a stack, as those who look after it see them.

use serde_json::{Value, json};

use crate::{Anonymous, Caller as _, Stack, eventually, unique};

/// As for a store: it is looked at whether a call is signed, not by whom.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/sqs/aws4_request, \
                      SignedHeaders=host;x-amz-date, Signature=0";
/// Where queues are; their names follow.
const QUEUES: &str = "https://sqs.us-east-1.amazonaws.com/000000000000";
/// The counts of messages that wait, are being worked on, and are not to be seen yet.
const COUNTS: [&str; 3] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
];

/// A queue of a stack.
#[derive(Clone, Debug)]
pub struct Queue {
    console: Anonymous,
    url: String,
}

impl Stack {
    /// The queue with this name.
    pub fn queue(&self, name: &str) -> Queue {
        Queue { console: self.console(), url: format!("{QUEUES}/{name}") }
    }
}

impl Queue {
    /// Puts a message into a standard queue.
    pub async fn send(&self, body: &str) {
        self.call("SendMessage", json!({"MessageBody": body})).await;
    }

    /// Puts a message into a group of a FIFO queue.
    pub async fn send_in_group(&self, group: &str, body: &str) {
        let message = json!({
            "MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": unique("message"),
        });
        self.call("SendMessage", message).await;
    }

    /// Takes some messages out, at most ten, and gives their bodies.
    pub async fn take(&self) -> Vec<String> {
        // However soon the queue itself would hand them out again.
        let ask = json!({"MaxNumberOfMessages": 10, "VisibilityTimeout": 30});
        let received = self.call("ReceiveMessage", ask).await;
        let mut bodies = Vec::new();
        for message in received["Messages"].as_array().into_iter().flatten() {
            self.call("DeleteMessage", json!({"ReceiptHandle": message["ReceiptHandle"]})).await;
            bodies.push(message["Body"].as_str().expect("a body").to_owned());
        }
        bodies
    }

    /// How many messages are in it, those that are being worked on included.
    pub async fn len(&self) -> u64 {
        let answer = self.call("GetQueueAttributes", json!({"AttributeNames": ["All"]})).await;
        let count = |name: &str| answer["Attributes"][name].as_str().and_then(|count| count.parse().ok());
        COUNTS.iter().map(|name| count(name).unwrap_or(0_u64)).sum()
    }

    /// Whether there is no message in it.
    pub async fn is_empty(&self) -> bool {
        self.len().await == 0
    }

    /// Waits until it is empty, as long as something happens in it.
    pub async fn drained(&self) {
        let mut left = self.len().await;
        while left > 0 {
            let moved = async || {
                let now = self.len().await;
                (now != left).then_some(now)
            };
            left = eventually(&format!("the end of one of {left} messages in {}", self.url), moved).await;
        }
    }

    async fn call(&self, operation: &str, mut request: Value) -> Value {
        request["QueueUrl"] = json!(self.url);
        let answer = self
            .console
            .post("/")
            .header("x-amz-target", &format!("AmazonSQS.{operation}"))
            .header("x-amz-date", "20260101T000000Z")
            .header("authorization", SIGNED)
            .body("application/x-amz-json-1.0", request.to_string())
            .await
            .expect(200);
        // `DeleteMessage` says nothing.
        if answer.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&answer.body).expect("an answer of JSON")
    }
}
