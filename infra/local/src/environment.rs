//! The environment that functions get: what the template gives them, with its addresses turned to this
//! machine, and endpoints and credentials that lead nowhere else.

use std::collections::BTreeMap;

use crate::error::StartError;
use crate::ids::REGION;
use crate::template::intrinsics::URL_SUFFIX;
use crate::template::{Function, Template};

/// Where everything answers.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    /// `http://127.0.0.1:3000`.
    pub(crate) http: String,
    /// `127.0.0.1:3001`, the WebSocket API without scheme and stage.
    pub(crate) websocket_authority: String,
    /// `http://127.0.0.1:3002`.
    pub(crate) console: String,
    /// The DynamoDB that functions use.
    pub(crate) dynamodb: String,
    /// The Bedrock runtime that functions use.
    pub(crate) bedrock: String,
}

impl Endpoints {
    /// Endpoints on the ports of HTTP API, WebSocket API and console. A service without an address of its own
    /// is called at the console, which forwards to the store and refuses what is not run here.
    pub(crate) fn new(
        [http, websocket, console]: [u16; 3],
        dynamodb: Option<&str>,
        bedrock: Option<&str>,
    ) -> Self {
        let console = origin(console);
        let or_console = |url: Option<&str>| url.unwrap_or(&console).to_owned();
        Self {
            http: origin(http),
            websocket_authority: format!("127.0.0.1:{websocket}"),
            dynamodb: or_console(dynamodb),
            bedrock: or_console(bedrock),
            console,
        }
    }
}

/// `http://127.0.0.1:3000`.
pub(crate) fn origin(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// What every function gets, whatever runs it.
pub(crate) fn of_function(
    template: &Template,
    function: &Function,
    endpoints: &Endpoints,
) -> BTreeMap<String, String> {
    let mut environment: BTreeMap<String, String> = function
        .environment
        .iter()
        .map(|(name, value)| (name.clone(), localized(value, template, endpoints)))
        .collect();
    let fixed = [
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL", &endpoints.console),
        ("AWS_ENDPOINT_URL_SESV2", &endpoints.console),
        ("AWS_ENDPOINT_URL_SQS", &endpoints.console),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", &endpoints.bedrock),
    ];
    for (name, value) in fixed {
        environment.insert(name.to_owned(), value.to_owned());
    }
    if let Ok(filter) = std::env::var("RUST_LOG") {
        environment.insert("RUST_LOG".to_owned(), filter);
    }
    environment
}

/// Lets a function sign with its logical id, by which calls of services are told apart.
pub(crate) fn sign_as(environment: &mut BTreeMap<String, String>, function: &Function) {
    environment.insert("AWS_ACCESS_KEY_ID".to_owned(), function.logical_id.clone());
}

/// What Lambda itself tells a function that it runs.
pub(crate) fn of_instance(function: &Function, runtime_api: &str) -> [(&'static str, String); 6] {
    [
        ("AWS_LAMBDA_FUNCTION_NAME", function.logical_id.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string()),
        ("AWS_LAMBDA_LOG_FORMAT", function.log_format.clone()),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_owned()),
        ("PATH", std::env::var("PATH").unwrap_or_default()),
    ]
}

/// The environment of all functions in one, as dotenv lines.
pub(crate) fn dotenv(template: &Template, endpoints: &Endpoints) -> Result<String, StartError> {
    let mut all = BTreeMap::new();
    for function in &template.functions {
        for (name, value) in of_function(template, function, endpoints) {
            match all.get(&name) {
                Some(other) if *other != value => {
                    return Err(StartError::Environment(format!(
                        "{} gets another value of {name} than the functions before it: \
                         one file cannot hold both",
                        function.logical_id
                    )));
                }
                _ => all.insert(name, value),
            };
        }
    }
    Ok(all.iter().map(|(name, value)| format!("{name}={}\n", quoted(value))).collect())
}

/// A value as every dotenv reader takes it.
fn quoted(value: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./:@,+=%".contains(character);
    if value.chars().all(is_plain) { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

/// A value with the public addresses of the APIs replaced by those on this machine.
fn localized(value: &str, template: &Template, endpoints: &Endpoints) -> String {
    let host = |id: &str| format!("{id}.execute-api.{REGION}.{URL_SUFFIX}");
    let http = host(&template.http_api.id);
    let mut value = value.replace(&format!("https://{http}"), &endpoints.http);
    if let Some(api) = &template.websocket_api {
        let websocket = host(&api.id);
        let authority = &endpoints.websocket_authority;
        value = value
            .replace(&format!("https://{websocket}"), &format!("http://{authority}"))
            .replace(&format!("wss://{websocket}"), &format!("ws://{authority}"));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::fake;
    use crate::template::{HttpApi, WebSocketApi};

    fn template() -> Template {
        Template {
            http_api: HttpApi { id: "HttpApi".to_owned(), ..HttpApi::default() },
            websocket_api: Some(WebSocketApi {
                id: "Socket".to_owned(),
                stage: "live".to_owned(),
                selection: vec!["type".to_owned()],
                routes: BTreeMap::new(),
            }),
            ..Template::default()
        }
    }

    #[test]
    fn addresses_turn_to_this_machine() {
        let endpoints = Endpoints::new([3000, 3001, 3002], None, None);
        let cases = [
            ("https://HttpApi.execute-api.us-east-1.amazonaws.com/x", "http://127.0.0.1:3000/x"),
            ("https://Socket.execute-api.us-east-1.amazonaws.com/live", "http://127.0.0.1:3001/live"),
            ("wss://Socket.execute-api.us-east-1.amazonaws.com/live", "ws://127.0.0.1:3001/live"),
            ("https://example.com", "https://example.com"),
        ];
        for (value, expected) in cases {
            assert_eq!(localized(value, &template(), &endpoints), expected);
        }
    }

    #[test]
    fn services_without_an_address_are_called_at_the_console() {
        let bedrock_of = |endpoints: &Endpoints| {
            let environment = of_function(&template(), &fake::function("Accounts"), endpoints);
            environment["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"].clone()
        };
        let here = Endpoints::new([3000, 3001, 3002], None, None);
        let environment = of_function(&template(), &fake::function("Accounts"), &here);
        assert_eq!(environment["AWS_ENDPOINT_URL_SQS"], "http://127.0.0.1:3002");
        assert_eq!(here.dynamodb, "http://127.0.0.1:3002");
        assert_eq!(bedrock_of(&here), "http://127.0.0.1:3002");
        let elsewhere = Endpoints::new([3000, 3001, 3002], None, Some("http://127.0.0.1:4000"));
        assert_eq!(bedrock_of(&elsewhere), "http://127.0.0.1:4000");
    }

    #[test]
    fn odd_values_are_quoted() {
        assert_eq!(quoted("http://127.0.0.1:3000"), "http://127.0.0.1:3000");
        assert_eq!(quoted("a b$c"), "'a b$c'");
    }
}
