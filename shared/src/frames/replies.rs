//! What one socket is answered.

use crate::ids::{ChatId, MemberId, Owner, UserId};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What one socket is answered, and no other is told.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// The answer to a good token that makes the socket somebody's, or comes alone.
    #[schema(
        title = "Ready",
        examples(
            json!({"type": "ready", "user_id": 112006274904064_u64}),
            json!({"type": "ready", "user_id": "John.Doe-mobile1"})
        )
    )]
    Ready {
        /// Whose socket it is now.
        user_id: BareOwner,
    },
    /// The answer to `ping`.
    #[schema(title = "Pong", example = json!({"type": "pong"}))]
    Pong,
    /// The end of what `resume` brings: the messages that were missed came before it, in the order of each chat.
    #[schema(
        title = "Resumed",
        example = json!({
            "type": "resumed",
            "chats": {
                "114972804892198": {"recovered": true, "seq": 7},
                "114972804892199": {"recovered": false, "seq": 1200}
            }
        })
    )]
    Resumed {
        /// What became of each chat that was asked for, by its id.
        #[schema(value_type = BTreeMap<String, Recovery>)]
        chats: BTreeMap<ChatId, Recovery>,
    },
}

/// An owner without saying of which kind it is: a number, or the name that a platform has for its user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum BareOwner {
    /// A user of this system.
    User(UserId),
    /// A platform's user.
    Member(MemberId),
}

impl From<Owner> for BareOwner {
    fn from(owner: Owner) -> Self {
        match owner {
            Owner::UserId(user) => Self::User(user),
            Owner::MemberId(member) => Self::Member(member),
        }
    }
}

/// What became of a chat that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Recovery {
    /// Whether everything missed was sent. Where it was not, `GET` the chat's history.
    pub recovered: bool,
    /// The chat's newest position; 0 for a chat that the user does not take part in.
    pub seq: u64,
}

/// The answer to a frame that was refused. The socket stays open unless the frame's token was bad, or its user has too
/// many sockets.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(
    title = "Refusal",
    examples(
        json!({"error": "Send {\"token\": ...} first", "code": "unauthenticated"}),
        json!({
            "error": "Too many messages. Try again in 7 seconds.",
            "code": "too_many_requests",
            "retry_after": 7,
            "client_id": "4f1d"
        })
    )
)]
pub struct Refusal {
    /// A sentence for people.
    #[schema(min_length = 1)]
    pub error: String,
    /// A stable word for programs.
    #[schema(pattern = "^[a-z0-9_]+$")]
    pub code: &'static str,
    /// In how many seconds to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retry_after: Option<u64>,
    /// The frame's own id, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub client_id: Option<String>,
}

/// What API Gateway says by itself when a function fails at a frame, or takes too long.
#[derive(ToSchema)]
#[schema(
    title = "GatewayFailure",
    example = json!({
        "message": "Internal server error",
        "connectionId": "BDmBzdNwjoECFmQ=",
        "requestId": "BDmB3EvbDoEFkBQ="
    })
)]
#[serde(rename_all = "camelCase")]
pub struct GatewayFailure {
    /// A sentence for people.
    pub message: String,
    /// The connection's id.
    pub connection_id: String,
    /// The request's id, for whoever runs the system.
    pub request_id: String,
}
