//! The WebSocket API.

mod activity;
mod connect;
mod frames;
mod gone;
mod init;
mod messages;
mod presence;
mod resume;
mod rooms;
mod silence;
mod thousand_sockets;
mod tokens_in_frames;
mod user_update;

use tests::{Socket, Stack, User};

/// A socket that is its user's from the upgrade on.
async fn socket_by_query(stack: &Stack, user: &User) -> Socket {
    Socket::open(&url_by_query(stack, user)).await
}

/// The URL that a user's socket is opened with.
fn url_by_query(stack: &Stack, user: &User) -> String {
    format!("{}?token={}", stack.ready().websocket, user.token)
}
