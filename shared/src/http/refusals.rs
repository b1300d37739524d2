//! Refusals as the OpenAPI document lists them: each operation names those that it can give, and
//! [`Anywhere`].

use super::Envelope;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// What API Gateway answers by itself, without asking a function.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GatewayMessage {
    /// A sentence for people.
    pub message: String,
}

/// A refusal by a function, or by API Gateway before one is asked.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(example = json!({"error": "The service is busy, please try again", "code": "busy"}))]
pub enum Refusal {
    /// By a function.
    Function(Envelope),
    /// By API Gateway.
    Gateway(GatewayMessage),
}

/// The input breaks a rule.
#[derive(IntoResponses)]
#[response(
    status = 400,
    description = "The input breaks a rule that the sentence names.",
    example = json!({"error": "count must be at least 1", "code": "invalid_count"})
)]
pub struct Invalid(pub Envelope);

/// No credential, or none that holds.
#[derive(IntoResponses)]
#[response(
    status = 401,
    description = "No credential, or one that does not hold (any more).",
    example = json!({"error": "Bad token", "code": "unauthenticated"})
)]
pub struct Unauthenticated(pub Envelope);

/// The caller may not do this.
#[derive(IntoResponses)]
#[response(
    status = 403,
    description = "The caller may not do this.",
    example = json!({"error": "You take no part in this chat", "code": "forbidden"})
)]
pub struct Forbidden(pub Envelope);

/// Not there, or not visible to the caller.
#[derive(IntoResponses)]
#[response(
    status = 404,
    description = "Not there, or not visible to the caller.",
    example = json!({"error": "There is no such chat", "code": "chat_not_found"})
)]
pub struct NotFound(pub Envelope);

/// In the way of something that is already so.
#[derive(IntoResponses)]
#[response(
    status = 409,
    description = "In the way of something that is already so.",
    example = json!({
        "error": "This idempotency key was used for another message",
        "code": "idempotency_key_reused"
    })
)]
pub struct Conflict(pub Envelope);

/// A body of another content type.
#[derive(IntoResponses)]
#[response(
    status = 415,
    description = "The body's content type is none that this path takes.",
    example = json!({"error": "Send application/json", "code": "unsupported_media_type"})
)]
pub struct UnsupportedMediaType(pub Envelope);

/// What every operation may answer.
#[derive(IntoResponses)]
pub enum Anywhere {
    /// Over the gateway's limit.
    #[response(
        status = 413,
        description = "The body is over API Gateway's limit.",
        example = json!({"message": "Request Entity Too Large"})
    )]
    TooLarge(GatewayMessage),
    /// Too many requests.
    #[response(
        status = 429,
        description = "Too many, of one caller or in all. A function says when to try again.",
        headers(("Retry-After" = u64, description = "In how many seconds to try again")),
        example = json!({"error": "Too many messages. Try again in 7 seconds.", "code": "too_many_requests"})
    )]
    TooMany(Refusal),
    /// Headers over the gateway's limit.
    #[response(
        status = 431,
        description = "The path, the query and the headers together are over API Gateway's limit.",
        example = json!({"message": "Request Header Fields Too Large"})
    )]
    HeadersTooLarge(GatewayMessage),
    /// A defect.
    #[response(
        status = 500,
        description = "A defect. What it is stands in the log alone.",
        example = json!({"error": "Internal server error", "code": "internal"})
    )]
    Internal(Refusal),
    /// Out of reach or overloaded.
    #[response(
        status = 503,
        description = "Overloaded or out of reach. Sending again with the same idempotency key is safe.",
        headers(("Retry-After" = u64, description = "In how many seconds to try again")),
        example = json!({"error": "The service is busy, please try again", "code": "busy"})
    )]
    Unavailable(Refusal),
}
