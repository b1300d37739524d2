//! The AsyncAPI document of the WebSocket API: every frame in both directions, as the types have it that frames are
//! read as and written from.

use chat::frames::{
    BotExchange, ConversationEvent, GatewayFailure, GroupEvent, MessageFrame, Notice, Refusal, Reply,
    WebEvent,
};
use chat::signed::queue;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use websocket::shapes::{Ask, Init, Say};

const ABOUT: &str = "\
What goes over the WebSocket API: frames of JSON, one object each. What goes over the HTTP API is in the OpenAPI \
document, `openapi.json`.

Unknown fields are ignored. Ids are whole numbers below 2^53.

`seq` is the place of a message in its chat and decides the order: frames may overtake each other on their way. The \
sender's own sockets get a message, too, which is its acknowledgement: it is stored then. What a socket has missed comes \
with `resume`.

## The beginning of a socket

A socket is somebody's: by `?token=` or by cookies on the upgrade, or else by its first frame, `{\"token\": …}`. \
Cookies count only where an `Origin` comes with them, which must be allowed: browsers send them for every page. The \
upgrade is answered

| status | when |
|---|---|
| 101 | The socket is open. With a token or cookies that hold, it is somebody's, and gets no `ready` |
| 400, 426 | This is no upgrade as RFC 6455 has it |
| 401 | The token does not hold (any more) |
| 403 | The cookies came from another site's page, or the user has too many sockets |
| 429 | Too many at once, of everybody |
| 500, 502 | Something does not work; try again later |

## The end of a socket

The backend closes with

| code | when |
|---|---|
| 1000 | The session has ended, a frame's token was bad or somebody else's, or the user has too many sockets. In the last two cases an error frame comes before |
| 1001 | It was open for 2 hours, or silent for 10 minutes, or the backend goes away. Connect again, and `resume` |
| 1009 | A frame was larger than 32 KiB, or a message in several frames larger than 128 KiB |";

const SCHEMAS: &str = "#/components/schemas/";

/// The frames of a document, and the schemas that they refer to.
#[derive(Default)]
struct Frames {
    messages: Map<String, Value>,
    schemas: Map<String, Value>,
    /// The names of schemas that are parts of others, and are not referred to.
    parts: Vec<String>,
}

impl Frames {
    /// Adds the frames that a type stands for, which are its variants where it has any.
    fn add<T: ToSchema>(&mut self) {
        let mut referred = Vec::new();
        T::schemas(&mut referred);
        self.schemas.extend(referred.into_iter().map(|(name, schema)| (name, plain(&json!(schema)))));
        let schema = json!(T::schema());
        let variants = schema["oneOf"].as_array().cloned().unwrap_or_else(|| vec![schema]);
        variants.iter().for_each(|variant| self.add_frame(variant));
    }

    fn add_frame(&mut self, schema: &Value) {
        let mut schema = self.whole(plain(schema));
        let title = schema["title"].as_str().unwrap_or_default().to_owned();
        let examples = schema["examples"].take();
        let text = schema["description"].as_str().unwrap_or_default().replace('\n', " ");
        if let Some(fields) = schema.as_object_mut() {
            fields.retain(|word, _| !["examples", "description"].contains(&word.as_str()));
        }
        let (summary, description) = text.split_once(". ").unwrap_or((text.trim_end_matches('.'), ""));
        let mut message = json!({
            "name": title,
            "title": title,
            "summary": format!("{summary}."),
            "contentType": "application/json",
            "payload": {"$ref": format!("{SCHEMAS}{title}")},
            "examples": examples
                .as_array()
                .into_iter()
                .flatten()
                .map(|example| json!({"payload": example}))
                .collect::<Vec<_>>(),
        });
        if !description.is_empty() {
            message["description"] = json!(description);
        }
        self.schemas.insert(title.clone(), schema);
        self.messages.insert(title, message);
    }

    /// An object that is put together from others, as one.
    fn whole(&mut self, schema: Value) -> Value {
        let Some(parts) = schema["allOf"].as_array() else { return schema };
        let mut whole = json!({"type": "object", "properties": {}, "required": []});
        for part in parts {
            let name = part["$ref"].as_str().and_then(|reference| reference.strip_prefix(SCHEMAS));
            let part = name.and_then(|name| self.schemas.get(name)).unwrap_or(part);
            for (word, value) in part.as_object().into_iter().flatten() {
                match (&mut whole[word], value) {
                    (Value::Object(all), Value::Object(more)) => all.extend(more.clone()),
                    (Value::Array(all), Value::Array(more)) => all.extend_from_slice(more),
                    (all, more) if name.is_none() => *all = more.clone(),
                    _ => {}
                }
            }
            self.parts.extend(name.map(str::to_owned));
        }
        whole
    }
}

/// A schema of OpenAPI as one of AsyncAPI, which has lists of examples alone.
fn plain(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            let plain = |(word, value): (&String, &Value)| match word.as_str() {
                // The values, and not what is within them.
                "example" => ("examples".to_owned(), json!([value])),
                "examples" | "enum" => (word.clone(), value.clone()),
                _ => (word.clone(), plain(value)),
            };
            Value::Object(fields.iter().map(plain).collect())
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        other => other.clone(),
    }
}

/// What may answer every frame.
const FAILURES: [&str; 2] = ["Refusal", "GatewayFailure"];

/// References to frames of the channel.
fn frames<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
    names.into_iter().map(|name| json!({"$ref": format!("#/channels/live/messages/{name}")})).collect()
}

