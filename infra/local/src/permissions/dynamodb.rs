//! What a call of DynamoDB needs: which actions, on which tables and indexes, with which partition keys.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Access;
use crate::ids::{ACCOUNT_ID, REGION};
use crate::template::Table;

/// The partition keys of the template's tables and indexes.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Names of attributes by ARN.
    partition_keys: BTreeMap<String, String>,
}

impl Tables {
    /// The template's tables.
    pub(super) fn new(tables: &[Table]) -> Self {
        let mut partition_keys = BTreeMap::new();
        for table in tables {
            let arn = arn(&table.name);
            for kind in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
                for index in table.create[kind].as_array().into_iter().flatten() {
                    if let (Some(name), Some(key)) = (index["IndexName"].as_str(), partition_key(index)) {
                        partition_keys.insert(format!("{arn}/index/{name}"), key);
                    }
                }
            }
            partition_keys.extend(partition_key(&table.create).map(|key| (arn, key)));
        }
        Self { partition_keys }
    }

    /// All that a call needs.
    pub(super) fn accesses(&self, operation: &str, request: &Value) -> Vec<Access> {
        match operation {
            "GetItem" | "UpdateItem" | "DeleteItem" => vec![self.item(operation, request, "Key")],
            "PutItem" => vec![self.item(operation, request, "Item")],
            "Query" => {
                let resource = resource(request);
                let leading_keys = self.condition(&resource, request).map(|key| vec![key]);
                vec![access(operation, resource, leading_keys)]
            }
            "BatchGetItem" | "BatchWriteItem" => {
                let tables = request["RequestItems"].as_object();
                tables.into_iter().flatten().map(|(table, of)| self.batch(operation, table, of)).collect()
            }
            "TransactGetItems" | "TransactWriteItems" => {
                let items = request["TransactItems"].as_array();
                items.into_iter().flatten().filter_map(|item| self.in_transaction(item)).collect()
            }
            _ => vec![access(operation, resource(request), None)],
        }
    }

    /// One item, whose key attributes are in this field.
    fn item(&self, operation: &str, request: &Value, field: &str) -> Access {
        let resource = resource(request);
        let leading_keys = self.value(&resource, &request[field]).map(|key| vec![key]);
        access(operation, resource, leading_keys)
    }

    /// A table's part of a batch: its keys, or its list of requests.
    fn batch(&self, operation: &str, table: &str, of_table: &Value) -> Access {
        let resource = arn(table);
        let items: Vec<&Value> = match of_table {
            Value::Array(requests) => requests
                .iter()
                .map(|request| match &request["PutRequest"] {
                    Value::Null => &request["DeleteRequest"]["Key"],
                    put => &put["Item"],
                })
                .collect(),
            _ => of_table["Keys"].as_array().into_iter().flatten().collect(),
        };
        let leading_keys = items.into_iter().map(|item| self.value(&resource, item)).collect();
        access(operation, resource, leading_keys)
    }

    /// An item of a transaction. It needs what the same would need outside of one.
    fn in_transaction(&self, item: &Value) -> Option<Access> {
        let (kind, request) = item.as_object()?.iter().find(|(_, request)| request.is_object())?;
        let operation = match kind.as_str() {
            "Get" => "GetItem",
            "Put" => return Some(self.item("PutItem", request, "Item")),
            "Update" => "UpdateItem",
            "Delete" => "DeleteItem",
            "ConditionCheck" => "ConditionCheckItem",
            _ => return None,
        };
        Some(self.item(operation, request, "Key"))
    }

    /// The partition key of an item.
    fn value(&self, resource: &str, item: &Value) -> Option<String> {
        text(&item[self.partition_keys.get(resource)?])
    }

    /// The partition key in a query's `name = :value`, which may have more conditions beside it.
    fn condition(&self, resource: &str, request: &Value) -> Option<String> {
        let key = self.partition_keys.get(resource)?;
        let expression = request["KeyConditionExpression"].as_str()?;
        let expression = expression.replace('=', " = ").replace(['(', ')'], " ");
        let tokens: Vec<&str> = expression.split_whitespace().collect();
        let is_key = |token: &str| match token.starts_with('#') {
            true => request["ExpressionAttributeNames"][token].as_str() == Some(key),
            false => token == key,
        };
        let equal = tokens.windows(3).find(|tokens| tokens[1] == "=" && is_key(tokens[0]))?;
        text(&request["ExpressionAttributeValues"][equal[2]])
    }
}

