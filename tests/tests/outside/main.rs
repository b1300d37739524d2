//! The system from outside. The modules mirror the paths; `sockets` holds what happens on the WebSocket API and
//! `faults` what becomes of messages when the store fails, `deletion` what becomes of users who delete themselves,
//! `operation` what those see who run the system, and `local_stack` what the local stack promises by itself, on stacks of
//! its own.

mod accounts;
mod authorisation;
mod browser;
mod chat_bot;
mod chat_groups;
mod chat_rooms;
mod chats;
mod chats_v2;
mod common;
mod conversations;
mod deletion;
mod documents;
mod faults;
mod interleavings;
mod kills;
mod limits;
mod local_stack;
mod notifications;
mod operation;
mod pages;
mod permission_report;
mod permissions;
mod rows;
mod security_headers;
mod signed;
mod sockets;
mod stale;
mod storm;
mod terminal_chat;
mod tour;
mod traps;
mod web;
