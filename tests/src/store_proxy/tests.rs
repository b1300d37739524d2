use std::sync::{Mutex, PoisonError};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;
use crate::tables::SIGNED;
use crate::{Tables, eventually};

const TABLE: &str = "Things";
const LAG: Duration = Duration::from_millis(300);

/// Gives the next call its fate and writes down what it heard; all others pass.
#[derive(Default)]
struct Script {
    next: Mutex<Option<Fate>>,
    heard: Mutex<Vec<String>>,
}

impl Script {
    fn note(&self, line: String) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn next_is(&self, fate: Fate) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(fate);
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Watch for Script {
    fn fate(&self, _call: &mut StoreCall) -> Fate {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(Fate::Pass)
    }

    fn killed(&self, _call: &StoreCall, _fate: Fate, process: &Process) {
        self.note(format!("killed {}", process.pid));
    }

    fn passed(&self, call: &StoreCall, _answer: &[u8], _from: Instant) {
        self.note(format!("passed {}", call.operation));
    }
}

/// A table behind a proxy.
struct Behind {
    script: Arc<Script>,
    url: String,
    tables: Tables,
}

impl Behind {
    async fn new(upstream: Upstream) -> Self {
        let script = Arc::<Script>::default();
        let url = upstream.serve(script.clone()).await;
        let tables = Tables::of(&url);
        let create = json!({
            "TableName": TABLE,
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        });
        tables.call("CreateTable", &create).await;
        Self { script, url, tables }
    }

    async fn meet(&self, fate: Fate, operation: &str, request: &Value) -> (u16, Value) {
        self.script.next_is(fate);
        let answer = self.tables.try_call(operation, request).await;
        let body: Value = serde_json::from_slice(&answer.body).expect("an answer of JSON");
        (answer.status.as_u16(), body)
    }

