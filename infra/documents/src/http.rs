//! The OpenAPI document of the HTTP API, put together from what each function says of its paths.

use chat::http::refusals::{GatewayMessage, Refusal};
use chat::http::{Envelope, Number};
use chat::ids::{ChatId, MemberId, PlatformChatId, UserId};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi};
use utoipa::{Modify, OpenApi as _};

/// What the functions' parts have in common.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Chat backend",
        description = "Five documents describe this API; each operation's tag is the one it stands in. A \
                       refusal is `{\"error\", \"code\"}`: a sentence for people and a stable word for \
                       programs. Ids are whole numbers below 2^53. Unknown fields are ignored. A path may \
                       end in a slash.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    servers((url = "/", description = "The API that this document describes")),
    tags(
        (name = "signed", description = "Chats of platforms, with RSA-signed messages and delivery receipts"),
        (name = "direct", description = "Chats of two with unread counters, rooms, and the mailbox"),
        (name = "live", description = "Accounts by e-mail, notifications, groups and the bot; what is said \
                                       goes over the WebSocket API"),
        (name = "web", description = "Users and chats by forms and cookies"),
        (name = "conversations", description = "Open conversations about topics, with a cookie"),
    ),
    // What only parameters and refusals refer to is not found by itself.
    components(schemas(Number, ChatId, UserId, MemberId, PlatformChatId, Envelope, GatewayMessage, Refusal)),
    modifiers(&Credentials),
)]
struct Common;

/// The ways to say who calls.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, api: &mut OpenApi) {
        let components = api.components.get_or_insert_with(Components::new);
        let login = "A token from `POST /login`";
        let access = "An access token from `POST /token`, with or without `Bearer`. Where a body of JSON is \
                      sent, its field `accessToken` may carry it instead";
        let cookie = "Set by `POST /api/login`; both cookies are needed";
        let schemes = [
            ("login_header", SecurityScheme::ApiKey(ApiKey::Header(key("authentication", login)))),
            ("login_bearer", bearer(&format!("{login}, with or without `Bearer`"))),
            ("access_token", bearer(access)),
            ("access_token_query", SecurityScheme::ApiKey(ApiKey::Query(key("accessToken", access)))),
            ("backend_key", bearer("A key of the operator's backend, with or without `Bearer`")),
            ("web_user_id", SecurityScheme::ApiKey(ApiKey::Cookie(key("user_id", cookie)))),
            ("web_token", SecurityScheme::ApiKey(ApiKey::Cookie(key("token", cookie)))),
            ("web_access_token", SecurityScheme::ApiKey(ApiKey::Cookie(key("access_token", cookie)))),
            (
                "session",
                SecurityScheme::ApiKey(ApiKey::Cookie(key("session", "Set by `POST /auth/register`"))),
            ),
        ];
        for (name, scheme) in schemes {
            components.add_security_scheme(name, scheme);
        }
    }
}

fn key(name: &str, description: &str) -> ApiKeyValue {
    ApiKeyValue::with_description(name, description)
}

fn bearer(description: &str) -> SecurityScheme {
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description));
    SecurityScheme::Http(scheme.build())
}

/// What each function says of its paths.
pub fn parts() -> Vec<OpenApi> {
    vec![
        accounts::openapi(),
        chat_bot::openapi(),
        chat_groups::openapi(),
        chat_rooms::openapi(),
        chats::openapi(),
        conversations::openapi(),
        messages::openapi(),
        web::openapi(),
    ]
}

/// The document.
pub fn document() -> OpenApi {
    parts().into_iter().fold(Common::openapi(), OpenApi::merge_from)
}

/// The document as it is kept in the file `infra/openapi.json`.
///
/// # Errors
///
/// When the document cannot be written as JSON, which is a defect of it.
pub fn text() -> serde_json::Result<String> {
    document().to_pretty_json().map(|json| json + "\n")
}
