//! The Lambda that makes the system's keys: the first ones when its schedule begins, and new ones when they are old.
//! People invoke it, too: `{"rotate":true}` makes new ones now, `{"retire":true}` also withdraws all former ones.

use chat::key_rotation::{self, Order};
use chat::{Backend, backend, telemetry};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What to do. Nothing in particular: what is due.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    #[serde(default)]
    rotate: bool,
    #[serde(default)]
    retire: bool,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Answer {
    /// The name of the key that signs tokens from now on.
    tokens: String,
    /// Whether it is a new one.
    rotated: bool,
}

impl Request {
    fn order(&self, lifetime: Duration) -> Order {
        match self {
            Self { retire: true, .. } => Order::NowAndWithdraw,
            Self { rotate: true, .. } => Order::Now,
            _ => Order::WhenOlder(lifetime),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::begin();
    let backend = Backend::from_env()?;
    let lifetime = backend::key_lifetime_from_env()?;
    let backend = &backend;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Request>| {
        let rotating = key_rotation::rotate(&backend.store, event.payload.order(lifetime));
        let rotated =
            backend.telemetry.observe(&event.context.request_id, "schedule", rotating, |_| None).await?;
        Ok::<_, Error>(Answer { tokens: rotated.kid, rotated: rotated.is_new })
    }))
    .await
}
