//! A model behind Amazon Bedrock, through its Converse API.

use super::{Turn, Unanswered};
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::retry::RetryConfig;
use aws_sdk_bedrockruntime::config::timeout::TimeoutConfig;
use aws_sdk_bedrockruntime::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::operation::converse::ConverseOutput;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, InferenceConfiguration, Message, SystemContentBlock,
};
use std::time::Duration;

/// The longest that a question waits, a second attempt included. API Gateway gives up after 29 seconds, and
/// the question and the answer have to be stored and sent within them too.
const PATIENCE: Duration = Duration::from_secs(20);
/// A model that is busy may be asked once more; waiting longer for it would use up the time.
const ATTEMPTS: u32 = 2;
/// Which part of the time is left between the two attempts at most: a second.
const BREATH: u32 = 20;
/// Turns before the question that the model gets to read.
const TURNS: usize = 20;
/// Bytes of these turns: a model is paid by what it reads, and small ones read no more.
const TURNS_BYTES: usize = 32 * 1024;
/// Longest answer, in the model's units: some 4 KiB of English.
const MAX_TOKENS: i32 = 1_024;
const INSTRUCTIONS: &str = "You are the bot of a chat and talk to one of its users. Answer in the language \
    of the user's last message, in plain text, friendly and briefly: a few sentences unless the user asks \
    for more. Say so when you do not know something.";

/// A model by its id.
#[derive(Clone, Debug)]
pub struct Model {
    client: Client,
    id: String,
}

impl Model {
    /// A model over an SDK client. `id` is a foundation model's or an inference profile's.
    pub fn new(client: &Client, id: String) -> Self {
        Self::with_patience(client, id, PATIENCE)
    }

    /// How long a model may take is for this file to say: the client's own limits are those of storage.
    fn with_patience(client: &Client, id: String, patience: Duration) -> Self {
        let timeouts = client.config().timeout_config().map(TimeoutConfig::to_builder).unwrap_or_default();
        let retries = client.config().retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let config = client
            .config()
            .to_builder()
            // An attempt may take all the time there is: what is slow once is slow twice.
            .timeout_config(timeouts.operation_attempt_timeout(patience).operation_timeout(patience).build())
            .retry_config(retries.with_max_attempts(ATTEMPTS).with_initial_backoff(patience / BREATH))
            .build();
        Self { client: Client::from_conf(config), id }
    }

    /// The model's answer to a question that is not blank.
    pub(super) async fn answer(&self, history: &[Turn], question: &str) -> Result<String, Unanswered> {
        let messages = conversation(history, question).into_iter().map(Said::into_message);
        let messages =
            messages.collect::<Result<_, _>>().map_err(|error| Unanswered::Failed(error.into()))?;
        let output = self
            .client
            .converse()
            .model_id(&self.id)
            .system(SystemContentBlock::Text(INSTRUCTIONS.to_owned()))
            .set_messages(Some(messages))
            .inference_config(InferenceConfiguration::builder().max_tokens(MAX_TOKENS).build())
            .send()
            .await
            .map_err(|error| match &error {
                SdkError::TimeoutError(_) => Unanswered::TooSlow,
                SdkError::ServiceError(refusal) if refusal.err().is_model_timeout_exception() => {
                    Unanswered::TooSlow
                }
                // The rest of it may hold what was said.
                _ => Unanswered::Failed(format!("Bedrock: {}", error.code().unwrap_or("no answer")).into()),
            })?;
        text(&output).ok_or(Unanswered::Empty)
    }
}

/// What one side said until the other spoke.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    is_user: bool,
    text: String,
}

impl Said {
    fn into_message(self) -> Result<Message, BuildError> {
        let role = if self.is_user { ConversationRole::User } else { ConversationRole::Assistant };
        Message::builder().role(role).content(ContentBlock::Text(self.text)).build()
    }
}

