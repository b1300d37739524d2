//! Everything that a store keeps, to look for what must not be there any more.

use futures::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use crate::{Anonymous, Answer, Caller as _};

/// A store looks whether a call is signed, not by whom. But DynamoDB Local keeps the tables of each key and each region
/// apart: these are those of the local stack.
pub(crate) const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
                      SignedHeaders=host;x-amz-date, Signature=0";

/// What one BatchWriteItem takes.
const PUTS_AT_ONCE: usize = 25;
/// Calls under way at once.
const CALLS_AT_ONCE: usize = 8;

/// All tables of a store that speaks DynamoDB.
#[derive(Clone, Debug)]
pub struct Tables {
    store: Anonymous,
}

/// How an operation gives its answer in pages: where the content is, where the place of the next page, and under which
/// name that is asked for.
struct Paging {
    content: &'static str,
    next: &'static str,
    from: &'static str,
}

const NAMES: Paging =
    Paging { content: "TableNames", next: "LastEvaluatedTableName", from: "ExclusiveStartTableName" };
const ITEMS: Paging = Paging { content: "Items", next: "LastEvaluatedKey", from: "ExclusiveStartKey" };

impl Tables {
    /// The tables of the store that answers there.
    pub fn of(url: &str) -> Self {
        Self { store: Anonymous::of_other(url) }
    }

    /// Every item of every table, with the table's name.
    pub async fn all(&self) -> Vec<(String, Value)> {
        let mut all = Vec::new();
        for name in self.pages("ListTables", json!({}), &NAMES).await {
            let table = name.as_str().expect("the name of a table");
            all.extend(self.items(table).await.into_iter().map(|item| (table.to_owned(), item)));
        }
        all
    }

    /// Every item of a table.
    pub async fn items(&self, table: &str) -> Vec<Value> {
        self.pages("Scan", json!({"TableName": table, "ConsistentRead": true}), &ITEMS).await
    }

    /// Where any of some texts is found, in whatever case: in values, in keys and in the names of attributes, as a whole
    /// or as a part. Each place is told as the text, the table and the item.
    pub async fn mentions(&self, texts: &[&str]) -> Vec<String> {
        let all = self.all().await;
        let places = all.iter().flat_map(|(table, item)| {
            mentioned(item, texts).into_iter().map(move |text| format!("{text} in {table}: {item}"))
        });
        places.collect()
    }

    /// The item with this key, if there is one.
    pub async fn item(&self, table: &str, key: &Value) -> Option<Value> {
        let got = json!({"TableName": table, "Key": key, "ConsistentRead": true});
        let item = self.call("GetItem", &got).await["Item"].take();
        item.is_object().then_some(item)
    }

    /// Puts an item.
    pub async fn put(&self, table: &str, item: &Value) {
        self.call("PutItem", &json!({"TableName": table, "Item": item})).await;
    }

    /// Puts many items, in calls of as many as one takes.
    pub async fn put_all(&self, table: &str, items: impl IntoIterator<Item = Value>) {
        let puts: Vec<_> = items.into_iter().map(|item| json!({"PutRequest": {"Item": item}})).collect();
        let calls = puts.chunks(PUTS_AT_ONCE).map(|puts| async move {
            let mut request = json!({"RequestItems": {table: puts}});
            while request["RequestItems"][table].is_array() {
                request["RequestItems"] =
                    self.call("BatchWriteItem", &request).await["UnprocessedItems"].take();
            }
        });
        stream::iter(calls.collect::<Vec<_>>()).buffer_unordered(CALLS_AT_ONCE).collect::<()>().await;
    }

    /// Sets one attribute of an item.
    pub async fn set(&self, table: &str, key: &Value, attribute: &str, value: &Value) {
        let update = json!({
            "TableName": table, "Key": key, "UpdateExpression": "SET #attribute = :value",
            "ExpressionAttributeNames": {"#attribute": attribute}, "ExpressionAttributeValues": {":value": value},
        });
        self.call("UpdateItem", &update).await;
    }

