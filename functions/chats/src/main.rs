//! The Lambda behind `/chats` and `/chats_v2`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    chat::http::serve(chats::routes()).await
}
