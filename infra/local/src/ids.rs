//! Ids in the forms that AWS gives them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;

/// Account that everything belongs to here.
pub(crate) const ACCOUNT_ID: &str = "000000000000";
/// Region that everything runs in here.
pub(crate) const REGION: &str = "us-east-1";

/// An id of API Gateway: of a request, a message or a connection, such as `L0SM9cOFvHcCIhw=`.
pub(crate) fn gateway_id() -> String {
    URL_SAFE.encode(rand::random::<[u8; 11]>())
}

/// An id of a Lambda invocation.
pub(crate) fn invocation_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// The name that Lambda has for a function everywhere.
pub(crate) fn function_arn(logical_id: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{logical_id}")
}

/// The name that AWS has for a queue everywhere.
pub(crate) fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}")
}

/// The URL that a queue is called by, which is its `Ref`.
pub(crate) fn queue_url(name: &str) -> String {
    format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT_ID}/{name}")
}

/// A trace header as X-Ray writes it, never sampled.
pub(crate) fn trace_id() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let seconds = crate::clock::now_ms() / 1_000;
    format!("Root=1-{seconds:08x}-{};Parent={};Sampled=0", &id[..24], &id[16..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_id_looks_like_that_of_aws() {
        let id = gateway_id();
        assert_eq!(id.len(), 16);
        assert!(id.ends_with('='));
        assert!(!id.contains(['/', '+']));
    }
}
