//! What can be asked for that changes something, and among whom.

use std::time::{Duration, Instant};

use futures::future::{FutureExt as _, LocalBoxFuture};
use serde_json::Value;
use tests::{Call, User};

use super::Stage;

/// How long what is said to become so may take. What is not so by then is wrong, whatever it becomes later.
const SOON: Duration = Duration::from_secs(10);
/// How long a client waits before it asks or looks again.
pub(super) const REST: Duration = Duration::from_millis(20);

/// A request that is made when it is awaited; it gives the status of the answer.
pub(super) type Request<'a> = LocalBoxFuture<'a, u16>;

/// An operation that changes something.
pub(super) struct Operation<S: 'static> {
    /// What invokes the function, as the template has it: a method and a path, a route key of the socket, or the type of
    /// another event and its function.
    pub(super) route: &'static str,
    /// The executable that carries it out.
    pub(super) function: &'static str,
    /// Asks for it. Asked for again it is the same request, with the same idempotency key where there is one.
    pub(super) request: for<'a> fn(&'a S) -> Request<'a>,
    /// What a request for what has been carried out may be answered instead of a success.
    pub(super) done: &'static [u16],
    /// Why it is carried out again when it is asked for again, if it is.
    pub(super) each_time: Option<&'static str>,
    /// What may be in a state of its own where the operation was broken off and nobody asks again, by names of
    /// fields, and why.
    pub(super) lags: (&'static [&'static str], &'static str),
    /// Why it may be carried out in part where it was broken off and nobody asks again, if it may: each thing is as it
    /// was, or as it is to be.
    pub(super) in_part: Option<&'static str>,
}

/// An operation that changes nothing more when it is asked for again.
pub(super) const fn operation<S>(
    route: &'static str,
    function: &'static str,
    request: for<'a> fn(&'a S) -> Request<'a>,
) -> Operation<S> {
    Operation { route, function, request, done: &[], each_time: None, lags: (&[], ""), in_part: None }
}

impl<S> Operation<S> {
    /// Where it has been carried out, the answer may be one of these.
    pub(super) const fn then(self, done: &'static [u16]) -> Self {
        Self { done, ..self }
    }

    /// It is carried out as often as it is asked for, for this reason.
    pub(super) const fn each_time(self, reason: &'static str) -> Self {
        Self { each_time: Some(reason), ..self }
    }

    /// Broken off and not repeated, it may leave these fields in a state of their own, for this reason.
    pub(super) const fn lagging(self, fields: &'static [&'static str], reason: &'static str) -> Self {
        Self { lags: (fields, reason), ..self }
    }

    /// Broken off and not repeated, it may be carried out in part, for this reason.
    pub(super) const fn in_part(self, reason: &'static str) -> Self {
        Self { in_part: Some(reason), ..self }
    }

    /// Whether an answer tells what has become of it.
    pub(super) fn is_final(&self, status: u16) -> bool {
        is_success(status) || self.done.contains(&status)
    }
}

/// Whether an answer tells that something was carried out.
pub(super) fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// The routes of some operations.
pub(super) fn routes<S>(operations: &[Operation<S>]) -> impl Iterator<Item = &'static str> {
    operations.iter().map(|operation| operation.route)
}

/// A call over HTTP as a request.
pub(super) fn status(call: Call) -> Request<'static> {
    async { call.await.status.as_u16() }.boxed_local()
}

/// What operations are about: always new things, though the people may be those of other scenes.
pub(super) trait Scene: Sized {
    /// The people.
    type Cast;

    /// Things that nobody has done anything to.
    async fn set(stage: &Stage, cast: &Self::Cast) -> Self;

    /// What goes on by itself once a process was killed.
    async fn settle(&self, _stage: &Stage) {}

    /// Everything that everybody sees of it. Seeing changes nothing.
    async fn seen(&self) -> Value;

    /// Names for ids and texts that are others in each scene.
    fn names(&self) -> Vec<(String, &'static str)>;

    /// What everybody sees when they go on.
    async fn go_on(&self) -> Value {
        Value::Null
    }
}

/// What tells of a user: its id and its last name.
pub(super) fn names_of(user: &User, id: &'static str, name: &'static str) -> Vec<(String, &'static str)> {
    vec![(user.id.to_string(), id), (user.applicant.last_name.clone(), name)]
}

/// Whether something becomes so within a time in which everything that goes on by itself has ended.
pub(super) async fn soon(mut is_so: impl AsyncFnMut() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < SOON {
        if is_so().await {
            return true;
        }
        tokio::time::sleep(REST).await;
    }
    false
}
