//! From the tree of a template to what is run here. Every resource type and every property is either
//! understood, on a list of those without behaviour on one machine, or an error.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;

use super::intrinsics::Scope;
use super::queue::{self, QUEUE};
use super::skipped::is_skipped;
use super::yaml::{Entry, Node, Value};
use super::{
    Function, Given, HttpApi, HttpRoute, Problem, RouteKey, Template, WebSocketApi, cors, event_source,
    parameters, policies, schedule, table,
};

const FUNCTION: &str = "AWS::Serverless::Function";
const HTTP_API: &str = "AWS::Serverless::HttpApi";
const WEBSOCKET_API: &str = "AWS::Serverless::WebSocketApi";
const TABLE: &str = "AWS::DynamoDB::Table";

/// Id of the HTTP API that SAM adds when events name none.
const IMPLICIT_HTTP_API: &str = "ServerlessHttpApi";

/// The methods of an HTTP API.
pub(super) const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// Reads a whole template.
pub(super) fn read(root: &Node, given: &Given<'_>) -> Result<Template, Problem> {
    known(
        root,
        "the template",
        &["Parameters", "Globals", "Conditions", "Resources", "Outputs"],
        &["AWSTemplateFormatVersion", "Transform", "Description", "Metadata"],
    )?;
    let resources = root
        .get("Resources")
        .ok_or_else(|| Problem::new(root.line, "the template has no Resources"))?
        .entries("Resources")?;
    let scope = scope(root, resources, given)?;
    let globals = globals(root, &scope)?;

    let mut reader = Reader {
        scope,
        globals,
        template: Template::default(),
        http_api: None,
        reads_policies: given.reads_policies,
    };
    for resource in resources {
        if reader.is_wanted(resource)? {
            reader.resource(resource)?;
        }
    }
    reader.outputs(root)?;
    reader.finish(root)
}

/// What every name in the template stands for.
fn scope(root: &Node, resources: &[Entry], given: &Given<'_>) -> Result<Scope, Problem> {
    let parameters = parameters::values(root, given)?;
    let mut scope = Scope { parameters, ..Scope::default() };
    for entry in section(root, "Conditions")? {
        scope.conditions.insert(entry.key.clone(), entry.value.clone());
    }
    for entry in resources {
        let kind = required(&entry.value, "Type", &entry.key)?.text("Type")?;
        let name_property = match kind.as_str() {
            TABLE => "TableName",
            QUEUE => "QueueName",
            _ => "",
        };
        let named = entry.value.get("Properties").and_then(|properties| properties.get(name_property));
        let name = match named {
            Some(node) => scope.resolve(node)?.map(|node| node.text(name_property)).transpose()?,
            None => None,
        };
        let name = match name {
            Some(name) => name,
            None if kind == QUEUE => queue::default_name(&scope, &entry.key, &entry.value)?,
            None => entry.key.clone(),
        };
        scope.resources.insert(entry.key.clone(), (kind, name));
    }
    Ok(scope)
}

/// What `Globals` gives to every function.
fn globals(root: &Node, scope: &Scope) -> Result<Vec<Entry>, Problem> {
    let Some(globals) = root.get("Globals") else { return Ok(Vec::new()) };
    known(globals, "Globals", &["Function"], &[])?;
    match globals.get("Function") {
        Some(function) => match scope.resolve(function)? {
            Some(function) => Ok(function.entries("Globals.Function")?.to_vec()),
            None => Ok(Vec::new()),
        },
        None => Ok(Vec::new()),
    }
}

/// The entries of a section that may be missing.
pub(super) fn section<'a>(root: &'a Node, name: &str) -> Result<&'a [Entry], Problem> {
    root.get(name).map_or(Ok(&[][..]), |node| node.entries(name))
}

/// Refuses every key that is neither read nor without behaviour here.
pub(super) fn known(
    node: &Node,
    what: &str,
    read: &[&str],
    without_behaviour: &[&str],
) -> Result<(), Problem> {
    for entry in node.entries(what)? {
        let key = entry.key.as_str();
        if !read.contains(&key) && !without_behaviour.contains(&key) {
            return Err(Problem::new(entry.line, format!("{what}: {key} is not supported here")));
        }
    }
    Ok(())
}

pub(super) fn required<'a>(node: &'a Node, key: &str, what: &str) -> Result<&'a Node, Problem> {
    node.get(key).ok_or_else(|| node.problem(format!("{what} has no {key}")))
}

