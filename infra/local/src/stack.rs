//! The whole stack, from its start to its end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};

use crate::builder::Executables;
use crate::cli::Cli;
use crate::console::{Console, Services};
use crate::environment::{self, Endpoints};
use crate::error::StartError;
use crate::events::Events;
use crate::http_api::HttpApi;
use crate::lambda::{Functions, InvokeApi, Runnable};
use crate::permissions::Permissions;
use crate::shutdown::{self, Shutdown, Stopper};
use crate::sqs::{Sqs, event_source};
use crate::store::{self, Store};
use crate::template::{self, Function, Template};
use crate::websocket_api::WebSocketApi;
use crate::{builder, schedule, server};

/// How long requests and sockets get to end, and how long processes do after that.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the Lambda of `--lambda` gets to answer.
const LAMBDA_PATIENCE: Duration = Duration::from_secs(10);

/// The template of the command line, on a stack with a console on this port, and the folder it lies in.
pub(crate) fn read_template(cli: &Cli, console: u16) -> Result<(Template, PathBuf), StartError> {
    let path = template::find(cli.template.as_deref())?;
    let template = Template::read(&path, &cli.given(&environment::origin(console)))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok((template, folder))
}

/// The environment of functions, for something else that runs them.
pub(crate) fn print_env(cli: &Cli) -> Result<String, StartError> {
    if cli.port == 0 {
        return Err(StartError::Environment("--print-env needs a --port that is not 0".to_owned()));
    }
    let ports @ [_, _, console] = [cli.port, cli.port + 1, cli.port + 2];
    let (template, _) = read_template(cli, console)?;
    let endpoints = Endpoints::new(ports, cli.dynamodb.as_deref(), cli.bedrock.as_deref());
    environment::dotenv(&template, &endpoints)
}

/// The line that says that everything answers.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    ready: bool,
    http: &'a str,
    websocket: Option<&'a str>,
    console: &'a str,
    backend_key: &'a str,
}

/// A stack that answers.
#[derive(Debug)]
pub(crate) struct Stack {
    ready: String,
    gateways: Stopper,
    instances: Stopper,
    console: Stopper,
    store: Option<Store>,
}

impl Stack {
    /// Starts everything, in the order in which it is needed.
    pub(crate) async fn start(cli: &Cli) -> Result<Self, StartError> {
        let ports = Ports::take(cli.port)?;
        let [_, _, console] = ports.numbers()?;
        let (template, folder) = read_template(cli, console)?;
        let store = match &cli.dynamodb {
            Some(_) => None,
            None => Some(Store::open(cli.data.as_deref())?),
        };
        let started = Self::start_on(cli, &template, &folder, ports, store.as_ref()).await;
        match started {
            Ok(stack) => Ok(Self { store, ..stack }),
            Err(error) => {
                if let Some(store) = store {
                    store.close().await;
                }
                Err(error)
            }
        }
    }

    async fn start_on(
        cli: &Cli,
        template: &Template,
        folder: &Path,
        ports: Ports,
        store: Option<&Store>,
    ) -> Result<Self, StartError> {
        let dynamodb = store.map(Store::url).or_else(|| cli.dynamodb.clone()).unwrap_or_default();
        let numbers @ [http, websocket, _] = ports.numbers()?;
        let permissions = cli.check_permissions.then(|| Arc::new(Permissions::new(template)));
        // The console forwards to the store what it allows.
        let called = if permissions.is_some() { None } else { Some(dynamodb.as_str()) };
        let endpoints = Endpoints::new(numbers, called, cli.bedrock.as_deref());
        store::create_tables(&template.tables, &dynamodb).await?;

        // Functions may call the console from their first moment on.
        let (console_stopper, console_shutdown) = shutdown::channel();
        let websocket_url =
            template.websocket_api.as_ref().map(|api| format!("ws://127.0.0.1:{websocket}/{}", api.stage));
        let sqs = Arc::new(Sqs::new(&template.queues, cli.visibility_timeout()));
        let (started, lambda) = InvokeApi::new();
        let services = Services { dynamodb, sqs: sqs.clone(), lambda, permissions: permissions.clone() };
        let events = Events::default();
        let shutdown = console_shutdown.clone();
        let page = Console::new(&endpoints, websocket_url.as_deref(), services, events.clone(), shutdown);
        let page = Arc::new(page);
        let handler = move |request, _: SocketAddr| page.clone().handle(request);
        tokio::spawn(server::serve(ports.console, console_shutdown, handler));

        let (instances, instances_shutdown) = shutdown::channel();
        let functions = functions(cli, template, folder, &endpoints, &events, &instances_shutdown).await;
        drop(instances_shutdown);
        let functions = match functions {
            Ok(functions) => Arc::new(functions),
            Err(error) => {
                instances.stop(PATIENCE).await;
                return Err(error);
            }
        };

        started.tell(&functions);

        let (gateways, gateways_shutdown) = shutdown::channel();
        schedule::start(&template.schedules, &functions, &gateways_shutdown);
        event_source::start(&template.event_sources, &sqs, &functions, &gateways_shutdown);
        let api = Arc::new(HttpApi::new(&template.http_api, http, functions.clone()));
        let handler = move |request, peer| api.clone().handle(request, peer);
        tokio::spawn(server::serve(ports.http, gateways_shutdown.clone(), handler));
        if let Some(api) = template.websocket_api.clone() {
            let authority = endpoints.websocket_authority.clone();
            let shutdown = gateways_shutdown.clone();
            let api =
                Arc::new(WebSocketApi::new(api, authority, cli, functions, permissions, events, shutdown));
            let handler = move |request, peer| api.clone().handle(request, peer);
            tokio::spawn(server::serve(ports.websocket, gateways_shutdown, handler));
        }

        let ready = Ready {
            ready: true,
            http: &endpoints.http,
            websocket: websocket_url.as_deref(),
            console: &endpoints.console,
            backend_key: &cli.backend_key,
        };
        // Strings alone cannot fail to serialize.
        let ready = serde_json::to_string(&ready).unwrap_or_default();
        Ok(Self { ready, gateways, instances, console: console_stopper, store: None })
    }

