//! The Lambda that is invoked on a schedule, for what deletions have left to be done. An error is the invocation's
//! failure; the next one goes on where it ended.

use chat::{Backend, housekeeping};
use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};
use serde::de::IgnoredAny;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let backend = Backend::from_env()?;
    let backend = &backend;
    lambda_runtime::run(service_fn(async |_: LambdaEvent<IgnoredAny>| {
        housekeeping::run(backend).await.map_err(Error::from)
    }))
    .await
}
