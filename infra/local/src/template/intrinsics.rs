//! CloudFormation's functions and pseudo parameters.

use std::collections::BTreeMap;

use super::queue::QUEUE;
use super::yaml::{Entry, Node, Value};
use super::{Problem, skipped};
use crate::ids::{self, ACCOUNT_ID, REGION};

/// Value of `AWS::URLSuffix`.
pub(crate) const URL_SUFFIX: &str = "amazonaws.com";

/// What names in a template stand for.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) conditions: BTreeMap<String, Node>,
    /// Type and physical name of each resource, by logical id.
    pub(crate) resources: BTreeMap<String, (String, String)>,
}

impl Scope {
    /// The value with every function in it resolved; nothing for `AWS::NoValue`.
    pub(crate) fn resolve(&self, node: &Node) -> Result<Option<Node>, Problem> {
        let value = match &node.value {
            Value::List(items) => {
                let mut resolved = Vec::with_capacity(items.len());
                for item in items {
                    resolved.extend(self.resolve(item)?);
                }
                Value::List(resolved)
            }
            Value::Map(entries) => {
                let mut resolved = Vec::with_capacity(entries.len());
                for Entry { key, line, value } in entries {
                    if let Some(value) = self.resolve(value)? {
                        resolved.push(Entry { key: key.clone(), line: *line, value });
                    }
                }
                Value::Map(resolved)
            }
            Value::Call { function, argument } => return self.call(function, argument, node.line),
            scalar => scalar.clone(),
        };
        Ok(Some(Node { line: node.line, value }))
    }

    /// Whether the condition of this name holds.
    pub(crate) fn holds(&self, name: &str, line: usize) -> Result<bool, Problem> {
        self.holds_within(name, line, 0)
    }

    fn holds_within(&self, name: &str, line: usize, depth: usize) -> Result<bool, Problem> {
        let condition = self
            .conditions
            .get(name)
            .ok_or_else(|| Problem::new(line, format!("there is no condition {name}")))?;
        if depth > self.conditions.len() {
            return Err(Problem::new(line, format!("condition {name} depends on itself")));
        }
        self.truth(condition, depth)
    }

    fn truth(&self, node: &Node, depth: usize) -> Result<bool, Problem> {
        if let Some(name) = node.get("Condition") {
            return self.holds_within(&name.text("Condition")?, name.line, depth + 1);
        }
        let Value::Call { function, argument } = &node.value else {
            return node.boolean("a condition");
        };
        if function == "Condition" {
            return self.holds_within(&argument.text("Condition")?, node.line, depth + 1);
        }
        let operands = argument.items(function)?;
        match (function.as_str(), operands) {
            ("Fn::Equals", [left, right]) => Ok(self.string(left, "an operand of Fn::Equals")?
                == self.string(right, "an operand of Fn::Equals")?),
            ("Fn::Not", [operand]) => Ok(!self.truth(operand, depth)?),
            ("Fn::And", operands) => {
                operands.iter().try_fold(true, |all, operand| Ok(self.truth(operand, depth)? && all))
            }
            ("Fn::Or", operands) => {
                operands.iter().try_fold(false, |any, operand| Ok(self.truth(operand, depth)? || any))
            }
            _ => Err(Problem::new(node.line, format!("{function} is no condition that can be read here"))),
        }
    }

    fn call(&self, function: &str, argument: &Node, line: usize) -> Result<Option<Node>, Problem> {
        let text = match function {
            "Ref" => {
                let name = argument.text("Ref")?;
                if name == "AWS::NoValue" {
                    return Ok(None);
                }
                self.reference(&name, line)?
            }
            "Fn::GetAtt" => self.get_att_of(argument, line)?,
            "Fn::Sub" => self.substitute(argument, line)?,
            "Fn::Join" => match argument.items(function)? {
                [separator, list] => {
                    let list = self.resolved(list, function)?;
                    let parts: Result<Vec<_>, _> =
                        list.items("Fn::Join")?.iter().map(|item| item.text("a part of Fn::Join")).collect();
                    parts?.join(&separator.text("the separator of Fn::Join")?)
                }
                _ => return Err(Problem::new(line, "Fn::Join takes a separator and a list")),
            },
            "Fn::Split" => match argument.items(function)? {
                [separator, text] => {
                    let separator = separator.text("the separator of Fn::Split")?;
                    if separator.is_empty() {
                        return Err(Problem::new(line, "Fn::Split needs a separator"));
                    }
                    let text = self.string(text, "the text of Fn::Split")?;
                    let parts = text.split(&separator);
                    let parts = parts.map(|part| Node { line, value: Value::String(part.to_owned()) });
                    return Ok(Some(Node { line, value: Value::List(parts.collect()) }));
                }
                _ => return Err(Problem::new(line, "Fn::Split takes a separator and a text")),
            },
            "Fn::If" => match argument.items(function)? {
                [condition, yes, no] => {
                    let chosen = if self.holds(&condition.text("Fn::If")?, line)? { yes } else { no };
                    return self.resolve(chosen);
                }
                _ => return Err(Problem::new(line, "Fn::If takes a condition and two values")),
            },
            "Fn::Select" => match argument.items(function)? {
                [index, list] => {
                    let list = self.resolved(list, function)?;
                    let index =
                        usize::try_from(index.number("the index of Fn::Select")?).unwrap_or(usize::MAX);
                    let item = list.items(function)?.get(index).cloned();
                    return item
                        .map(Some)
                        .ok_or_else(|| Problem::new(line, "Fn::Select goes beyond its list"));
                }
                _ => return Err(Problem::new(line, "Fn::Select takes an index and a list")),
            },
            _ => return Err(Problem::new(line, format!("{function} is not supported here"))),
        };
        Ok(Some(Node { line, value: Value::String(text) }))
    }

