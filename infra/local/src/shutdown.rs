//! Telling every task that it is time to end, and waiting until it has.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

/// Given to every task: says when to end, and keeps the stack waiting until dropped.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown {
    asked: watch::Receiver<bool>,
    _alive: mpsc::Sender<()>,
}

/// Held by whoever decides that it is time.
#[derive(Debug)]
pub(crate) struct Stopper {
    ask: watch::Sender<bool>,
    ended: mpsc::Receiver<()>,
}

/// A stopper, and the first of the handles it waits for.
pub(crate) fn channel() -> (Stopper, Shutdown) {
    let (ask, asked) = watch::channel(false);
    let (alive, ended) = mpsc::channel(1);
    (Stopper { ask, ended }, Shutdown { asked, _alive: alive })
}

impl Shutdown {
    /// Ends when the stack is asked to end.
    pub(crate) async fn wait(&self) {
        let mut asked = self.asked.clone();
        // An error means that the stopper is gone, which asks for the same.
        let _ = asked.wait_for(|asked| *asked).await;
    }
}

impl Stopper {
    /// Asks every holder of a [`Shutdown`] to end, and waits for them, but not longer than `patience`.
    pub(crate) async fn stop(mut self, patience: Duration) {
        self.ask.send_replace(true);
        // Nothing is ever sent: this ends when the last holder is gone.
        let _ = tokio::time::timeout(patience, self.ended.recv()).await;
    }
}
