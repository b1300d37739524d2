//! The Lambda behind `/chat_rooms`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    chat::http::serve(chat_rooms::routes()).await
}
