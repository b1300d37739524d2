//! A message: what SQS takes for one, and what it tells of it.

use std::collections::BTreeMap;

use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::error::SqsError;
use crate::ids::ACCOUNT_ID;
use crate::template::Fifo;

/// Most bytes of a body.
pub(super) const BODY_LIMIT: usize = 1_048_576;
/// Most characters of the id of a group, and of one for deduplication.
const ID_LIMIT: usize = 128;

/// A message as it is sent.
#[derive(Clone, Debug, Default)]
pub(super) struct NewMessage {
    pub(super) body: String,
    pub(super) group_id: Option<String>,
    pub(super) deduplication_id: Option<String>,
}

impl NewMessage {
    /// Holds the message against the rules of a queue, and gives it the deduplication id that it lacks.
    pub(super) fn checked(mut self, fifo: Option<&Fifo>) -> Result<Self, SqsError> {
        if self.body.is_empty() {
            return Err(SqsError::missing_parameter("MessageBody"));
        }
        if self.body.len() > BODY_LIMIT {
            return Err(SqsError::invalid_parameters(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {BODY_LIMIT} bytes."
            )));
        }
        if let Some(character) = self.body.chars().find(|character| !is_allowed(*character)) {
            return Err(SqsError::invalid_message_contents(character));
        }
        check_id("MessageGroupId", self.group_id.as_deref())?;
        check_id("MessageDeduplicationId", self.deduplication_id.as_deref())?;
        let Some(fifo) = fifo else {
            return match &self.deduplication_id {
                Some(id) => Err(SqsError::invalid_parameter(
                    id,
                    "MessageDeduplicationId",
                    "The request includes a parameter that is not valid for this queue type.",
                )),
                // A standard queue takes a group: it only shares its throughput among groups.
                None => Ok(self),
            };
        };
        if self.group_id.is_none() {
            return Err(SqsError::missing_parameter("MessageGroupId"));
        }
        if self.deduplication_id.is_none() {
            if !fifo.content_based_deduplication {
                return Err(SqsError::invalid_parameters(
                    "The queue should either have ContentBasedDeduplication enabled or \
                     MessageDeduplicationId provided explicitly"
                        .to_owned(),
                ));
            }
            self.deduplication_id = Some(format!("{:x}", Sha256::digest(&self.body)));
        }
        Ok(self)
    }
}

/// The characters of XML.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn check_id(name: &str, id: Option<&str>) -> Result<(), SqsError> {
    let Some(id) = id else { return Ok(()) };
    if (1..=ID_LIMIT).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let reason = format!(
        "{name} can only include alphanumeric and punctuation characters. 1 to {ID_LIMIT} in length."
    );
    Err(SqsError::invalid_parameter(id, name, &reason))
}

/// The hash by which clients see that their message arrived as it was.
pub(super) fn md5(body: &str) -> String {
    format!("{:x}", Md5::digest(body))
}

/// What the sender is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) message_id: String,
    pub(super) md5_of_body: String,
    /// Of a FIFO queue's message.
    pub(super) sequence_number: Option<String>,
}

/// A message in a queue.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) body: String,
    pub(super) group_id: Option<String>,
    pub(super) deduplication_id: Option<String>,
    pub(super) sequence_number: Option<String>,
    /// When it was sent, in milliseconds.
    pub(super) sent_at: i64,
    /// How often it was received, in all queues that it was in.
    pub(super) receive_count: u32,
    /// When it was received for the first time, in milliseconds.
    pub(super) first_received_at: Option<i64>,
    /// ARN of the queue whose dead letter it is.
    pub(super) dead_letter_source: Option<String>,
}

impl Message {
    /// Its system attributes, as whoever receives it may see them.
    pub(super) fn attributes(&self) -> BTreeMap<&'static str, String> {
        let ms = |at: i64| at.to_string();
        let all = [
            ("ApproximateFirstReceiveTimestamp", self.first_received_at.map(ms)),
            ("ApproximateReceiveCount", Some(self.receive_count.to_string())),
            ("DeadLetterQueueSourceArn", self.dead_letter_source.clone()),
            ("MessageDeduplicationId", self.deduplication_id.clone()),
            ("MessageGroupId", self.group_id.clone()),
            ("SenderId", Some(ACCOUNT_ID.to_owned())),
            ("SentTimestamp", Some(ms(self.sent_at))),
            ("SequenceNumber", self.sequence_number.clone()),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// A message in somebody's hands.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) message: Message,
    pub(super) receipt_handle: String,
}
