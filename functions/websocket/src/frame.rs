//! Frames: whose they are, what they ask for, and what is refused.

use crate::message;
use crate::wire::{Answer, Frame};
use chat::bot::engine::Engine;
use chat::frames::{Refusal, Reply};
use chat::ids::Owner;
use chat::sessions::{Caller, Credential};
use chat::{Backend, Error, Result, presence, resume};
use serde_json::{Map, Value};

const NOT_JSON: &str = "A frame must be a JSON object";
const BEFORE_INIT: Error = Error::Unauthenticated("Send {\"token\": ...} first");
const OTHER_USER: Error = Error::Unauthenticated("The token is another user's than this socket's");

const NOT_FOR_MEMBERS: Error =
    Error::Forbidden("An access token is good for signed messaging alone; send with POST /messages");

/// What becomes of the socket after a refusal.
enum Refused {
    /// It stays open.
    Kept(Error),
    /// It is closed: the frame's token was bad, or its user has too many sockets.
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

    /// What it means that a token's user may not have this socket: one too many is not left open.
    fn of_opening(error: Error) -> Self {
        match error {
            Error::TooMany { .. } => Self::Closed(error),
            other => Self::of_token(other),
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
pub(crate) async fn receive(
    backend: &Backend,
    engine: &Engine,
    connection: &str,
    text: Option<&str>,
) -> Result<Answer> {
    let object = match parse(text) {
        Ok(object) => object,
        Err(error) => return refuse(backend, connection, None, &error).await,
    };
    // A refusal names its frame whatever else is wrong with that.
    let client_id = object.get("client_id").and_then(Value::as_str).map(str::to_owned);
    let frame = match serde_json::from_value(Value::Object(object)) {
        Ok(frame) => frame,
        Err(error) => return refuse(backend, connection, client_id, &unexpected(error)).await,
    };
    match serve(backend, engine, connection, frame).await {
        Ok(()) => Ok(Answer::OK),
        Err(Refused::Kept(error)) => refuse(backend, connection, client_id, &error).await,
        Err(Refused::Closed(error)) => {
            let answer = refuse(backend, connection, client_id, &error).await;
            presence::end(backend, connection).await;
            answer
        }
    }
}

fn parse(text: Option<&str>) -> Result<Map<String, Value>> {
    let text = text.ok_or_else(|| Error::invalid("invalid_frame", NOT_JSON))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Error::invalid("invalid_frame", NOT_JSON)),
        Err(error) => Err(unexpected(error)),
    }
}

fn unexpected(error: serde_json::Error) -> Error {
    Error::invalid("invalid_frame", format!("The frame is not as expected: {error}"))
}

async fn serve(backend: &Backend, engine: &Engine, connection: &str, frame: Frame) -> Result<(), Refused> {
    let has_token = frame.token.is_some();
    let sender = authenticate(backend, connection, &frame).await?;
    // A token may turn out to be dead only now, beside the first reads.
    let refused = if has_token { Refused::of_token } else { Refused::Kept };
    handle(backend, engine, connection, sender, frame).await.map_err(refused)
}

/// Who sends a frame.
enum Sender {
    /// A user.
    User(Caller),
    /// A platform's user, which is only told things here (000).
    Member,
}

impl From<Owner> for Sender {
    fn from(owner: Owner) -> Self {
        match owner {
            Owner::UserId(user) => Self::User(Caller::Confirmed(user)),
            Owner::MemberId(_) => Self::Member,
        }
    }
}

async fn handle(
    backend: &Backend,
    engine: &Engine,
    connection: &str,
    sender: Sender,
    frame: Frame,
) -> Result<()> {
    let caller = match (sender, frame.chat_type.as_deref(), frame.kind.as_deref()) {
        (Sender::Member, Some("room" | "group" | "bot"), _) | (Sender::Member, None, Some("resume")) => {
            return Err(NOT_FOR_MEMBERS);
        }
        (Sender::User(caller), Some("room"), _) => {
            return message::to_room(backend, connection, caller, frame).await;
        }
        (Sender::User(caller), Some("group"), _) => {
            return message::to_group(backend, connection, caller, frame).await;
        }
        (Sender::User(caller), Some("bot"), _) => {
            return message::to_bot(backend, engine, connection, caller, frame).await;
        }
        (Sender::User(caller), _, _) => Some(caller),
        (Sender::Member, _, _) => None,
    };
    let user = match caller {
        Some(caller) => Some(caller.confirm(backend).await?),
        None => None,
    };
    match (frame.chat_type, frame.kind.as_deref(), user) {
        (Some(_), _, _) => Err(Error::invalid("unknown_chat_type", "There is no such chat_type")),
        (None, Some("ping"), _) => presence::reply(backend, connection, &Reply::Pong).await.map(drop),
        (None, Some("resume"), Some(user)) => match frame.chats {
            Some(known) if known.len() <= resume::MAX_CHATS => {
                resume::resume(backend, user, connection, known).await
            }
            _ => Err(Error::invalid(
                "invalid_frame",
                "resume needs chats: the last seq known of each of at most 100 chats",
            )),
        },
        (None, Some(_), _) => Err(Error::invalid("unknown_type", "There is no such type of frame")),
        (None, None, _) if frame.token.is_some() => Ok(()),
        (None, None, _) => {
            Err(Error::invalid("unknown_type", "A frame needs a token, a type or a chat_type"))
        }
    }
}

/// Whose the socket is: a good token makes it that user's, and later ones must be the same user's. The token
/// that makes it so, and one that comes alone, is answered.
async fn authenticate(backend: &Backend, connection: &str, frame: &Frame) -> Result<Sender, Refused> {
    let owner = presence::owner(backend, connection).await?;
    let Some(token) = frame.token.as_deref() else {
        return owner.map(Sender::from).ok_or(Refused::Kept(BEFORE_INIT));
    };
    let credential = Credential::from_token(backend, token).await.map_err(Refused::of_token)?;
    if owner.as_ref().is_some_and(|owner| *owner != credential.claimed_owner()) {
        return Err(Refused::Closed(OTHER_USER));
    }
    let is_known = owner.is_some();
    let is_alone = frame.kind.is_none() && frame.chat_type.is_none();
    let credential = match credential {
        Credential::Login(bearer) if is_known && !is_alone => return Ok(Sender::User(bearer.into())),
        credential => credential,
    };
    let standing = credential.confirm(backend).await.map_err(Refused::of_token)?;
    if !is_known {
        presence::open(backend, &standing, connection).await.map_err(Refused::of_opening)?;
    }
    if !is_known || is_alone {
        presence::reply(backend, connection, &Reply::Ready { user_id: standing.owner.clone().into() })
            .await?;
    }
    Ok(standing.owner.into())
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
    let refusal =
        Refusal { error: error.to_string(), code: error.code(), retry_after: error.retry_after(), client_id };
    presence::reply(backend, connection, &refusal).await?;
    Ok(Answer::OK)
}
