//! The events as a stream that browsers read: Server-Sent Events.

use std::convert::Infallible;

use bytes::Bytes;
use futures::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use serde_json::json;

use super::{Batch, Events, Reader};
use crate::server::Streamed;
use crate::shutdown::Shutdown;

/// The last event that a browser has seen, when it comes back.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The answer that goes on until its reader leaves or the stack ends.
pub(crate) fn feed(events: &Events, headers: &HeaderMap, shutdown: Shutdown) -> Streamed {
    let seen = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()?.parse().ok());
    let reader = events.reader(seen);
    // A reader takes the next part when there is room for it: one that is slow falls back, and nobody waits.
    let parts = stream::unfold((reader, shutdown), |(mut reader, shutdown): (Reader, Shutdown)| async move {
        let batch = tokio::select! {
            batch = reader.next() => batch,
            () = shutdown.wait() => return None,
        };
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from(batch.to_text()))), (reader, shutdown)))
    });
    let mut answer = Response::new(StreamBody::new(parts).boxed_unsync());
    *answer.status_mut() = StatusCode::OK;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

impl Batch {
    /// An event is its number and a line of JSON. What was lost has no number, so that nobody goes on behind it.
    fn to_text(&self) -> String {
        let mut text = String::new();
        if self.lost > 0 {
            text = format!("data: {}\n\n", json!({ "type": "lost", "count": self.lost }));
        }
        for (number, event) in (self.first..).zip(&self.events) {
            text.push_str(&format!("id: {number}\ndata: {}\n\n", event.to_json()));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CAPACITY, Happening};
    use super::*;
    use crate::shutdown;

    #[tokio::test]
    async fn a_stream_says_what_was_lost_and_ends_with_the_stack() {
        let events = Events::default();
        for code in 0..=CAPACITY as u16 {
            events.note(Happening::Disconnect { connection: "c".to_owned(), code });
        }
        let (stopper, shutdown) = shutdown::channel();
        let headers = HeaderMap::from_iter([(LAST_EVENT_ID, HeaderValue::from_static("0"))]);
        let mut back = feed(&events, &headers, shutdown.clone()).into_body();
        events.note(Happening::Connect { connection: "d".to_owned() });
        let first = back.frame().await.expect("a part").expect("no error").into_data().expect("data");
        let text = String::from_utf8(first.to_vec()).expect("UTF-8");
        let begin = "data: {\"count\":1,\"type\":\"lost\"}\n\nid: 2\ndata: {\"at\":";
        assert!(text.starts_with(begin), "{text}");
        assert!(!text.contains("NaN") && text.ends_with("\n\n"));

        let new = feed(&events, &HeaderMap::new(), shutdown.clone()).into_body();
        drop(shutdown);
        let reading =
            tokio::spawn(async move { new.collect().await.map(http_body_util::Collected::to_bytes) });
        tokio::task::yield_now().await;
        drop(back);
        stopper.stop(std::time::Duration::from_secs(20)).await;
        let Ok(all) = reading.await.expect("it ends");
        let text = String::from_utf8(all.to_vec()).expect("UTF-8");
        assert!(!text.contains("lost") && text.contains("\"connection_id\":\"d\""), "{text}");
    }
}
