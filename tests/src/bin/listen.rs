//! Opens a WebSocket and prints every frame as a line: `listen <url> [seconds]`. Any other WebSocket client
//! does as well; this one needs nothing but the workspace.

use futures::StreamExt;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: listen <url> [seconds]")?;
    let limit = arguments.next().map(|seconds| seconds.parse().map(Duration::from_secs)).transpose()?;
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await?;
    let listening = async {
        while let Some(frame) = socket.next().await {
            if let Message::Text(text) = frame? {
                println!("{text}");
            }
        }
        Ok(())
    };
    match limit {
        Some(limit) => tokio::time::timeout(limit, listening).await.unwrap_or(Ok(())),
        None => listening.await,
    }
}
