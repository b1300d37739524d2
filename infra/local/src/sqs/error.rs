//! Errors as SQS tells them: a type for its present protocol, and the code of the protocol before it.

use http::StatusCode;

/// Why SQS refuses a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct SqsError {
    /// `__type` of the answer.
    pub(super) kind: &'static str,
    /// Code in the header `x-amzn-query-error`.
    pub(super) code: &'static str,
    pub(super) status: StatusCode,
    pub(super) message: String,
}

impl SqsError {
    fn new(kind: &'static str, code: &'static str, message: String) -> Self {
        Self { kind, code, status: StatusCode::BAD_REQUEST, message }
    }

    /// There is no queue at this URL.
    pub(super) fn queue_does_not_exist() -> Self {
        Self::new(
            "com.amazonaws.sqs#QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue",
            "The specified queue does not exist.".to_owned(),
        )
    }

    /// A parameter that must be given is not.
    pub(super) fn missing_parameter(name: &str) -> Self {
        Self::new(
            "com.amazon.coral.service#MissingRequiredParameterException",
            "MissingParameter",
            format!("The request must contain the parameter {name}."),
        )
    }

    /// A parameter is not what it must be, or must not be given at all.
    pub(super) fn invalid_parameter(value: &str, name: &str, reason: &str) -> Self {
        Self::invalid_parameters(format!("Value {value} for parameter {name} is invalid. Reason: {reason}"))
    }

    /// Parameters that are wrong together.
    pub(super) fn invalid_parameters(message: String) -> Self {
        Self::new("com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue", message)
    }

    /// A character that a message must not have.
    pub(super) fn invalid_message_contents(character: char) -> Self {
        Self::new(
            "com.amazonaws.sqs#InvalidMessageContents",
            "InvalidMessageContents",
            format!(
                "Invalid binary character '#x{:X}' was found in the message body, the set of allowed \
                 characters is #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].",
                u32::from(character)
            ),
        )
    }

    /// What is no receipt handle of this queue.
    pub(super) fn receipt_handle_is_invalid() -> Self {
        let message = "The input receipt handle is invalid.".to_owned();
        let error = Self::new("com.amazonaws.sqs#ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", message);
        Self { status: StatusCode::NOT_FOUND, ..error }
    }

    /// An attribute that this queue does not have.
    pub(super) fn invalid_attribute_name(name: &str) -> Self {
        let message = format!("Unknown Attribute {name}.");
        Self::new("com.amazonaws.sqs#InvalidAttributeName", "InvalidAttributeName", message)
    }

    /// Something that SQS has and this crate has not.
    pub(super) fn unsupported_operation(message: String) -> Self {
        Self::new(
            "com.amazonaws.sqs#UnsupportedOperation",
            "AWS.SimpleQueueService.UnsupportedOperation",
            message,
        )
    }

    /// A request that cannot be read.
    pub(super) fn malformed_input(message: String) -> Self {
        Self::new("com.amazon.coral.service#SerializationException", "MalformedInput", message)
    }
}
