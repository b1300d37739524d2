//! Reading templates with queues and the functions that they invoke, good and bad.

use super::*;

fn read(text: &str) -> Result<Template, Problem> {
    Template::parse(text, &Given::default())
}

const GOOD: &str = r#"
Conditions: {Fifo: !Equals [a, a]}
Resources:
  Work:
    Type: AWS::SQS::Queue
    DeletionPolicy: Delete
    Properties:
      VisibilityTimeout: 3600
      RedrivePolicy: {deadLetterTargetArn: !GetAtt FailedWork.Arn, maxReceiveCount: 5}
      SqsManagedSseEnabled: true
  FailedWork:
    Type: AWS::SQS::Queue
    Properties:
      MessageRetentionPeriod: 1209600
      RedriveAllowPolicy: {redrivePermission: byQueue, sourceQueueArns: [!GetAtt Work.Arn]}
  Broadcasts:
    Type: AWS::SQS::Queue
    Properties:
      FifoQueue: !If [Fifo, true, !Ref AWS::NoValue]
      DeduplicationScope: messageGroup
      FifoThroughputLimit: perMessageGroupId
      DelaySeconds: 0
      ReceiveMessageWaitTimeSeconds: 20
      KmsMasterKeyId: alias/aws/sqs
      Tags: [{Key: a, Value: b}]
  Named: {Type: AWS::SQS::Queue, Properties: {QueueName: "other.fifo", FifoQueue: true}}
  Policy: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Work]}}
  Worker:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: worker}}
    Properties:
      CodeUri: Worker
      Timeout: 600
      Environment:
        Variables: {URL: !Ref Broadcasts, SAME: !GetAtt Broadcasts.QueueUrl, NAME: !GetAtt Named.QueueName}
      Events:
        Jobs:
          Type: SQS
          Properties:
            Queue: !GetAtt Work.Arn
            BatchSize: 1
            MaximumBatchingWindowInSeconds: 0
            ScalingConfig: {MaximumConcurrency: 4}
        Casts: {Type: SQS, Properties: {Queue: !GetAtt Named.Arn, BatchSize: 1, Enabled: false}}
"#;

/// The good template, with a queue of its own that waits as long as its function may take.
fn good() -> String {
    GOOD.replace("FifoQueue: true}}", "FifoQueue: true, VisibilityTimeout: 600}}")
}

#[test]
fn queues_have_names_and_settings() {
    let template = read(&good()).expect("a good template");
    let names: Vec<&str> = template.queues.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(names, ["Work", "FailedWork", "Broadcasts.fifo", "other.fifo"]);
    let [work, failed, casts, _] = template.queues.as_slice() else { panic!("four queues") };
    assert_eq!((work.visibility_timeout, work.retention), (seconds(3_600), seconds(345_600)));
    let redrive = Redrive { line: 9, queue: "FailedWork".to_owned(), max_receive_count: 5 };
    assert_eq!((&work.redrive, work.managed_sse, work.fifo), (&Some(redrive), true, None));
    assert_eq!((failed.visibility_timeout, failed.retention), (seconds(30), seconds(1_209_600)));
    assert_eq!(failed.redrive_allow, RedriveAllow::Queues(vec!["Work".to_owned()]));
    let fifo =
        Fifo { deduplicates_by_group: true, throughput_by_group: true, content_based_deduplication: false };
    assert_eq!((casts.fifo, casts.wait_time, casts.managed_sse), (Some(fifo), seconds(20), false));

    let environment = &template.functions[0].environment;
    assert_eq!(environment["URL"], "https://sqs.us-east-1.amazonaws.com/000000000000/Broadcasts.fifo");
    assert_eq!((&environment["SAME"], environment["NAME"].as_str()), (&environment["URL"], "other.fifo"));
    assert_eq!(template.functions[0].code_uri.as_deref(), Some("Worker"));
}

#[test]
fn events_of_queues_are_read() {
    let template = read(&good()).expect("a good template");
    let source = |line, queue: &str, maximum_concurrency, enabled| EventSource {
        line,
        function: "Worker".to_owned(),
        queue: queue.to_owned(),
        maximum_concurrency,
        enabled,
    };
    let expected = [source(40, "Work", Some(4), true), source(44, "other.fifo", None, false)];
    assert_eq!(template.event_sources, expected);
}

