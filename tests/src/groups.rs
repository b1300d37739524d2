//! People and groups, and what both have in pages.

use serde_json::{Value, json};

use crate::{Caller as _, User};

/// Later than any message.
const LATER: &str = "2100-01-01T00:00:00.000Z";

impl User {
    /// Makes a group, and gives its id.
    pub async fn create_group(&self, name: &str) -> u64 {
        let body = json!({"chat_group_name": name});
        let made = self.post("/chat_groups").json(&body).await.expect(201).json();
        made["chat_group_id"].as_u64().expect("a chat_group_id")
    }

    /// Enters a group with all sockets that are open, and gives what there is to see.
    pub async fn enter(&self, group: u64) -> Value {
        self.get(&format!("/chat_groups/{group}")).await.expect(200).json()
    }

    /// What there is to see in a group, from outside: a page of its history, without entering.
    pub async fn look_into(&self, group: u64) -> Value {
        self.get(&format!("/chat_groups/{group}?until={LATER}")).await.expect(200).json()
    }

    /// A group as `GET /chat_groups` shows it to this user.
    pub async fn listed_group(&self, group: u64) -> Value {
        let mut path = "/chat_groups?count=100".to_owned();
        loop {
            let page = self.get(&path).await.expect(200).json();
            let groups = page["chat_groups"].as_array().expect("chat_groups");
            if let Some(row) = groups.iter().find(|row| row["chat_group_id"] == group) {
                return row.clone();
            }
            assert!(!page["next"].is_null(), "the group {group} is on no page");
            path = format!("/chat_groups?count=100&next={}", bare(&page["next"]));
        }
    }

    /// How many messages of a group this user has not read.
    pub async fn unread_in_group(&self, group: u64) -> u64 {
        self.listed_group(group).await["unread_count"].as_u64().expect("an unread_count")
    }

    /// The `messages` of every page of a history, from the newest on: `next` is given back as `parameter`.
    pub async fn pages(&self, path: &str, parameter: &str) -> Vec<Vec<Value>> {
        let mut pages = Vec::new();
        let mut place = path.to_owned();
        loop {
            let page = self.get(&place).await.expect(200).json();
            pages.push(page["messages"].as_array().expect("messages").clone());
            if page["next"].is_null() {
                return pages;
            }
            place = format!("{path}?{parameter}={}", bare(&page["next"]));
        }
    }
}

/// A value as it stands in a query: a text without its quotes.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