fn access(operation: &str, resource: String, leading_keys: Option<Vec<String>>) -> Access {
    Access { action: format!("dynamodb:{operation}"), resource, leading_keys }
}

/// The table or index that a request names; all for a request that names none.
fn resource(request: &Value) -> String {
    let table = request["TableName"].as_str().map(arn);
    match (table, request["IndexName"].as_str()) {
        (Some(table), Some(index)) => format!("{table}/index/{index}"),
        (Some(table), None) => table,
        (None, _) => "*".to_owned(),
    }
}

/// A table's ARN, which may itself stand for its name.
fn arn(table: &str) -> String {
    if table.starts_with("arn:") {
        return table.to_owned();
    }
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{table}")
}

/// The name of the partition key of a table or index.
fn partition_key(described: &Value) -> Option<String> {
    let keys = described["KeySchema"].as_array()?;
    let key = keys.iter().find(|key| key["KeyType"] == "HASH")?;
    key["AttributeName"].as_str().map(str::to_owned)
}

/// A key's value, which is of one of the types `S`, `N` and `B`.
fn text(value: &Value) -> Option<String> {
    ["S", "N", "B"].into_iter().find_map(|kind| value[kind].as_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tables() -> Tables {
        let table = |name: &str, create: Value| Table { name: name.to_owned(), create, time_to_live: None };
        Tables::new(&[
            table(
                "Users",
                json!({
                    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                    "GlobalSecondaryIndexes": [{
                        "IndexName": "directory",
                        "KeySchema": [
                            {"AttributeName": "user_id", "KeyType": "RANGE"},
                            {"AttributeName": "directory", "KeyType": "HASH"},
                        ],
                    }],
                }),
            ),
            table("Messages", json!({"KeySchema": [{"AttributeName": "chat_id", "KeyType": "HASH"}]})),
        ])
    }

    /// Actions, resources from their service's own part on, and leading keys.
    fn accesses(operation: &str, request: Value) -> Vec<(String, String, Option<Vec<String>>)> {
        let needed = tables().accesses(operation, &request).into_iter();
        needed
            .map(|access| {
                let resource = access.resource.replace("arn:aws:dynamodb:us-east-1:000000000000:", "");
                (access.action, resource, access.leading_keys)
            })
            .collect()
    }

    fn need(action: &str, resource: &str, keys: Option<&[&str]>) -> (String, String, Option<Vec<String>>) {
        let keys = keys.map(|keys| keys.iter().map(|key| (*key).to_owned()).collect());
        (format!("dynamodb:{action}"), resource.to_owned(), keys)
    }

    #[test]
    fn operations_on_one_item() {
        for operation in ["GetItem", "UpdateItem", "DeleteItem"] {
            let request = json!({"TableName": "Users", "Key": {"pk": {"S": "user#1"}}});
            assert_eq!(accesses(operation, request), [need(operation, "table/Users", Some(&["user#1"]))]);
        }
        let by_arn = "arn:aws:dynamodb:us-east-1:000000000000:table/Messages";
        let request = json!({"TableName": by_arn, "Item": {"seq": {"N": "1"}, "chat_id": {"N": "7"}}});
        assert_eq!(accesses("PutItem", request), [need("PutItem", "table/Messages", Some(&["7"]))]);
        let without_key = json!({"TableName": "Users", "Key": {"id": {"S": "user#1"}}});
        assert_eq!(accesses("GetItem", without_key), [need("GetItem", "table/Users", None)]);
        let elsewhere = json!({"TableName": "Others", "Key": {"pk": {"S": "user#1"}}});
        assert_eq!(accesses("GetItem", elsewhere), [need("GetItem", "table/Others", None)]);
    }

    #[test]
    fn queries_say_their_partition_key() {
        let query = |condition: &str, index: Option<&str>| {
            let request = json!({
                "TableName": "Users",
                "IndexName": index,
                "KeyConditionExpression": condition,
                "ExpressionAttributeNames": {"#pk": "pk", "#other": "other"},
                "ExpressionAttributeValues": {":pk": {"S": "users"}, ":other": {"S": "other"}},
            });
            accesses("Query", request)
        };
        for told in ["pk = :pk", "#pk = :pk", "#pk=:pk AND #other >= :other", "(other=:other) AND (pk = :pk)"]
        {
            assert_eq!(query(told, None), [need("Query", "table/Users", Some(&["users"]))], "{told}");
        }
        for untold in ["directory = :pk", "pk >= :pk", "#other = :pk", "pk = :nothing", ""] {
            assert_eq!(query(untold, None), [need("Query", "table/Users", None)], "{untold}");
        }
        let index = "table/Users/index/directory";
        assert_eq!(
            query("directory = :pk AND user_id > :other", Some("directory")),
            [need("Query", index, Some(&["users"]))]
        );
        assert_eq!(query("pk = :pk", Some("directory")), [need("Query", index, None)]);
    }

    #[test]
    fn batches_need_one_action_on_each_table() {
        let keys = json!({"Keys": [{"pk": {"S": "a"}}, {"pk": {"S": "b"}}]});
        let request =
            json!({"RequestItems": {"Messages": {"Keys": [{"chat_id": {"N": "7"}}]}, "Users": keys}});
        let expected = [
            need("BatchGetItem", "table/Messages", Some(&["7"])),
            need("BatchGetItem", "table/Users", Some(&["a", "b"])),
        ];
        assert_eq!(accesses("BatchGetItem", request), expected);

        let put = json!({"PutRequest": {"Item": {"pk": {"S": "a"}}}});
        let delete = json!({"DeleteRequest": {"Key": {"pk": {"S": "b"}}}});
        let request = json!({"RequestItems": {"Users": [put, delete]}});
        let expected = [need("BatchWriteItem", "table/Users", Some(&["a", "b"]))];
        assert_eq!(accesses("BatchWriteItem", request), expected);
        let request = json!({"RequestItems": {"Users": [put, {"DeleteRequest": {"Key": {}}}]}});
        assert_eq!(accesses("BatchWriteItem", request), [need("BatchWriteItem", "table/Users", None)]);
    }

    /// An item of a transaction, with the partition key 7.
    fn of(table: &str, field: &str, key: &str, kind: &str) -> Value {
        json!({"TableName": table, field: {key: {kind: "7"}}})
    }

    #[test]
    fn transactions_need_what_their_items_need() {
        let request = json!({"TransactItems": [
            {"Put": of("Messages", "Item", "chat_id", "N")},
            {"Update": of("Users", "Key", "pk", "S")},
            {"Delete": of("Users", "Key", "pk", "S")},
            {"ConditionCheck": of("Users", "Key", "pk", "S")},
        ]});
        let expected = [
            need("PutItem", "table/Messages", Some(&["7"])),
            need("UpdateItem", "table/Users", Some(&["7"])),
            need("DeleteItem", "table/Users", Some(&["7"])),
            need("ConditionCheckItem", "table/Users", Some(&["7"])),
        ];
        assert_eq!(accesses("TransactWriteItems", request), expected);
        let request = json!({"TransactItems": [{"Get": of("Users", "Key", "pk", "S")}]});
        assert_eq!(accesses("TransactGetItems", request), [need("GetItem", "table/Users", Some(&["7"]))]);
    }

    #[test]
    fn other_operations_need_their_own_name() {
        let request = json!({"TableName": "Users", "IndexName": "directory"});
        assert_eq!(accesses("Scan", request), [need("Scan", "table/Users/index/directory", None)]);
        assert_eq!(accesses("ListTables", json!({})), [need("ListTables", "*", None)]);
    }
}
