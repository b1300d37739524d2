//! The Lambda behind `/chat_groups`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    chat::http::serve(chat_groups::routes()).await
}
