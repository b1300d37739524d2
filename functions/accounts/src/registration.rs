//! `/register` and `/register/{token}`.

use crate::wire::{NewUser, Registration, Status};
use axum::Json;
use axum::extract::State;
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use chat::http::{Body, Origin, Path, Shared};
use chat::{Error, Result, accounts};

pub(crate) async fn create(
    State(backend): State<Shared>,
    Origin(api): Origin,
    Body(body): Body<Registration>,
) -> Result<(StatusCode, Json<Status>)> {
    accounts::register(&backend, &api, body.into()).await?;
    Ok((StatusCode::ACCEPTED, Json(Status { status: "confirmation_sent" })))
}

/// 201 with the user, or a page where the caller is a browser.
pub(crate) async fn confirm(
    State(backend): State<Shared>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let confirmed = accounts::confirm(&backend, &token).await;
    if wants_html(&headers) {
        return page(confirmed.map(drop));
    }
    match confirmed {
        Ok(profile) => (StatusCode::CREATED, Json(NewUser::from(profile))).into_response(),
        Err(error) => error.into_response(),
    }
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

/// The status is the error's own; only the body is made for people.
fn page(confirmed: Result<(), Error>) -> Response {
    let (status, title, text) = match confirmed {
        Ok(()) => {
            (StatusCode::CREATED, "Welcome!", "Your account is confirmed. You can log in now.".to_owned())
        }
        Err(error) => {
            let text = error.to_string();
            (error.into_response().status(), "That did not work", text)
        }
    };
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <body style=\"font-family:system-ui;max-width:32rem;margin:4rem auto;padding:0 1rem\">\
         <h1>{title}</h1><p>{text}</p>"
    );
    (status, Html(page)).into_response()
}