fn receive(route_key: &str, summary: &str, messages: &[&str], answers: &[&str]) -> Value {
    json!({
        "action": "receive",
        "channel": {"$ref": "#/channels/live"},
        "summary": summary,
        "messages": frames(messages.iter().copied()),
        "reply": {
            "channel": {"$ref": "#/channels/live"},
            "messages": frames(answers.iter().copied().chain(FAILURES)),
        },
        "x-route-key": route_key,
    })
}

fn send(summary: &str, messages: &[&str]) -> Value {
    json!({
        "action": "send",
        "channel": {"$ref": "#/channels/live"},
        "summary": summary,
        "messages": frames(messages.iter().copied()),
    })
}

/// The document.
pub fn document() -> Value {
    let mut all = Frames::default();
    all.add::<Init>();
    all.add::<Ask>();
    all.add::<Say>();
    all.add::<Reply>();
    all.add::<Refusal>();
    all.add::<GatewayFailure>();
    all.add::<MessageFrame>();
    all.add::<GroupEvent>();
    all.add::<BotExchange>();
    all.add::<WebEvent>();
    all.add::<ConversationEvent>();
    all.add::<Notice>();
    all.add::<queue::Frame>();
    all.schemas.retain(|name, _| !all.parts.contains(name));

    let in_channel: Map<String, Value> = all
        .messages
        .keys()
        .map(|name| (name.clone(), json!({"$ref": format!("#/components/messages/{name}")})))
        .collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Chat backend",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0 OR MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "127.0.0.1:3001",
                "protocol": "ws",
                "description": "The local stack",
                "security": security(),
            },
            "deployed": {
                "host": "{api}.execute-api.{region}.amazonaws.com",
                "protocol": "wss",
                "description": "A deployment; the stack's output `WebSocketEndpoint` is the whole address. A domain of \
                                its own stands without the stage `/live`",
                "variables": {
                    "api": {"description": "The id that API Gateway gave to the WebSocket API"},
                    "region": {"description": "Where it was deployed"},
                },
                "security": security(),
            },
        },
        "channels": {
            "live": {
                "address": "/live",
                "title": "The socket",
                "description": "What one client and the backend tell each other.",
                "messages": in_channel,
                "bindings": {
                    "ws": {
                        "method": "GET",
                        "query": {
                            "type": "object",
                            "properties": {
                                "token": {
                                    "type": "string",
                                    "description": "Of `POST /login`, or an access token of `POST /token`",
                                },
                            },
                        },
                        "bindingVersion": "0.1.0",
                    },
                },
                "x-route-keys": ["$connect", "$disconnect"],
            },
        },
        "operations": {
            "init": receive("$default", "Who uses the socket.", &["Init"], &["Ready"]),
            "ping": receive("$default", "Whether the socket is open.", &["Ping"], &["Pong"]),
            "resume": receive(
                "$default",
                "What the socket has missed.",
                &["Resume"],
                &["Resumed", "DirectMessage", "RoomMessage", "GroupMessage", "WebMessage", "ConversationPost"],
            ),
            "sendToRoom": receive(
                "room",
                "A message to a room of either kind.",
                &["SendToUser", "SendToRoom"],
                &["RoomMessage"],
            ),
            "sendToGroup": receive("group", "A message to a group.", &["SendToGroup"], &["GroupMessage"]),
            "leaveGroup": receive("group", "The end of being in a group.", &["LeaveGroup"], &["GroupEvent"]),
            "sendToBot": receive("bot", "A message to the bot.", &["SendToBot"], &["BotExchange"]),
            "answer": send(
                "What one socket is answered.",
                &["Ready", "Pong", "Resumed", "Refusal", "GatewayFailure"],
            ),
            "tellOfMessages": send(
                "What is said in chats.",
                &["DirectMessage", "RoomMessage", "GroupMessage", "BotExchange", "WebMessage"],
            ),
            "tellOfConversations": send(
                "What is said in conversations.",
                &["ConversationPost", "ConversationDelete"],
            ),
            "tellOfPeople": send(
                "Who is there, and what groups there are.",
                &["UserActivity", "UserUpdate", "GroupUpdate", "GroupEvent"],
            ),
            "tellMembers": send("What platforms' users are told.", &["IncomingEvents"]),
        },
        "components": {
            "messages": all.messages,
            "schemas": all.schemas,
            "securitySchemes": {
                "token": {
                    "type": "httpApiKey",
                    "in": "query",
                    "name": "token",
                    "description": "A token of `POST /login`, or an access token of `POST /token`. Instead of it the \
                                    first frame may be `{\"token\": …}`",
                },
                "session": {
                    "type": "httpApiKey",
                    "in": "cookie",
                    "name": "session",
                    "description": "Set by `POST /auth/register`",
                },
                "web_token": {
                    "type": "httpApiKey",
                    "in": "cookie",
                    "name": "token",
                    "description": "Set by `POST /api/login`, together with `user_id`, which is needed, too",
                },
            },
        },
    })
}

/// The ways to say who opens a socket, of which one is enough.
fn security() -> Value {
    let schemes = ["token", "session", "web_token"];
    schemes.map(|name| json!({"$ref": format!("#/components/securitySchemes/{name}")})).into_iter().collect()
}

/// The document as it is kept in the file `infra/asyncapi.json`.
///
/// # Errors
///
/// When the document cannot be written as JSON, which is a defect of it.
pub fn text() -> serde_json::Result<String> {
    serde_json::to_string_pretty(&document()).map(|json| json + "\n")
}
