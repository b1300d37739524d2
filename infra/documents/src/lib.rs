//! What the code says of both APIs, as documents that clients are made from.

pub mod http;
pub mod socket;
