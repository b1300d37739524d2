//! What everybody who is online is told.

use crate::ids::{ChatId, UserId};
use crate::store::users::Profile;
use serde::Serialize;
use utoipa::ToSchema;

/// A notice to everybody who is online.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// A user's first socket opened, or its last one closed: to everybody else who is online.
    #[schema(
        title = "UserActivity",
        example = json!({"type": "user_activity", "user_id": 112006274904064_u64, "login": true})
    )]
    UserActivity {
        /// Whose.
        user_id: UserId,
        /// Opened.
        login: bool,
    },
    /// A group is new or has another name: to everybody who is online.
    #[schema(
        title = "GroupUpdate",
        example = json!({
            "type": "group_update",
            "chat_group_id": 114972804892200_u64,
            "chat_group_name": "Tea at five",
            "owner_id": 112006274904064_u64
        })
    )]
    GroupUpdate {
        /// Which.
        chat_group_id: ChatId,
        /// Its name.
        chat_group_name: String,
        /// Whose it is.
        owner_id: UserId,
    },
    /// A user is new or has changed: to everybody else who is online.
    #[schema(
        title = "UserUpdate",
        example = json!({
            "type": "user_update",
            "user_id": 112006274904064_u64,
            "first_name": "Ann",
            "last_name": "Example"
        })
    )]
    UserUpdate {
        /// Who.
        user_id: UserId,
        /// First name.
        #[schema(required = true)]
        first_name: Option<String>,
        /// Last name.
        #[schema(required = true)]
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
    pub fn about(&self) -> Option<UserId> {
        match *self {
            Self::UserActivity { user_id, .. } | Self::UserUpdate { user_id, .. } => Some(user_id),
            Self::GroupUpdate { .. } => None,
        }
    }
}
