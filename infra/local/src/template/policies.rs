//! A function's `Policies`: IAM's documents as they stand in the template. They are read only where calls are
//! held against them, and then whole: to read past one would let too little or too much through.

use super::Problem;
use super::resources::{known, required};
use super::yaml::{Node, Value};

/// A statement that allows something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Such as `dynamodb:GetItem`, with IAM's wildcards.
    pub(crate) actions: Vec<String>,
    /// ARNs with IAM's wildcards.
    pub(crate) resources: Vec<String>,
    /// What must hold besides, all of it.
    pub(crate) conditions: Vec<Condition>,
}

/// A condition of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// `dynamodb:LeadingKeys`: every partition key in the request is one of these.
    LeadingKeys {
        /// Whether the values have wildcards (`StringLike`).
        is_like: bool,
        /// The values, numbers as their digits.
        values: Vec<String>,
    },
    /// On something that no call on this machine has. It never holds.
    Other,
}

/// The statements of a function, from its properties without CloudFormation's functions in them.
pub(super) fn read(function: &str, properties: &Node) -> Result<Vec<Statement>, Problem> {
    for elsewhere in ["Role", "PermissionsBoundary"] {
        if let Some(node) = properties.get(elsewhere) {
            return Err(node.problem(format!("{function}: a {elsewhere} is not supported here")));
        }
    }
    let Some(policies) = properties.get("Policies") else { return Ok(Vec::new()) };
    let mut statements = Vec::new();
    for policy in one_or_more(policies) {
        if let Value::String(name) = &policy.value {
            return Err(policy.problem(format!("{function}: policy {name} is not supported here")));
        }
        let what = format!("a policy of {function}");
        known(policy, &what, &["Statement"], &["Version", "Id"])?;
        for node in one_or_more(required(policy, "Statement", &what)?) {
            statements.push(statement(node, &format!("a statement of {function}"))?);
        }
    }
    Ok(statements)
}

fn statement(node: &Node, what: &str) -> Result<Statement, Problem> {
    known(node, what, &["Effect", "Action", "Resource", "Condition"], &["Sid"])?;
    let effect = required(node, "Effect", what)?;
    if effect.text("Effect")? != "Allow" {
        return Err(effect.problem(format!("{what}: only the Effect Allow is supported here")));
    }
    let texts = |key: &str, is_good: fn(&str) -> bool| {
        let node = required(node, key, what)?;
        let texts = texts(node, key)?;
        match texts.iter().find(|text| *text != "*" && !is_good(text)) {
            Some(bad) => Err(node.problem(format!("{what}: {bad} is no {key}"))),
            None => Ok(texts),
        }
    };
    Ok(Statement {
        actions: texts("Action", |text| text.contains(':'))?,
        resources: texts("Resource", |text| text.starts_with("arn:"))?,
        conditions: node.get("Condition").map_or_else(|| Ok(Vec::new()), conditions)?,
    })
}

fn conditions(node: &Node) -> Result<Vec<Condition>, Problem> {
    let mut conditions = Vec::new();
    for operator in node.entries("Condition")? {
        let is_like = match operator.key.strip_prefix("ForAllValues:").unwrap_or(&operator.key) {
            "StringLike" => Some(true),
            "StringEquals" => Some(false),
            _ => None,
        };
        for entry in operator.value.entries(&operator.key)? {
            let values = texts(&entry.value, &entry.key)?;
            conditions.push(match is_like {
                Some(is_like) if entry.key.eq_ignore_ascii_case("dynamodb:LeadingKeys") => {
                    Condition::LeadingKeys { is_like, values }
                }
                _ => Condition::Other,
            });
        }
    }
    Ok(conditions)
}

/// IAM takes one of something in place of a list.
fn one_or_more(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        _ => std::slice::from_ref(node),
    }
}

