//! DynamoDB. One file per kind of item; each function is one call, named for what it does to the item.
//!
//! Reads that decide something (a session, a head, a cursor) are consistent. Uniqueness and every
//! other race are settled by condition expressions, whose typed refusal becomes [`StoreError::Refused`].

pub mod chats;
pub mod claims;
pub mod connections;
mod consumption;
pub mod cursors;
pub mod erasures;
pub mod heads;
pub mod keys;
pub mod limits;
pub mod members;
pub mod messages;
pub mod platform_chats;
pub mod queues;
pub mod registrations;
pub mod sessions;
mod tokens;
pub mod transactions;
mod tries;
pub mod users;

use crate::clock::Timestamp;
use crate::telemetry::{self, Metric};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::builders::KeysAndAttributesBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use consumption::Consumption;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;
use tokens::Tokens;
use tries::Tries;

/// An item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Why a storage call did not do what was asked.
#[derive(thiserror::Error)]
pub enum StoreError {
    /// A condition did not hold, so nothing was written. Boxed: the item that stood in the way, where the
    /// call asked for it.
    #[error("a condition did not hold")]
    Refused(Option<Box<Item>>),
    /// Nothing was written: throttled, or in the way of another transaction. Trying again is safe.
    #[error("DynamoDB did not take the call: {0}")]
    Unavailable(String),
    /// No clear answer: it may have been written or not.
    #[error("DynamoDB gave no clear answer: {0}")]
    Ambiguous(String),
    /// An item that cannot be read, or a call that can never work: a defect.
    #[error("a storage call or item is malformed: {0}")]
    Malformed(String),
}

/// Whatever logs an error must not log the item in it.
impl fmt::Debug for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A storage result.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Names of the tables.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Heads of chats, and pointers from ids to chats.
    pub chats: String,
    /// Open sockets, by connection and by user.
    pub connections: String,
    /// Keys that sign tokens and answers.
    pub keys: String,
    /// Counters of attempts.
    pub limits: String,
    /// One row per filed message.
    pub messages: String,
    /// What platforms' users have yet to acknowledge.
    pub queues: String,
    /// One cursor per user and chat.
    pub unread: String,
    /// Accounts, claimed names and addresses, registrations, sessions, idempotency claims, erasures to be done.
    pub users: String,
}

/// The tables and the client that reaches them.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    tables: Tables,
}

impl Store {
    /// A store over an SDK client with this configuration.
    pub fn new(config: config::Builder, tables: Tables) -> Self {
        let config = config.interceptor(Consumption).interceptor(Tokens).interceptor(Tries);
        Self { client: Client::from_conf(config.build()), tables }
    }

    /// Takes work on something in hand for a worker, unless another has had it in hand since a moment, or nothing is
    /// left to be done: what is there as long as something is, is the attribute `open`.
    async fn take_in_hand(&self, table: &str, pk: String, open: &str, hands: &Hands<'_>) -> Result<bool> {
        let sent = self
            .client
            .update_item()
            .table_name(table)
            .key("pk", s(pk))
            .update_expression("SET worker = :worker, worked_at = :now")
            .condition_expression(
                "attribute_exists(#open) AND (attribute_not_exists(worker) OR worker = :worker OR worked_at < :stale)",
            )
            .expression_attribute_names("#open", open)
            .expression_attribute_values(":worker", s(hands.worker))
            .expression_attribute_values(":now", n(hands.now.0))
            .expression_attribute_values(":stale", n((hands.now - WORK_LASTS).0))
            .send()
            .await;
        unless_refused(sent)
    }

    /// Lets go of work on something, so that anybody may go on with it.
    async fn let_go(&self, table: &str, pk: String, hands: &Hands<'_>) -> Result<()> {
        let sent = self
            .client
            .update_item()
            .table_name(table)
            .key("pk", s(pk))
            .update_expression("REMOVE worker, worked_at")
            .condition_expression("worker = :worker")
            .expression_attribute_values(":worker", s(hands.worker))
            .send()
            .await;
        unless_refused(sent).map(drop)
    }

    /// The items behind many keys of one table, in no particular order, 100 to a call and some calls side by
    /// side. `keys_of` says how to read them.
    async fn batch_get(
        &self,
        table: &str,
        keys: Vec<Item>,
        keys_of: impl Fn(Vec<Item>) -> KeysAndAttributesBuilder + Copy,
    ) -> Result<Vec<Item>> {
        let batches: Vec<_> = keys.chunks(GET_BATCH).map(<[Item]>::to_vec).collect();
        let reading = stream::iter(batches).map(|batch| async move {
            let mut items = Vec::with_capacity(batch.len());
            let mut pending = batch;
            for attempt in 0..GET_TRIES {
                let request = HashMap::from([(table.to_owned(), complete(keys_of(pending).build())?)]);
                let got = self.client.batch_get_item().set_request_items(Some(request)).send().await?;
                items.extend(got.responses.and_then(|mut found| found.remove(table)).unwrap_or_default());
                pending = got
                    .unprocessed_keys
                    .and_then(|mut left| left.remove(table))
                    .map(|left| left.keys)
                    .unwrap_or_default();
                if pending.is_empty() {
                    return Ok(items);
                }
                pause(attempt).await;
            }
            Err(StoreError::Unavailable("keys left unprocessed".into()))
        });
        let batches: Vec<Vec<Item>> = reading.buffer_unordered(GETS_AT_ONCE).try_collect().await?;
        Ok(batches.into_iter().flatten().collect())
    }
}

