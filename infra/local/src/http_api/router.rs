//! Choosing the route of a request, with the precedence of API Gateway: the path that matches most
//! specifically, a greedy path after every full match, `$default` last; a method before `ANY`.

use std::collections::HashMap;

use http::Method;

use crate::percent;
use crate::template::HttpRoute;

/// The routes of the HTTP API.
#[derive(Debug)]
pub struct Router {
    /// The most specific path first.
    routes: Vec<Route>,
    default: Option<String>,
}

#[derive(Debug)]
struct Route {
    segments: Vec<Segment>,
    method: Option<Method>,
    key: String,
    function: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    // In the order of precedence.
    Literal(String),
    Parameter(String),
    Greedy(String),
}

/// The route that a request takes.
#[derive(Debug, PartialEq, Eq)]
pub struct Match<'a> {
    /// Logical id of the function.
    pub function: &'a str,
    /// Such as `GET /users/{id}`, or `$default`.
    pub route_key: &'a str,
    /// What stands in the path for the parameters of the route.
    pub path_parameters: HashMap<String, String>,
}

impl Router {
    /// Sorts routes by precedence.
    pub fn new(routes: &[HttpRoute]) -> Self {
        let default = routes.iter().find(|route| route.key.is_none()).map(|route| route.function.clone());
        let mut routes: Vec<Route> = routes
            .iter()
            .filter_map(|route| {
                let key = route.key.as_ref()?;
                let method = key.method.as_ref().map_or("ANY", Method::as_str);
                Some(Route {
                    segments: segments(&key.path),
                    method: key.method.clone(),
                    key: format!("{method} {}", key.path),
                    function: route.function.clone(),
                })
            })
            .collect();
        routes.sort_by_key(|route| (precedence(&route.segments), route.method.is_none()));
        Self { routes, default }
    }

    /// The route of a request, if there is one.
    pub fn select(&self, method: &Method, path: &str) -> Option<Match<'_>> {
        let parts: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        for route in &self.routes {
            if route.method.as_ref().is_some_and(|of_route| of_route != method) {
                continue;
            }
            if let Some(path_parameters) = match_segments(&route.segments, &parts) {
                return Some(Match { function: &route.function, route_key: &route.key, path_parameters });
            }
        }
        let function = self.default.as_deref()?;
        Some(Match { function, route_key: "$default", path_parameters: HashMap::new() })
    }
}

/// Full matches come before greedy ones; of two, the one that is literal further from the left, then the
/// longer one.
fn precedence(segments: &[Segment]) -> (bool, Vec<u8>) {
    let is_greedy = matches!(segments.last(), Some(Segment::Greedy(_)));
    let mut ranks: Vec<u8> = segments
        .iter()
        .map(|segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Parameter(_) => 1,
            Segment::Greedy(_) => 2,
        })
        .collect();
    ranks.push(3);
    (is_greedy, ranks)
}

fn segments(path: &str) -> Vec<Segment> {
    path.strip_prefix('/')
        .unwrap_or(path)
        .split('/')
        .map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Segment::Greedy(name.to_owned()),
                None => Segment::Parameter(name.to_owned()),
            },
            None => Segment::Literal(part.to_owned()),
        })
        .collect()
}

/// The path parameters, percent-decoded, if the path matches.
fn match_segments(segments: &[Segment], parts: &[&str]) -> Option<HashMap<String, String>> {
    let mut parameters = HashMap::new();
    let mut rest = parts;
    for segment in segments {
        let (part, after) = rest.split_first()?;
        match segment {
            Segment::Literal(literal) if literal == part => {}
            Segment::Literal(_) => return None,
            Segment::Parameter(_) if part.is_empty() => return None,
            Segment::Parameter(name) => {
                parameters.insert(name.clone(), percent::decode(part));
            }
            Segment::Greedy(_) if rest.iter().all(|part| part.is_empty()) => return None,
            Segment::Greedy(name) => {
                parameters.insert(name.clone(), percent::decode(&rest.join("/")));
                return Some(parameters);
            }
        }
        rest = after;
    }
    rest.is_empty().then_some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::RouteKey;

    fn router(keys: &[&str]) -> Router {
        let routes: Vec<HttpRoute> = keys
            .iter()
            .map(|key| HttpRoute {
                key: key.split_once(' ').map(|(method, path)| RouteKey {
                    method: (method != "ANY").then(|| method.parse().expect("a method")),
                    path: path.to_owned(),
                }),
                function: (*key).to_owned(),
            })
            .collect();
        Router::new(&routes)
    }

    fn key(router: &Router, method: Method, path: &str) -> Option<String> {
        router.select(&method, path).map(|route| route.route_key.to_owned())
    }

    #[test]
    fn the_most_specific_route_wins() {
        let router = router(&[
            "GET /chats/{a}/{b}",
            "ANY /{proxy+}",
            "GET /chats/{id}",
            "GET /chats/unread",
            "ANY /chats/{id}",
            "GET /chats/users/{a}/{b}",
            "GET /chats/{rest+}",
            "$default",
        ]);
        let cases = [
            (Method::GET, "/chats/unread", "GET /chats/unread"),
            (Method::GET, "/chats/17", "GET /chats/{id}"),
            (Method::POST, "/chats/17", "ANY /chats/{id}"),
            (Method::GET, "/chats/1/2", "GET /chats/{a}/{b}"),
            (Method::GET, "/chats/users/1/2", "GET /chats/users/{a}/{b}"),
            (Method::GET, "/chats/1/2/3/4", "GET /chats/{rest+}"),
            (Method::GET, "/else", "ANY /{proxy+}"),
            (Method::POST, "/chats/1/2", "ANY /{proxy+}"),
            (Method::GET, "/", "$default"),
        ];
        for (method, path, expected) in cases {
            assert_eq!(key(&router, method.clone(), path).as_deref(), Some(expected), "{method} {path}");
        }
    }

    #[test]
    fn a_slash_at_the_end_is_another_path() {
        let with_default = router(&["GET /users", "GET /users/{id}", "$default"]);
        assert_eq!(key(&with_default, Method::GET, "/users/").as_deref(), Some("$default"));
        assert_eq!(key(&with_default, Method::GET, "/users/1/").as_deref(), Some("$default"));
        let without = router(&["GET /users"]);
        assert_eq!(key(&without, Method::GET, "/users/"), None);
        assert_eq!(key(&without, Method::POST, "/users"), None);
    }

    #[test]
    fn path_parameters_are_decoded() {
        let router = router(&["GET /users/{id}", "GET /files/{path+}"]);
        let route = router.select(&Method::GET, "/users/a%20b%2Fc").expect("a route");
        assert_eq!(route.path_parameters["id"], "a b/c");
        let route = router.select(&Method::GET, "/files/a/b%3F").expect("a route");
        assert_eq!(route.path_parameters["path"], "a/b?");
    }
}
