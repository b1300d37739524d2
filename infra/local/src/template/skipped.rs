//! Resource types that do nothing on one machine: logs, alarms, permissions, names, encryption. They are read
//! past, and what others ask of them is a placeholder.

use crate::ids::{ACCOUNT_ID, REGION};

const TYPES: [&str; 29] = [
    "AWS::ApiGateway::Account",
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::Budgets::Budget",
    "AWS::CertificateManager::Certificate",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::AnomalyDetector",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::Logs::QueryDefinition",
    "AWS::Route53::RecordSet",
    "AWS::Route53::RecordSetGroup",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::EmailIdentity",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicInlinePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Serverless::Application",
    "AWS::XRay::Group",
];

/// Whether resources of this type are read past.
pub(super) fn is_skipped(kind: &str) -> bool {
    TYPES.contains(&kind)
}

/// What such a resource gives for an attribute of it: its name and the attribute's are as good as any.
pub(super) fn attribute(resource: &str, attribute: &str) -> String {
    match attribute {
        "Arn" => format!("arn:aws:local:{REGION}:{ACCOUNT_ID}:{resource}"),
        other => format!("{resource}.{other}"),
    }
}