    fn resolved(&self, node: &Node, what: &str) -> Result<Node, Problem> {
        self.resolve(node)?.ok_or_else(|| node.problem(format!("{what} needs a value")))
    }

    fn string(&self, node: &Node, what: &str) -> Result<String, Problem> {
        self.resolved(node, what)?.text(what)
    }

    fn reference(&self, name: &str, line: usize) -> Result<String, Problem> {
        let pseudo = match name {
            "AWS::Region" => Some(REGION),
            "AWS::AccountId" => Some(ACCOUNT_ID),
            "AWS::URLSuffix" => Some(URL_SUFFIX),
            "AWS::Partition" => Some("aws"),
            "AWS::StackName" => Some("local"),
            "AWS::StackId" => Some("arn:aws:cloudformation:us-east-1:000000000000:stack/local/local"),
            _ => None,
        };
        pseudo
            .or_else(|| self.parameters.get(name).map(String::as_str))
            .map(str::to_owned)
            .or_else(|| {
                let (kind, physical) = self.resources.get(name)?;
                Some(if kind == QUEUE { ids::queue_url(physical) } else { physical.clone() })
            })
            .ok_or_else(|| Problem::new(line, format!("there is no parameter or resource {name}")))
    }

    fn get_att_of(&self, argument: &Node, line: usize) -> Result<String, Problem> {
        match &argument.value {
            Value::List(items) => match items.as_slice() {
                [resource, attribute] => self.get_att(
                    &resource.text("a resource")?,
                    &self.string(attribute, "an attribute")?,
                    line,
                ),
                _ => Err(Problem::new(line, "Fn::GetAtt takes a resource and an attribute")),
            },
            _ => {
                let text = argument.text("Fn::GetAtt")?;
                let (resource, attribute) = text
                    .split_once('.')
                    .ok_or_else(|| Problem::new(line, "Fn::GetAtt takes a resource and an attribute"))?;
                self.get_att(resource, attribute, line)
            }
        }
    }

    fn get_att(&self, resource: &str, attribute: &str, line: usize) -> Result<String, Problem> {
        let (kind, physical) = self
            .resources
            .get(resource)
            .ok_or_else(|| Problem::new(line, format!("there is no resource {resource}")))?;
        let arn = |service: &str, rest: String| format!("arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{rest}");
        Ok(match (kind.as_str(), attribute) {
            ("AWS::Serverless::Function", "Arn") => ids::function_arn(resource),
            ("AWS::DynamoDB::Table", "Arn") => arn("dynamodb", format!("table/{physical}")),
            ("AWS::Logs::LogGroup", "Arn") => arn("logs", format!("log-group:{physical}:*")),
            ("AWS::Serverless::HttpApi" | "AWS::Serverless::WebSocketApi", "ApiId") => physical.clone(),
            ("AWS::Serverless::HttpApi", "ApiEndpoint") => {
                format!("https://{physical}.execute-api.{REGION}.{URL_SUFFIX}")
            }
            ("AWS::Serverless::WebSocketApi", "ApiEndpoint") => {
                format!("wss://{physical}.execute-api.{REGION}.{URL_SUFFIX}")
            }
            (QUEUE, "Arn") => ids::queue_arn(physical),
            (QUEUE, "QueueName") => physical.clone(),
            (QUEUE, "QueueUrl") => ids::queue_url(physical),
            (other, attribute) if skipped::is_skipped(other) => skipped::attribute(resource, attribute),
            _ => return Err(Problem::new(line, format!("{resource} ({kind}) has no {attribute} here"))),
        })
    }

