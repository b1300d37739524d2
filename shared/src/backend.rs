//! What every handler needs, built once per process: the one place that reads the environment and makes
//! clients.

use crate::bot::engine::{Engine, Model};
use crate::jobs::Jobs;
use crate::limits::Limits;
use crate::mail::Mailer;
use crate::operator::BackendKeys;
use crate::push::Pusher;
use crate::signed::answers::Signer;
use crate::store::{Store, Tables};
use crate::telemetry::{Log, Telemetry};
use crate::tokens::Keys;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, SharedHttpClient};
use aws_smithy_http_client::tls;
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// The roots that AWS's endpoints chain to (Amazon Trust Services). A store of five certificates loads in
/// no time, where the system's 280 take milliseconds of every cold start.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// Storage, push, mail and keys of one deployment.
pub struct Backend {
    /// DynamoDB.
    pub store: Store,
    /// `@connections` of the WebSocket API.
    pub pusher: Pusher,
    /// SES.
    pub mailer: Mailer,
    /// SQS.
    pub jobs: Jobs,
    /// How many sockets one invocation posts to by itself.
    pub fan_out_limit: usize,
    /// Whether everybody online is told when anybody comes online or goes.
    pub announces_presence: bool,
    /// Limits on abuse, unless they are off.
    pub limits: Option<Limits>,
    /// Where log lines and metrics come from.
    pub telemetry: Telemetry,
    /// Keys for tokens.
    pub keys: Keys,
    /// The key for answers to platforms' users.
    pub signer: Signer,
    /// What the operator's backend shows.
    pub backend_keys: BackendKeys,
    /// Whether platforms' users must sign to read.
    pub requires_signed_reads: bool,
    /// Whose pages may use cookies, beside those of the HTTP API's own origin.
    pub allowed_origins: Vec<String>,
    /// The domain that cookies are for, where the two APIs are hosts of one domain.
    pub cookie_domain: Option<String>,
}

