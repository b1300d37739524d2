//! `DELETE /api/user`: what becomes of somebody's account, of what that one has written, and of everybody else's chats.

mod chat;
mod common;
mod faults;
mod grep;
mod housekeeping;
mod others;
mod races;
mod sessions;
mod trail;
