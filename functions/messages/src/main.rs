//! The Lambda behind `/token`, `/publicKey` and `/messages`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    chat::http::serve(messages::routes()).await
}
