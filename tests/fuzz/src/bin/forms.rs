//! Bodies and queries: a form, the same in JSON, and the same in a query mean the same, or nothing.
#![no_main]

use axum::extract::{FromRequest, FromRequestParts};
use chat::http::{Body, FormBody, JsonBody, Query};
use http::Request;
use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode;
use std::collections::BTreeMap;
use std::task::{Context, Poll, Waker};

type Fields = BTreeMap<String, String>;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let form =
        Body::<Fields>::from_request(body("application/x-www-form-urlencoded; charset=utf-8", bytes), &());
    let form = ready(form).ok().map(|Body(fields)| fields);
    assert_eq!(form, second_reading(bytes), "{:?}", String::from_utf8_lossy(bytes));
    let other =
        ready(FormBody::<Fields>::from_request(body("APPLICATION/X-WWW-FORM-URLENCODED", bytes), &()));
    assert_eq!(other.ok().map(|FormBody(fields)| fields), form);

    if let Ok(uri) = format!("/?{}", String::from_utf8_lossy(bytes)).parse::<http::Uri>() {
        let query = uri.query().unwrap_or_default().as_bytes().to_vec();
        let (mut parts, ()) = Request::get(uri).body(()).expect("a request").into_parts();
        let read = ready(Query::<Fields>::from_request_parts(&mut parts, &()));
        assert_eq!(read.ok().map(|Query(fields)| fields), second_reading(&query));
    }

    if let Some(fields) = form {
        let json = serde_json::to_vec(&fields).expect("JSON");
        let same = ready(Body::<Fields>::from_request(body("application/json", &json), &()));
        assert_eq!(same.ok().map(|Body(fields)| fields), Some(fields));
    }
    let json = ready(JsonBody::<Fields>::from_request(body("application/json", bytes), &()));
    let read = serde_json::from_slice::<Fields>(bytes);
    assert_eq!(json.ok().map(|JsonBody(fields)| fields), read.ok());
});

/// What the pairs say to somebody who takes them apart by hand, if all of it is UTF-8.
fn second_reading(bytes: &[u8]) -> Option<Fields> {
    let mut fields = Fields::new();
    for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let middle = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let decode = |part: &[u8]| {
            let spaced: Vec<u8> = part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
            percent_decode(&spaced).decode_utf8().ok().map(|text| text.into_owned())
        };
        fields.insert(decode(&pair[..middle])?, decode(pair.get(middle + 1..).unwrap_or_default())?);
    }
    Some(fields)
}

fn body(kind: &str, bytes: &[u8]) -> Request<axum::body::Body> {
    Request::post("/").header(CONTENT_TYPE, kind).body(bytes.to_vec().into()).expect("a request")
}

/// The outcome of something that waits for nothing.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("a body that is there has to be waited for"),
    }
}
