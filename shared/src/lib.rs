//! The chat domain and its storage, shared by every Lambda.
//!
//! Calls go down only: a function's handler calls the domain ([`accounts`], [`direct`], [`presence`]), the
//! domain calls [`store`], [`push`], [`jobs`] and [`mail`], and those call AWS. Nothing here knows a surface's wire
//! shape; [`http`] is the glue that functions share: extractors, the error envelope, the router's edges.

pub mod accounts;
pub mod backend;
pub mod bot;
pub mod broadcast;
pub mod chats;
pub mod clock;
pub mod direct;
mod erasure;
pub mod error;
pub mod frames;
pub mod geo;
mod graves;
pub mod groups;
pub mod history;
pub mod housekeeping;
pub mod http;
pub mod ids;
pub mod jobs;
pub mod key_rotation;
pub mod limits;
pub mod log;
pub mod mail;
mod messages;
pub mod notifications;
pub mod operator;
pub mod passwords;
pub mod presence;
pub mod push;
pub mod resume;
pub mod rooms;
pub mod send;
pub mod sessions;
pub mod signed;
pub mod store;
pub mod telemetry;
pub mod text;
pub mod tokens;
pub mod topics;
pub mod web_chats;

pub use backend::Backend;
pub use error::{Error, Result};
