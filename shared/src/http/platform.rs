//! The operator's backend and platforms' users, as document 000 has them call (contract, section 1, "Credentials").

use super::Shared;
use super::body::{only_json, read};
use super::caller::{NO_TOKEN, bare};
use crate::error::{Error, Result};
use crate::sessions::{self, Credential};
use crate::signed::{BAD_TOKEN, Bearer, Caller};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The operator's backend: a call with a backend key.
#[derive(Clone, Copy, Debug)]
pub struct Operator;

impl FromRequestParts<Shared> for Operator {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, backend: &Shared) -> Result<Self> {
        match authorization(parts).filter(|key| backend.backend_keys.admit(key)) {
            Some(_) => Ok(Self),
            None => Err(Error::Unauthenticated("Bad backend key")),
        }
    }
}

fn authorization(parts: &Parts) -> Option<&str> {
    bare(parts.headers.get(AUTHORIZATION)?.to_str().ok()?)
}

/// A token as it may come in a body.
#[derive(Deserialize)]
struct Carrier {
    #[serde(rename = "accessToken")]
    access_token: Option<String>,
}

/// The token in the header or the query.
fn token(parts: &Parts) -> Option<String> {
    if let Some(token) = authorization(parts) {
        return Some(token.to_owned());
    }
    let mut query = form_urlencoded::parse(parts.uri.query()?.as_bytes());
    query.find(|(name, _)| name == "accessToken").map(|(_, token)| token.into_owned())
}

impl FromRequestParts<Shared> for Bearer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, backend: &Shared) -> Result<Self> {
        Bearer::from_token(backend, &token(parts).ok_or(BAD_TOKEN)?).await
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, backend: &Shared) -> Result<Self> {
        Bearer::from_request_parts(parts, backend).await?.confirm(backend).await
    }
}

/// The token wherever it may be, and the whole body.
async fn with_body(request: Request, backend: &Shared) -> Result<(Parts, Bearer, Bytes)> {
    let (parts, body) = request.into_parts();
    let body = read(body).await?;
    let in_body = || serde_json::from_slice::<Carrier>(&body).ok()?.access_token;
    let token = token(&parts).or_else(in_body).ok_or(BAD_TOKEN)?;
    let bearer = Bearer::from_token(backend, &token).await?;
    Ok((parts, bearer, body))
}

/// A member's call with a JSON body, which may carry the token. What the body says is left to look at after the member
/// is made sure of.
#[derive(Debug)]
pub struct Signed<T>(pub Bearer, pub Result<T>);

impl<T: DeserializeOwned> FromRequest<Shared> for Signed<T> {
    type Rejection = Error;

    async fn from_request(request: Request, backend: &Shared) -> Result<Self> {
        let (parts, bearer, body) = with_body(request, backend).await?;
        Ok(Self(bearer, only_json(&parts.headers, &body)))
    }
}

impl FromRequest<Shared> for Credential {
    type Rejection = Error;

    /// On paths that documents 000 and 001 share, the kind of the token tells which one is meant.
    async fn from_request(request: Request, backend: &Shared) -> Result<Self> {
        if request.headers().contains_key("authentication") {
            let (mut parts, _) = request.into_parts();
            return Ok(Self::Login(sessions::Bearer::from_request_parts(&mut parts, backend).await?));
        }
        let (parts, body) = request.into_parts();
        if let Some(token) = authorization(&parts) {
            return Self::from_token(backend, token).await;
        }
        // Only document 000 has other carriers.
        let request = Request::from_parts(parts, body);
        match with_body(request, backend).await {
            Ok((_, bearer, _)) => Ok(Self::Access(bearer)),
            Err(Error::Unauthenticated(_)) => Err(NO_TOKEN),
            Err(error) => Err(error),
        }
    }
}
