//! The Lambda behind `/chat_bot`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    chat::http::serve(chat_bot::routes()).await
}
