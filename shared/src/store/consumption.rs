//! Asks DynamoDB with every call what it consumes, and notes it.

use crate::telemetry;
use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput};
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemInput, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};

/// The interceptor of the store's client.
#[derive(Debug)]
pub(crate) struct Consumption;

/// The operations that the store uses: of each its input, its output, and whether it writes.
macro_rules! operations {
    ($with:ident) => {
        $with!(GetItemInput, GetItemOutput, false);
        $with!(QueryInput, QueryOutput, false);
        $with!(BatchGetItemInput, BatchGetItemOutput, false);
        $with!(PutItemInput, PutItemOutput, true);
        $with!(UpdateItemInput, UpdateItemOutput, true);
        $with!(DeleteItemInput, DeleteItemOutput, true);
        $with!(BatchWriteItemInput, BatchWriteItemOutput, true);
        $with!(TransactWriteItemsInput, TransactWriteItemsOutput, true);
    };
}

impl Intercept for Consumption {
    fn name(&self) -> &'static str {
        "Consumption"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        macro_rules! ask {
            ($input:ty, $output:ty, $writes:literal) => {
                if let Some(input) = input.downcast_mut::<$input>() {
                    input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
                    return Ok(());
                }
            };
        }
        operations!(ask);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // What a failed call consumes is not told.
        let Ok(output) = context.output_or_error() else {
            telemetry::count_storage(0.0, 0.0);
            return Ok(());
        };
        macro_rules! note {
            ($input:ty, $output:ty, $writes:literal) => {
                if let Some(output) = output.downcast_ref::<$output>() {
                    let units = units(output.consumed_capacity());
                    let (read, write) = if $writes { (0.0, units) } else { (units, 0.0) };
                    telemetry::count_storage(read, write);
                    return Ok(());
                }
            };
        }
        operations!(note);
        Ok(())
    }
}

/// One table's, or those of several.
fn units<'a>(consumed: impl Into<Tables<'a>>) -> f64 {
    let tables = consumed.into().0;
    tables.iter().filter_map(|table| table.capacity_units()).sum()
}

/// What calls consumed by table.
struct Tables<'a>(&'a [ConsumedCapacity]);

impl<'a> From<&'a [ConsumedCapacity]> for Tables<'a> {
    fn from(tables: &'a [ConsumedCapacity]) -> Self {
        Self(tables)
    }
}

impl<'a> From<Option<&'a ConsumedCapacity>> for Tables<'a> {
    fn from(table: Option<&'a ConsumedCapacity>) -> Self {
        Self(table.map(std::slice::from_ref).unwrap_or_default())
    }
}
