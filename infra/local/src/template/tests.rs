//! Reading whole templates, good and bad.

use super::*;

fn read(text: &str) -> Result<Template, Problem> {
    Template::parse(text, &Given { backend_key: "secret", ..Given::default() })
}

const GOOD: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters:
  StageName: {Type: String, Default: live}
  BackendKeyHashes: {Type: String, Default: ""}
Globals:
  Function:
    Runtime: provided.al2023
    Timeout: 29
    Environment:
      Variables:
        USERS: !Ref Users
        KEY: !Ref BackendKeyHashes
Resources:
  HttpApi: {Type: AWS::Serverless::HttpApi}
  Socket:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      StageName: !Ref StageName
      RouteSelectionExpression: $request.body.chat.type
      Routes:
        $connect: {FunctionArn: !GetAtt Accounts.Arn}
  Accounts:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: accounts}}
    Properties:
      MemorySize: 256
      Environment: {Variables: {OWN: "1"}}
      Events:
        Get: {Type: HttpApi, Properties: {ApiId: !Ref HttpApi, Method: get, Path: "/users/{id}"}}
        Rest: {Type: HttpApi, Properties: {ApiId: !Ref HttpApi}}
  Users:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
      TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}
      SSESpecification: {SSEEnabled: true}
Outputs:
  Url: {Value: !Sub "https://${HttpApi}"}
"#;

#[test]
fn a_template_becomes_what_it_deploys() {
    let template = read(GOOD).expect("a good template");
    let function = &template.functions[0];
    assert_eq!((function.logical_id.as_str(), function.binary.as_str()), ("Accounts", "accounts"));
    assert_eq!((function.timeout, function.memory_mb), (Duration::from_secs(29), 256));
    let secret = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"; // printf secret | sha256sum
    let expected = [("KEY", secret), ("OWN", "1"), ("USERS", "Users")];
    assert!(function.environment.iter().map(|(key, value)| (key.as_str(), value.as_str())).eq(expected));

    assert_eq!(template.http_api.id, "HttpApi");
    let key = RouteKey { method: Some(http::Method::GET), path: "/users/{id}".to_owned() };
    assert_eq!(template.http_api.routes[0].key, Some(key));
    assert_eq!(template.http_api.routes[1].key, None);

    let socket = template.websocket_api.expect("a WebSocket API");
    assert_eq!(
        (socket.stage.as_str(), socket.selection),
        ("live", vec!["chat".to_owned(), "type".to_owned()])
    );
    assert_eq!(socket.routes["$connect"], "Accounts");

    let table = &template.tables[0];
    assert_eq!(table.time_to_live.as_deref(), Some("expires_at"));
    assert_eq!(table.create["TableName"], "Users");
    assert!(table.create.get("SSESpecification").is_none());
}

/// What a function of ours asks for besides: a model it may call, more routes, a table with two indexes.
const MORE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters:
  BotModel: {Type: String, Default: "", AllowedPattern: "[a-zA-Z0-9.:_-]*"}
Conditions:
  HasBotModel: !Not [!Equals [!Ref BotModel, ""]]
Globals: {Function: {Environment: {Variables: {BOT_MODEL: !Ref BotModel}}}}
Resources:
  Socket:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.chat_type
      Routes:
        $default: {FunctionArn: !GetAtt Frames.Arn}
        room: {FunctionArn: !GetAtt Frames.Arn}
        group: {FunctionArn: !GetAtt Frames.Arn}
        bot: {FunctionArn: !GetAtt Frames.Arn}
  Frames:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: websocket}}
    Properties:
      Policies:
        - Statement: {Effect: Allow, Action: dynamodb:Query, Resource: !Sub "${Places.Arn}/index/open"}
        - !If
          - HasBotModel
          - Statement:
              Effect: Allow
              Action: bedrock:InvokeModel
              Resource: !Sub arn:${AWS::Partition}:bedrock:*::foundation-model/${BotModel}
              Condition: {ArnEquals: {"bedrock:InferenceProfileArn": !Sub "arn:${AWS::Partition}:bedrock:x"}}
          - !Ref AWS::NoValue
  Places:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: seq, AttributeType: N}
        - {AttributeName: open, AttributeType: S}
      KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: seq, KeyType: RANGE}]
      GlobalSecondaryIndexes:
        - IndexName: open
          KeySchema: [{AttributeName: open, KeyType: HASH}, {AttributeName: seq, KeyType: RANGE}]
          Projection: {ProjectionType: KEYS_ONLY}
        - IndexName: newest
          KeySchema: [{AttributeName: seq, KeyType: HASH}, {AttributeName: open, KeyType: RANGE}]
          Projection: {ProjectionType: INCLUDE, NonKeyAttributes: [title]}
"#;

#[test]
fn a_model_more_routes_and_indexes_are_understood() {
    for model in ["", "eu.some.model-v1:0"] {
        let given = Given { named: BTreeMap::from([("BotModel", model)]), ..Given::default() };
        let template = Template::parse(MORE, &given).expect("a good template");
        assert_eq!(template.functions[0].environment["BOT_MODEL"], model);
        let socket = template.websocket_api.expect("a WebSocket API");
        assert!(["$default", "room", "group", "bot"].iter().all(|route| socket.routes[*route] == "Frames"));
        let create = &template.tables[0].create;
        assert_eq!(create["KeySchema"][1]["AttributeName"], "seq");
        assert_eq!(create["GlobalSecondaryIndexes"][0]["KeySchema"][1]["KeyType"], "RANGE");
        assert_eq!(create["GlobalSecondaryIndexes"][1]["Projection"]["NonKeyAttributes"][0], "title");
    }
}

