//! `AWS::DynamoDB::Table`.

use super::resources::{known, required};
use super::yaml::Node;
use super::{Problem, Table};

/// Properties that `CreateTable` takes as they are.
const SENT: [&str; 7] = [
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "BillingMode",
    "ProvisionedThroughput",
    "StreamSpecification",
];

/// Reads the properties, whose functions are resolved, of the table with this logical id and this name.
pub(super) fn read(id: &str, name: &str, properties: &Node) -> Result<Table, Problem> {
    let mut read = SENT.to_vec();
    read.extend(["TableName", "TimeToLiveSpecification"]);
    known(
        properties,
        id,
        &read,
        &[
            "ContributorInsightsSpecification",
            "DeletionProtectionEnabled",
            "OnDemandThroughput",
            "PointInTimeRecoverySpecification",
            "SSESpecification",
            "TableClass",
            "Tags",
            "WarmThroughput",
        ],
    )?;
    let mut create = serde_json::Map::new();
    create.insert("TableName".to_owned(), name.into());
    for key in SENT {
        match properties.get(key) {
            Some(node) => {
                create.insert(key.to_owned(), node.to_json()?);
            }
            None if matches!(key, "AttributeDefinitions" | "KeySchema") => {
                return Err(properties.problem(format!("{id} has no {key}")));
            }
            None => {}
        }
    }
    let time_to_live = match properties.get("TimeToLiveSpecification") {
        Some(node) if required(node, "Enabled", id)?.boolean("Enabled")? => {
            Some(required(node, "AttributeName", id)?.text("AttributeName")?)
        }
        _ => None,
    };
    Ok(Table { name: name.to_owned(), create: create.into(), time_to_live })
}