struct Reader {
    scope: Scope,
    globals: Vec<Entry>,
    template: Template,
    /// Id and line of the HTTP API that was declared.
    http_api: Option<String>,
    reads_policies: bool,
}

impl Reader {
    fn is_wanted(&self, resource: &Entry) -> Result<bool, Problem> {
        match resource.value.get("Condition") {
            Some(condition) => self.scope.holds(&condition.text("Condition")?, condition.line),
            None => Ok(true),
        }
    }

    fn resource(&mut self, resource: &Entry) -> Result<(), Problem> {
        let Entry { key: id, value: node, .. } = resource;
        known(
            node,
            id,
            &["Type", "Properties", "Condition", "Metadata"],
            &["DeletionPolicy", "UpdateReplacePolicy", "DependsOn"],
        )?;
        let kind_node = required(node, "Type", id)?;
        let kind = kind_node.text("Type")?;
        let properties = match node.get("Properties") {
            Some(properties) => self.scope.resolve(properties)?,
            None => None,
        };
        let properties = properties.unwrap_or(Node { line: resource.line, value: Value::Map(Vec::new()) });
        match kind.as_str() {
            FUNCTION => self.function(id, node, &properties),
            HTTP_API => self.http_api(id, &properties),
            WEBSOCKET_API => self.websocket_api(id, resource.line, &properties),
            TABLE => {
                self.template.tables.push(table::read(id, &self.name(id), &properties)?);
                Ok(())
            }
            QUEUE => self.queue(id, &properties),
            other if is_skipped(other) => Ok(()),
            other => Err(kind_node.problem(format!("{id}: resource type {other} is not supported here"))),
        }
    }

    fn function(&mut self, id: &str, node: &Node, own: &Node) -> Result<(), Problem> {
        let properties = merged(&self.globals, own);
        known(
            &properties,
            id,
            &[
                "CodeUri",
                "Timeout",
                "MemorySize",
                "Environment",
                "Events",
                "ReservedConcurrentExecutions",
                "Runtime",
                "LoggingConfig",
            ],
            &[
                "Architectures",
                "AutoPublishAlias",
                "DeploymentPreference",
                "Description",
                "EphemeralStorage",
                "FunctionName",
                "Handler",
                "PackageType",
                "PermissionsBoundary",
                "Policies",
                "Role",
                "RuntimeManagementConfig",
                "Tags",
                "Tracing",
            ],
        )?;
        if let Some(runtime) = properties.get("Runtime") {
            let name = runtime.text("Runtime")?;
            if !name.starts_with("provided.") {
                return Err(runtime.problem(format!("{id}: runtime {name} is not supported here")));
            }
        }
        let binary = node
            .get("Metadata")
            .and_then(|metadata| metadata.get("BuildProperties"))
            .and_then(|properties| properties.get("Binary"))
            .ok_or_else(|| node.problem(format!("{id} has no Metadata.BuildProperties.Binary")))?
            .text("Binary")?;
        let number =
            |key: &str, default: u64| properties.get(key).map_or(Ok(default), |node| node.number(key));
        let mut environment = BTreeMap::new();
        if let Some(node) = properties.get("Environment") {
            known(node, "Environment", &["Variables"], &[])?;
            for entry in section(node, "Variables")? {
                environment.insert(entry.key.clone(), entry.value.text(&entry.key)?);
            }
        }
        let reserved_concurrency = match properties.get("ReservedConcurrentExecutions") {
            Some(node) => usize::try_from(node.number("ReservedConcurrentExecutions")?).ok(),
            None => None,
        };
        let log_format = properties.get("LoggingConfig").and_then(|config| config.get("LogFormat"));
        let log_format = log_format.map_or_else(|| Ok("Text".to_owned()), |node| node.text("LogFormat"))?;
        // An object in S3 is no folder on this machine.
        let code_uri = properties.get("CodeUri").and_then(|node| node.text("CodeUri").ok());
        for event in section(&properties, "Events")? {
            self.event(id, event)?;
        }
        if self.reads_policies {
            self.template.policies.insert(id.to_owned(), policies::read(id, &properties)?);
        }
        self.template.functions.push(Function {
            logical_id: id.to_owned(),
            binary,
            code_uri,
            timeout: Duration::from_secs(number("Timeout", 3)?),
            memory_mb: number("MemorySize", 128)?,
            log_format,
            reserved_concurrency,
            environment,
        });
        Ok(())
    }

