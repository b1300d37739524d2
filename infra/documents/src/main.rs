//! Writes the documents of both APIs: `infra/openapi.json` and `infra/asyncapi.json`.

use std::{fs, io};

fn main() -> io::Result<()> {
    fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json"), documents::http::text()?)?;
    fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../asyncapi.json"), documents::socket::text()?)
}
