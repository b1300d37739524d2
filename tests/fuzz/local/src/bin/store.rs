//! A store in memory for the targets that need one. It says its address on stdout, and runs until it is ended.

use std::io::Write as _;

use dynoxide::Database;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let database = Database::memory().map_err(|error| std::io::Error::other(error.to_string()))?;
    dynoxide::server::serve_on(listener, database).await;
    Ok(())
}