fn texts(node: &Node, what: &str) -> Result<Vec<String>, Problem> {
    one_or_more(node).iter().map(|item| item.text(what)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::yaml::parse;
    use super::*;

    const GOOD: &str = r#"
Policies:
  - Version: "2012-10-17"
    Statement:
      - Sid: One
        Effect: Allow
        Action: dynamodb:Query
        Resource: arn:aws:dynamodb:us-east-1:000000000000:table/Users
      - Effect: Allow
        Action: ["dynamodb:Get*", "sqs:SendMessage"]
        Resource: ["arn:aws:a", "*"]
        Condition:
          ForAllValues:StringLike: {"dynamodb:LeadingKeys": ["public#*", 7]}
          StringEquals: {"dynamodb:leadingkeys": answers}
          ArnEquals: {"bedrock:InferenceProfileArn": "arn:aws:x"}
  - Statement: {Effect: Allow, Action: "*", Resource: "*"}
"#;

    fn read_text(text: &str) -> Result<Vec<Statement>, Problem> {
        read("Accounts", &parse(text).expect("YAML"))
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn documents_become_statements() {
        let statements = read_text(GOOD).expect("good policies");
        let [one, two, three] = statements.as_slice() else { panic!("{statements:?}") };
        assert_eq!(one.actions, ["dynamodb:Query"]);
        assert_eq!(one.resources, ["arn:aws:dynamodb:us-east-1:000000000000:table/Users"]);
        assert_eq!(one.conditions, []);
        assert_eq!(two.actions, ["dynamodb:Get*", "sqs:SendMessage"]);
        assert_eq!(two.resources, ["arn:aws:a", "*"]);
        let expected = [
            Condition::LeadingKeys { is_like: true, values: owned(&["public#*", "7"]) },
            Condition::LeadingKeys { is_like: false, values: owned(&["answers"]) },
            Condition::Other,
        ];
        assert_eq!(two.conditions, expected);
        assert_eq!((three.actions.as_slice(), three.conditions.as_slice()), (&owned(&["*"])[..], &[][..]));
    }

    #[test]
    fn a_function_may_have_no_policies() {
        assert_eq!(read_text("Timeout: 3"), Ok(Vec::new()));
        assert_eq!(read_text("Policies: []"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_not_understood_names_its_line() {
        let cases = [
            (
                "Effect: Allow\n        Action: dynamodb:Q",
                "Effect: Deny\n        Action: dynamodb:Q",
                6,
                "only the Effect",
            ),
            ("      - Sid: One\n        Effect: Allow\n", "      - Sid: One\n", 5, "has no Effect"),
            ("Action: dynamodb:Query", "NotAction: dynamodb:Query", 7, "NotAction is not supported here"),
            ("Action: dynamodb:Query", "Action: Query", 7, "Query is no Action"),
            (
                "Resource: arn:aws:dynamodb:us-east-1:000000000000:table/Users",
                "Resource: Users",
                8,
                "Users is no Resource",
            ),
            ("Resource: [\"arn:aws:a\", \"*\"]", "Resource: {a: b}", 11, "Resource must be a string"),
            ("    Statement:", "    Statements:", 4, "Statements is not supported here"),
            (
                "  - Statement: {",
                "  - AWSLambdaExecute\n  - Statement: {",
                16,
                "policy AWSLambdaExecute is not",
            ),
            (
                "  - Statement: {",
                "  - SQSSendMessagePolicy: {",
                16,
                "SQSSendMessagePolicy is not supported here",
            ),
            (
                "Policies:",
                "Role: arn:aws:iam::000000000000:role/x\nPolicies:",
                2,
                "a Role is not supported here",
            ),
        ];
        for (good, bad, line, expected) in cases {
            let text = GOOD.replacen(good, bad, 1);
            assert_ne!(text, GOOD, "{good} is not in the policies");
            let problem = read_text(&text).expect_err(bad);
            assert!(problem.message.contains(expected), "{bad}: {problem:?}");
            assert_eq!(problem.line, line, "{bad}: {problem:?}");
        }
    }
}
