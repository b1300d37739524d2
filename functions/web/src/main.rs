//! The Lambda behind `/api/login`, `/api/logout`, `/api/user` and `/api/chats`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    chat::http::serve(web::routes()).await
}
