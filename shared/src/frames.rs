//! Frames to sockets (contract, section 4, table of frames). They are here, and not in one function's wire
//! shapes, because every function that stores something pushes it.

use crate::ids::{ChatId, UserId};
use crate::log::Message;
use crate::store::users::Profile;
use serde::Serialize;

/// A notice to everybody who is online.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// A user's first socket opened, or its last one closed.
    UserActivity {
        /// Whose.
        user_id: UserId,
        /// Opened.
        login: bool,
    },
    /// A user is new or has changed.
    UserUpdate {
        /// Who.
        user_id: UserId,
        /// First name.
        first_name: Option<String>,
        /// Last name.
        last_name: Option<String>,
    },
}

impl Notice {
    /// The notice of a new or changed user.
    pub fn user_update(profile: &Profile) -> Self {
        Self::UserUpdate {
            user_id: profile.user_id,
            first_name: profile.first_name.clone(),
            last_name: profile.last_name.clone(),
        }
    }

    /// The user it is about, who need not be told.
    pub fn about(&self) -> UserId {
        match *self {
            Self::UserActivity { user_id, .. } | Self::UserUpdate { user_id, .. } => user_id,
        }
    }
}

/// A direct message, to all sockets of both.
#[derive(Clone, Debug, Serialize)]
pub struct DirectMessage<'a> {
    chat_type: &'static str,
    chat_id: ChatId,
    user_id: UserId,
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
}

impl<'a> DirectMessage<'a> {
    /// The frame of a stored message.
    pub fn new(chat_id: ChatId, message: &'a Message) -> Self {
        Self {
            chat_type: "chat",
            chat_id,
            user_id: message.sender,
            message: &message.text,
            kind: &message.kind,
            timestamp: message.at.rfc3339(),
            seq: message.seq,
            client_id: message.client_id.as_deref(),
        }
    }
}

/// Answer to a good init frame.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "ready")]
pub struct Ready {
    /// Whose socket it is now.
    pub user_id: UserId,
}

/// Answer to a ping.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "pong")]
pub struct Pong {}

/// Answer to a frame that was refused.
#[derive(Clone, Debug, Serialize)]
pub struct Refusal {
    /// A sentence for people.
    pub error: String,
    /// A stable word for programs.
    pub code: &'static str,
    /// The frame's own id, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}
