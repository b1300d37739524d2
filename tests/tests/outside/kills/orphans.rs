//! Rows that nobody owns, and such as would have to be there and are not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tests::Tables;

/// What the store keeps, table by table.
pub(super) struct Rows {
    users: Vec<Value>,
    chats: Vec<Value>,
    messages: Vec<Value>,
    cursors: Vec<Value>,
    queues: Vec<Value>,
    connections: Vec<Value>,
}

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name]["S"].as_str().unwrap_or_default()
}

fn number(item: &Value, name: &str) -> u64 {
    item[name]["N"].as_str().and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// What stands behind a prefix of an item's key.
fn behind<'a>(item: &'a Value, prefix: &str) -> Option<&'a str> {
    text(item, "pk").strip_prefix(prefix)
}

/// Whether an item goes by itself.
fn expires(item: &Value) -> bool {
    item["expires_at"].is_object()
}

impl Rows {
    /// All of them.
    pub(super) async fn read(tables: &Tables) -> Self {
        Self {
            users: tables.items("Users").await,
            chats: tables.items("Chats").await,
            messages: tables.items("Messages").await,
            cursors: tables.items("Unread").await,
            queues: tables.items("Queues").await,
            connections: tables.items("Connections").await,
        }
    }

    /// Everything that is wrong, once housekeeping has done all there is to do.
    pub(super) fn wrong(&self) -> Vec<String> {
        [self.of_users(), self.of_chats(), self.of_cursors(), self.of_queues(), self.of_sockets()].concat()
    }

    fn accounts(&self) -> BTreeMap<&str, &Value> {
        self.users.iter().filter_map(|item| Some((behind(item, "user#")?, item))).collect()
    }

    /// A claim is of an account that has what it claims, and what an account has is claimed. Whatever else there is goes by
    /// itself, or is of an account.
    fn of_users(&self) -> Vec<String> {
        let accounts = self.accounts();
        let mut wrong = Vec::new();
        let mut claimed = BTreeSet::new();
        for item in &self.users {
            for (prefix, attribute) in [("name#", "user_name"), ("email#", "email")] {
                let Some(claim) = behind(item, prefix) else { continue };
                let id = number(item, "claimed_by").to_string();
                let account = accounts.get(id.as_str());
                // The names and addresses of these tests are the same in every form but for case.
                let has = account.is_some_and(|account| text(account, attribute).to_lowercase() == claim);
                if !has {
                    wrong.push(format!("a claim that points to nothing: {item}"));
                }
                claimed.insert((attribute, id));
            }
            let is_kept =
                ["user#", "name#", "email#", "member#"].iter().any(|prefix| behind(item, prefix).is_some());
            let of_account = behind(item, "sessions#").is_some_and(|id| accounts.contains_key(id));
            if !is_kept && !of_account && !expires(item) {
                wrong.push(format!("a row of nobody's that stays: {item}"));
            }
        }
        for (id, account) in &accounts {
            for attribute in ["user_name", "email"] {
                let has = account[attribute].is_object();
                if has && !claimed.contains(&(attribute, (*id).to_owned())) {
                    wrong.push(format!("an account whose {attribute} is not claimed: {account}"));
                }
            }
        }
        wrong
    }

    /// What ids of chats mean, without those of deleted ones.
    fn abouts(&self) -> BTreeMap<u64, &Value> {
        let abouts = self.chats.iter().filter_map(|item| Some((behind(item, "chat#")?.parse().ok()?, item)));
        abouts.filter(|(_, item)| text(item, "kind") != "deleted").collect()
    }

