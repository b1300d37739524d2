//! Who calls: the access key that a request is signed with. Each function has its logical id for one.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

/// The access key of everybody else, and the one that the store gets to see: DynamoDB Local has tables of its
/// own for each.
const LOCAL: &str = "local";

/// The access key that a request is signed with; nothing in it for one that is not signed.
pub(crate) fn principal(headers: &HeaderMap) -> &str {
    headers.get(AUTHORIZATION).and_then(parts).map_or("", |[_, key, _]| key)
}

/// Puts the common access key in the place of the caller's. Nothing on this machine checks signatures.
pub(crate) fn forget_principal(headers: &mut HeaderMap) {
    let forgotten = headers
        .get(AUTHORIZATION)
        .and_then(parts)
        .and_then(|[before, _, after]| HeaderValue::try_from(format!("{before}{LOCAL}{after}")).ok());
    if let Some(value) = forgotten {
        headers.insert(AUTHORIZATION, value);
    }
}

/// What stands before the access key, the key, and what stands after it.
fn parts(value: &HeaderValue) -> Option<[&str; 3]> {
    const BEFORE: &str = "AWS4-HMAC-SHA256 Credential=";
    let value = value.to_str().ok().filter(|value| value.starts_with(BEFORE))?;
    let (before, rest) = value.split_at(BEFORE.len());
    let (key, after) = rest.split_at(rest.find('/')?);
    Some([before, key, after])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_access_key_is_who_calls() {
        let mut headers =
            signed("AWS4-HMAC-SHA256 Credential=Chats/20260101/us-east-1/dynamodb/aws4_request, Signature=0");
        assert_eq!(principal(&headers), "Chats");
        forget_principal(&mut headers);
        assert_eq!(
            headers[AUTHORIZATION],
            "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, Signature=0"
        );
    }

    #[test]
    fn what_is_not_signed_is_nobodys() {
        for value in ["Bearer Chats/1", "AWS4-HMAC-SHA256 Credential=Chats", "AWS4-HMAC-SHA256 Signature=0"] {
            let mut headers = signed(value);
            assert_eq!(principal(&headers), "", "{value}");
            forget_principal(&mut headers);
            assert_eq!(headers[AUTHORIZATION], value);
        }
        assert_eq!(principal(&HeaderMap::new()), "");
    }
}
