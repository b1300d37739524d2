//! Path and query parameters whose refusals are in the envelope.

use super::body::pairs;
use crate::error::{Error, Result};
use axum::extract::{FromRequestParts, Path as AxumPath, RawPathParams};
use axum::http::request::Parts;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use std::str::FromStr;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Path parameters.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let no_id =
            || Error::invalid("invalid_path", "An id in the path is not a whole number from 1 to 2^53 - 1");
        // Rust reads a number with a plus sign; there is no such id.
        let raw = RawPathParams::from_request_parts(parts, state).await.map_err(|_| no_id())?;
        if raw.iter().any(|(_, value)| value.starts_with('+')) {
            return Err(no_id());
        }
        let AxumPath(value) = AxumPath::from_request_parts(parts, state).await.map_err(|_| no_id())?;
        Ok(Self(value))
    }
}

/// Query parameters.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        let query = parts.uri.query().unwrap_or_default();
        let value = pairs(query.as_bytes()).map_err(|reason| {
            Error::invalid("invalid_query", format!("The query is not as expected: {reason}"))
        })?;
        Ok(Self(value))
    }
}

/// A number in a query: digits, cut to the largest there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(u64);

// Not derived: what is derived for a `u64` says that there is a largest one.
impl PartialSchema for Number {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).into()
    }
}

impl ToSchema for Number {}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(digits(deserializer)?.parse().unwrap_or(u64::MAX)))
    }
}

/// A number in a query or a form that names something: digits, and nothing else. Rust reads a number with a plus sign;
/// there is no such id.
pub fn id<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<T, D::Error> {
    digits(deserializer)?.parse().map_err(|_| D::Error::custom("there is no such number"))
}

fn digits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text),
        false => Err(D::Error::custom("a whole number is expected, without sign")),
    }
}

/// How many rows a page has: at least 1, cut to `most`, `default` where the caller does not say.
pub fn count(asked: Option<Number>, default: u64, most: u64) -> Result<u64> {
    match asked.map(|Number(count)| count) {
        None => Ok(default),
        Some(0) => Err(Error::invalid("invalid_count", "count must be at least 1")),
        Some(count) => Ok(count.min(most)),
    }
}

/// Where a page begins, counted from 1.
pub(super) fn offset(asked: Option<Number>) -> Result<u64> {
    match asked.map(|Number(offset)| offset) {
        Some(0) => Err(Error::invalid("invalid_offset", "offset must be at least 1")),
        asked => Ok(asked.unwrap_or(1)),
    }
}