/// Who works on what a deletion left. Two would be in each other's way; one that is killed and comes again is the same.
#[derive(Clone, Copy, Debug)]
pub struct Hands<'a> {
    /// Whose hands.
    pub worker: &'a str,
    /// When they take it.
    pub now: Timestamp,
}

/// For how long work is left to whoever has it in hand: longer than the template lets housekeeping run.
const WORK_LASTS: Duration = Duration::from_secs(12 * 60);
/// DynamoDB's limit for one BatchGetItem.
const GET_BATCH: usize = 100;
const GET_TRIES: u32 = 8;
/// How often a call is repeated that has time.
const PERSISTENCE: u32 = 40;
/// BatchGetItems under way at once.
const GETS_AT_ONCE: usize = 16;

/// Waits a random while before a call is tried again, longer with each try: up to 10 ms, 20 ms … 640 ms.
pub(crate) async fn pause(attempt: u32) {
    let most = 10u64 << attempt.min(6);
    tokio::time::sleep(Duration::from_millis(rand::random_range(1..=most))).await;
}

/// Makes a call that may be repeated, until it is carried out or storage has been out of reach for some seconds.
pub(crate) async fn persist<T, F: Future<Output = Result<T>>>(call: impl Fn() -> F) -> Result<T> {
    let mut tried = 0;
    loop {
        match call().await {
            Err(StoreError::Unavailable(_) | StoreError::Ambiguous(_)) if tried < PERSISTENCE => {
                pause(tried).await;
            }
            outcome => return outcome,
        }
        tried += 1;
    }
}

/// What an operation's own errors mean.
trait Outcome: ProvideErrorMetadata {
    /// The outcome of a modelled error, and what it counts as; `None` where it is none of ours to tell.
    fn outcome(self) -> Option<(StoreError, Metric)>;
}

macro_rules! conditional_outcome {
    ($($error:ident),*) => {$(
        impl Outcome for $error {
            fn outcome(self) -> Option<(StoreError, Metric)> {
                let metric = match self {
                    Self::ConditionalCheckFailedException(refusal) => {
                        let refused = StoreError::Refused(refusal.item.map(Box::new));
                        return Some((refused, Metric::Conflicts));
                    }
                    Self::TransactionConflictException(_) => Metric::Conflicts,
                    Self::ProvisionedThroughputExceededException(_)
                    | Self::RequestLimitExceeded(_)
                    | Self::ThrottlingException(_) => Metric::StorageErrors,
                    _ => return None,
                };
                Some((StoreError::Unavailable(self.to_string()), metric))
            }
        }
    )*};
}
conditional_outcome!(PutItemError, UpdateItemError, DeleteItemError);

impl Outcome for TransactWriteItemsError {
    fn outcome(self) -> Option<(StoreError, Metric)> {
        let metric = match self {
            Self::TransactionCanceledException(cancelled) => {
                let reasons = cancelled.cancellation_reasons.unwrap_or_default();
                let any = |code| reasons.iter().any(|reason| reason.code() == Some(code));
                let told = || {
                    let codes: Vec<_> =
                        reasons.iter().map(|reason| reason.code().unwrap_or("None")).collect();
                    format!("transaction cancelled: {}", codes.join(", "))
                };
                return Some(if any("ValidationError") {
                    (StoreError::Malformed(told()), Metric::StorageErrors)
                } else if any("ConditionalCheckFailed") {
                    (StoreError::Refused(None), Metric::Conflicts)
                } else if any("TransactionConflict") {
                    (StoreError::Unavailable(told()), Metric::Conflicts)
                } else {
                    (StoreError::Unavailable(told()), Metric::StorageErrors)
                });
            }
            Self::TransactionInProgressException(_) => Metric::Conflicts,
            Self::ProvisionedThroughputExceededException(_)
            | Self::RequestLimitExceeded(_)
            | Self::ThrottlingException(_) => Metric::StorageErrors,
            _ => return None,
        };
        Some((StoreError::Unavailable(self.to_string()), metric))
    }
}

