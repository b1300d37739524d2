//! Frames: init, ping, and what is refused.

use crate::wire::{Answer, Frame};
use chat::frames::{Pong, Ready, Refusal};
use chat::sessions::Bearer;
use chat::{Backend, Error, Result, presence};
use lambda_runtime::tracing;

const NOT_JSON: &str = "A frame must be a JSON object";
const BEFORE_INIT: Error = Error::Unauthenticated("Send {\"token\": ...} first");
const OTHER_USER: Error = Error::Unauthenticated("The token is another user's than this socket's");

/// What becomes of the socket after a refusal.
enum Refused {
    /// It stays open.
    Kept(Error),
    /// It is closed: the frame's token was bad.
    Closed(Error),
}

impl Refused {
    /// What an error while looking at a token means.
    fn of_token(error: Error) -> Self {
        match error {
            Error::Unauthenticated(_) => Self::Closed(error),
            other => Self::Kept(other),
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Kept(error)
    }
}

/// Serves a frame; `None` stands for one that is not text. Whatever is wrong with it is answered with an
/// error frame.
pub(crate) async fn receive(backend: &Backend, connection: &str, text: Option<&str>) -> Result<Answer> {
    let frame = match parse(text) {
        Ok(frame) => frame,
        Err(error) => return refuse(backend, connection, None, &error).await,
    };
    let client_id = frame.client_id.clone();
    match serve(backend, connection, frame).await {
        Ok(()) => Ok(Answer::OK),
        Err(Refused::Kept(error)) => refuse(backend, connection, client_id, &error).await,
        Err(Refused::Closed(error)) => {
            let answer = refuse(backend, connection, client_id, &error).await;
            presence::end(backend, connection).await;
            answer
        }
    }
}

fn parse(text: Option<&str>) -> Result<Frame> {
    let object = text.filter(|text| text.trim_start().starts_with('{'));
    let object = object.ok_or_else(|| Error::invalid("invalid_frame", NOT_JSON))?;
    serde_json::from_str(object)
        .map_err(|error| Error::invalid("invalid_frame", format!("The frame is not as expected: {error}")))
}

async fn serve(backend: &Backend, connection: &str, frame: Frame) -> Result<(), Refused> {
    let bare = frame.kind.is_none() && frame.chat_type.is_none();
    authenticate(backend, connection, frame.token.as_deref(), bare).await?;
    match (frame.kind.as_deref(), frame.chat_type.as_deref()) {
        (_, Some(_)) => Err(Error::invalid("unknown_chat_type", "There is no such chat_type").into()),
        (Some("ping"), None) => Ok(presence::reply(backend, connection, &Pong {}).await?),
        (Some(_), None) => Err(Error::invalid("unknown_type", "There is no such type of frame").into()),
        (None, None) if frame.token.is_some() => Ok(()),
        (None, None) => {
            Err(Error::invalid("unknown_type", "A frame needs a token, a type or a chat_type").into())
        }
    }
}

/// Whose the socket is: a good token makes it that user's, and later ones must be the same user's. The token
/// that makes it so, and one that comes `bare`, is answered.
async fn authenticate(
    backend: &Backend,
    connection: &str,
    token: Option<&str>,
    bare: bool,
) -> Result<(), Refused> {
    let owner = presence::owner(backend, connection).await?;
    let Some(token) = token else {
        return owner.map(drop).ok_or(Refused::Kept(BEFORE_INIT));
    };
    let session = match Bearer::from_token(backend, token).await {
        Ok(bearer) => bearer.confirm(backend).await,
        Err(error) => Err(error),
    };
    let session = session.map_err(Refused::of_token)?;
    match owner {
        Some(owner) if owner != session.user_id => return Err(Refused::Closed(OTHER_USER)),
        Some(_) if !bare => return Ok(()),
        Some(_) => {}
        None => presence::open(backend, &session, connection).await.map_err(Refused::of_token)?,
    }
    Ok(presence::reply(backend, connection, &Ready { user_id: session.user_id }).await?)
}

async fn refuse(
    backend: &Backend,
    connection: &str,
    client_id: Option<String>,
    error: &Error,
) -> Result<Answer> {
    match error {
        Error::Busy(cause) => tracing::warn!(%cause, "a frame was not served"),
        Error::Internal(cause) => tracing::error!(%cause, "a frame was not served"),
        _ => {}
    }
    let refusal = Refusal { error: error.to_string(), code: error.code(), client_id };
    presence::reply(backend, connection, &refusal).await?;
    Ok(Answer::OK)
}
