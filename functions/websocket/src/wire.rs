//! What comes in frames, and what the routes answer to API Gateway.

use chat::ids::{ChatId, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A frame from a client (contract, section 4). Which fields it needs depends on its `chat_type` or, without one, on
/// its `type`: [`crate::shapes`] has them one by one.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Frame {
    pub(crate) token: Option<String>,
    /// `ping` or `resume`; with a `chat_type`, the kind of the message.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) chat_type: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) other_user_id: Option<UserId>,
    pub(crate) chat_room_id: Option<ChatId>,
    pub(crate) chat_group_id: Option<ChatId>,
    pub(crate) event: Option<String>,
    /// The last position that the client knows of each chat.
    pub(crate) chats: Option<BTreeMap<ChatId, u64>>,
}

/// The answer to API Gateway: a status, which only `$connect`'s caller sees.
#[derive(Debug, Serialize)]
pub struct Answer {
    #[serde(rename = "statusCode")]
    status: u16,
}

impl Answer {
    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    pub(crate) const OK: Self = Self { status: 200 };
    pub(crate) const UNAUTHORIZED: Self = Self { status: 401 };
    pub(crate) const FORBIDDEN: Self = Self { status: 403 };
    pub(crate) const TOO_MANY: Self = Self { status: 429 };
    pub(crate) const FAILED: Self = Self { status: 500 };
    pub(crate) const BUSY: Self = Self { status: 503 };
}
