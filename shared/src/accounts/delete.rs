//! Deleting a user (003, "delete user"; contract, section 5).

use crate::backend::Backend;
use crate::clock;
use crate::erasure;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::store::{StoreError, pause};
use crate::text::canonical_name;

const TRIES: u32 = 8;

/// Deletes a user: from one moment on its name and address are free, and no session of it stands. Then its sockets are
/// closed, it is taken out of its chats, and what it wrote is erased.
pub async fn delete(backend: &Backend, user: UserId) -> Result<()> {
    let now = clock::now();
    for tried in 0..TRIES {
        let Some(account) = backend.store.account(user).await? else {
            // By another request, or by this one, whose first try got no answer.
            erasure::begin(backend, user).await;
            return Ok(());
        };
        let name = account.profile.user_name.as_deref().map(canonical_name);
        match backend.store.delete_account(&account, name.as_deref(), now).await {
            Ok(Ok(())) => {
                erasure::begin(backend, user).await;
                return Ok(());
            }
            // Changed meanwhile, or deleted.
            Ok(Err(_)) | Err(StoreError::Unavailable(_) | StoreError::Ambiguous(_)) => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy(StoreError::Unavailable("an account changes all the time".into())))
}
