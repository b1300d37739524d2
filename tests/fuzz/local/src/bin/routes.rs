//! Which route a request takes, against a second reading of API Gateway's rules; and what percent-encoding hides.
#![no_main]

use http::Method;
use local::http_api::router::Router;
use local::percent;
use local::template::{HttpRoute, RouteKey, unreadable_part};

// The input: routes, a line each (`GET /a/{b}`, `ANY /{rest+}`, or something without a space for the default route), an
// empty line, and a request (`GET /a/b`).
libfuzzer_sys::fuzz_target!(|text: &str| {
    percents(text);
    let (listed, asked) = text.split_once("\n\n").unwrap_or((text, "GET /"));
    let routes: Vec<HttpRoute> = listed.lines().take(16).map(route).filter(is_deployed).collect();
    let router = Router::new(&routes);
    let (method, path) = asked.split_once(' ').unwrap_or(("GET", asked));
    let Ok(method) = method.parse::<Method>() else { return };
    let taken = router.select(&method, path);
    let fitting: Vec<&RouteKey> = routes
        .iter()
        .filter_map(|route| route.key.as_ref())
        .filter(|key| key.method.as_ref().is_none_or(|of_route| *of_route == method) && fits(&key.path, path))
        .collect();
    let has_default = routes.iter().any(|route| route.key.is_none());
    let Some(taken) = taken else {
        assert!(fitting.is_empty() && !has_default, "{method} {path} fits {fitting:?}");
        return;
    };
    if taken.route_key == "$default" && fitting.is_empty() {
        assert!(has_default && taken.path_parameters.is_empty(), "{method} {path}");
        return;
    }
    let (of_method, template) = taken.route_key.split_once(' ').expect("a method and a path");
    assert!(fits(template, path), "{method} {path} took {template}");
    assert!(of_method == "ANY" || of_method == method.as_str(), "{method} {path} took {of_method}");
    // A full match is taken before a greedy one, and among paths that differ in kind in one place the literal one.
    let ends_greedily = |path: &str| parts(path).last().is_some_and(|part| is_greedy(part));
    if ends_greedily(template) {
        assert!(
            fitting.iter().all(|key| ends_greedily(&key.path)),
            "{method} {path} took {template}: {fitting:?}"
        );
    }
    assert!(
        !fitting.iter().any(|key| is_closer(&key.path, template)),
        "{method} {path} took {template}: {fitting:?}"
    );
});

fn route(line: &str) -> HttpRoute {
    let key = line.split_once(' ').map(|(method, path)| RouteKey {
        method: method.parse().ok().filter(|_| method != "ANY"),
        path: path.to_owned(),
    });
    HttpRoute { key, function: line.to_owned() }
}

/// API Gateway takes no others.
fn is_deployed(route: &HttpRoute) -> bool {
    let is_path = |path: &str| path.starts_with('/') && unreadable_part(path).is_none();
    route.key.as_ref().is_none_or(|key| is_path(&key.path))
}

fn parts(path: &str) -> Vec<&str> {
    path.strip_prefix('/').unwrap_or(path).split('/').collect()
}

fn is_parameter(part: &str) -> bool {
    part.len() >= 2 && part.starts_with('{') && part.ends_with('}')
}

fn is_greedy(part: &str) -> bool {
    is_parameter(part) && part.ends_with("+}")
}

/// Whether a request's path is what a route's path describes.
fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (parts(template), parts(path));
    for (place, part) in template.iter().enumerate() {
        if is_greedy(part) {
            return path.get(place..).is_some_and(|rest| rest.iter().any(|part| !part.is_empty()));
        }
        let Some(given) = path.get(place) else { return false };
        let is_right = if is_parameter(part) { !given.is_empty() } else { given == part };
        if !is_right {
            return false;
        }
    }
    template.len() == path.len()
}

/// Whether one path is literal where another has a parameter, and neither is greedy up to there nor differs before.
fn is_closer(one: &str, other: &str) -> bool {
    let (one, other) = (parts(one), parts(other));
    let kinds = |part: &str| (is_greedy(part), is_parameter(part));
    for (one, other) in one.iter().zip(&other) {
        if is_greedy(one) || is_greedy(other) {
            return false;
        }
        if kinds(one) != kinds(other) {
            return !is_parameter(one) && !one.is_empty() && one_full(other);
        }
    }
    false
}

/// Whether a part is a parameter that takes one part.
fn one_full(part: &str) -> bool {
    is_parameter(part) && !is_greedy(part)
}

/// What is decoded is decoded once, and what has nothing to decode stays as it is.
fn percents(text: &str) {
    let decoded = percent::decode(text);
    if !text.contains('%') {
        assert_eq!(decoded, text);
    }
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(percent::decode(&encoded), text);
    let query = percent::query(&format!("a={encoded}&{encoded}=b"));
    assert!(query.get("a").is_some_and(|values| values[0] == text), "{text:?}");
    assert!(query.get(text).is_some_and(|values| values.iter().any(|value| value == "b")), "{text:?}");
}
