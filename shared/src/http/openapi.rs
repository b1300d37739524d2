//! What the functions' parts of the OpenAPI document have in common.

use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{HttpMethod, Operation};

/// Says that a handler serves a second path: the operation of `method` at `path` stands at `other` too, under
/// a name of its own.
///
/// # Panics
///
/// When there is no such operation.
pub fn also(api: &mut OpenApi, method: HttpMethod, path: &str, other: &str, operation_id: &str) {
    let operation = api.paths.get_path_operation(path, method.clone());
    let mut operation: Operation = operation.expect("an operation that is listed").clone();
    operation.operation_id = Some(operation_id.to_owned());
    api.paths.add_path_operation(other, vec![method], operation);
}
