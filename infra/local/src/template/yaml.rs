//! The template as a tree that knows its lines and CloudFormation's functions, both written short (`!Ref X`)
//! and long (`Ref: X`).

use saphyr::{LoadableYamlNode as _, MarkedYaml, Scalar, YamlData};

use super::Problem;

/// A value and the line it stands on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// What a template can hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    String(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// A function of CloudFormation, named as in its long form.
    Call {
        function: String,
        argument: Box<Node>,
    },
}

/// One key of a map.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) line: usize,
    pub(crate) value: Node,
}

/// Reads a YAML document.
pub(crate) fn parse(text: &str) -> Result<Node, Problem> {
    let documents = MarkedYaml::load_from_str(text)
        .map_err(|error| Problem::new(error.marker().line(), error.info().to_owned()))?;
    match documents.as_slice() {
        [document] => convert(document),
        [] => Err(Problem::new(1, "the template is empty")),
        [_, second, ..] => Err(Problem::new(second.span.start.line(), "more than one YAML document")),
    }
}

impl Node {
    /// The value behind a key, for a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            _ => None,
        }
    }

    /// What it must be: a map.
    pub(crate) fn entries(&self, what: &str) -> Result<&[Entry], Problem> {
        match &self.value {
            Value::Map(entries) => Ok(entries),
            _ => Err(self.problem(format!("{what} must be a map"))),
        }
    }

    /// What it must be: a list.
    pub(crate) fn items(&self, what: &str) -> Result<&[Node], Problem> {
        match &self.value {
            Value::List(items) => Ok(items),
            _ => Err(self.problem(format!("{what} must be a list"))),
        }
    }

    /// What it must be: a scalar, as CloudFormation writes it where it wants a string.
    pub(crate) fn text(&self, what: &str) -> Result<String, Problem> {
        match &self.value {
            Value::String(text) => Ok(text.clone()),
            Value::Bool(value) => Ok(value.to_string()),
            Value::Integer(value) => Ok(value.to_string()),
            Value::Float(value) => Ok(value.to_string()),
            _ => Err(self.problem(format!("{what} must be a string"))),
        }
    }

    /// What it must be: a whole number that is not negative. CloudFormation takes digits in a string too.
    pub(crate) fn number(&self, what: &str) -> Result<u64, Problem> {
        let number = match &self.value {
            Value::Integer(value) => u64::try_from(*value).ok(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| self.problem(format!("{what} must be a whole number")))
    }

    /// What it must be: true or false.
    pub(crate) fn boolean(&self, what: &str) -> Result<bool, Problem> {
        match &self.value {
            Value::Bool(value) => Ok(*value),
            Value::String(text) if text == "true" => Ok(true),
            Value::String(text) if text == "false" => Ok(false),
            _ => Err(self.problem(format!("{what} must be true or false"))),
        }
    }

    /// A problem with this value.
    pub(crate) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::new(self.line, message)
    }

    /// The value as JSON, once every function in it is resolved.
    pub(crate) fn to_json(&self) -> Result<serde_json::Value, Problem> {
        Ok(match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Integer(value) => (*value).into(),
            Value::Float(value) => (*value).into(),
            Value::String(text) => text.as_str().into(),
            Value::List(items) => {
                serde_json::Value::Array(items.iter().map(Node::to_json).collect::<Result<_, _>>()?)
            }
            Value::Map(entries) => serde_json::Value::Object(
                entries
                    .iter()
                    .map(|entry| Ok((entry.key.clone(), entry.value.to_json()?)))
                    .collect::<Result<_, Problem>>()?,
            ),
            Value::Call { function, .. } => {
                return Err(self.problem(format!("{function} cannot be used here")));
            }
        })
    }
}

fn convert(yaml: &MarkedYaml<'_>) -> Result<Node, Problem> {
    let line = yaml.span.start.line();
    let value = match &yaml.data {
        YamlData::Value(scalar) => match scalar {
            Scalar::Null => Value::Null,
            Scalar::Boolean(value) => Value::Bool(*value),
            Scalar::Integer(value) => Value::Integer(*value),
            Scalar::FloatingPoint(value) => Value::Float(value.into_inner()),
            Scalar::String(text) => Value::String(text.clone().into_owned()),
        },
        YamlData::Sequence(items) => Value::List(items.iter().map(convert).collect::<Result<_, _>>()?),
        YamlData::Mapping(map) => {
            let mut entries = Vec::with_capacity(map.len());
            for (key, value) in map {
                let key_node = convert(key)?;
                let mut value = convert(value)?;
                if value.line == 0 {
                    value.line = key_node.line;
                }
                entries.push(Entry { key: key_node.text("a key")?, line: key_node.line, value });
            }
            long_call(entries)
        }
        YamlData::Tagged(tag, inner) => {
            let mut argument = convert(inner)?;
            argument.line = line;
            let name = tag.suffix.as_str();
            let function =
                if matches!(name, "Ref" | "Condition") { name.to_owned() } else { format!("Fn::{name}") };
            Value::Call { function, argument: Box::new(argument) }
        }
        YamlData::Representation(..) | YamlData::Alias(_) | YamlData::BadValue => {
            return Err(Problem::new(line, "this YAML cannot be read"));
        }
    };
    Ok(Node { line, value })
}

/// `{Ref: X}` and `{Fn::Sub: X}` are calls, every other map is a map.
fn long_call(mut entries: Vec<Entry>) -> Value {
    let is_call =
        matches!(entries.as_slice(), [entry] if entry.key == "Ref" || entry.key.starts_with("Fn::"));
    match entries.pop() {
        Some(entry) if is_call => Value::Call { function: entry.key, argument: Box::new(entry.value) },
        Some(entry) => {
            entries.push(entry);
            Value::Map(entries)
        }
        None => Value::Map(entries),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_forms_are_the_same() {
        let short = parse("a: !Ref X\n").expect("short form");
        let long = parse("a: {Ref: X}\n").expect("long form");
        let call = |node: &Node| match node.get("a").map(|node| &node.value) {
            Some(Value::Call { function, argument }) => (function.clone(), argument.text("it").ok()),
            other => panic!("not a call: {other:?}"),
        };
        assert_eq!(call(&short), call(&long));
        assert_eq!(call(&short).0, "Ref");
    }

    #[test]
    fn values_know_their_lines() {
        let node = parse("a:\n  b: 1\n  c:\n    - x\n    - !Sub ${y}\n").expect("YAML");
        let items = node.get("a").and_then(|a| a.get("c")).expect("c").items("c").expect("a list").to_vec();
        assert_eq!(items[0].line, 4);
        assert_eq!(items[1].line, 5);
    }

    #[test]
    fn broken_yaml_names_its_line() {
        assert_eq!(parse("a: 1\nb: [1, 2\nc: 3\n").expect_err("broken").line, 3);
        assert_eq!(parse("a: 1\nb: 2\na: 3\n").expect_err("a key twice").line, 3);
    }
}
