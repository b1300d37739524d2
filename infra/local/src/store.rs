//! The embedded DynamoDB, and creating the template's tables in it or in another one.

use std::net::SocketAddr;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use dynoxide::Database;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::client::Client;
use crate::error::StartError;
use crate::server;
use crate::template::Table;

/// Name of the database in the folder of `--data`.
const FILE: &str = "tables.sqlite";
/// How often rows that have expired are removed. DynamoDB takes its time with that, too.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);
/// How long requests that are under way get when the stack ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// The embedded DynamoDB. SQLite blocks, so it has a thread of its own.
#[derive(Debug)]
pub(crate) struct Store {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Store {
    /// Opens the store in memory, or in a folder.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self, StartError> {
        let database = open(folder)?;
        let system = |what| move |source| StartError::System { what, source };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(system("the store's runtime"))?;
        let listener = {
            let _context = runtime.enter();
            server::listen(0).map_err(system("the store's port"))?
        };
        let address = listener.local_addr().map_err(system("the store's port"))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = async move {
            let sweeper = tokio::spawn(sweep(database.clone()));
            let (asked, ask) = oneshot::channel();
            let server = dynoxide::server::serve_with_shutdown(listener, database, async {
                // A dropped sender asks for the same.
                let _ = stopped.await;
                let _ = asked.send(());
            });
            let out_of_patience = async {
                let _ = ask.await;
                tokio::time::sleep(PATIENCE).await;
            };
            tokio::select! {
                outcome = server => {
                    if let Err(error) = outcome {
                        tracing::error!("the store: {error}");
                    }
                }
                () = out_of_patience => {}
            }
            sweeper.abort();
        };
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || runtime.block_on(serve))
            .map_err(system("the store's thread"))?;
        Ok(Self { address, stop, thread })
    }

    /// Where the store answers.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Finishes what is under way, and closes the database.
    pub(crate) async fn close(self) {
        let Self { stop, thread, .. } = self;
        drop(stop);
        // Fails only if the thread panicked, which has been printed.
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
    }
}

fn open(folder: Option<&Path>) -> Result<Database, StartError> {
    let Some(folder) = folder else {
        return Database::memory().map_err(|error| StartError::Store(format!("the store: {error}")));
    };
    let failed = |error: &dyn std::fmt::Display| {
        StartError::Store(format!("--data {} cannot be used: {error}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let file = folder.join(FILE);
    let path = file.to_str().ok_or_else(|| failed(&"its name is not UTF-8"))?;
    Database::new(path).map_err(|error| failed(&error))
}

/// Removes rows that have expired, now and then.
async fn sweep(database: Database) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!("expired rows cannot be removed: {error}"),
            Err(error) => tracing::warn!("expired rows cannot be removed: {error}"),
        }
    }
}

/// Creates the tables that are missing, in any DynamoDB.
pub(crate) async fn create_tables(tables: &[Table], url: &str) -> Result<(), StartError> {
    let client = Client::new();
    for table in tables {
        let created = call(&client, url, "CreateTable", &table.create).await?;
        match (created.status, kind(&created.body)) {
            (status, _) if status.is_success() => {}
            (_, "ResourceInUseException") => continue,
            (status, _) => {
                let reason = String::from_utf8_lossy(&created.body);
                return Err(StartError::Store(format!("table {}: {status} {reason}", table.name)));
            }
        }
        if let Some(attribute) = &table.time_to_live {
            let specification = json!({ "AttributeName": attribute, "Enabled": true });
            let request = json!({ "TableName": table.name, "TimeToLiveSpecification": specification });
            let updated = call(&client, url, "UpdateTimeToLive", &request).await?;
            if !updated.status.is_success() {
                let reason = String::from_utf8_lossy(&updated.body);
                return Err(StartError::Store(format!("time to live of {}: {reason}", table.name)));
            }
        }
    }
    Ok(())
}

struct Reply {
    status: StatusCode,
    body: Bytes,
}

/// Calls DynamoDB. Neither store checks signatures, but both want to see one.
async fn call(client: &Client, url: &str, operation: &str, request: &Value) -> Result<Reply, StartError> {
    let unreachable = |error: &dyn std::fmt::Display| {
        StartError::Store(format!("DynamoDB at {url} cannot be used: {error}"))
    };
    let target = HeaderValue::try_from(format!("DynamoDB_20120810.{operation}"))
        .map_err(|error| unreachable(&error))?;
    let headers = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0")),
        (HeaderName::from_static("x-amz-target"), target),
        (HeaderName::from_static("x-amz-date"), HeaderValue::from_static("20260101T000000Z")),
        (
            AUTHORIZATION,
            HeaderValue::from_static(
                "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
                 SignedHeaders=host;x-amz-date, Signature=0",
            ),
        ),
    ]);
    let answer = client
        .post(&format!("{url}/"), headers, request.to_string().into())
        .await
        .map_err(|error| unreachable(&error))?;
    Ok(Reply { status: answer.status(), body: answer.into_body() })
}

/// The kind of an error, without the namespace in front of it.
fn kind(body: &[u8]) -> &str {
    #[derive(serde::Deserialize)]
    struct Failure<'a> {
        #[serde(rename = "__type")]
        kind: &'a str,
    }
    serde_json::from_slice::<Failure<'_>>(body)
        .ok()
        .and_then(|failure| failure.kind.rsplit('#').next())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            name: "Users".to_owned(),
            create: json!({
                "TableName": "Users",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
            }),
            time_to_live: Some("expires_at".to_owned()),
        }
    }

    #[tokio::test]
    async fn tables_are_created_once() {
        let store = Store::open(None).expect("a store");
        for _ in 0..2 {
            create_tables(&[table()], &store.url()).await.expect("tables");
        }
        let listed = call(&Client::new(), &store.url(), "ListTables", &json!({})).await.expect("an answer");
        assert_eq!(listed.body, r#"{"TableNames":["Users"]}"#);
        store.close().await;
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_named() {
        let error = Store::open(Some(Path::new("/dev/null/x"))).expect_err("no folder");
        assert!(error.to_string().starts_with("--data /dev/null/x cannot be used"), "{error}");
    }

    #[test]
    fn kinds_lose_their_namespace() {
        assert_eq!(kind(br#"{"__type":"com.amazonaws#ResourceInUseException"}"#), "ResourceInUseException");
        assert_eq!(kind(b"oops"), "");
    }
}
