//! Who calls, and what else a request's headers say.

use super::Shared;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::limits::Source;
use crate::sessions::Bearer;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use lambda_http::request::RequestContext;
use std::net::IpAddr;
use utoipa::IntoParams;

pub(super) const NO_TOKEN: Error =
    Error::Unauthenticated("Send a token in the header authentication or Authorization");

fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok().filter(|value| !value.is_empty())
}

/// The token's carriers (contract, section 1): `authentication`, or `Authorization` with or without `Bearer`.
fn token(parts: &Parts) -> Option<&str> {
    bare(header(parts, "authentication").or_else(|| header(parts, AUTHORIZATION.as_str()))?)
}

/// A credential without the scheme.
pub(super) fn bare(value: &str) -> Option<&str> {
    let bare = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token,
        _ => value,
    };
    Some(bare.trim()).filter(|token| !token.is_empty())
}

impl FromRequestParts<Shared> for Bearer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, backend: &Shared) -> Result<Self> {
        Bearer::from_token(backend, token(parts).ok_or(NO_TOKEN)?).await
    }
}

/// The user behind a token whose session stands.
#[derive(Clone, Copy, Debug)]
pub struct User(pub UserId);

impl FromRequestParts<Shared> for User {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, backend: &Shared) -> Result<Self> {
        let bearer = Bearer::from_request_parts(parts, backend).await?;
        Ok(Self(bearer.confirm(backend).await?.user_id))
    }
}

/// The header `Idempotency-Key` (contract, section 1, "Idempotent send").
#[derive(Clone, Debug, IntoParams)]
#[into_params(names("Idempotency-Key"), parameter_in = Header)]
pub struct IdempotencyKey(
    /// The sender's own id for the message. The same id again, within 24 hours, gives the first answer again.
    #[param(pattern = r"^[\t -~]{1,128}$", nullable = false)]
    pub Option<String>,
);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        let key = value
            .to_str()
            .map_err(|_| Error::invalid("invalid_idempotency_key", "The idempotency key must be ASCII"))?;
        Ok(Self(Some(key.to_owned())))
    }
}

/// By what the caller reached the API: `https`, but on the local stack. API Gateway sets the header itself.
pub(super) fn scheme(headers: &HeaderMap) -> &'static str {
    if headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "http") { "http" } else { "https" }
}

/// The root of the API, for links in mails: the domain by which API Gateway knows itself, not the one a caller
/// names.
#[derive(Clone, Debug)]
pub struct Origin(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        let domain = match parts.extensions.get() {
            Some(RequestContext::ApiGatewayV2(context)) => context.domain_name.as_deref(),
            _ => None,
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        let domain = domain.filter(|domain| domain.bytes().all(plain));
        let domain = domain.ok_or_else(|| Error::internal("a request without a domain name"))?;
        Ok(Self(format!("{}://{domain}", scheme(&parts.headers))))
    }
}

/// Where the request comes from, as API Gateway sees it: what headers say of it, anybody can make up.
impl<S: Send + Sync> FromRequestParts<S> for Source {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        let address = match parts.extensions.get() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
            _ => None,
        };
        let address = address.and_then(|address| address.parse::<IpAddr>().ok());
        Ok(address.ok_or_else(|| Error::internal("a request without a source"))?.into())
    }
}
