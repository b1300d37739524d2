//! A Lambda that answers as a test says, behind [`Functions::remote`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::Value;

use super::Functions;
use crate::events::Events;
use crate::server;
use crate::shutdown::{self, Stopper};
use crate::template::Function;

/// A function with this logical id.
pub(crate) fn function(logical_id: &str) -> Function {
    Function {
        logical_id: logical_id.to_owned(),
        binary: logical_id.to_lowercase(),
        code_uri: None,
        timeout: Duration::from_secs(3),
        memory_mb: 128,
        log_format: "JSON".to_owned(),
        reserved_concurrency: None,
        environment: BTreeMap::new(),
    }
}

/// A function that is run by `run`: an event becomes an answer, or a report about an error.
pub(crate) fn functions<F, A>(logical_id: &str, run: F) -> (Arc<Functions>, Stopper)
where
    F: Fn(Value) -> A + Clone + Send + 'static,
    A: Future<Output = Value> + Send,
{
    let listener = server::listen(0).expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let (stopper, shutdown) = shutdown::channel();
    let handler = move |request: Request<Incoming>, _| {
        let run = run.clone();
        async move {
            let body: Bytes = request.into_body().collect().await.expect("an event").to_bytes();
            let event = serde_json::from_slice(&body).expect("JSON");
            server::json(StatusCode::OK, run(event).await.to_string())
        }
    };
    tokio::spawn(server::serve(listener, shutdown, handler));
    (Arc::new(Functions::remote(&[function(logical_id)], &url, &Events::default())), stopper)
}
