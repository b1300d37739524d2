//! `/api/user` and `/api/user/{user_id}`.

use crate::refusal::{BadRequest, Forbidden};
use crate::session::{blanks, welcome};
use crate::wire::{ChangedUser, NewUser, Status, User, UserQuery};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chat::accounts::{self, Whom};
use chat::http::cookies::{ByPair, OwnPage};
use chat::http::{FormBody, Origin, Path, Query, Shared, refusals};
use chat::ids::UserId;
use chat::limits::Source;
use chat::sessions::Bearer;
use chat::{Backend, Error, Result};

const OTHER_USER: Error = Error::Forbidden("This is another user");

/// Who somebody is.
#[utoipa::path(
    get,
    path = "/api/user",
    operation_id = "findUser",
    tag = "web",
    security(("web_user_id" = [], "web_token" = []), ("web_user_id" = [], "web_access_token" = [])),
    params(UserQuery),
    responses(
        (status = 200, description = "The user", body = User),
        BadRequest,
        Forbidden,
        refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn find(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    Query(query): Query<UserQuery>,
) -> Result<Json<User>> {
    let whom = query.name.map_or(Whom::Oneself, Whom::Name);
    Ok(Json(accounts::find(&backend, caller, whom).await?.into()))
}

/// Who somebody is.
#[utoipa::path(
    get,
    path = "/api/user/{user_id}",
    operation_id = "readUser",
    tag = "web",
    security(("web_user_id" = [], "web_token" = []), ("web_user_id" = [], "web_access_token" = [])),
    params(("user_id" = UserId, Path, description = "The user")),
    responses(
        (status = 200, description = "The user", body = User),
        BadRequest,
        Forbidden,
        refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn read(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    Path(user): Path<UserId>,
) -> Result<Json<User>> {
    Ok(Json(accounts::find(&backend, caller, Whom::Id(user)).await?.into()))
}

/// Makes an account and begins a session. The address gets a mail to confirm it.
#[utoipa::path(
    post,
    path = "/api/user",
    operation_id = "createWebUser",
    tag = "web",
    request_body(content = NewUser, content_type = "application/x-www-form-urlencoded"),
    responses(
        (
            status = 201, description = "The caller has an account", body = Status,
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
    FormBody(body): FormBody<NewUser>,
) -> Result<Response> {
    let (user, token) = accounts::create(&backend, &origin.0, body.into(), &source).await?;
    welcome(&backend, &origin, user, &token)
}

/// Changes the caller's name or address, or both.
#[utoipa::path(
    put,
    path = "/api/user",
    operation_id = "changeUser",
    tag = "web",
    security(("web_user_id" = [], "web_token" = []), ("web_user_id" = [], "web_access_token" = [])),
    request_body(content = ChangedUser, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is changed", body = Status),
        BadRequest,
        Forbidden,
        refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn change(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    OwnPage: OwnPage,
    Origin(api): Origin,
    source: Source,
    FormBody(body): FormBody<ChangedUser>,
) -> Result<Json<Status>> {
    let user = caller.confirm(&backend).await?.user_id;
    accounts::change(&backend, user, &api, body.into(), &source).await?;
    Ok(Json(Status::OK))
}

/// The same; nobody changes anybody else.
#[utoipa::path(
    put,
    path = "/api/user/{user_id}",
    operation_id = "changeUserById",
    tag = "web",
    security(("web_user_id" = [], "web_token" = []), ("web_user_id" = [], "web_access_token" = [])),
    params(("user_id" = UserId, Path, description = "The user")),
    request_body(content = ChangedUser, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is changed", body = Status),
        BadRequest,
        Forbidden,
        refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn change_own(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    OwnPage: OwnPage,
    Path(user): Path<UserId>,
    Origin(api): Origin,
    source: Source,
    FormBody(body): FormBody<ChangedUser>,
) -> Result<Json<Status>> {
    confirm_own(&backend, caller, user).await?;
    accounts::change(&backend, user, &api, body.into(), &source).await?;
    Ok(Json(Status::OK))
}

/// Deletes the caller: the name is free, the sessions end, the messages are emptied.
#[utoipa::path(
    delete,
    path = "/api/user",
    operation_id = "deleteUser",
    tag = "web",
    security(("web_user_id" = [], "web_token" = []), ("web_user_id" = [], "web_access_token" = [])),
    responses(
        (
            status = 200, description = "It is gone", body = Status,
            headers(("Set-Cookie" = String, description = "`user_id` and `token`, blank, a header each")),
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
    let user = caller.confirm(&backend).await?.user_id;
    accounts::delete(&backend, user).await?;
    Ok((blanks(&backend, &origin)?, Json(Status::OK)).into_response())
}

/// The same; nobody deletes anybody else.
#[utoipa::path(
    delete,
    path = "/api/user/{user_id}",
    operation_id = "deleteUserById",
    tag = "web",
    security(("web_user_id" = [], "web_token" = []), ("web_user_id" = [], "web_access_token" = [])),
    params(("user_id" = UserId, Path, description = "The user")),
    responses(
        (
            status = 200, description = "It is gone", body = Status,
            headers(("Set-Cookie" = String, description = "`user_id` and `token`, blank, a header each")),
        ),
        BadRequest,
        Forbidden,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn delete_own(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    OwnPage: OwnPage,
    Path(user): Path<UserId>,
    origin: Origin,
) -> Result<Response> {
    confirm_own(&backend, caller, user).await?;
    accounts::delete(&backend, user).await?;
    Ok((blanks(&backend, &origin)?, Json(Status::OK)).into_response())
}

/// Makes sure of the caller first, and then that it is this user: nobody changes anybody else.
async fn confirm_own(backend: &Backend, caller: Bearer, user: UserId) -> Result<()> {
    if caller.confirm(backend).await?.user_id == user { Ok(()) } else { Err(OTHER_USER) }
}