    /// The content of all pages of an answer.
    async fn pages(&self, operation: &str, mut request: Value, paging: &Paging) -> Vec<Value> {
        let mut content = Vec::new();
        loop {
            let mut page = self.call(operation, &request).await;
            match page[paging.content].take() {
                Value::Array(part) => content.extend(part),
                other => panic!("{operation} answered {other} for {}", paging.content),
            }
            match page[paging.next].take() {
                Value::Null => return content,
                next => request[paging.from] = next,
            }
        }
    }

    /// Makes a call of the store, which must be carried out, and gives its answer.
    pub async fn call(&self, operation: &str, request: &Value) -> Value {
        let answer = self.try_call(operation, request).await.expect(200);
        serde_json::from_slice(&answer.body).expect("an answer of JSON")
    }

    /// Makes a call of the store, and gives what it answers.
    pub(crate) async fn try_call(&self, operation: &str, request: &Value) -> Answer {
        let call = self.store.post("/").header("x-amz-target", &format!("DynamoDB_20120810.{operation}"));
        call.header("x-amz-date", "20260101T000000Z")
            .header("authorization", SIGNED)
            .body("application/x-amz-json-1.0", request.to_string())
            .await
    }
}

/// Those of some texts that an item holds anywhere.
fn mentioned<'a>(item: &Value, texts: &[&'a str]) -> Vec<&'a str> {
    let item = item.to_string().to_lowercase();
    texts.iter().copied().filter(|text| item.contains(inside_json(text).to_lowercase().as_str())).collect()
}

/// A text as it stands inside a string of JSON.
fn inside_json(text: &str) -> String {
    let quoted = json!(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store_proxy::{self, Everything};

    #[test]
    fn keys_names_and_values_are_searched_whatever_their_case() {
        let item = json!({
            "pk": {"S": "name#émile"},
            "session:Abc": {"N": "7"},
            "tail": {"L": [{"M": {"text": {"S": "say \"hi\"\n"}}}]},
        });
        let texts = ["Émile", "SESSION:abc", "Say \"hi\"\n", "\"", "emile", "8"];
        assert_eq!(mentioned(&item, &texts), ["Émile", "SESSION:abc", "Say \"hi\"\n", "\""]);
    }

    #[test]
    fn texts_are_looked_for_as_json_has_them() {
        for (text, inside) in [("a", "a"), ("\"a\"", "\\\"a\\\""), ("\\", "\\\\"), ("ü\n", "ü\\n"), ("", "")]
        {
            assert_eq!(inside_json(text), inside);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_item_of_every_table_is_read_however_large_the_tables_are() {
        const EACH: usize = 8;
        let tables = Tables::of(&store_proxy::start(Arc::new(Everything)).await);
        assert!(tables.all().await.is_empty());
        for table in ["One", "Two"] {
            let create = json!({
                "TableName": table,
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
            });
            tables.call("CreateTable", &create).await;
            for number in 0..EACH {
                // More than a page of a scan, which has at most 1 MB.
                let item =
                    json!({"pk": {"S": format!("{table} {number}")}, "text": {"S": "x".repeat(300_000)}});
                tables.call("PutItem", &json!({"TableName": table, "Item": item})).await;
            }
        }
        let mut all = tables.all().await;
        all.sort_unstable_by_key(|(_, item)| item["pk"]["S"].to_string());
        let keys: Vec<_> =
            all.iter().map(|(table, item)| (table.as_str(), item["pk"]["S"].clone())).collect();
        let expected = |table| (0..EACH).map(move |number| (table, json!(format!("{table} {number}"))));
        assert_eq!(keys, expected("One").chain(expected("Two")).collect::<Vec<_>>());
        let found = tables.mentions(&["one 7", "Three"]).await;
        assert!(found.len() == 1 && found[0].starts_with("one 7 in One: {"), "{} places", found.len());
    }
}
