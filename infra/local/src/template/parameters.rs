//! The template's parameters: a value for each, from the command line or its default, and the rules that
//! CloudFormation holds it against.

use std::collections::BTreeMap;

use regex_lite::Regex;
use sha2::{Digest as _, Sha256};

use super::resources::{known, required, section};
use super::yaml::{Entry, Node};
use super::{ABUSE_LIMITS, ALLOWED_ORIGINS, BACKEND_KEY_HASHES, Given, Problem};

/// Every parameter's value.
pub(super) fn values(root: &Node, given: &Given<'_>) -> Result<BTreeMap<String, String>, Problem> {
    let parameters = section(root, "Parameters")?;
    let names: Vec<&str> = parameters.iter().map(|entry| entry.key.as_str()).collect();
    if let Some(unknown) = given.named.keys().find(|name| !names.contains(name)) {
        let sections = root.entries("the template")?;
        let line =
            sections.iter().find(|entry| entry.key == "Parameters").map_or(root.line, |entry| entry.line);
        return Err(Problem::new(
            line,
            format!("there is no parameter {unknown}, only {}", names.join(", ")),
        ));
    }
    parameters.iter().map(|entry| Ok((entry.key.clone(), value(entry, given)?))).collect()
}

fn value(Entry { key: name, line, value: node }: &Entry, given: &Given<'_>) -> Result<String, Problem> {
    known(
        node,
        name,
        &[
            "Type",
            "Default",
            "AllowedValues",
            "AllowedPattern",
            "MinLength",
            "MaxLength",
            "MinValue",
            "MaxValue",
        ],
        &["ConstraintDescription", "Description", "NoEcho"],
    )?;
    let kind = required(node, "Type", name)?;
    let is_number = match kind.text("Type")?.as_str() {
        "String" => false,
        "Number" => true,
        other => return Err(kind.problem(format!("{name}: parameter type {other} is not supported here"))),
    };
    let mut value = match given.named.get(name.as_str()) {
        Some(value) if name == BACKEND_KEY_HASHES => format!("{},{value}", hash(given.backend_key)),
        Some(value) => (*value).to_owned(),
        None if name == BACKEND_KEY_HASHES => hash(given.backend_key),
        None if name == ABUSE_LIMITS => given.limits.to_string(),
        None => node
            .get("Default")
            .ok_or_else(|| Problem::new(*line, format!("parameter {name} has no Default")))?
            .text("Default")?,
    };
    if name == ALLOWED_ORIGINS && !given.console.is_empty() {
        let separator = if value.is_empty() { "" } else { "," };
        value.push_str(&format!("{separator}{}", given.console));
    }
    check(node, is_number, &value)
        .map_err(|problem| Problem { message: format!("parameter {name} {}", problem.message), ..problem })?;
    Ok(value)
}