    /// The line that says that everything answers.
    pub(crate) fn ready(&self) -> &str {
        &self.ready
    }

    /// Ends everything: requests and sockets first, then the processes, then the store.
    pub(crate) async fn stop(self) {
        self.gateways.stop(PATIENCE).await;
        self.instances.stop(PATIENCE).await;
        self.console.stop(PATIENCE).await;
        if let Some(store) = self.store {
            store.close().await;
        }
    }
}

/// The functions, in processes of our own or behind `--lambda`.
async fn functions(
    cli: &Cli,
    template: &Template,
    folder: &Path,
    endpoints: &Endpoints,
    events: &Events,
    shutdown: &Shutdown,
) -> Result<Functions, StartError> {
    if let Some(url) = &cli.lambda {
        reach(url).await?;
        return Ok(Functions::remote(&template.functions, url, events));
    }
    let executables = executables(cli, &template.functions, folder).await?;
    let runnables = template.functions.iter().filter_map(|function| {
        let mut environment = environment::of_function(template, function, endpoints);
        if cli.check_permissions {
            environment::sign_as(&mut environment, function);
        }
        Some(Runnable {
            executable: executables.get(&function.logical_id)?.clone(),
            environment,
            function: function.clone(),
        })
    });
    Functions::start(runnables.collect(), events, shutdown).await
}

/// The executable of each function, by logical id: the one that its `CodeUri` has, or else what cargo builds.
async fn executables(cli: &Cli, functions: &[Function], folder: &Path) -> Result<Executables, StartError> {
    let (mut executables, mut binaries) = (Executables::new(), Vec::new());
    for function in functions {
        match builder::bootstrap(folder, function) {
            Some(path) => {
                executables.insert(function.logical_id.clone(), path);
            }
            None => binaries.push(function.binary.clone()),
        }
    }
    binaries.sort_unstable();
    binaries.dedup();
    let built = if binaries.is_empty() {
        Executables::new()
    } else if cli.skip_build {
        builder::find(folder, &cli.profile, &binaries)?
    } else {
        tracing::info!("building {}…", binaries.join(", "));
        builder::build(folder, &cli.profile, &binaries).await?
    };
    for function in functions {
        if let Some(path) = built.get(&function.binary) {
            executables.entry(function.logical_id.clone()).or_insert_with(|| path.clone());
        }
    }
    Ok(executables)
}

/// Waits until something listens at a URL.
async fn reach(url: &str) -> Result<(), StartError> {
    let authority = url.trim_start_matches("http://");
    let address = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let trying = async {
        while TcpStream::connect(&address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let reached = tokio::time::timeout(LAMBDA_PATIENCE, trying).await;
    reached.map_err(|_| StartError::Lambda(url.to_owned()))
}

/// The three ports of the stack.
#[derive(Debug)]
struct Ports {
    http: TcpListener,
    websocket: TcpListener,
    console: TcpListener,
}

impl Ports {
    /// Three ports in a row, or three free ones for 0.
    fn take(first: u16) -> Result<Self, StartError> {
        let listen = |offset: u16| {
            let port = if first == 0 { 0 } else { first + offset };
            server::listen(port).map_err(|source| StartError::Port { port, source })
        };
        Ok(Self { http: listen(0)?, websocket: listen(1)?, console: listen(2)? })
    }

    fn numbers(&self) -> Result<[u16; 3], StartError> {
        let number = |listener: &TcpListener| {
            let address = listener.local_addr();
            address
                .map(|address| address.port())
                .map_err(|source| StartError::System { what: "a port", source })
        };
        Ok([number(&self.http)?, number(&self.websocket)?, number(&self.console)?])
    }
}
