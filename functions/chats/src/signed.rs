//! `/backend/chats` and `/chats/{chatID}/users`: chats of platforms (document 000). The operator and members call the
//! same things; who calls decides what it may.

use crate::chats as direct_chats;
use crate::wire::{AddUsers, GuidList, PlatformChatView, RemoveUsers};
use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use chat::http::{JsonBody, Operator, Shared, Signed, refusals, reword};
use chat::ids::PlatformChatId;
use chat::sessions::Credential;
use chat::signed::Caller;
use chat::signed::chats::{self, Actor};
use chat::{Backend, Error, Result};

/// The document's sentence for a chat that cannot be.
pub(crate) const INVALID_CHAT: &str = "Invalid chatID";

/// The `chatID` of a path.
pub(crate) struct ChatId(PlatformChatId);

impl<S: Send + Sync> FromRequestParts<S> for ChatId {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let invalid = |_| {
            let sentence =
                "chatID must have 1 to 128 letters, digits, dots and hyphens, and be no other path";
            Error::invalid("invalid_chat_id", sentence)
        };
        let Path(chat_id) = Path::from_request_parts(parts, state).await.map_err(invalid)?;
        Ok(Self(chat_id))
    }
}

/// Brings users into a chat, which is made if there is none: for the first of them.
#[utoipa::path(
    put,
    path = "/backend/chats/{chat_id}/users",
    operation_id = "backendAddMembers",
    tag = "signed",
    security(("backend_key" = [])),
    params(("chat_id" = PlatformChatId, Path, description = "The chat")),
    request_body = AddUsers,
    responses(
        (status = 200, description = "Their names in the chat, in the request's order", body = GuidList),
        refusals::Invalid, refusals::Unauthenticated, refusals::UnsupportedMediaType, refusals::Anywhere,
    ),
)]
pub(crate) async fn add_by_operator(
    State(backend): State<Shared>,
    Operator: Operator,
    ChatId(chat_id): ChatId,
    JsonBody(body): JsonBody<AddUsers>,
) -> Result<Json<GuidList>> {
    add(&backend, Actor::Operator, chat_id, body).await
}

/// Brings users into a chat, which is made if there is none: for the caller.
#[utoipa::path(
    put,
    path = "/chats/{chat_id}/users",
    operation_id = "addMembers",
    tag = "signed",
    security(("access_token" = []), ("access_token_query" = [])),
    params(("chat_id" = PlatformChatId, Path, description = "The chat")),
    request_body = AddUsers,
    responses(
        (status = 200, description = "Their names in the chat, in the request's order", body = GuidList),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::UnsupportedMediaType,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn add_by_member(
    State(backend): State<Shared>,
    chat_id: Result<ChatId>,
    Signed(caller, body): Signed<AddUsers>,
) -> Result<Json<GuidList>> {
    let caller = caller.confirm(&backend).await?;
    add(&backend, Actor::Member(caller.id), chat_id?.0, body?).await
}

async fn add(
    backend: &Backend,
    actor: Actor,
    chat_id: PlatformChatId,
    body: AddUsers,
) -> Result<Json<GuidList>> {
    let members = body.users.members()?;
    Ok(Json(GuidList { guids: chats::add(backend, actor, &chat_id, &members, body.chat_name).await? }))
}

/// A chat, and who takes part in it.
#[utoipa::path(
    get,
    path = "/backend/chats/{chat_id}/users",
    operation_id = "backendListMembers",
    tag = "signed",
    security(("backend_key" = [])),
    params(("chat_id" = PlatformChatId, Path, description = "The chat")),
    responses(
        (status = 200, description = "The chat", body = PlatformChatView),
        refusals::Invalid, refusals::Unauthenticated, refusals::Anywhere,
    ),
)]
pub(crate) async fn view_by_operator(
    State(backend): State<Shared>,
    Operator: Operator,
    ChatId(chat_id): ChatId,
) -> Result<Json<PlatformChatView>> {
    view(&backend, Actor::Operator, chat_id).await
}

/// A chat that the caller takes part in, and who else does.
#[utoipa::path(
    get,
    path = "/chats/{chat_id}/users",
    operation_id = "listMembers",
    tag = "signed",
    security(("access_token" = []), ("access_token_query" = [])),
    params(("chat_id" = PlatformChatId, Path, description = "The chat")),
    responses(
        (status = 200, description = "The chat", body = PlatformChatView),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::Anywhere,
    ),
)]
pub(crate) async fn view_by_member(
    State(backend): State<Shared>,
    caller: Caller,
    ChatId(chat_id): ChatId,
) -> Result<Json<PlatformChatView>> {
    view(&backend, Actor::Member(caller.id), chat_id).await
}

