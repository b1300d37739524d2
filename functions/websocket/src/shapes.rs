//! What clients send, frame by frame, as the AsyncAPI document has it: a title is the frame's name, a comment what it is
//! for. All of them are read as one `Frame`, which has the fields of all of these.

use chat::frames::Passage;
use chat::ids::{ChatId, UserId};
use chat::resume::MAX_CHATS;
use std::collections::BTreeMap;
use utoipa::ToSchema;

const _: () = assert!(MAX_CHATS == 100, "Resume says so");

/// What any frame may have besides what it is for.
#[derive(ToSchema)]
pub struct Besides {
    /// Makes the socket somebody's if it is nobody's yet, and must be of the same one later on. It may be left out then.
    pub token: Option<String>,
    /// The client's own name for the frame, which a refusal of it has, too, and so has the message that it sends. A
    /// message is sent once, however often it comes with the same one within 24 hours.
    #[schema(min_length = 1, max_length = 128)]
    pub client_id: Option<String>,
}

/// Says whose the socket is. The first frame, unless a token or a cookie came with the upgrade.
#[derive(ToSchema)]
#[schema(title = "Init", example = json!({"token": "eyJ0eXAi..."}))]
pub struct Init {
    /// Of `POST /login`, or an access token of `POST /token`.
    pub token: String,
    /// The client's own name for the frame, which a refusal of it has, too.
    pub client_id: Option<String>,
}

/// What clients ask of the socket itself.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Ask {
    /// Keeps the socket open, and shows that it is: API Gateway ends one that is silent for 10 minutes.
    #[schema(title = "Ping", example = json!({"type": "ping"}))]
    Ping {
        /// What any frame may have.
        #[serde(flatten)]
        besides: Besides,
    },
    /// Asks, after a reconnect, for what was said meanwhile: the messages come, and then what became of each chat.
    #[schema(
        title = "Resume",
        example = json!({"type": "resume", "chats": {"114972804892198": 5, "114972804892199": 0}})
    )]
    Resume {
        /// The last `seq` that the client knows of each of at most 100 chats, by the chat's id.
        #[schema(value_type = BTreeMap<String, u64>)]
        chats: BTreeMap<ChatId, u64>,
        /// What any frame may have.
        #[serde(flatten)]
        besides: Besides,
    },
}

/// What people say, and where.
#[derive(ToSchema)]
#[serde(tag = "chat_type")]
pub enum Say {
    /// A message to the room of two with another user. The first one opens the room.
    #[serde(rename = "room")]
    #[schema(
        title = "SendToUser",
        examples(
            json!({"chat_type": "room", "other_user_id": 112006274904065_u64, "message": "Hello Bob"}),
            json!({
                "token": "eyJ0eXAi...",
                "chat_type": "room",
                "other_user_id": 112006274904065_u64,
                "message": "https://images.example/tea.jpg",
                "type": "image",
                "client_id": "4f1c"
            })
        )
    )]
    ToUser {
        /// The other one.
        other_user_id: UserId,
        /// The message.
        #[serde(flatten)]
        message: Message,
        /// What any frame may have.
        #[serde(flatten)]
        besides: Besides,
    },
    /// A message to a room of either kind. The first one makes a participant of a geolocated room.
    #[serde(rename = "room")]
    #[schema(
        title = "SendToRoom",
        example = json!({
            "chat_type": "room",
            "chat_room_id": 114972804892199_u64,
            "message": "A table for two?",
            "client_id": "4f1d"
        })
    )]
    ToRoom {
        /// Which.
        chat_room_id: ChatId,
        /// The message.
        #[serde(flatten)]
        message: Message,
        /// What any frame may have.
        #[serde(flatten)]
        besides: Besides,
    },
    /// A message to a group. Its members send, who are those who have entered it once.
    #[serde(rename = "group")]
    #[schema(
        title = "SendToGroup",
        example = json!({
            "chat_type": "group",
            "chat_group_id": 114972804892200_u64,
            "message": "Who is in?",
            "client_id": "4f1e"
        })
    )]
    ToGroup {
        /// Which.
        chat_group_id: ChatId,
        /// The message.
        #[serde(flatten)]
        message: Message,
        /// What any frame may have.
        #[serde(flatten)]
        besides: Besides,
    },
    /// Leaves a group with all of the user's sockets. One enters with `GET /chat_groups/{chat_group_id}`.
    #[serde(rename = "group")]
    #[schema(
        title = "LeaveGroup",
        example = json!({"chat_type": "group", "chat_group_id": 114972804892200_u64, "event": "leave"})
    )]
    LeaveGroup {
        /// Which.
        chat_group_id: ChatId,
        /// That it is left.
        #[schema(value_type = String, pattern = "^leave$")]
        event: Passage,
        /// What any frame may have.
        #[serde(flatten)]
        besides: Besides,
    },
    /// A message to the bot, which answers it.
    #[serde(rename = "bot")]
    #[schema(
        title = "SendToBot",
        example = json!({"chat_type": "bot", "message": "Hello", "client_id": "4f1f"})
    )]
    ToBot {
        /// At most 16 KiB of UTF-8.
        #[schema(min_length = 1, max_length = 16_384)]
        message: String,
        /// What any frame may have.
        #[serde(flatten)]
        besides: Besides,
    },
}

/// A message.
#[derive(ToSchema)]
#[schema(as = NewMessage)]
pub struct Message {
    /// At most 16 KiB of UTF-8.
    #[schema(min_length = 1, max_length = 16_384)]
    pub message: String,
    /// `text` if it is left out.
    #[serde(rename = "type")]
    #[schema(value_type = Option<String>, pattern = "^(text|image|sticker|location|audio)$")]
    pub kind: Option<chat::send::Kind>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Frame;
    use serde_json::Value;
    use std::collections::BTreeSet;
    use utoipa::openapi::{RefOr, Schema};

    /// The names of all properties in a schema and in those that it refers to.
    fn fields<T: ToSchema>() -> BTreeSet<String> {
        fn collect(schema: &Value, found: &mut BTreeSet<String>) {
            found
                .extend(schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()));
            let parts = ["oneOf", "allOf"].into_iter().filter_map(|word| schema[word].as_array());
            parts.flatten().for_each(|part| collect(part, found));
        }
        let mut referred: Vec<(String, RefOr<Schema>)> = Vec::new();
        T::schemas(&mut referred);
        let schemas = referred.into_iter().map(|(_, schema)| schema).chain([T::schema()]);
        let mut found = BTreeSet::new();
        schemas.for_each(|schema| collect(&serde_json::to_value(schema).expect("JSON"), &mut found));
        found
    }

    #[test]
    fn they_have_the_fields_that_are_read_and_no_others() {
        let shown: BTreeSet<_> =
            [fields::<Init>(), fields::<Ask>(), fields::<Say>()].into_iter().flatten().collect();
        assert_eq!(shown, fields::<Frame>());
    }
}