    fn substitute(&self, argument: &Node, line: usize) -> Result<String, Problem> {
        let mut names = BTreeMap::new();
        let text = match &argument.value {
            Value::List(items) => match items.as_slice() {
                [text, map] => {
                    for entry in map.entries("the second part of Fn::Sub")? {
                        names.insert(entry.key.as_str(), self.string(&entry.value, &entry.key)?);
                    }
                    text.text("Fn::Sub")?
                }
                _ => return Err(Problem::new(line, "Fn::Sub takes a string, or a string and a map")),
            },
            _ => argument.text("Fn::Sub")?,
        };
        let mut result = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) =
                after.split_once('}').ok_or_else(|| Problem::new(line, "Fn::Sub has a ${ without its }"))?;
            result.push_str(before);
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str("${");
                result.push_str(literal);
                result.push('}');
            } else if let Some(value) = names.get(name) {
                result.push_str(value);
            } else if let Some((resource, attribute)) = name.split_once('.') {
                result.push_str(&self.get_att(resource, attribute, line)?);
            } else {
                result.push_str(&self.reference(name, line)?);
            }
        }
        result.push_str(rest);
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::super::yaml::parse;
    use super::*;

    fn scope() -> Scope {
        let resource = |kind: &str, name: &str| (kind.to_owned(), name.to_owned());
        Scope {
            parameters: BTreeMap::from([("Stage".to_owned(), "live".to_owned())]),
            conditions: BTreeMap::from([
                ("IsLive".to_owned(), parse("!Equals [!Ref Stage, live]").expect("a condition")),
                ("IsNot".to_owned(), parse("!Not [{Condition: IsLive}]").expect("a condition")),
                ("Loop".to_owned(), parse("!Not [!Condition Loop]").expect("a condition")),
            ]),
            resources: BTreeMap::from([
                ("Users".to_owned(), resource("AWS::DynamoDB::Table", "users")),
                ("Api".to_owned(), resource("AWS::Serverless::HttpApi", "Api")),
            ]),
        }
    }

    fn resolve(yaml: &str) -> Result<String, Problem> {
        let node = parse(yaml).expect("YAML");
        scope().resolve(&node)?.expect("a value").text("it")
    }

    #[test]
    fn functions_in_both_forms() {
        let cases = [
            ("!Ref Users", "users"),
            ("Ref: AWS::Region", "us-east-1"),
            ("!GetAtt Users.Arn", "arn:aws:dynamodb:us-east-1:000000000000:table/users"),
            ("Fn::GetAtt: [Users, Arn]", "arn:aws:dynamodb:us-east-1:000000000000:table/users"),
            ("!Sub ${Users}/${Stage}/${!Stage}", "users/live/${Stage}"),
            ("!Sub ['${a}-${Stage}', {a: !Ref Users}]", "users-live"),
            ("!Join ['-', [a, !Ref Stage]]", "a-live"),
            ("!If [IsLive, yes-it-is, no]", "yes-it-is"),
            ("!If [IsNot, a, b]", "b"),
            ("!Select [1, [a, b]]", "b"),
            ("!Join ['|', !Split [',', !Sub 'a,${Stage},']]", "a|live|"),
            ("!Select [0, !Split [', ', '']]", ""),
            (
                "!Sub https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}",
                "https://Api.execute-api.us-east-1.amazonaws.com",
            ),
        ];
        for (yaml, expected) in cases {
            assert_eq!(resolve(yaml).as_deref(), Ok(expected), "{yaml}");
        }
    }

    #[test]
    fn what_cannot_be_resolved_names_its_line() {
        for yaml in [
            "!Ref Nobody",
            "!GetAtt Users.Colour",
            "!Sub ${Nobody}",
            "!Sub ${x",
            "!Split ['', a]",
            "!Split [a]",
            "!If [Loop, a, b]",
        ] {
            let problem = scope().resolve(&parse(&format!("\n\n{yaml}")).expect("YAML")).expect_err(yaml);
            assert!(problem.line == 3 || yaml.contains("Loop"), "{yaml}: {problem:?}");
        }
        assert!(resolve("!Cidr [a, b]").is_err());
    }

    #[test]
    fn no_value_drops_the_key() {
        let node = parse("{a: !Ref AWS::NoValue, b: 1}").expect("YAML");
        let resolved = scope().resolve(&node).expect("resolves").expect("a map");
        assert!(resolved.get("a").is_none());
        assert!(resolved.get("b").is_some());
    }
}
