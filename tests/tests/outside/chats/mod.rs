//! `/chats`.

mod chat_id;
mod concurrency;
mod deletion;
mod idempotency;
mod list;
mod read;
mod send;
mod unread;
mod users;
