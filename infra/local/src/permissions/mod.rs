//! `--check-permissions`: holds what functions call against their `Policies`, as IAM does, and remembers what
//! was refused and what no call has used so far.

mod caller;
mod dynamodb;
pub mod pattern;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde_json::Value;

use crate::ids::{ACCOUNT_ID, REGION, queue_arn};
use crate::sync::lock;
use crate::template::{Condition, Statement, Template};

use dynamodb::Tables;

pub(crate) use caller::{forget_principal, principal};

/// The services whose calls are checked here, as actions name them.
const SERVICES: [&str; 4] = ["dynamodb", "execute-api", "ses", "sqs"];

/// What a call needs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Access {
    action: String,
    /// An ARN.
    resource: String,
    /// The partition keys in the request; nothing where there are none, or where one cannot be told.
    leading_keys: Option<Vec<String>>,
}

/// One action on one resource of a statement.
#[derive(Debug)]
struct Grant {
    action: String,
    resource: String,
    conditions: Vec<Condition>,
    is_used: AtomicBool,
}

/// A function, an action and a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Permission {
    function: String,
    action: String,
    resource: String,
}

/// A call that no statement of its function allows. What it displays is IAM's sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "User: arn:aws:sts::{ACCOUNT_ID}:assumed-role/{}Role/{} is not authorized to perform: {} on resource: {} \
     because no identity-based policy allows the {} action",
    .0.function, .0.function, .0.action, .0.resource, .0.action
)]
pub struct Denied(Permission);

/// What all functions may do.
#[derive(Debug)]
pub struct Permissions {
    tables: Tables,
    /// By the function's logical id.
    grants: BTreeMap<String, Vec<Grant>>,
    refused: Mutex<BTreeSet<Permission>>,
}

impl Permissions {
    /// What a template gives its functions.
    pub fn new(template: &Template) -> Self {
        let grants = template.functions.iter().map(|function| {
            let statements = template.policies.get(&function.logical_id);
            let grants = statements.into_iter().flatten().flat_map(Grant::all_of).collect();
            (function.logical_id.clone(), grants)
        });
        Self { tables: Tables::new(&template.tables), grants: grants.collect(), refused: Mutex::default() }
    }

    /// Holds a call against the policies of the function that signs with this access key. Who is no function
    /// may do everything.
    pub fn check(&self, principal: &str, action: &str, resource: &str) -> Result<(), Denied> {
        let access = Access { action: action.to_owned(), resource: resource.to_owned(), leading_keys: None };
        self.check_access(principal, access)
    }

    /// The same for a call of DynamoDB, by the name of its operation and its body.
    pub fn check_dynamodb(&self, principal: &str, operation: &str, body: &[u8]) -> Result<(), Denied> {
        if !self.grants.contains_key(principal) {
            return Ok(());
        }
        // The store says what is wrong with a request that cannot be read.
        let Ok(request) = serde_json::from_slice(body) else { return Ok(()) };
        let mut checked = Ok(());
        for access in self.tables.accesses(operation, &request) {
            // Each is checked, so that the report misses none. The caller hears of the first that is refused.
            checked = checked.and(self.check_access(principal, access));
        }
        checked
    }

    /// The same for a mail that SES is to send.
    pub(crate) fn check_mail(&self, principal: &str, body: &[u8]) -> Result<(), Denied> {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let sender = request["FromEmailAddress"].as_str().unwrap_or_default();
        // A name may stand before the address: Chat <chat@example.com>.
        let address = sender.rsplit_once('<').map_or(sender, |(_, address)| address.trim_end_matches('>'));
        let identity = format!("arn:aws:ses:{REGION}:{ACCOUNT_ID}:identity/{address}");
        self.check(principal, "ses:SendEmail", &identity)
    }

    /// The same for a call of SQS, by the name of its operation and its body.
    pub(crate) fn check_sqs(&self, principal: &str, operation: &str, body: &[u8]) -> Result<(), Denied> {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let url = request["QueueUrl"].as_str().unwrap_or_default();
        let queue = url.rsplit('/').next().unwrap_or_default();
        self.check(principal, &format!("sqs:{operation}"), &queue_arn(queue))
    }

    fn check_access(&self, principal: &str, access: Access) -> Result<(), Denied> {
        let Some(grants) = self.grants.get(principal) else { return Ok(()) };
        let mut is_allowed = false;
        for grant in grants.iter().filter(|grant| grant.allows(&access)) {
            grant.is_used.store(true, Ordering::Relaxed);
            is_allowed = true;
        }
        if is_allowed {
            return Ok(());
        }
        let Access { action, resource, leading_keys } = access;
        let keys = leading_keys.unwrap_or_default().join(", ");
        tracing::error!("{principal} may not {action} on {resource} [{keys}]");
        let permission = Permission { function: principal.to_owned(), action, resource };
        lock(&self.refused).insert(permission.clone());
        Err(Denied(permission))
    }

    /// What was refused, and what no call has used so far, as JSON.
    pub(crate) fn report(&self) -> String {
        #[derive(Serialize)]
        struct Report<'a> {
            refused: &'a BTreeSet<Permission>,
            unused: BTreeSet<Permission>,
        }
        let unused = self.grants.iter().flat_map(|(function, grants)| {
            let unused = grants.iter().filter(|grant| grant.is_checked() && !grant.is_used());
            unused.map(|grant| grant.of(function))
        });
        let report = Report { unused: unused.collect(), refused: &lock(&self.refused) };
        // Strings alone cannot fail to serialize.
        serde_json::to_string(&report).unwrap_or_default()
    }
}

impl Grant {
    /// Every action of a statement on every resource.
    fn all_of(statement: &Statement) -> impl Iterator<Item = Self> {
        statement.actions.iter().flat_map(|action| {
            statement.resources.iter().map(|resource| Self {
                action: action.clone(),
                resource: resource.clone(),
                conditions: statement.conditions.clone(),
                is_used: AtomicBool::new(false),
            })
        })
    }

    /// Whether it allows a call. IAM takes actions in any case, resources only in their own.
    fn allows(&self, access: &Access) -> bool {
        pattern::matches(&self.action.to_ascii_lowercase(), &access.action.to_ascii_lowercase())
            && pattern::matches(&self.resource, &access.resource)
            && self.conditions.iter().all(|condition| holds(condition, access.leading_keys.as_deref()))
    }

    fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    /// Whether a call could use it here at all.
    fn is_checked(&self) -> bool {
        let service = self.action.split(':').next().unwrap_or_default();
        service == "*" || SERVICES.iter().any(|checked| service.eq_ignore_ascii_case(checked))
    }

    fn of(&self, function: &str) -> Permission {
        Permission {
            function: function.to_owned(),
            action: self.action.clone(),
            resource: self.resource.clone(),
        }
    }
}

/// Whether a condition holds. For a request without keys, such as a `Scan`, IAM lets `ForAllValues` hold;
/// here it does not, because nobody who writes such a condition means that.
fn holds(condition: &Condition, leading_keys: Option<&[String]>) -> bool {
    match (condition, leading_keys) {
        (Condition::LeadingKeys { is_like, values }, Some(keys)) => keys.iter().all(|key| {
            values.iter().any(|value| if *is_like { pattern::matches(value, key) } else { value == key })
        }),
        _ => false,
    }
}
