//! What browsers say of the pages that make a call.

use tests::{Call, Stack};

/// A page: the headers that tell of it.
pub(crate) type Page = Vec<(&'static str, String)>;

/// What browsers say of pages that are not the API's own.
pub(crate) fn other_pages(stack: &Stack) -> Vec<Page> {
    let own = &stack.ready().http;
    let origins = [
        "https://evil.example".to_owned(),
        "http://127.0.0.1".to_owned(),
        "http://127.0.0.1:1".to_owned(),
        "null".to_owned(),
        own.replacen("http://", "https://", 1),
        format!("{own}.evil.example"),
        format!("{own}0"),
        format!("{own}/"),
        format!("https://evil.example?{own}"),
        format!("{own} https://evil.example"),
    ];
    let mut pages: Vec<_> = origins.into_iter().map(|origin| vec![("origin", origin)]).collect();
    for site in ["cross-site", "same-site"] {
        pages.push(vec![("sec-fetch-site", site.to_owned())]);
    }
    for site in ["cross-site", "same-site", "same-origin", "none"] {
        let foreign = "https://evil.example".to_owned();
        pages.push(vec![("origin", foreign), ("sec-fetch-site", site.to_owned())]);
    }
    pages
}

/// A call as a page makes it whose browser says this of it.
pub(crate) fn with(call: Call, page: &[(&str, impl AsRef<str>)]) -> Call {
    page.iter().fold(call, |call, (name, value)| call.header(name, value.as_ref()))
}