    async fn is_there(&self, key: &str) -> bool {
        let got = json!({"TableName": TABLE, "Key": named(key), "ConsistentRead": true});
        let (_, answer) = self.meet(Fate::Pass, "GetItem", &got).await;
        answer["Item"].is_object()
    }
}

fn named(key: &str) -> Value {
    json!({"pk": {"S": key}})
}

fn put(key: &str) -> Value {
    json!({"TableName": TABLE, "Item": named(key)})
}

fn kind(answer: &Value) -> &str {
    answer["__type"].as_str().and_then(|kind| kind.rsplit('#').next()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_told_as_dynamodb_does_and_before_is_not_after() {
    let store = Behind::new(Upstream::embedded().await).await;
    let all = [
        ("before", Fate::FailBefore, 500, "InternalServerError", false),
        ("after", Fate::FailAfter, 500, "InternalServerError", true),
        ("throttled", Fate::Throttle, 400, "ProvisionedThroughputExceededException", false),
        ("throttled otherwise", Fate::Throttle, 400, "ThrottlingException", false),
        ("in the way", Fate::Conflict, 400, "TransactionConflictException", false),
    ];
    for (key, fate, status, told, is_applied) in all {
        let (answered, body) = store.meet(fate, "PutItem", &put(key)).await;
        assert_eq!((answered, kind(&body)), (status, told), "{key}");
        assert_eq!(store.script.heard(), [""; 0], "{key}");
        assert_eq!(store.is_there(key).await, is_applied, "{key}");
    }
    let transaction = json!({"TransactItems": [{"Put": put("one")}, {"Put": put("two")}]});
    let (status, body) = store.meet(Fate::Conflict, "TransactWriteItems", &transaction).await;
    assert_eq!((status, kind(&body)), (400, "TransactionCanceledException"));
    let codes = [&body["CancellationReasons"][0]["Code"], &body["CancellationReasons"][1]["Code"]];
    assert_eq!(codes, ["None", "TransactionConflict"]);
    assert!(!store.is_there("one").await && !store.is_there("two").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_batch_some_or_none_or_all_are_carried_out() {
    let store = Behind::new(Upstream::embedded().await).await;
    for processed in 0..=3 {
        let keys = ["a", "b", "c"].map(|key| format!("{key}{processed}"));
        let puts = keys.each_ref().map(|key| json!({"PutRequest": {"Item": named(key)}}));
        let write = json!({"RequestItems": {TABLE: puts}});
        let (status, body) = store.meet(Fate::Unprocessed(processed), "BatchWriteItem", &write).await;
        let left = body["UnprocessedItems"][TABLE].as_array().cloned().unwrap_or_default();
        assert_eq!((status, left.as_slice()), (200, &puts[processed..]), "{body}");
        for (place, key) in keys.iter().enumerate() {
            assert_eq!(store.is_there(key).await, place < processed, "{key}");
        }
    }
    for processed in 0..=3 {
        let keys = ["a3", "b3", "c3"].map(named);
        let of_table = |keys: &[Value]| json!({"Keys": keys, "ConsistentRead": true});
        let read = json!({"RequestItems": {TABLE: of_table(&keys)}});
        let (status, body) = store.meet(Fate::Unprocessed(processed), "BatchGetItem", &read).await;
        let found = body["Responses"][TABLE].as_array().map_or(0, Vec::len);
        assert_eq!((status, found), (200, processed), "{body}");
        let left = &body["UnprocessedKeys"];
        let expected = if processed < 3 { json!({TABLE: of_table(&keys[processed..])}) } else { json!({}) };
        assert_eq!(*left, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_answer_is_the_end_of_its_connection_and_not_one_byte() {
    let store = Behind::new(Upstream::embedded().await).await;
    store.script.next_is(Fate::Drop);
    let mut stream = TcpStream::connect(store.url.trim_start_matches("http://")).await.expect("a connection");
    let body = put("dropped").to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: store\r\nx-amz-target: DynamoDB_20120810.PutItem\r\n\
         x-amz-date: 20260101T000000Z\r\nauthorization: {SIGNED}\r\n\
         content-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("a connection");
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.expect("an orderly end");
    assert_eq!(String::from_utf8_lossy(&received), "");
    assert_eq!(store.script.heard(), [""; 0]);
    assert!(store.is_there("dropped").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_reads_that_do_not_ask_for_consistency_are_stale_and_not_for_long() {
    let store = Behind::new(Upstream::embedded().await.with_replica(LAG).await).await;
    let read =
        |consistent: bool| json!({"TableName": TABLE, "Key": named("new"), "ConsistentRead": consistent});
    let finds = async |fate, consistent| {
        let (status, answer) = store.meet(fate, "GetItem", &read(consistent)).await;
        assert_eq!(status, 200, "{answer}");
        answer["Item"].is_object()
    };
    let has_table = async || (store.meet(Fate::Stale, "GetItem", &read(false)).await.0 == 200).then_some(());
    eventually("the table in the replica", has_table).await;
    store.tables.put(TABLE, &named("new")).await;
    assert!(!finds(Fate::Stale, false).await);
    assert!(finds(Fate::Stale, true).await);
    assert!(finds(Fate::Pass, false).await);
    eventually("the end of staleness", async || finds(Fate::Stale, false).await.then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_that_calls_is_found_and_killed() {
    let store = Behind::new(Upstream::embedded().await).await;
    for (key, fate, is_applied) in [("x", Fate::KillBefore, false), ("y", Fate::KillAfter, true)] {
        store.script.next_is(fate);
        let mut calling = tokio::process::Command::new("curl")
            .args(["--silent", "--data-binary", &put(key).to_string()])
            .args(["--header", "x-amz-target: DynamoDB_20120810.PutItem"])
            .args(["--header", "x-amz-date: 20260101T000000Z"])
            .args(["--header", &format!("authorization: {SIGNED}")])
            .args(["--header", "content-type: application/x-amz-json-1.0", &store.url])
            .spawn()
            .expect("curl");
        let pid = calling.id().expect("its id");
        let status = calling.wait().await.expect("its end");
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{status}");
        assert!(store.script.heard().contains(&format!("killed {pid}")), "{:?}", store.script.heard());
        assert_eq!(store.is_there(key).await, is_applied, "{key}");
    }
}

#[test]
fn what_a_call_may_meet_depends_on_its_kind() {
    let call = |operation: &str, request: Value| StoreCall {
        operation: operation.to_owned(),
        request,
        caller: SocketAddr::from(([127, 0, 0, 1], 1)),
        proxy: SocketAddr::from(([127, 0, 0, 1], 2)),
    };
    let batch = |consistent: bool| {
        let keys = json!([named("a"), named("b")]);
        let one = json!({"Keys": keys});
        call(
            "BatchGetItem",
            json!({"RequestItems": {"A": one, "B": {"Keys": keys, "ConsistentRead": consistent}}}),
        )
    };
    assert!(batch(false).may_be_stale() && !batch(true).may_be_stale());
    assert_eq!(batch(true).batch_size(), Some(4));
    assert!(call("Query", json!({})).may_be_stale());
    assert!(!call("Query", json!({"ConsistentRead": true})).may_be_stale());
    assert!(!call("PutItem", json!({})).may_be_stale());
    assert_eq!(call("PutItem", json!({})).batch_size(), None);
    assert!(call("TransactWriteItems", json!({})).may_conflict() && !call("Query", json!({})).may_conflict());
}
