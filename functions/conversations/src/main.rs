//! The Lambda behind `/auth/register` and `/api/conversations`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    chat::http::serve(conversations::routes()).await
}
