//! What the functions' HTTP sides share: extractors, the error envelope, the edges of a router.

mod body;
mod caller;
pub mod cookies;
mod error;
mod pages;
mod params;
mod platform;
mod router;

pub use body::{Body, FormBody, JsonBody, Object};
pub use caller::{IdempotencyKey, Origin, User};
pub use error::{Envelope, reword, worded};
pub use pages::{MessageRow, Until, Window};
pub use params::{Number, Path, Query, count, id};
pub use platform::{Operator, Signed};
pub use router::{Shared, serve};
