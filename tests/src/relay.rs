//! A way to a server that can be cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Passes connections on as they are, until it is cut.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    is_whole: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Relay {
    /// One in front of a server, which is named as in a URL: `host:port`.
    #[expect(clippy::disallowed_methods, reason = "servers run beside the test")]
    pub async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (is_whole, state) = watch::channel(true);
        let server = server.to_owned();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *state.borrow() {
                    tokio::spawn(pass_on(client, server.clone(), state.clone()));
                }
            }
        });
        Self { address, is_whole, accepting }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections without a word, and those that come, until it is mended.
    pub fn cut(&self) {
        self.is_whole.send_replace(false);
    }

    /// Passes on what comes from now on.
    pub fn mend(&self) {
        self.is_whole.send_replace(true);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass_on(mut client: TcpStream, server: String, mut is_whole: watch::Receiver<bool>) {
    let mut server = TcpStream::connect(server).await.expect("the server behind the relay");
    tokio::select! {
        // Either side may end it.
        _ = copy_bidirectional(&mut client, &mut server) => {}
        // Nor does it go on when its owner is gone.
        _ = is_whole.wait_for(|is_whole| !is_whole) => {}
    }
}