/// Whether a write was made; false where its condition did not hold.
fn unless_refused<T, E: Outcome>(sent: std::result::Result<T, SdkError<E, HttpResponse>>) -> Result<bool> {
    match sent.map_err(StoreError::from) {
        Ok(_) => Ok(true),
        Err(StoreError::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Which write of a cancelled transaction was refused first, by its place. Any other failure is an error.
fn first_refused(error: SdkError<TransactWriteItemsError, HttpResponse>) -> Result<usize> {
    let refused = error.as_service_error().and_then(|error| match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => cancelled
            .cancellation_reasons()
            .iter()
            .position(|reason| reason.code() == Some("ConditionalCheckFailed")),
        _ => None,
    });
    match refused {
        Some(place) => {
            telemetry::count(Metric::Conflicts, 1);
            Ok(place)
        }
        None => Err(error.into()),
    }
}

macro_rules! plain_outcome {
    ($($module:ident :: $error:ident),*) => {$(
        impl Outcome for aws_sdk_dynamodb::operation::$module::$error {
            fn outcome(self) -> Option<(StoreError, Metric)> {
                match self {
                    Self::ProvisionedThroughputExceededException(_)
                    | Self::RequestLimitExceeded(_)
                    | Self::ThrottlingException(_) => {
                        Some((StoreError::Unavailable(self.to_string()), Metric::StorageErrors))
                    }
                    _ => None,
                }
            }
        }
    )*};
}
plain_outcome!(
    get_item::GetItemError,
    query::QueryError,
    batch_get_item::BatchGetItemError,
    batch_write_item::BatchWriteItemError
);

impl<E: Outcome> From<SdkError<E, HttpResponse>> for StoreError {
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let (error, metric) = match error {
            SdkError::ServiceError(service) => {
                // Errors are logged: the rest of one may hold an item.
                let told = service.err().meta().to_string();
                // What DynamoDB calls the client's fault it has not carried out.
                let refused = service.raw().status().is_client_error();
                let unmodelled = if refused { Self::Malformed(told) } else { Self::Ambiguous(told) };
                service.into_err().outcome().unwrap_or((unmodelled, Metric::StorageErrors))
            }
            SdkError::ConstructionFailure(_) => {
                (Self::Malformed("a request that cannot be built".into()), Metric::StorageErrors)
            }
            SdkError::DispatchFailure(failure) => {
                (Self::Ambiguous(format!("{:?}", failure.as_connector_error())), Metric::StorageErrors)
            }
            SdkError::TimeoutError(_) => (Self::Ambiguous("time-out".into()), Metric::StorageErrors),
            _ => (Self::Ambiguous("an answer that cannot be read".into()), Metric::StorageErrors),
        };
        telemetry::count(metric, 1);
        error
    }
}

/// A record from an item. What the error says of the item is not told: it may be a text.
fn read<T: DeserializeOwned>(item: Item) -> Result<T> {
    let unreadable = |_| StoreError::Malformed(format!("an item is no {}", std::any::type_name::<T>()));
    serde_dynamo::aws_sdk_dynamodb_1::from_item(item).map_err(unreadable)
}

/// The records of a page for which one item more than it holds was asked for; and whether there was one more.
fn page_of<T: DeserializeOwned>(mut items: Vec<Item>, count: i32) -> Result<(Vec<T>, bool)> {
    let count = usize::try_from(count).unwrap_or_default();
    let more = items.len() > count;
    items.truncate(count);
    Ok((items.into_iter().map(read).collect::<Result<_>>()?, more))
}

/// A page of what deletions left.
#[derive(Clone, Debug)]
pub struct Leftovers<T> {
    /// What there is.
    pub found: Vec<T>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Item>,
}

impl<T: DeserializeOwned> Leftovers<T> {
    fn read(items: Option<Vec<Item>>, next: Option<Item>) -> Result<Self> {
        let found = items.unwrap_or_default().into_iter().map(read).collect::<Result<_>>()?;
        Ok(Self { found, next })
    }
}

/// An item from a record, with its key attributes added.
fn write<const N: usize>(record: &impl Serialize, keys: [(&str, AttributeValue); N]) -> Result<Item> {
    let mut item: Item = serde_dynamo::aws_sdk_dynamodb_1::to_item(record)
        .map_err(|error| StoreError::Malformed(error.to_string()))?;
    item.extend(keys.map(|(name, value)| (name.to_owned(), value)));
    Ok(item)
}

/// A nested value from a record.
fn value(record: &impl Serialize) -> Result<AttributeValue> {
    serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(record)
        .map_err(|error| StoreError::Malformed(error.to_string()))
}

/// A put within a transaction, refused where the key is taken.
fn put_new(table: &str, key: &str, item: Item) -> Result<TransactWriteItem> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(#key)")
        .expression_attribute_names("#key", key);
    Ok(TransactWriteItem::builder().put(complete(put.build())?).build())
}

fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// The value of a string attribute.
fn text_of(item: &Item, name: &str) -> Option<String> {
    item.get(name)?.as_s().ok().cloned()
}

/// The value of a numeric attribute.
fn number_of<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// Whether an item that expires has not. DynamoDB removes those that have up to days later.
fn stands(item: &Item, now: Timestamp) -> bool {
    number_of::<i64>(item, "expires_at").is_some_and(|end| end > now.seconds())
}

/// Builds that cannot fail because every mandatory field is set beside the call.
fn complete<T>(built: std::result::Result<T, aws_sdk_dynamodb::error::BuildError>) -> Result<T> {
    built.map_err(|error| StoreError::Malformed(error.to_string()))
}