#[test]
fn the_projects_own_template_is_understood_with_a_model_and_without() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    for model in ["", "eu.some.model-v1:0"] {
        let given = Given { named: BTreeMap::from([("BotModel", model)]), ..Given::default() };
        let template = Template::read(&path, &given).expect("our template");
        assert!(template.functions.iter().all(|function| function.environment["BOT_MODEL"] == model));
    }
    let given = Given { named: BTreeMap::from([("BotModel", "*")]), ..Given::default() };
    assert!(Template::read(&path, &given).is_err(), "a model of everything");
}

#[test]
fn schedules_have_a_rate_and_an_input() {
    let scheduled = |properties: &str| {
        let event = format!("        Often: {{Type: ScheduleV2, Properties: {properties}}}\n        Get: ");
        read(&GOOD.replace("        Get: ", &event)).map(|template| template.schedules)
    };
    for (expression, minutes) in
        [("rate(1 minute)", 1), ("rate(15 minutes)", 15), ("rate(2 hours)", 120), ("rate(1 day)", 1440)]
    {
        let schedules = scheduled(&format!("{{ScheduleExpression: {expression}, Input: '{{\"a\":1}}'}}"));
        let rate = Duration::from_secs(minutes * 60);
        let expected = Schedule { function: "Accounts".to_owned(), rate, input: "{\"a\":1}".to_owned() };
        assert_eq!(schedules, Ok(vec![expected]), "{expression}");
    }
    for wrong in
        ["rate(0 minutes)", "rate(1 week)", "rate(1)", "cron(0 * * * ? *)", "at(2026-01-01T00:00:00)"]
    {
        let problem =
            scheduled(&format!("{{ScheduleExpression: '{wrong}', Input: '{{}}'}}")).expect_err(wrong);
        assert_eq!(
            problem,
            Problem::new(30, format!("Often: {wrong} is not supported here, only rate(…) is"))
        );
    }
    let problem = scheduled("{ScheduleExpression: rate(1 hour)}").expect_err("no input");
    assert_eq!(problem, Problem::new(30, "Often has no Input"));
}

#[test]
fn pages_of_other_origins_may_call_where_the_template_lets_them() {
    const CONFIGURED: &str = r#"
Parameters: {AllowedOrigins: {Type: String, Default: ""}}
Conditions: {HasAllowedOrigins: !Not [!Equals [!Ref AllowedOrigins, ""]]}
Resources:
  HttpApi:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: !If
        - HasAllowedOrigins
        - AllowOrigins: !Split [",", !Ref AllowedOrigins]
          AllowCredentials: true
        - !Ref AWS::NoValue
"#;
    let cors = |text: &str, origins: &str| {
        let given = Given { named: BTreeMap::from([("AllowedOrigins", origins)]), ..Given::default() };
        Template::parse(text, &given).map(|template| template.http_api.cors)
    };
    let two = ["https://one.example".to_owned(), "https://two.example".to_owned()];
    let expected = Cors { allow_origins: two.to_vec(), allow_credentials: true, ..Cors::default() };
    assert_eq!(cors(CONFIGURED, "https://one.example,https://two.example"), Ok(Some(expected)));
    assert_eq!(cors(CONFIGURED, ""), Ok(None), "nobody");
    assert!(read(GOOD).is_ok_and(|template| template.http_api.cors.is_none()), "no configuration");

    let always = CONFIGURED.replace("- !Ref AWS::NoValue", "- true");
    assert_eq!(cors(&always, ""), Err(Problem::new(12, "CorsConfiguration must be a map")));
    let problem = cors(CONFIGURED, "https://one.example,").expect_err("an empty origin");
    assert_eq!(problem, Problem::new(10, "AllowOrigins must not have \"\""));
}

#[test]
fn what_is_not_understood_names_its_line() {
    let cases = [
        ("AWS::DynamoDB::Table\n", "AWS::Kinesis::Stream\n", "AWS::Kinesis::Stream is not supported"),
        ("      BillingMode: PAY", "      ImportSource: PAY", "ImportSource is not supported"),
        ("Path: \"/users/{id}\"", "Path: \"users\"", "must begin with /"),
        ("Path: \"/users/{id}\"", "Path: \"/users/{id+}/x\"", "cannot be read"),
        ("Method: get", "Method: brew", "BREW is no method"),
        ("!Ref Users", "!Ref Nobody", "no parameter or resource Nobody"),
        ("!GetAtt Accounts.Arn", "!GetAtt Users.Arn", "no function of this template"),
        ("$request.body.chat.type", "$context.routeKey", "selects routes"),
        ("Default: live", "AllowedValues: [live]", "StageName has no Default"),
        ("provided.al2023", "python3.13", "runtime python3.13"),
        ("      MemorySize: 256", "      Layers: [x]", "Layers is not supported"),
        ("      MemorySize: 256", "      MemorySize: big", "MemorySize must be a whole number"),
        (
            "Type: String, Default: live",
            "Type: CommaDelimitedList, Default: live",
            "CommaDelimitedList is not supported",
        ),
        ("Outputs:", "Mappings:", "Mappings is not supported"),
    ];
    for (good, bad, expected) in cases {
        let text = GOOD.replacen(good, bad, 1);
        assert_ne!(text, GOOD, "{good} is not in the template");
        let line = text.lines().zip(GOOD.lines()).take_while(|(bad, good)| bad == good).count() + 1;
        let problem = read(&text).expect_err(bad);
        assert!(problem.message.contains(expected), "{bad}: {problem:?}");
        assert_eq!(problem.line, line, "{bad}: {problem:?}");
    }
}

#[test]
fn an_error_names_file_and_line() {
    let error = TemplateError::At { path: "template.yaml".into(), problem: Problem::new(7, "no") };
    assert_eq!(error.to_string(), "template.yaml:7: no");
}
