//! What the functions' HTTP sides share: extractors, the error envelope, the edges of a router.

mod body;
mod caller;
pub mod cookies;
mod error;
mod form;
pub mod openapi;
mod page;
mod pages;
mod params;
mod platform;
pub mod refusals;
mod router;

pub use body::{Body, FormBody, JsonBody, Object};
pub use caller::{IdempotencyKey, Origin, User};
pub use error::{Envelope, reword, worded};
pub use page::page;
pub use pages::{MessageRow, Until, Window};
pub use params::{Number, Path, Query, count, id};
pub use platform::{Operator, Signed};
pub use router::{Shared, router, serve};