/// What the template sets is not there, or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Misconfigured {
    /// A variable is missing.
    #[error("the environment variable {0} is not set")]
    Unset(&'static str),
    /// A variable is not as expected.
    #[error("the environment variable {0} is not as expected: {1}")]
    Malformed(&'static str, Box<dyn std::error::Error + Send + Sync>),
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn required(name: &'static str) -> Result<String, Misconfigured> {
    optional(name).ok_or(Misconfigured::Unset(name))
}

/// Reads the text of a variable.
fn parsed<T>(name: &'static str, text: &str) -> Result<T, Misconfigured>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text.parse().map_err(|error| Misconfigured::Malformed(name, Box::new(error)))
}

/// An SDK client that is built when it is first needed: each reads AWS's table of partitions, and most invocations need
/// no other than DynamoDB's.
pub(crate) type Lazy<C> = LazyLock<C, Box<dyn FnOnce() -> C + Send>>;

/// What the clients of all AWS services share.
#[derive(Clone)]
struct Aws {
    region: Region,
    credentials: SharedCredentialsProvider,
    http: SharedHttpClient,
    retries: RetryConfig,
    timeouts: TimeoutConfig,
}

impl Aws {
    /// Lambda hands region and credentials to a function in variables that hold for the process's whole life,
    /// so no provider chain is needed.
    fn from_env() -> Result<Self, Misconfigured> {
        let credentials = Credentials::new(
            required("AWS_ACCESS_KEY_ID")?,
            required("AWS_SECRET_ACCESS_KEY")?,
            optional("AWS_SESSION_TOKEN"),
            None,
            "lambda",
        );
        let roots = tls::TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
        let context = tls::TlsContext::builder()
            .with_trust_store(roots)
            .build()
            .expect("a context of nothing but a trust store is always complete");
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
            .tls_context(context)
            .build_https();
        Ok(Self {
            region: Region::new(required("AWS_REGION")?),
            credentials: SharedCredentialsProvider::new(credentials),
            http,
            retries: RetryConfig::standard()
                .with_max_attempts(4)
                .with_initial_backoff(Duration::from_millis(25)),
            timeouts: TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(2))
                .operation_attempt_timeout(Duration::from_secs(4))
                .operation_timeout(Duration::from_secs(12))
                .build(),
        })
    }
}

/// The configuration of one service's client. The SDK has one such type per service.
macro_rules! config {
    ($aws:ident, $service:ident, $endpoint:expr) => {{
        let mut builder = $service::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region($aws.region.clone())
            .credentials_provider($aws.credentials.clone())
            .http_client($aws.http.clone())
            .retry_config($aws.retries.clone())
            .timeout_config($aws.timeouts.clone());
        builder.set_endpoint_url($endpoint);
        builder
    }};
}

/// What builds a service's client.
macro_rules! client {
    ($aws:ident, $service:ident, $endpoint:expr) => {{
        let (aws, endpoint) = ($aws.clone(), $endpoint);
        move || $service::Client::from_conf(config!(aws, $service, endpoint).build())
    }};
}

impl Backend {
    /// Builds everything from the variables that `template.yaml` sets. `AWS_ENDPOINT_URL_…` are AWS's own
    /// names for endpoints other than AWS's.
    pub fn from_env() -> Result<Self, Misconfigured> {
        let aws = Aws::from_env()?;
        let tables = Tables {
            chats: required("CHATS_TABLE")?,
            connections: required("CONNECTIONS_TABLE")?,
            keys: required("KEYS_TABLE")?,
            limits: required("LIMITS_TABLE")?,
            messages: required("MESSAGES_TABLE")?,
            queues: required("QUEUES_TABLE")?,
            unread: required("UNREAD_TABLE")?,
            users: required("USERS_TABLE")?,
        };
        let websocket = required("WEBSOCKET_ENDPOINT")?;
        Ok(Self {
            store: Store::new(config!(aws, aws_sdk_dynamodb, optional("AWS_ENDPOINT_URL_DYNAMODB")), tables),
            pusher: Pusher::new(client!(aws, aws_sdk_apigatewaymanagement, Some(websocket))),
            mailer: Mailer::new(
                client!(aws, aws_sdk_sesv2, optional("AWS_ENDPOINT_URL_SESV2")),
                required("MAIL_SENDER")?,
            ),
            jobs: Jobs::new(
                client!(aws, aws_sdk_sqs, optional("AWS_ENDPOINT_URL_SQS")),
                required("WORK_QUEUE")?,
                required("BROADCAST_QUEUE")?,
            ),
            fan_out_limit: parsed("FAN_OUT_LIMIT", &required("FAN_OUT_LIMIT")?)?,
            announces_presence: required("ANNOUNCE_PRESENCE")? == "true",
            limits: limits_from_env()?,
            telemetry: Telemetry {
                function: required("AWS_LAMBDA_FUNCTION_NAME")?,
                stack: required("STACK_NAME")?,
            },
            keys: Keys::default(),
            signer: Signer::default(),
            backend_keys: parsed("BACKEND_KEY_HASHES", &optional("BACKEND_KEY_HASHES").unwrap_or_default())?,
            requires_signed_reads: required("REQUIRE_SIGNED_READS")? == "true",
            cookie_domain: optional("COOKIE_DOMAIN"),
            allowed_origins: ["ALLOWED_ORIGINS", "HTTP_ORIGIN"]
                .into_iter()
                .filter_map(optional)
                .flat_map(|origins| origins.split(',').map(str::to_owned).collect::<Vec<_>>())
                .collect(),
        })
    }
}

/// How a process logs, as Lambda's logging controls say it, or on a laptop `RUST_LOG`; else what matters, as lines.
pub(crate) fn log_from_env() -> Log {
    let filter = optional("AWS_LAMBDA_LOG_LEVEL").or_else(|| optional("RUST_LOG"));
    let filter = filter.and_then(|filter| filter.parse().ok());
    Log {
        filter: filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO)),
        is_json: optional("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json")),
    }
}

/// The limits on abuse, unless they are off.
fn limits_from_env() -> Result<Option<Limits>, Misconfigured> {
    if required("ABUSE_LIMITS")? != "true" {
        return Ok(None);
    }
    let limit = |name| parsed(name, &required(name)?);
    Ok(Some(Limits {
        logins_per_address: limit("LOGINS_PER_ADDRESS")?,
        logins_per_source: limit("LOGINS_PER_SOURCE")?,
        registrations_per_address: limit("REGISTRATIONS_PER_ADDRESS")?,
        registrations_per_source: limit("REGISTRATIONS_PER_SOURCE")?,
        messages_per_user: limit("MESSAGES_PER_USER")?,
        sockets_per_user: limit("SOCKETS_PER_USER")?,
    }))
}

/// What the bot answers with: the model that `BOT_MODEL` names, else the built-in engine. Apart from
/// [`Backend`], so that only the function that asks for it carries Bedrock's client.
pub fn bot_engine_from_env() -> Result<Engine, Misconfigured> {
    let Some(model) = optional("BOT_MODEL") else { return Ok(Engine::BuiltIn) };
    let aws = Aws::from_env()?;
    let endpoint = optional("AWS_ENDPOINT_URL_BEDROCK_RUNTIME");
    Ok(Engine::Model(Model::new(&client!(aws, aws_sdk_bedrockruntime, endpoint)(), model)))
}

/// How old the system's keys may get, which the template tells in days the one function that rotates them.
pub fn key_lifetime_from_env() -> Result<Duration, Misconfigured> {
    let days: u32 = parsed("KEY_ROTATION_DAYS", &required("KEY_ROTATION_DAYS")?)?;
    Ok(Duration::from_secs(u64::from(days) * 24 * 3600))
}
