//! Checks and reports on a template of two functions.

use serde_json::json;

use super::*;
use crate::template::Given;

const TEMPLATE: &str = r#"
Resources:
  Users:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
  Socket:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.type
      Routes: {$default: {FunctionArn: !GetAtt Accounts.Arn}}
  Accounts:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: accounts}}
    Properties:
      Policies:
        - Statement:
            - Effect: Allow
              Action: [dynamodb:GetItem, dynamodb:PutItem]
              Resource: !GetAtt Users.Arn
              Condition: {ForAllValues:StringLike: {"dynamodb:LeadingKeys": ["user#*", "name#*"]}}
            - Effect: Allow
              Action: DynamoDB:Batch*
              Resource: [!GetAtt Users.Arn, !Sub "${Users.Arn}/index/*"]
            - {Effect: Allow, Action: bedrock:InvokeModel, Resource: "*"}
            - Effect: Allow
              Action: dynamodb:DeleteItem
              Resource: !GetAtt Users.Arn
              Condition: {ArnEquals: {"aws:SourceArn": "arn:aws:x"}}
        - Statement:
            Effect: Allow
            Action: execute-api:ManageConnections
            Resource: arn:aws:execute-api:us-east-1:*:Socket/default/POST/@connections/*
        - Statement:
            Effect: Allow
            Action: ses:SendEmail
            Resource: !Sub arn:aws:ses:us-east-1:${AWS::AccountId}:identity/a@example.com
  Idle:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: idle}}
"#;

const USERS: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/Users";

fn permissions() -> Permissions {
    let given = Given { reads_policies: true, ..Given::default() };
    Permissions::new(&Template::parse(TEMPLATE, &given).expect("a good template"))
}

fn item(operation: &str, key: &str, principal: &str, permissions: &Permissions) -> Result<(), Denied> {
    let field = if operation == "PutItem" { "Item" } else { "Key" };
    let body = json!({"TableName": "Users", field: {"pk": {"S": key}}}).to_string();
    permissions.check_dynamodb(principal, operation, body.as_bytes())
}

fn entry(function: &str, action: &str, resource: &str) -> Value {
    json!({"function": function, "action": action, "resource": resource})
}

fn report(permissions: &Permissions) -> Value {
    serde_json::from_str(&permissions.report()).expect("JSON")
}

#[test]
fn leading_keys_decide() {
    let permissions = permissions();
    for (key, is_allowed) in [("user#1", true), ("name#ann", true), ("session#1", false), ("user", false)] {
        assert_eq!(item("GetItem", key, "Accounts", &permissions).is_ok(), is_allowed, "{key}");
    }
    let untold = json!({"TableName": "Users"}).to_string();
    assert!(permissions.check_dynamodb("Accounts", "GetItem", untold.as_bytes()).is_err());
    let condition = |is_like| Condition::LeadingKeys { is_like, values: vec!["a*".to_owned()] };
    let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    assert!(holds(&condition(true), Some(&keys(&["a", "ab"]))));
    assert!(!holds(&condition(true), Some(&keys(&["a", "b"]))), "one that it is not for");
    assert!(!holds(&condition(true), None));
    assert!(holds(&condition(false), Some(&keys(&["a*"]))), "a star is a star");
    assert!(!holds(&condition(false), Some(&keys(&["ab"]))));
}

#[test]
fn a_transaction_needs_the_permission_of_each_item() {
    let permissions = permissions();
    let transact = |kinds: &[(&str, &str)]| {
        let items: Vec<Value> = kinds
            .iter()
            .map(|(kind, field)| json!({*kind: {"TableName": "Users", *field: {"pk": {"S": "user#1"}}}}))
            .collect();
        let body = json!({"TransactItems": items}).to_string();
        permissions.check_dynamodb("Accounts", "TransactWriteItems", body.as_bytes())
    };
    assert_eq!(transact(&[("Put", "Item")]), Ok(()));
    let denied =
        transact(&[("Put", "Item"), ("ConditionCheck", "Key"), ("Update", "Key")]).expect_err("no check");
    assert_eq!(denied.0.action, "dynamodb:ConditionCheckItem");
    let refused = report(&permissions)["refused"].clone();
    assert_eq!(refused[0]["action"], "dynamodb:ConditionCheckItem");
    assert_eq!(refused[1]["action"], "dynamodb:UpdateItem", "the caller heard of the first alone");
}

#[test]
fn only_functions_are_checked() {
    let permissions = permissions();
    for anybody in ["", "local", "AKIAEXAMPLE"] {
        assert_eq!(item("DeleteItem", "user#1", anybody, &permissions), Ok(()), "{anybody}");
    }
    assert!(item("GetItem", "user#1", "Idle", &permissions).is_err(), "one without policies");
    assert!(item("DeleteItem", "user#1", "Accounts", &permissions).is_err(), "a condition that never holds");
    assert_eq!(permissions.check_dynamodb("Accounts", "GetItem", b"{"), Ok(()), "the store's business");
}

#[test]
fn sockets_and_mails_are_checked_by_their_resource() {
    let permissions = permissions();
    let at = |method: &str| {
        let resource =
            format!("arn:aws:execute-api:us-east-1:000000000000:Socket/default/{method}/@connections/{{id}}");
        permissions.check("Accounts", "execute-api:ManageConnections", &resource)
    };
    assert!(at("POST").is_ok());
    assert!(at("DELETE").is_err());
    for (sender, is_allowed) in
        [("a@example.com", true), ("Ann <a@example.com>", true), ("b@example.com", false), ("", false)]
    {
        let body = json!({"FromEmailAddress": sender}).to_string();
        assert_eq!(permissions.check_mail("Accounts", body.as_bytes()).is_ok(), is_allowed, "{sender}");
    }
}

#[test]
fn a_refusal_says_what_iam_says() {
    let denied = item("PutItem", "session#1", "Accounts", &permissions()).expect_err("another key");
    assert_eq!(
        denied.to_string(),
        format!(
            "User: arn:aws:sts::000000000000:assumed-role/AccountsRole/Accounts is not authorized to \
             perform: dynamodb:PutItem on resource: {USERS} because no identity-based policy allows the \
             dynamodb:PutItem action"
        )
    );
}

#[test]
fn the_report_has_what_was_refused_and_what_is_unused() {
    let permissions = permissions();
    let connections = "arn:aws:execute-api:us-east-1:*:Socket/default/POST/@connections/*";
    let identity = "arn:aws:ses:us-east-1:000000000000:identity/a@example.com";
    let index = format!("{USERS}/index/*");
    let unused = |actions: &[(&str, &str)]| {
        actions.iter().map(|(action, resource)| entry("Accounts", action, resource)).collect::<Vec<_>>()
    };
    let all = [
        ("DynamoDB:Batch*", USERS),
        ("DynamoDB:Batch*", index.as_str()),
        ("dynamodb:DeleteItem", USERS),
        ("dynamodb:GetItem", USERS),
        ("dynamodb:PutItem", USERS),
        ("execute-api:ManageConnections", connections),
        ("ses:SendEmail", identity),
    ];
    assert_eq!(report(&permissions), json!({"refused": [], "unused": unused(&all)}));

    for _ in 0..2 {
        assert!(item("GetItem", "user#1", "Accounts", &permissions).is_ok());
        assert!(item("GetItem", "user#1", "Idle", &permissions).is_err());
        assert!(item("DeleteItem", "user#1", "Accounts", &permissions).is_err());
    }
    let batch = json!({"RequestItems": {"Users": {"Keys": [{"pk": {"S": "x"}}]}}}).to_string();
    assert!(permissions.check_dynamodb("Accounts", "BatchGetItem", batch.as_bytes()).is_ok());
    let left = [all[1], all[2], all[4], all[5], all[6]];
    let refused = [entry("Accounts", "dynamodb:DeleteItem", USERS), entry("Idle", "dynamodb:GetItem", USERS)];
    assert_eq!(report(&permissions), json!({"refused": refused, "unused": unused(&left)}));
}
