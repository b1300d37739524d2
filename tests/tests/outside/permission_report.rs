//! The end of a run on shared stacks that check permissions: none of their functions may have been refused anything, and
//! none may be allowed what it has done on no stack. `tests/run` runs this alone, after all else.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Caller as _, Stack};

use crate::rows::{age, owed};

/// How often the hour may strike until all is removed: what was written is erased twice.
const HOURS: usize = 4;

/// Does what only time does to a deployment: its keys grow old, and one is stolen; what was deleted long ago is removed.
/// Nobody else is on the stack any more.
async fn let_time_pass(stack: &Stack) {
    for payload in [json!({}), json!({"rotate": true}), json!({"retire": true})] {
        stack.invoke("KeyRotationFunction", &payload).await;
    }
    let tables = stack.tables();
    age(&tables).await;
    for _ in 0..HOURS {
        stack.invoke("HousekeepingFunction", &json!({})).await;
        stack.queue("Work").drained().await;
        age(&tables).await;
    }
    assert_eq!(owed(&tables).await, 0, "chats and users that are not removed");
}

/// What a stack's report lists under a name.
fn listed(report: &Value, name: &str) -> BTreeSet<String> {
    let entries = report[name].as_array().unwrap_or_else(|| panic!("no {name} in {report}"));
    entries.iter().map(Value::to_string).collect()
}

#[tokio::test]
async fn nothing_is_refused_and_nothing_unused() {
    let stacks = Stack::all_shared();
    if stacks.is_empty() || std::env::var_os("TEST_STORE").is_some() {
        println!("skipped: there is no shared stack that runs its functions itself");
        return;
    }
    let mut unused: Option<BTreeSet<String>> = None;
    for stack in &stacks {
        let_time_pass(stack).await;
        let report = stack.console().get("/permissions").await.expect(200).json();
        let refused = listed(&report, "refused");
        assert!(refused.is_empty(), "refused: {refused:#?}");
        let listed = listed(&report, "unused");
        unused = Some(match unused {
            Some(before) => &before & &listed,
            None => listed,
        });
    }
    let unused = unused.unwrap_or_default();
    assert!(unused.is_empty(), "unused on each stack: {unused:#?}");
}
