//! Cookies: who calls by one, and which pages may (contract, section 1, "Credentials").

use super::Shared;
use super::caller::Origin;
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::sessions::{Bearer, LASTS};
use crate::tokens::Audience;
use axum::extract::FromRequestParts;
use axum::http::header::{COOKIE, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The cookie of conversations.
pub const SESSION: &str = "session";
/// The cookies of document 003, which calls the second one by two names.
pub const USER_ID: &str = "user_id";
/// See [`USER_ID`].
pub const TOKEN: &str = "token";
const ACCESS_TOKEN: &str = "access_token";

const NO_COOKIE: Error = Error::Unauthenticated("The cookie session is needed");
const NO_PAIR: Error = Error::Unauthenticated("The cookies user_id and token are needed");
const OTHER_SITE: Error = Error::Forbidden("A page of another site may not do this");

/// The first cookie of a name. What others beside it hold, which pages may set as they like, is of no account.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    let pairs = cookies.flat_map(|cookies| cookies.split(|byte| *byte == b';'));
    let mut pairs = pairs.filter_map(|pair| std::str::from_utf8(pair).ok()?.split_once('='));
    pairs.find(|(known, _)| known.trim() == name).map(|(_, value)| value.trim())
}

/// A user with the cookie of conversations.
#[derive(Debug)]
pub struct ByCookie(pub Bearer);

impl FromRequestParts<Shared> for ByCookie {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, backend: &Shared) -> Result<Self> {
        let cookie = cookie(&parts.headers, SESSION).ok_or(NO_COOKIE)?;
        Ok(Self(Bearer::from_cookie(backend, cookie, Audience::Conversations).await?))
    }
}

/// The pair of cookies of document 003.
pub fn pair(headers: &HeaderMap) -> Option<(&str, &str)> {
    let token = cookie(headers, TOKEN).or_else(|| cookie(headers, ACCESS_TOKEN))?;
    Some((cookie(headers, USER_ID)?, token))
}

/// A user with the pair of cookies of document 003.
#[derive(Debug)]
pub struct ByPair(pub Bearer);

impl FromRequestParts<Shared> for ByPair {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, backend: &Shared) -> Result<Self> {
        let (user, token) = pair(&parts.headers).ok_or(NO_PAIR)?;
        Ok(Self(Bearer::from_pair(backend, user, token).await?))
    }
}

/// The header that sets a cookie as long as a session lasts. Scripts cannot read it, and other sites' pages do not send
/// it along with what they do.
pub fn set_cookie(backend: &Backend, origin: &Origin, name: &str, value: &str) -> Result<HeaderValue> {
    header(backend, origin, name, value, LASTS.as_secs())
}

/// The header that takes a cookie away: a blank, as document 003 has it, which ends at once.
pub fn blank_cookie(backend: &Backend, origin: &Origin, name: &str) -> Result<HeaderValue> {
    header(backend, origin, name, " ", 0)
}

fn header(backend: &Backend, origin: &Origin, name: &str, value: &str, seconds: u64) -> Result<HeaderValue> {
    let secure = if origin.0.starts_with("https:") { "; Secure" } else { "" };
    let domain = backend.cookie_domain.as_ref().map(|domain| format!("; Domain={domain}"));
    let domain = domain.unwrap_or_default();
    let cookie = format!("{name}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={seconds}{domain}{secure}");
    HeaderValue::from_str(&cookie).map_err(Error::internal)
}

/// Refuses what a page of another site does with a user's cookie, or has one set for. Browsers say where a page is from;
/// who is no browser says nothing, and passes.
#[derive(Clone, Copy, Debug)]
pub struct OwnPage;

impl FromRequestParts<Shared> for OwnPage {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, backend: &Shared) -> Result<Self> {
        let Origin(own) = Origin::from_request_parts(parts, backend).await?;
        let text = |name: HeaderName| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let is_own = match (text(ORIGIN), text(HeaderName::from_static("sec-fetch-site"))) {
            (Some(origin), _) => origin == own || backend.allowed_origins.iter().any(|other| other == origin),
            (None, Some(site)) => ["same-origin", "none"].contains(&site),
            (None, None) => true,
        };
        if is_own { Ok(Self) } else { Err(OTHER_SITE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_whatever_stands_beside_it() {
        let mut headers = HeaderMap::new();
        let cookies =
            HeaderValue::from_bytes(b"x=J\xfcrgen; a=1;user_id = 7 ;token=t=1; user_id=8; =; broken");
        headers.insert(COOKIE, cookies.expect("a header"));
        headers.append(COOKIE, HeaderValue::from_static("session=s"));
        assert_eq!(pair(&headers), Some(("7", "t=1")));
        assert_eq!(cookie(&headers, SESSION), Some("s"));
        assert_eq!(cookie(&headers, "broken"), None);
    }
}
