//! The Lambda behind `/register`, `/login`, `/logout`, `/users`, `/notifications`, and every unknown path.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    chat::http::serve(accounts::routes()).await
}
