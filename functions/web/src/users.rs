//! `/api/user` and `/api/user/{user_id}`.

use crate::session::{blanks, welcome};
use crate::wire::{ChangedUser, NewUser, Status, User, UserQuery};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chat::accounts::{self, Whom};
use chat::http::cookies::{ByPair, OwnPage};
use chat::http::{FormBody, Origin, Path, Query, Shared};
use chat::ids::UserId;
use chat::sessions::Bearer;
use chat::{Backend, Error, Result};

const OTHER_USER: Error = Error::Forbidden("This is another user");

pub(crate) async fn find(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    Query(query): Query<UserQuery>,
) -> Result<Json<User>> {
    let whom = query.name.map_or(Whom::Oneself, Whom::Name);
    Ok(Json(accounts::find(&backend, caller, whom).await?.into()))
}

pub(crate) async fn read(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    Path(user): Path<UserId>,
) -> Result<Json<User>> {
    Ok(Json(accounts::find(&backend, caller, Whom::Id(user)).await?.into()))
}

pub(crate) async fn create(
    State(backend): State<Shared>,
    OwnPage: OwnPage,
    origin: Origin,
    FormBody(body): FormBody<NewUser>,
) -> Result<Response> {
    let (user, token) = accounts::create(&backend, &origin.0, body.into()).await?;
    welcome(&backend, &origin, user, &token)
}

pub(crate) async fn change(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    OwnPage: OwnPage,
    Origin(api): Origin,
    FormBody(body): FormBody<ChangedUser>,
) -> Result<Json<Status>> {
    let user = caller.confirm(&backend).await?.user_id;
    accounts::change(&backend, user, &api, body.into()).await?;
    Ok(Json(Status::OK))
}

pub(crate) async fn change_own(
    State(backend): State<Shared>,
    ByPair(caller): ByPair,
    OwnPage: OwnPage,
    Path(user): Path<UserId>,
    Origin(api): Origin,
    FormBody(body): FormBody<ChangedUser>,
) -> Result<Json<Status>> {
    confirm_own(&backend, caller, user).await?;
    accounts::change(&backend, user, &api, body.into()).await?;
    Ok(Json(Status::OK))
}

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