    /// Every id has its head and every head its id; of each chat those take part who are counted, every filed message has its
    /// row, and no row is of no message.
    fn of_chats(&self) -> Vec<String> {
        let abouts = self.abouts();
        let mut wrong = Vec::new();
        let is_head = |item: &&Value| item["filed"].is_object();
        let heads: BTreeMap<_, _> =
            self.chats.iter().filter(is_head).map(|item| (number(item, "chat_id"), item)).collect();
        for (id, head) in &heads {
            if !abouts.contains_key(id) {
                wrong.push(format!("a head without a chat: {head}"));
            }
        }
        for item in self.chats.iter().filter(|item| item["grave"].is_object()) {
            wrong.push(format!("a grave that is not closed: {item}"));
        }
        let mut rows: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for row in &self.messages {
            rows.entry(number(row, "chat_id")).or_default().insert(number(row, "seq"));
        }
        for (id, about) in &abouts {
            let Some(head) = heads.get(id) else {
                wrong.push(format!("a chat without a head: {about}"));
                continue;
            };
            let members = self.members(*id);
            let is_counted = about["members"].is_object();
            if is_counted && number(about, "members") != members.len() as u64 {
                wrong.push(format!("{} take part and not as many as are counted: {about}", members.len()));
            }
            let rows = rows.remove(id).unwrap_or_default();
            let filed = number(head, "filed");
            let sent = filed + head["tail"]["L"].as_array().map_or(0, |tail| tail.len() as u64);
            if (1..=filed).any(|seq| !rows.contains(&seq)) {
                wrong.push(format!("filed messages without rows: {rows:?} of {head}"));
            }
            if rows.last().is_some_and(|last| *last > sent) {
                wrong.push(format!("rows of messages that were not sent: {rows:?} of {head}"));
            }
        }
        wrong.extend(rows.into_iter().map(|(id, rows)| format!("{} rows without a chat: {id}", rows.len())));
        wrong
    }

    /// Who takes part in a chat.
    fn members(&self, chat: u64) -> Vec<u64> {
        let cursors = self.cursors.iter().filter(|cursor| number(cursor, "chat_id") == chat);
        cursors
            .filter(|cursor| !cursor["left_at"].is_object())
            .map(|cursor| number(cursor, "user_id"))
            .collect()
    }

    /// Whoever takes part has an account, and takes part in something.
    fn of_cursors(&self) -> Vec<String> {
        let (accounts, abouts) = (self.accounts(), self.abouts());
        let is_wrong = |cursor: &&Value| {
            let left = cursor["left_at"].is_object();
            let user = number(cursor, "user_id").to_string();
            !accounts.contains_key(user.as_str())
                || (!left && !abouts.contains_key(&number(cursor, "chat_id")))
        };
        self.cursors.iter().filter(is_wrong).map(|cursor| format!("a cursor of nobody's: {cursor}")).collect()
    }

    /// What waits is for somebody, and goes by itself.
    fn of_queues(&self) -> Vec<String> {
        let members: BTreeSet<_> = self.users.iter().filter_map(|item| behind(item, "member#")).collect();
        let is_wrong = |item: &&Value| !expires(item) || !members.contains(text(item, "queue"));
        self.queues
            .iter()
            .filter(is_wrong)
            .map(|item| format!("something that waits for nobody: {item}"))
            .collect()
    }

    /// A socket is in a group where it is listed there, and the other way round; and whoever has a record has a socket.
    fn of_sockets(&self) -> Vec<String> {
        let mut listed = BTreeSet::new();
        let mut moved = BTreeSet::new();
        let mut known = BTreeSet::new();
        for item in &self.connections {
            for (name, socket) in item.as_object().into_iter().flatten() {
                let Some(id) = name.strip_prefix("socket:") else { continue };
                if let Some(group) = behind(item, "group#") {
                    listed.insert((group.to_owned(), id));
                } else {
                    known.insert(id);
                    if let Some(group) = socket["M"]["group_id"]["N"].as_str() {
                        moved.insert((group.to_owned(), id));
                    }
                }
            }
        }
        let records = self.connections.iter().filter_map(|item| behind(item, "connection#"));
        let records: BTreeSet<_> = records.collect();
        let mut wrong: Vec<_> = listed
            .symmetric_difference(&moved)
            .map(|(group, id)| {
                format!("{id} is listed in the group {group} and not in it, or the other way round")
            })
            .collect();
        wrong.extend(known.symmetric_difference(&records).map(|id| format!("{id} is known in part")));
        wrong
    }
}
