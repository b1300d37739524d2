//! Writes the OpenAPI document of the HTTP API to `infra/openapi.json`.

fn main() -> std::io::Result<()> {
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json"), openapi::text()?)
}
