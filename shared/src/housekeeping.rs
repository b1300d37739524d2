//! What is left to be done behind deletions: rows of deleted chats, and what deleted users wrote.

use crate::backend::Backend;
use crate::clock;
use crate::error::Result;
use crate::{erasure, graves};
use futures::future::join;

/// Does all that is left. Each part is done whether or not another fails, and may be broken off and done again.
pub async fn run(backend: &Backend) -> Result<()> {
    let now = clock::now();
    let (swept, erased) = join(graves::sweep_all(backend, now), erasure::go_on(backend, now)).await;
    swept.and(erased)
}