#[test]
fn what_sqs_does_not_take_names_its_line() {
    let good = good();
    let cases = [
        ("VisibilityTimeout: 3600", "VisibilityTimeout: 43201", "must be from 0 to 43200"),
        ("Period: 1209600", "Period: 59", "must be from 60 to 1209600"),
        ("WaitTimeSeconds: 20", "WaitTimeSeconds: 21", "must be from 0 to 20"),
        ("DelaySeconds: 0", "DelaySeconds: 1", "only a DelaySeconds of 0"),
        ("maxReceiveCount: 5", "maxReceiveCount: 0", "must be from 1 to 1000"),
        ("maxReceiveCount: 5", "maxReceives: 5", "maxReceives is not supported"),
        ("FailedWork.Arn", "Broadcasts.Arn", "must be a FIFO queue if and only if Work is one"),
        ("!GetAtt FailedWork.Arn", "!Ref FailedWork", "is no queue of this template"),
        ("!GetAtt FailedWork.Arn", "'arn:aws:sqs:us-east-1:000000000000:No'", "No is no queue"),
        ("DeduplicationScope: messageGroup", "DeduplicationScope: group", "must be queue or messageGroup"),
        ("\"other.fifo\"", "\"other\"", "must end with .fifo"),
        ("\"other.fifo\"", "\"o.ther.fifo\"", "is no name of a queue"),
        ("\"other.fifo\"", "\"Broadcasts.fifo\"", "there is a queue Broadcasts.fifo already"),
        ("SqsManagedSseEnabled: true", "MaximumMessageSize: 1024", "MaximumMessageSize is not supported"),
        ("SqsManagedSseEnabled: true", "DeduplicationScope: queue", "is for FIFO queues"),
        ("Queue: !GetAtt Work.Arn", "Queue: !GetAtt Worker.Arn", "is no queue of this template"),
        ("BatchSize: 1\n", "BatchSize: 10\n", "only a BatchSize of 1"),
        ("InSeconds: 0", "InSeconds: 1", "only a MaximumBatchingWindowInSeconds of 0"),
        ("MaximumConcurrency: 4", "MaximumConcurrency: 1", "must be from 2 to 1000"),
        (
            "            ScalingConfig",
            "            FunctionResponseTypes",
            "FunctionResponseTypes is not supported",
        ),
        ("Enabled: false", "Enabled: no-way", "must be true or false"),
    ];
    for (was, bad, expected) in cases {
        let text = good.replacen(was, bad, 1);
        assert_ne!(text, good, "{was} is not in the template");
        let line = text.lines().zip(good.lines()).take_while(|(bad, good)| bad == good).count() + 1;
        let problem = read(&text).expect_err(bad);
        assert!(problem.message.contains(expected), "{bad}: {problem:?}");
        assert_eq!(problem.line, line, "{bad}: {problem:?}");
    }
}

#[test]
fn what_only_shows_elsewhere_names_a_line_too() {
    let cases = [
        ("byQueue, sourceQueueArns: [!GetAtt Work.Arn]", "denyAll", 9, "does not take from Work"),
        ("sourceQueueArns: [!GetAtt Work.Arn]", "sourceQueueArns: []", 9, "does not take from Work"),
        (
            "Timeout: 600\n",
            "Timeout: 900\n",
            44,
            "of other.fifo, 600 s, is less than the Timeout of Worker, 900 s",
        ),
        ("      DeduplicationScope: messageGroup\n", "", 20, "needs the DeduplicationScope messageGroup"),
        ("            BatchSize: 1\n", "", 40, "without it it is 10"),
    ];
    for (was, bad, line, expected) in cases {
        let text = good().replacen(was, bad, 1);
        assert_ne!(text, good(), "{was} is not in the template");
        let problem = read(&text).expect_err(expected);
        assert!(problem.message.contains(expected), "{problem:?}");
        assert_eq!(problem.line, line, "{problem:?}");
    }
}

#[test]
fn what_is_skipped_gives_any_attribute() {
    const SKIPPED: &str = r#"
Resources:
  Monitoring: {Type: AWS::Serverless::Application, Properties: {Location: infra/monitoring.yaml}}
  Domain: {Type: AWS::ApiGatewayV2::DomainName, Properties: {DomainName: a.example}}
  Record:
    Type: AWS::Route53::RecordSet
    Properties: {AliasTarget: {DNSName: !GetAtt Domain.RegionalDomainName}}
  Key: {Type: AWS::KMS::Key}
Outputs:
  Dashboard: {Value: !GetAtt Monitoring.Outputs.Dashboard}
  Same: {Value: !Sub "${Monitoring.Outputs.Dashboard} ${Key.Arn}"}
"#;
    assert!(read(SKIPPED).is_ok());
    let problem = read(&SKIPPED.replace("!GetAtt Domain", "!GetAtt Nothing")).expect_err("no resource");
    assert_eq!(problem, Problem::new(7, "there is no resource Nothing"));
}

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}