    fn event(&mut self, function: &str, event: &Entry) -> Result<(), Problem> {
        let Entry { key: name, value: node, .. } = event;
        known(node, name, &["Type", "Properties"], &[])?;
        let kind = required(node, "Type", name)?;
        match kind.text("Type")?.as_str() {
            "HttpApi" => {}
            "ScheduleV2" => {
                self.template.schedules.push(schedule::read(function, name, node)?);
                return Ok(());
            }
            "SQS" => {
                self.template.event_sources.push(event_source::read(function, name, node)?);
                return Ok(());
            }
            other => return Err(kind.problem(format!("{name}: event type {other} is not supported here"))),
        }
        let empty = Node { line: node.line, value: Value::Map(Vec::new()) };
        let properties = node.get("Properties").unwrap_or(&empty);
        known(
            properties,
            name,
            &["ApiId", "Method", "Path", "PayloadFormatVersion"],
            &["RouteSettings", "TimeoutInMillis"],
        )?;
        if let Some(version) = properties.get("PayloadFormatVersion")
            && version.text("PayloadFormatVersion")? != "2.0"
        {
            return Err(version.problem(format!("{name}: only payload format 2.0 is supported here")));
        }
        let api = properties.get("ApiId").map(|node| node.text("ApiId")).transpose()?;
        let api = api.unwrap_or_else(|| IMPLICIT_HTTP_API.to_owned());
        if self.template.http_api.id.is_empty() {
            self.template.http_api.id = api;
        } else if self.template.http_api.id != api {
            return Err(node.problem(format!("{name}: a second HTTP API, {api}, is not supported here")));
        }
        let key = match (properties.get("Method"), properties.get("Path")) {
            (None, None) => None,
            (method, Some(path)) => Some(RouteKey { method: route_method(method)?, path: route_path(path)? }),
            (Some(method), None) => return Err(method.problem(format!("{name} has a Method but no Path"))),
        };
        let route = HttpRoute { key, function: function.to_owned() };
        if self.template.http_api.routes.iter().any(|other| other.key == route.key) {
            return Err(Problem::new(event.line, format!("{name}: there is such a route already")));
        }
        self.template.http_api.routes.push(route);
        Ok(())
    }

    fn http_api(&mut self, id: &str, properties: &Node) -> Result<(), Problem> {
        known(
            properties,
            id,
            &["StageName", "CorsConfiguration"],
            &["Name", "Description", "Tags", "AccessLogSettings", "DefaultRouteSettings", "PropagateTags"],
        )?;
        if let Some(stage) = properties.get("StageName")
            && stage.text("StageName")? != "$default"
        {
            return Err(stage.problem(format!("{id}: only the stage $default is supported here")));
        }
        self.template.http_api.cors = properties.get("CorsConfiguration").map(cors::read).transpose()?;
        match &self.http_api {
            Some(other) => Err(properties.problem(format!("{id}: there is an HTTP API already, {other}"))),
            None => {
                self.http_api = Some(id.to_owned());
                Ok(())
            }
        }
    }

    fn websocket_api(&mut self, id: &str, line: usize, properties: &Node) -> Result<(), Problem> {
        known(
            properties,
            id,
            &["StageName", "RouteSelectionExpression", "Routes"],
            &["Name", "Description", "Tags", "AccessLogSettings", "DefaultRouteSettings", "PropagateTags"],
        )?;
        if let Some(other) = &self.template.websocket_api {
            return Err(Problem::new(line, format!("{id}: there is a WebSocket API already, {}", other.id)));
        }
        let stage = properties
            .get("StageName")
            .map_or_else(|| Ok("default".to_owned()), |node| node.text("StageName"))?;
        let expression = required(properties, "RouteSelectionExpression", id)?;
        let selection = expression
            .text("RouteSelectionExpression")?
            .strip_prefix("$request.body.")
            .map(|fields| fields.split('.').map(str::to_owned).collect::<Vec<_>>())
            .filter(|fields| fields.iter().all(|field| !field.is_empty()))
            .ok_or_else(|| expression.problem("only $request.body.<field> selects routes here"))?;
        let mut routes = BTreeMap::new();
        for route in required(properties, "Routes", id)?.entries("Routes")? {
            known(
                &route.value,
                &route.key,
                &["FunctionArn"],
                &["ApiKeyRequired", "OperationName", "IntegrationTimeout"],
            )?;
            let arn = required(&route.value, "FunctionArn", &route.key)?;
            let text = arn.text("FunctionArn")?;
            let function = text.rsplit(':').next().unwrap_or_default().to_owned();
            let is_function = self.scope.resources.get(&function).is_some_and(|(kind, _)| kind == FUNCTION);
            if !is_function {
                return Err(arn.problem(format!("{}: {text} is no function of this template", route.key)));
            }
            routes.insert(route.key.clone(), function);
        }
        self.template.websocket_api = Some(WebSocketApi { id: id.to_owned(), stage, selection, routes });
        Ok(())
    }

