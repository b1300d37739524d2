//! Names that no other test uses.

use uuid::Uuid;

/// `prefix`, made unique. Only letters, digits and `-` are added.
pub fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", Uuid::new_v4().simple())
}
