//! The Lambda behind `/chats`, `/chats_v2` and `/backend/chats`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    chat::http::serve(chats::routes()).await
}
