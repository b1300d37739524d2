//! What a process has done, put together of two halves: that an invocation has ended, and the line that the function
//! wrote about it. They come by different ways, and either may be the first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::events::{Events, Happening, Invocation};
use crate::sync::lock;

/// What a line about an invocation has, and no other.
const MARK: &str = "\"storageCalls\":";
/// How long a line may come after the end. It was written before it; a function that failed may have written none.
const LATE: Duration = Duration::from_millis(500);

/// The halves that wait for each other.
#[derive(Clone, Debug)]
pub(super) struct Account {
    events: Events,
    halves: Arc<Mutex<Halves>>,
}

#[derive(Debug, Default)]
struct Halves {
    /// Invocations that have ended, the oldest first.
    ended: VecDeque<Invocation>,
    /// The newest line that nothing has asked for. A process works on one invocation at a time.
    line: Option<String>,
}

impl Account {
    /// One that notes what is whole.
    pub(super) fn new(events: Events) -> Self {
        Self { events, halves: Arc::default() }
    }

    /// An invocation has ended.
    pub(super) fn ended(&self, mut invocation: Invocation) {
        let mut halves = lock(&self.halves);
        if let Some(line) = halves.line.take_if(|line| line.contains(&invocation.request_id)) {
            invocation.line = Some(line);
            return self.note(invocation);
        }
        let (account, id) = (self.clone(), invocation.request_id.clone());
        halves.ended.push_back(invocation);
        tokio::spawn(async move {
            tokio::time::sleep(LATE).await;
            account.settle(&mut lock(&account.halves), |ended| ended.request_id == id, None);
        });
    }

    /// The function wrote a line.
    pub(super) fn told(&self, line: &str) {
        if !line.contains(MARK) {
            return;
        }
        let mut halves = lock(&self.halves);
        if !self.settle(&mut halves, |ended| line.contains(&ended.request_id), Some(line)) {
            halves.line = Some(line.to_owned());
        }
    }

    /// Notes an invocation that waits, with its line, and those before it: lines come in their order. False if it does
    /// not wait.
    fn settle(&self, halves: &mut Halves, is_it: impl Fn(&Invocation) -> bool, line: Option<&str>) -> bool {
        let Some(position) = halves.ended.iter().position(is_it) else { return false };
        for (index, mut invocation) in halves.ended.drain(..=position).enumerate() {
            if index == position {
                invocation.line = line.map(str::to_owned);
            }
            self.note(invocation);
        }
        true
    }

    fn note(&self, invocation: Invocation) {
        self.events.note(Happening::Invocation(invocation));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Source;

    fn invocation(id: &str) -> Invocation {
        Invocation {
            request_id: id.to_owned(),
            function: "F".to_owned(),
            source: Source::new("a test"),
            waited: Duration::ZERO,
            took: Duration::ZERO,
            is_cold: Some(false),
            error: None,
            line: None,
        }
    }

    fn line(id: &str) -> String {
        format!(r#"{{"requestId":"{id}","storageCalls":1}}"#)
    }

    #[tokio::test]
    async fn either_half_may_be_the_first_and_a_line_may_be_missing() {
        let events = Events::default();
        let account = Account::new(events.clone());
        account.told(&line("r-1"));
        account.ended(invocation("r-1"));
        account.ended(invocation("r-2"));
        account.told("what else it writes about r-2");
        account.told(&line("r-2"));
        assert_eq!(events.lines(), [Some(line("r-1")), Some(line("r-2"))]);

        account.ended(invocation("r-3"));
        account.ended(invocation("r-4"));
        assert_eq!(events.lines().len(), 2, "they wait");
        account.told(&line("r-4"));
        assert_eq!(events.lines()[2..], [None, Some(line("r-4"))], "in their order");

        account.ended(invocation("r-5"));
        let noted = async {
            while events.lines().len() < 5 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(LATE * 40, noted).await.expect("it is not waited for forever");
        assert_eq!(events.lines()[4], None);
    }
}
