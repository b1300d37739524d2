//! Gives each transaction an idempotency token from the system's randomness.
//!
//! The SDK's own are drawn from the time at which a process first needed one, in nanoseconds since its machine started.
//! Two processes that need theirs in the same one would use the same tokens for all they do, and DynamoDB refuses a token
//! that comes with another transaction.

use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use uuid::Uuid;

/// The interceptor of the store's client.
#[derive(Debug)]
pub(super) struct Tokens;

impl Intercept for Tokens {
    fn name(&self) -> &'static str {
        "Tokens"
    }

    /// Once per call: its tries share the token.
    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(input) = context.input_mut().downcast_mut::<TransactWriteItemsInput>() {
            input.client_request_token = Some(Uuid::new_v4().to_string());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Store, Tables};
    use super::*;
    use crate::ids::UserId;
    use aws_credential_types::Credentials;
    use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
    use aws_sdk_dynamodb::config::retry::RetryConfig;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Region};
    use serde_json::Value;
    use std::sync::{Arc, Mutex};

    /// Notes the tokens of what is sent.
    #[derive(Clone, Debug, Default)]
    struct Sent(Arc<Mutex<Vec<String>>>);

    impl Intercept for Sent {
        fn name(&self) -> &'static str {
            "Sent"
        }

        fn read_before_transmit(
            &self,
            context: &BeforeTransmitInterceptorContextRef<'_>,
            _components: &RuntimeComponents,
            _config: &mut ConfigBag,
        ) -> Result<(), BoxError> {
            let body: Value = serde_json::from_slice(context.request().body().bytes().unwrap_or_default())?;
            self.0.lock().unwrap().extend(body["ClientRequestToken"].as_str().map(str::to_owned));
            Ok(())
        }
    }

    #[tokio::test]
    async fn processes_that_start_in_the_same_nanosecond_use_different_tokens() {
        let sent = Sent::default();
        let table = || "table".to_owned();
        for _ in 0..2 {
            // As in another process at the same time.
            fastrand::seed(7);
            let config = Builder::new()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("local"))
                .credentials_provider(Credentials::new("local", "local", None, None, "local"))
                .endpoint_url("http://127.0.0.1:1")
                .retry_config(RetryConfig::disabled())
                .interceptor(sent.clone());
            let tables = Tables {
                chats: table(),
                connections: table(),
                keys: table(),
                limits: table(),
                messages: table(),
                queues: table(),
                unread: table(),
                users: table(),
            };
            let store = Store::new(config, tables);
            let writes = vec![store.user_exists(UserId::mint()).unwrap()];
            // Nobody listens there.
            store.unless_refused(writes).await.unwrap_err();
        }
        let tokens = sent.0.lock().unwrap();
        assert_eq!(tokens.len(), 2);
        assert_ne!(tokens[0], tokens[1]);
    }
}
