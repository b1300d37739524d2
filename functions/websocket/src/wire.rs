//! What comes in frames, and what the routes answer to API Gateway.

use serde::{Deserialize, Serialize};

/// A frame from a client, as far as it concerns this function.
#[derive(Debug, Deserialize)]
pub(crate) struct Frame {
    pub(crate) token: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) chat_type: Option<String>,
    pub(crate) client_id: Option<String>,
}

/// The answer to API Gateway: a status, which only `$connect`'s caller sees.
#[derive(Debug, Serialize)]
pub struct Answer {
    #[serde(rename = "statusCode")]
    status: u16,
}

impl Answer {
    pub(crate) const OK: Self = Self { status: 200 };
    pub(crate) const UNAUTHORIZED: Self = Self { status: 401 };
    pub(crate) const FAILED: Self = Self { status: 500 };
    pub(crate) const BUSY: Self = Self { status: 503 };
}