async fn view(backend: &Backend, actor: Actor, chat_id: PlatformChatId) -> Result<Json<PlatformChatView>> {
    let view = chats::view(backend, actor, &chat_id).await.map_err(as_invalid)?;
    Ok(Json(view.into()))
}

/// Takes users out of a chat. With its owner the whole chat goes.
#[utoipa::path(
    delete,
    path = "/backend/chats/{chat_id}/users",
    operation_id = "backendRemoveMembers",
    tag = "signed",
    security(("backend_key" = [])),
    params(("chat_id" = PlatformChatId, Path, description = "The chat")),
    request_body = RemoveUsers,
    responses(
        (status = 200, description = "They are not in the chat"),
        refusals::Invalid, refusals::Unauthenticated, refusals::NotFound, refusals::UnsupportedMediaType,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn remove_by_operator(
    State(backend): State<Shared>,
    Operator: Operator,
    ChatId(chat_id): ChatId,
    JsonBody(body): JsonBody<RemoveUsers>,
) -> Result<StatusCode> {
    remove(&backend, Actor::Operator, chat_id, body).await
}

/// Takes users out of a chat of the caller, or the caller out of another. With its owner the whole chat goes.
#[utoipa::path(
    delete,
    path = "/chats/{chat_id}/users",
    operation_id = "removeMembers",
    tag = "signed",
    security(("access_token" = []), ("access_token_query" = [])),
    params(("chat_id" = PlatformChatId, Path, description = "The chat")),
    request_body = RemoveUsers,
    responses(
        (status = 200, description = "They are not in the chat"),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::UnsupportedMediaType, refusals::Anywhere,
    ),
)]
pub(crate) async fn remove_by_member(
    State(backend): State<Shared>,
    chat_id: Result<ChatId>,
    Signed(caller, body): Signed<RemoveUsers>,
) -> Result<StatusCode> {
    let caller = caller.confirm(&backend).await?;
    remove(&backend, Actor::Member(caller.id), chat_id?.0, body?).await
}

async fn remove(
    backend: &Backend,
    actor: Actor,
    chat_id: PlatformChatId,
    body: RemoveUsers,
) -> Result<StatusCode> {
    chats::remove(backend, actor, &chat_id, &body.users.members()?, &body.guids).await?;
    Ok(StatusCode::OK)
}

/// Deletes a chat.
#[utoipa::path(
    delete,
    path = "/backend/chats/{chat_id}",
    operation_id = "backendDeleteChat",
    tag = "signed",
    security(("backend_key" = [])),
    params(("chat_id" = PlatformChatId, Path, description = "The chat")),
    responses(
        (status = 200, description = "The chat is gone"),
        refusals::Invalid, refusals::Unauthenticated, refusals::Anywhere,
    ),
)]
pub(crate) async fn delete_by_operator(
    State(backend): State<Shared>,
    Operator: Operator,
    ChatId(chat_id): ChatId,
) -> Result<StatusCode> {
    delete(&backend, Actor::Operator, chat_id).await
}

async fn delete(backend: &Backend, actor: Actor, chat_id: PlatformChatId) -> Result<StatusCode> {
    chats::delete(backend, actor, &chat_id).await.map_err(as_invalid)?;
    Ok(StatusCode::OK)
}

/// Deletes a chat of two for both at once, or a chat of a platform by its owner.
///
/// `DELETE /chats/{id}` stands in documents 000 and 001: the token tells which one is meant.
#[utoipa::path(
    delete,
    path = "/chats/{chat_id}",
    operation_id = "deleteChat",
    tag = "direct",
    security(
        ("login_header" = []), ("login_bearer" = []),
        ("access_token" = []), ("access_token_query" = []),
    ),
    params(("chat_id" = PlatformChatId, Path, description = "A number (001), or a platform's name (000)")),
    responses(
        (status = 200, description = "The chat of the platform is gone"),
        (status = 204, description = "The chat of two is gone"),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn delete_either(
    State(backend): State<Shared>,
    platform_chat: Result<ChatId>,
    direct_chat: Result<chat::http::Path<chat::ids::ChatId>>,
    credential: Credential,
) -> Response {
    match credential {
        Credential::Login(caller) => {
            let deleting = async {
                let user = caller.confirm(&backend).await?.user_id;
                direct_chats::delete(&backend, user, direct_chat?.0).await
            };
            deleting.await.into_response()
        }
        Credential::Access(caller) => {
            let deleting = async {
                let member = caller.confirm(&backend).await?.id;
                delete(&backend, Actor::Member(member), platform_chat?.0).await
            };
            reword(INVALID_CHAT, deleting.await.into_response())
        }
    }
}

/// Where the document has no 404, a chat that is not there is one more wrong parameter.
fn as_invalid(error: Error) -> Error {
    match error {
        Error::NotFound(code, sentence) => Error::invalid(code, sentence),
        other => other,
    }
}
