//! `/api/login` and `/api/logout`.

use crate::refusal::{BadRequest, Forbidden};
use crate::wire::{Credentials, Status};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::response::{AppendHeaders, IntoResponse, IntoResponseParts, Response};
use chat::accounts::Login;
use chat::http::cookies::{ByPair, OwnPage, TOKEN, USER_ID, blank_cookie, set_cookie};
use chat::http::{FormBody, Origin, Shared, refusals};
use chat::ids::UserId;
use chat::limits::Source;
use chat::tokens::Audience;
use chat::{Backend, Result, accounts};

/// Where a user begins.
const CHATS: &str = "/api/chats";
const LOGIN: &str = "/api/login";

/// Logs in.
#[utoipa::path(
    post,
    path = "/api/login",
    operation_id = "loginByForm",
    tag = "web",
    request_body(content = Credentials, content_type = "application/x-www-form-urlencoded"),
    responses(
        (
            status = 200, description = "The caller has a session", body = Status,
            headers(
                ("Location" = String, description = "Where a user begins"),
                ("Set-Cookie" = String, description = "`user_id` and `token`, a header each"),
            ),
        ),
        BadRequest,
        Forbidden,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn create(
    State(backend): State<Shared>,
    OwnPage: OwnPage,
    origin: Origin,
    source: Source,
    FormBody(body): FormBody<Credentials>,
) -> Result<Response> {
    let login = Login::UserName(body.name);
    let (user, token) = accounts::login(&backend, login, &body.password, Audience::Web, &source).await?;
    let cookies = cookies(&backend, &origin, user, &token)?;
    Ok(([(LOCATION, CHATS)], cookies, Json(Status::OK)).into_response())
}

/// Logs out. Refused to pages of other sites although it is a GET: it ends something.
#[utoipa::path(
    get,
    path = "/api/logout",
    operation_id = "logoutByCookie",
    tag = "web",
    security(("web_user_id" = [], "web_token" = []), ("web_user_id" = [], "web_access_token" = [])),
    responses(
        (
            status = 200, description = "The session is at an end", body = Status,
            headers(
                ("Location" = String, description = "Where to log in again"),
                ("Set-Cookie" = String, description = "`user_id` and `token`, blank, a header each"),
            ),
        ),
        Forbidden,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn delete(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    OwnPage: OwnPage,
    origin: Origin,
) -> Result<Response> {
    accounts::logout(&backend, caller).await?;
    Ok(([(LOCATION, LOGIN)], blanks(&backend, &origin)?, Json(Status::OK)).into_response())
}

/// The answer to one who has an account from now on.
pub(crate) fn welcome(backend: &Backend, origin: &Origin, user: UserId, token: &str) -> Result<Response> {
    let cookies = cookies(backend, origin, user, token)?;
    Ok((StatusCode::CREATED, [(LOCATION, CHATS)], cookies, Json(Status::OK)).into_response())
}

/// The cookies of a session.
fn cookies(
    backend: &Backend,
    origin: &Origin,
    user: UserId,
    token: &str,
) -> Result<impl IntoResponseParts + use<>> {
    Ok(AppendHeaders([
        (SET_COOKIE, set_cookie(backend, origin, USER_ID, &user.to_string())?),
        (SET_COOKIE, set_cookie(backend, origin, TOKEN, token)?),
    ]))
}

/// What takes the cookies of a session away.
pub(crate) fn blanks(backend: &Backend, origin: &Origin) -> Result<impl IntoResponseParts + use<>> {
    Ok(AppendHeaders([
        (SET_COOKIE, blank_cookie(backend, origin, USER_ID)?),
        (SET_COOKIE, blank_cookie(backend, origin, TOKEN)?),
    ]))
}