/// The SHA-256 of a key in hexadecimal.
fn hash(key: &str) -> String {
    Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Holds a value against a parameter's rules.
fn check(parameter: &Node, is_number: bool, value: &str) -> Result<(), Problem> {
    let parse = || value.parse::<f64>().map_err(|_| parameter.problem("must be a number"));
    let number = is_number.then(parse).transpose()?;
    if let Some(allowed) = parameter.get("AllowedValues") {
        let values: Result<Vec<_>, _> =
            allowed.items("AllowedValues")?.iter().map(|item| item.text("an allowed value")).collect();
        let values = values?;
        if !values.iter().any(|allowed| allowed == value) {
            return Err(allowed.problem(format!("must be one of {}", values.join(", "))));
        }
    }
    if let Some(node) = parameter.get("AllowedPattern") {
        let pattern = node.text("AllowedPattern")?;
        // CloudFormation wants the whole value to match.
        let regex = Regex::new(&format!("^(?:{pattern})$")).map_err(|error| {
            node.problem(format!("has an AllowedPattern that cannot be read here: {error}"))
        })?;
        if !regex.is_match(value) {
            return Err(node.problem(format!("must match {pattern}")));
        }
    }
    let length = Some(value.chars().count() as f64);
    let bounds = [
        ("MinLength", length, true),
        ("MaxLength", length, false),
        ("MinValue", number, true),
        ("MaxValue", number, false),
    ];
    for (rule, measured, is_lower) in bounds {
        let (Some(node), Some(measured)) = (parameter.get(rule), measured) else { continue };
        let text = node.text(rule)?;
        let bound: f64 = text.parse().map_err(|_| node.problem(format!("has a {rule} that is no number")))?;
        let is_kept = if is_lower { measured >= bound } else { measured <= bound };
        if !is_kept {
            return Err(node.problem(format!("breaks its {rule}, {text}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::yaml::parse;
    use super::*;

    const TEMPLATE: &str = r#"
Parameters:
  BackendKeyHashes: {Type: String, Default: "", MaxLength: 130}
  BotModel: {Type: String, Default: "", AllowedPattern: "[a-zA-Z0-9.:_-]*", Description: A model.}
  Size:
    Type: Number
    Default: 30
    MinValue: 1
    MaxValue: 90.5
  Colour:
    Type: String
    Default: red
    AllowedValues: [red, green]
"#;

    /// `printf secret | sha256sum`
    const HASH: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

    fn read(text: &str, named: &[(&str, &str)]) -> Result<BTreeMap<String, String>, Problem> {
        let named = named.iter().copied().collect();
        let given =
            Given { backend_key: "secret", console: "http://127.0.0.1:3002", named, ..Given::default() };
        values(&parse(text).expect("YAML"), &given)
    }

    #[test]
    fn values_come_from_the_command_line_or_are_the_defaults() {
        let values = read(TEMPLATE, &[]).expect("defaults");
        let expected = [("BackendKeyHashes", HASH), ("BotModel", ""), ("Colour", "red"), ("Size", "30")];
        assert!(values.iter().map(|(name, value)| (name.as_str(), value.as_str())).eq(expected));

        let given = [("BotModel", "eu.some-model-v1:0"), ("Colour", "green"), ("Size", "90")];
        let values = read(TEMPLATE, &given).expect("good values");
        assert!(given.iter().all(|(name, value)| values[*name] == *value));

        let values = read(TEMPLATE, &[("BackendKeyHashes", HASH)]).expect("one more hash");
        assert_eq!(values["BackendKeyHashes"], format!("{HASH},{HASH}"));
    }

    #[test]
    fn the_console_is_an_allowed_origin() {
        let values_of = |default: &str, given: Option<&str>| {
            let rule = "(http://[^/,]+(,http://[^/,]+)*)?";
            let parameter = format!("{{Type: String, Default: '{default}', AllowedPattern: '{rule}'}}");
            let named: Vec<_> = given.map(|value| ("AllowedOrigins", value)).into_iter().collect();
            read(&format!("Parameters: {{AllowedOrigins: {parameter}}}"), &named)
        };
        let cases = [
            ("", None, "http://127.0.0.1:3002"),
            ("http://a", None, "http://a,http://127.0.0.1:3002"),
            ("http://a", Some(""), "http://127.0.0.1:3002"),
            ("", Some("http://b,http://c"), "http://b,http://c,http://127.0.0.1:3002"),
        ];
        for (default, given, expected) in cases {
            let values = values_of(default, given).expect("good values");
            assert_eq!(values["AllowedOrigins"], expected);
        }
        assert!(values_of("", Some("http://a/")).is_err());
    }

    #[test]
    fn there_are_limits_on_abuse_where_they_are_asked_for() {
        const LIMITED: &str =
            "Parameters: {AbuseLimits: {Type: String, Default: 'true', AllowedValues: ['true', 'false']}}";
        let value_of = |limits: bool, given: Option<&'static str>| {
            let named = given.map(|value| ("AbuseLimits", value)).into_iter().collect();
            let given = Given { limits, named, ..Given::default() };
            values(&parse(LIMITED).expect("YAML"), &given).map(|values| values["AbuseLimits"].clone())
        };
        assert_eq!(value_of(false, None).as_deref(), Ok("false"));
        assert_eq!(value_of(true, None).as_deref(), Ok("true"));
        assert_eq!(value_of(false, Some("true")).as_deref(), Ok("true"));
        assert!(value_of(true, Some("yes")).is_err());
    }

    #[test]
    fn what_breaks_a_rule_is_refused_with_the_rules_line() {
        const LONG: &str =
            "more than one hash of 64 digits and a comma take beside the one that is there anyway";
        let cases = [
            (
                "Nothing",
                "x",
                2,
                "there is no parameter Nothing, only BackendKeyHashes, BotModel, Size, Colour",
            ),
            ("BotModel", "a b", 4, "parameter BotModel must match [a-zA-Z0-9.:_-]*"),
            ("BotModel", "ok\n", 4, "parameter BotModel must match [a-zA-Z0-9.:_-]*"),
            ("Colour", "blue", 13, "parameter Colour must be one of red, green"),
            ("Colour", "re", 13, "parameter Colour must be one of red, green"),
            ("Size", "much", 6, "parameter Size must be a number"),
            ("Size", "0", 8, "parameter Size breaks its MinValue, 1"),
            ("Size", "91", 9, "parameter Size breaks its MaxValue, 90.5"),
            ("BackendKeyHashes", LONG, 3, "parameter BackendKeyHashes breaks its MaxLength, 130"),
        ];
        for (name, value, line, expected) in cases {
            let problem = read(TEMPLATE, &[(name, value)]).expect_err(expected);
            assert_eq!((problem.line, problem.message.as_str()), (line, expected));
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let cases = [
            ("Type: Number", "Type: CommaDelimitedList", "not supported here"),
            ("    MinValue: 1\n", "    MinimumValue: 1\n", "MinimumValue is not supported here"),
            ("    MinValue: 1\n", "    MinValue: one\n", "has a MinValue that is no number"),
            ("[a-zA-Z0-9.:_-]*", "(?=a)", "cannot be read here"),
            ("Default: 30", "Default: 300", "breaks its MaxValue, 90.5"),
        ];
        for (good, bad, expected) in cases {
            let problem = read(&TEMPLATE.replacen(good, bad, 1), &[]).expect_err(bad);
            assert!(problem.message.contains(expected), "{bad}: {problem:?}");
        }
    }
}