    fn queue(&mut self, id: &str, properties: &Node) -> Result<(), Problem> {
        let queue = queue::read(id, &self.name(id), properties)?;
        if self.template.queues.iter().any(|other| other.name == queue.name) {
            return Err(properties.problem(format!("{id}: there is a queue {} already", queue.name)));
        }
        self.template.queues.push(queue);
        Ok(())
    }

    /// The physical name of a resource.
    fn name(&self, id: &str) -> String {
        self.scope.resources.get(id).map_or_else(|| id.to_owned(), |(_, name)| name.clone())
    }

    /// Outputs do nothing here, but what they refer to must exist.
    fn outputs(&self, root: &Node) -> Result<(), Problem> {
        section(root, "Outputs")?.iter().try_for_each(|output| match output.value.get("Condition") {
            Some(condition) if !self.scope.holds(&condition.text("Condition")?, condition.line)? => Ok(()),
            _ => output.value.get("Value").map_or(Ok(()), |value| self.scope.resolve(value).map(drop)),
        })
    }

    fn finish(mut self, root: &Node) -> Result<Template, Problem> {
        let HttpApi { id: used, .. } = &self.template.http_api;
        match &self.http_api {
            Some(declared) if used.is_empty() => self.template.http_api.id = declared.clone(),
            Some(declared) if declared != used => {
                return Err(root.problem(format!("events name the HTTP API {used}, not {declared}")));
            }
            _ => {}
        }
        queue::check(&self.template.queues)?;
        event_source::check(&self.template)?;
        Ok(self.template)
    }
}

/// A function's properties over those of `Globals`: maps are merged, lists are joined, the rest is replaced,
/// as SAM does it.
fn merged(globals: &[Entry], own: &Node) -> Node {
    let Value::Map(own_entries) = &own.value else { return own.clone() };
    let mut entries = globals.to_vec();
    for entry in own_entries {
        match entries.iter_mut().find(|other| other.key == entry.key) {
            Some(global) => {
                let value = match (&global.value.value, &entry.value.value) {
                    (Value::Map(below), Value::Map(_)) => merged(below, &entry.value),
                    (Value::List(below), Value::List(above)) => Node {
                        line: entry.value.line,
                        value: Value::List(below.iter().chain(above).cloned().collect()),
                    },
                    _ => entry.value.clone(),
                };
                *global = Entry { key: entry.key.clone(), line: entry.line, value };
            }
            None => entries.push(entry.clone()),
        }
    }
    Node { line: own.line, value: Value::Map(entries) }
}

/// The method of a route; nothing for `ANY`, which is also what a missing one means.
fn route_method(node: Option<&Node>) -> Result<Option<Method>, Problem> {
    let Some(node) = node else { return Ok(None) };
    let name = node.text("Method")?.to_ascii_uppercase();
    match name.as_str() {
        "ANY" | "X-AMAZON-APIGATEWAY-ANY-METHOD" => Ok(None),
        name if METHODS.contains(&name) => {
            Method::from_bytes(name.as_bytes()).map(Some).map_err(|_| node.problem("no such method"))
        }
        _ => Err(node.problem(format!("{name} is no method of an HTTP API"))),
    }
}

/// The path of a route.
fn route_path(node: &Node) -> Result<String, Problem> {
    let path = node.text("Path")?;
    if !path.starts_with('/') {
        return Err(node.problem(format!("path {path} must begin with /")));
    }
    if let Some(part) = unreadable_part(&path) {
        return Err(node.problem(format!("path {path} has a part that cannot be read: {part}")));
    }
    Ok(path)
}

/// The part of a route's path that API Gateway would not take, if there is one: a part in braces is whole, and only the
/// last may be greedy.
pub fn unreadable_part(path: &str) -> Option<&str> {
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        let is_valid = match name {
            Some(name) => {
                let plain = name.strip_suffix('+').filter(|_| parts.peek().is_none()).unwrap_or(name);
                !plain.is_empty() && !plain.contains(['{', '}', '+'])
            }
            None => !part.contains(['{', '}']),
        };
        if !is_valid {
            return Some(part);
        }
    }
    None
}