/// The end of the conversation as Converse wants it: the user begins, the two take turns, nobody says
/// nothing.
fn conversation(history: &[Turn], question: &str) -> Vec<Said> {
    let mut room = TURNS_BYTES;
    let fitting = history.iter().rev().take(TURNS).take_while(|turn| {
        let fits = turn.text.len() <= room;
        room = room.saturating_sub(turn.text.len());
        fits
    });
    let turns = fitting.count();
    let mut conversation: Vec<Said> = Vec::with_capacity(turns + 1);
    let before = history[history.len() - turns..].iter().map(|turn| (turn.is_user, turn.text.as_str()));
    for (is_user, text) in before.chain([(true, question)]) {
        if text.trim().is_empty() {
            continue;
        }
        match conversation.last_mut() {
            Some(last) if last.is_user == is_user => {
                last.text.push_str("\n\n");
                last.text.push_str(text);
            }
            None if !is_user => {}
            _ => conversation.push(Said { is_user, text: text.to_owned() }),
        }
    }
    conversation
}

/// The text of an answer: nothing of how the model came to it.
fn text(output: &ConverseOutput) -> Option<String> {
    let message = output.output()?.as_message().ok()?;
    let text: String = message.content().iter().filter_map(|block| block.as_text().ok()).cloned().collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::Engine;
    use super::*;
    use crate::text::MAX_MESSAGE_BYTES;
    use aws_credential_types::Credentials;
    use aws_sdk_bedrockruntime::Config;
    use aws_sdk_bedrockruntime::config::{BehaviorVersion, Region, RuntimeComponents};
    use aws_smithy_runtime_api::client::http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::sync::{Arc, Mutex};

    /// Bedrock, as far as it is needed: gives the same answer to every request, or none, and notes them.
    #[derive(Clone, Debug)]
    struct Bedrock {
        answer: Option<(u16, String)>,
        requests: Arc<Mutex<Vec<(String, Value)>>>,
    }

    impl Bedrock {
        fn new(status: u16, answer: Value) -> Self {
            Self { answer: Some((status, answer.to_string())), requests: Arc::default() }
        }

        fn saying(content: Value) -> Self {
            let message = json!({ "role": "assistant", "content": content });
            let usage = json!({ "inputTokens": 1, "outputTokens": 1, "totalTokens": 2 });
            Self::new(
                200,
                json!({ "output": { "message": message }, "stopReason": "end_turn", "usage": usage,
                    "metrics": { "latencyMs": 1 } }),
            )
        }

        fn silent() -> Self {
            Self { answer: None, requests: Arc::default() }
        }

        async fn answer(&self, history: &[Turn], question: &str) -> Result<String, Unanswered> {
            let config = Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("eu-north-1"))
                .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
                .http_client(self.clone())
                .build();
            let client = Client::from_conf(config);
            let model = Model::with_patience(&client, "some.model-v1:0".to_owned(), Duration::from_secs(1));
            Engine::Model(model).answer(history, question).await
        }

        fn requests(&self) -> Vec<(String, Value)> {
            self.requests.lock().expect("a lock").clone()
        }
    }

    impl HttpClient for Bedrock {
        fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
            SharedHttpConnector::new(self.clone())
        }
    }

    impl HttpConnector for Bedrock {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let body = request.body().bytes().and_then(|body| serde_json::from_slice(body).ok());
            let noted = (request.uri().to_owned(), body.unwrap_or_default());
            self.requests.lock().expect("a lock").push(noted);
            let Some((status, answer)) = self.answer.clone() else {
                return HttpConnectorFuture::new(std::future::pending());
            };
            let status = status.try_into().expect("a status");
            HttpConnectorFuture::ready(Ok(HttpResponse::new(status, answer.into())))
        }
    }

    fn turns(texts: &[(bool, &str)]) -> Vec<Turn> {
        texts.iter().map(|&(is_user, text)| Turn { is_user, text: text.to_owned() }).collect()
    }

    fn spoken(conversation: &[Said]) -> Vec<(bool, &str)> {
        conversation.iter().map(|said| (said.is_user, said.text.as_str())).collect()
    }

    #[tokio::test]
    async fn the_model_reads_the_conversation_and_its_answer_is_given() {
        let thinking = json!({ "reasoningContent": { "reasoningText": { "text": "hm" } } });
        let bedrock = Bedrock::saying(json!([thinking, { "text": " Hi " }, { "text": "Ann. " }]));
        let history = turns(&[(true, "Hello"), (false, "Who is there?")]);
        let answer = bedrock.answer(&history, "Ann").await.expect("an answer");
        assert_eq!(answer, "Hi Ann.");

        let requests = bedrock.requests();
        let [(uri, body)] = requests.as_slice() else { panic!("one request, not {requests:?}") };
        assert!(
            uri.ends_with("bedrock-runtime.eu-north-1.amazonaws.com/model/some.model-v1%3A0/converse"),
            "{uri}"
        );
        let said = |role: &str, text: &str| json!({ "role": role, "content": [{ "text": text }] });
        let expected =
            json!([said("user", "Hello"), said("assistant", "Who is there?"), said("user", "Ann")]);
        assert_eq!(body["messages"], expected);
        assert_eq!(body["system"], json!([{ "text": INSTRUCTIONS }]));
        assert_eq!(body["inferenceConfig"], json!({ "maxTokens": MAX_TOKENS }));
    }

    #[tokio::test]
    async fn a_long_answer_is_cut_and_an_empty_one_is_none() {
        let bedrock = Bedrock::saying(json!([{ "text": "é".repeat(MAX_MESSAGE_BYTES) }]));
        assert_eq!(bedrock.answer(&[], "Well?").await.expect("an answer").len(), MAX_MESSAGE_BYTES);
        for content in [json!([]), json!([{ "text": " \n" }])] {
            let answer = Bedrock::saying(content).answer(&[], "Well?").await;
            assert!(matches!(answer, Err(Unanswered::Empty)), "{answer:?}");
        }
    }

    #[tokio::test]
    async fn what_goes_wrong_is_tried_twice_at_most_and_told() {
        let refused = json!({ "message": "no such model" });
        for (status, attempts) in [(400, 1), (403, 1), (501, 1), (500, 2), (503, 2)] {
            let bedrock = Bedrock::new(status, refused.clone());
            let answer = bedrock.answer(&[], "Well?").await;
            assert!(matches!(&answer, Err(Unanswered::Failed(_))), "{status}: {answer:?}");
            assert_eq!(bedrock.requests().len(), attempts, "{status}");
        }
        let late = Bedrock::new(408, json!({ "__type": "ModelTimeoutException", "message": "late" }));
        assert!(matches!(late.answer(&[], "Well?").await, Err(Unanswered::TooSlow)));
    }

    #[tokio::test]
    async fn a_silent_model_is_not_waited_for() {
        let bedrock = Bedrock::silent();
        assert!(matches!(bedrock.answer(&[], "Well?").await, Err(Unanswered::TooSlow)));
        assert_eq!(bedrock.requests().len(), 1);
    }

    #[tokio::test]
    async fn a_blank_question_is_not_for_the_model() {
        let bedrock = Bedrock::silent();
        assert!(!bedrock.answer(&[], " \n").await.expect("an answer").is_empty());
        assert!(bedrock.requests().is_empty());
    }

    #[test]
    fn neighbours_are_joined_and_the_user_begins() {
        let history = turns(&[
            (false, "Welcome"),
            (true, "One"),
            (true, " "),
            (true, "Two"),
            (false, "Yes?"),
            (false, ""),
            (true, "Three"),
        ]);
        let expected = [(true, "One\n\nTwo"), (false, "Yes?"), (true, "Three\n\nFour")];
        assert_eq!(spoken(&conversation(&history, "Four")), expected);
    }

    #[test]
    fn only_the_end_of_a_long_conversation_is_read() {
        let many: Vec<Turn> = (0..50).map(|n| Turn { is_user: n % 2 == 0, text: n.to_string() }).collect();
        let read = conversation(&many, "?");
        assert_eq!((read.len(), read[0].text.as_str()), (TURNS + 1, "30"));

        let long: Vec<Turn> =
            (0..10).map(|n| Turn { is_user: n % 2 == 0, text: "x".repeat(TURNS_BYTES / 4) }).collect();
        assert_eq!(conversation(&long, "?").len(), 5);
    }

    proptest! {
        #[test]
        fn every_conversation_keeps_the_rules_of_converse(
            history in prop::collection::vec((any::<bool>(), "[ \na]{0,3}"), 0..30),
            question in "[ \n]{0,2}a",
        ) {
            let history: Vec<Turn> =
                history.into_iter().map(|(is_user, text)| Turn { is_user, text }).collect();
            let said = conversation(&history, &question);
            prop_assert!(said.iter().enumerate().all(|(place, said)| said.is_user == (place % 2 == 0)));
            prop_assert!(said.iter().all(|said| !said.text.trim().is_empty()));
            let last = said.last().expect("the question");
            prop_assert!(last.is_user && last.text.ends_with(&question));
        }
    }
}
