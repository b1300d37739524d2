//! Frames to sockets (contract, section 4, table of frames). They are here, and not in one function's wire
//! shapes, because every function that stores something pushes it. What the AsyncAPI document says of each is what
//! stands here: its title is the message's name, and its comment what the message means.

mod conversations;
mod messages;
mod notices;
mod replies;

pub use conversations::{ConversationEvent, ConversationMessage, conversation_message_url, conversation_url};
pub use messages::{BotExchange, BotMessage, ChatRef, GroupEvent, MessageFrame, Passage, Said, WebEvent};
pub use notices::Notice;
pub use replies::{BareOwner, GatewayFailure, Recovery, Refusal, Reply};
