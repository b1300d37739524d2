//! `CorsConfiguration`: which pages of other origins may call the HTTP API.

use http::{HeaderName, HeaderValue};

use super::Problem;
use super::resources::{METHODS, known};
use super::yaml::Node;

/// Most seconds that a browser may keep the answer to a preflight.
const LONGEST_AGE: u64 = 86_400;

/// What pages of other origins may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cors {
    /// Origins, all of a scheme (`https://*`), or all (`*`).
    pub(crate) allow_origins: Vec<String>,
    /// Whether their requests may have cookies.
    pub(crate) allow_credentials: bool,
    pub(crate) allow_methods: Vec<String>,
    pub(crate) allow_headers: Vec<String>,
    /// Headers of answers that they may read.
    pub(crate) expose_headers: Vec<String>,
    /// How many seconds a browser may keep the answer to a preflight.
    pub(crate) max_age: Option<u64>,
}

/// Reads the property, whose functions are resolved.
pub(super) fn read(node: &Node) -> Result<Cors, Problem> {
    const WHAT: &str = "CorsConfiguration";
    known(
        node,
        WHAT,
        &["AllowOrigins", "AllowCredentials", "AllowMethods", "AllowHeaders", "ExposeHeaders", "MaxAge"],
        &[],
    )?;
    let cors = Cors {
        allow_origins: list(node, "AllowOrigins", is_origin)?,
        allow_credentials: match node.get("AllowCredentials") {
            Some(node) => node.boolean("AllowCredentials")?,
            None => false,
        },
        allow_methods: list(node, "AllowMethods", |method| method == "*" || METHODS.contains(&method))?,
        allow_headers: list(node, "AllowHeaders", is_header)?,
        expose_headers: list(node, "ExposeHeaders", is_header)?,
        max_age: match node.get("MaxAge") {
            Some(node) => match node.number("MaxAge")? {
                age @ 0..=LONGEST_AGE => Some(age),
                _ => return Err(node.problem(format!("MaxAge must be at most {LONGEST_AGE}"))),
            },
            None => None,
        },
    };
    if cors.allow_credentials && cors.allow_origins.iter().any(|origin| origin == "*") {
        return Err(node.problem(format!("{WHAT}: AllowCredentials must not be true for the origin *")));
    }
    Ok(cors)
}

/// A list of strings that may be missing.
fn list(node: &Node, key: &str, is_valid: impl Fn(&str) -> bool) -> Result<Vec<String>, Problem> {
    let Some(list) = node.get(key) else { return Ok(Vec::new()) };
    list.items(key)?
        .iter()
        .map(|item| {
            let text = item.text(key)?;
            if is_valid(&text) {
                Ok(text)
            } else {
                Err(item.problem(format!("{key} must not have {text:?}")))
            }
        })
        .collect()
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_host =
        |host: &str| !host.is_empty() && !host.contains('/') && (host == "*" || !host.contains('*'));
    text == "*" || host.is_some_and(is_host) && HeaderValue::from_str(text).is_ok()
}

fn is_header(text: &str) -> bool {
    text == "*" || text.parse::<HeaderName>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::yaml::parse;
    use super::*;

    #[test]
    fn a_configuration_is_read() {
        let yaml = r#"
AllowOrigins: [https://one.example, "http://127.0.0.1:3002", "https://*"]
AllowCredentials: true
AllowMethods: [GET, POST]
AllowHeaders: [Content-Type]
ExposeHeaders: ["*"]
MaxAge: 86400
"#;
        let strings = |strings: &[&str]| strings.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let expected = Cors {
            allow_origins: strings(&["https://one.example", "http://127.0.0.1:3002", "https://*"]),
            allow_credentials: true,
            allow_methods: strings(&["GET", "POST"]),
            allow_headers: strings(&["Content-Type"]),
            expose_headers: strings(&["*"]),
            max_age: Some(86_400),
        };
        assert_eq!(read(&parse(yaml).expect("YAML")), Ok(expected));
        assert_eq!(read(&parse("{}").expect("YAML")), Ok(Cors::default()));
    }

    #[test]
    fn what_api_gateway_does_not_take_names_its_line() {
        let cases = [
            ("AllowOrigins: https://one.example", "AllowOrigins must be a list"),
            ("AllowOrigins: ['']", "AllowOrigins must not have \"\""),
            ("AllowOrigins: [one.example]", "AllowOrigins must not have \"one.example\""),
            ("AllowOrigins: ['https://']", "AllowOrigins must not have \"https://\""),
            ("AllowOrigins: ['https://one.example/']", "AllowOrigins must not have"),
            ("AllowOrigins: ['https://*.one.example']", "AllowOrigins must not have"),
            ("AllowMethods: [get]", "AllowMethods must not have \"get\""),
            ("AllowHeaders: [a b]", "AllowHeaders must not have \"a b\""),
            ("ExposeHeaders: [\"'location'\", 'a:b']", "ExposeHeaders must not have \"a:b\""),
            ("AllowCredentials: maybe", "AllowCredentials must be true or false"),
            ("MaxAge: 86401", "MaxAge must be at most 86400"),
            ("MaxAge: -2", "MaxAge must be a whole number"),
            ("AllowOrigin: '*'", "AllowOrigin is not supported here"),
        ];
        for (yaml, expected) in cases {
            let problem = read(&parse(&format!("\n\n{yaml}")).expect("YAML")).expect_err(yaml);
            assert!(problem.message.contains(expected), "{yaml}: {problem:?}");
            assert_eq!(problem.line, 3, "{yaml}: {problem:?}");
        }
        let all = parse("\nAllowOrigins: ['*']\nAllowCredentials: true").expect("YAML");
        assert!(read(&all).is_err_and(|problem| problem.message.contains("for the origin *")));
        let short = read(&parse("\n\ntrue").expect("YAML")).expect_err("no map");
        assert_eq!(short, Problem::new(3, "CorsConfiguration must be a map"));
    }
}
