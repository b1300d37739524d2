//! Remembers that a try of a call had no clear answer: whatever later tries are told, it may have been carried out.

use aws_sdk_dynamodb::config::interceptors::{
    FinalizerInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

/// What a later try is told where its condition does not hold. Callers know that an earlier one may be the reason.
const REFUSED: &[u8] = b"ConditionalCheckFailed";

/// The interceptor of the store's client.
#[derive(Debug)]
pub(super) struct Tries;

/// A try that had no clear answer.
#[derive(Debug)]
struct Unclear;

impl Storable for Unclear {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Tries {
    fn name(&self) -> &'static str {
        "Tries"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // What DynamoDB calls the client's fault it has not carried out.
        let is_clear = context.response().is_some_and(|response| response.status().is_client_error());
        if matches!(context.output_or_error(), Some(Err(_)) | None) && !is_clear {
            config.interceptor_state().store_put(Unclear);
        }
        Ok(())
    }

    /// Without this, a call that was carried out unheard and then throttled would pass for one that was not carried out.
    fn modify_before_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().and_then(|response| response.body().bytes()).unwrap_or_default();
        let is_refused = body.windows(REFUSED.len()).any(|part| part == REFUSED);
        if config.load::<Unclear>().is_none() || is_refused {
            return Ok(());
        }
        if let Some(outcome) = context.output_or_error_mut().filter(|outcome| outcome.is_err()) {
            *outcome = Err(OrchestratorError::timeout("an earlier try had no clear answer".into()));
        }
        Ok(())
    }
}
