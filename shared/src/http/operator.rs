//! The operator's backend and platforms' users, as document 000 has them call (contract, section 1, "Credentials").

use super::Shared;
use super::body::{only_json, read};
use super::caller::{NO_TOKEN, bare};
use crate::error::{Error, Result};
use crate::sessions::{self, Credential};
use crate::signed::{BAD_TOKEN, Bearer};
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

/// The token wherever it may be, and the whole body.
async fn with_body(request: Request) -> Result<(Parts, Option<String>, Bytes)> {
    let (parts, body) = request.into_parts();
    let body = read(body).await?;
    let in_body = || serde_json::from_slice::<Carrier>(&body).ok()?.access_token;
    let token = token(&parts).or_else(in_body);
    Ok((parts, token, body))
}

/// A member's call with a JSON body, which may carry the token.
#[derive(Debug)]
pub struct Signed<T>(pub Bearer, pub T);

impl<T: DeserializeOwned> FromRequest<Shared> for Signed<T> {
    type Rejection = Error;

    async fn from_request(request: Request, backend: &Shared) -> Result<Self> {
        let (parts, token, body) = with_body(request).await?;
        let bearer = Bearer::from_token(backend, &token.ok_or(BAD_TOKEN)?).await?;
        Ok(Self(bearer, only_json(&parts.headers, &body)?))
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
        let (_, token, _) = with_body(request).await?;
        Self::from_token(backend, &token.ok_or(NO_TOKEN)?).await
    }
}
