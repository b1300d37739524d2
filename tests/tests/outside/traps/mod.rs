//! Traps for every field of every route and every frame: texts of all scripts and none, sizes at their limits
//! and one over, numbers that are none, and what no encoder would write.
//!
//! The modules of surfaces hold tables: a [`Route`] and its [`Field`]s, each of a [`Kind`]. From the kind
//! come the traps (`texts`, `numbers`, `words`), and from a trap the verdict. What is taken is read back as
//! it was sent, by who sent it and by the other one. What is refused is refused in the envelope, and nothing
//! has changed. A new route needs a row in the table of its surface; `routes` fails until it has one. What is
//! done with a row is in `engine`.

mod accounts;
mod bodies;
mod bot;
mod conversations;
mod credentials;
mod direct;
mod engine;
mod frames;
mod groups;
mod mailbox;
mod numbers;
mod platform_chats;
mod rooms;
mod routes;
mod shot;
mod signed;
mod texts;
mod twins;
mod web_chats;
mod web_users;
mod words;

use serde_json::Value;
use tests::{Answer, Stack, User, WebUser, unique};

use crate::common::{column, seen};
use shot::{Part, Sent};

/// A route, and all that it reads of a request.
#[derive(Clone, Copy, Debug)]
struct Route {
    method: &'static str,
    /// The path as the template has it.
    route: &'static str,
    /// Who calls.
    by: By,
    body: Body,
    fields: &'static [Field],
    /// Whether what is refused could have changed something.
    is_read: bool,
}

/// Whose credential a route takes, and how it is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// Nobody's.
    Nobody,
    /// Nobody's, on the web surface, which has its own set of statuses.
    WebNobody,
    /// A login token in `authentication`.
    Login,
    /// The cookies `user_id` and `token`.
    Web,
    /// The cookie `session`.
    Guest,
    /// An access token in `Authorization`.
    Access,
    /// The backend key in `Authorization`.
    Key,
    /// Nobody's but that of a field of the route's own.
    Field,
}

/// The content types that a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    None,
    Json,
    Form,
    Either,
    /// JSON where forms are taken, too, but cannot say this.
    JsonOfEither,
}

/// Where a field stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Path,
    Query,
    Body,
    Header,
}

/// Something that a route reads.
#[derive(Clone, Copy, Debug)]
struct Field {
    place: Place,
    name: &'static str,
    kind: Kind,
    /// Whether the route does without it.
    is_optional: bool,
    /// Whether `null` is as good as nothing, where the route does without it.
    is_nullable: bool,
    kept: Kept,
}

/// How what is taken can be read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// Not at all.
    No,
    /// All that was sent, in its order.
    All,
    /// What was sent last.
    Last,
}

/// What a field means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A message's text: 1 byte to 16 KiB of anything.
    Message,
    /// A title or a name that need not be unique: 1 to 100 characters, none of them a control character.
    Title,
    /// A name that nobody else has.
    UserName,
    /// A name to look for: what nobody has is 404.
    KnownName,
    /// What describes a chat of a platform: up to 1,000 characters of anything.
    Description,
    /// A password to be set.
    Password,
    /// An address to be confirmed.
    Email,
    /// What somebody logs in with: whatever it is, it is a text, and the wrong one.
    Login,
    /// An id, and what a route answers about one that nothing has.
    Id(u16),
    /// The place of a message in its chat, and the answer where there is none.
    Seq(u16),
    /// How many rows.
    Count,
    /// From which row on.
    Offset,
    /// A moment, RFC 3339.
    Moment,
    /// The id that a list goes on after.
    Cursor,
    Latitude,
    Longitude,
    Radius,
    Capacity,
    /// One of some words.
    Word(&'static [&'static str]),
    /// The name that a platform gives to a chat, and the answer about one that it has not given.
    ChatName(u16),
    /// The name that a platform gives to a user.
    MemberName,
    /// A public key.
    PublicKey,
    /// Something secret, and the answer to what is none.
    Secret(u16),
    /// A credential in a field: whatever is wrong with it, there is none.
    Credential,
    /// What a client names a message by: 1 to 128 bytes of anything.
    Hash,
    /// Milliseconds since the epoch, and the answer to another time than the present one.
    Millis(u16),
    /// An array.
    Array,
    /// A UUID, and the answer about one that nothing has.
    Uuid(u16),
    /// The key that makes two sends one.
    Key,
}

const fn route(method: &'static str, route: &'static str, by: By, fields: &'static [Field]) -> Route {
    let is_read = matches!(method.as_bytes(), b"GET");
    Route { method, route, by, body: Body::None, fields, is_read }
}

impl Route {
    /// With a body of JSON.
    const fn json(self) -> Self {
        Self { body: Body::Json, ..self }
    }

    /// With a form as its body.
    const fn form(self) -> Self {
        Self { body: Body::Form, ..self }
    }

    /// With a body of either kind.
    const fn either(self) -> Self {
        Self { body: Body::Either, ..self }
    }

    /// With a body of JSON, where a form of other fields is taken, too.
    const fn json_of_either(self) -> Self {
        Self { body: Body::JsonOfEither, ..self }
    }

    /// Changes something although it is a GET.
    const fn writes(self) -> Self {
        Self { is_read: false, ..self }
    }

    /// A status as the surface of the route has it.
    fn status(&self, status: u16) -> u16 {
        match (self.by, status) {
            (By::Web, 401) => 403,
            (By::Web | By::WebNobody, 401 | 409 | 413 | 415) => 400,
            _ => status,
        }
    }
}

const fn field(place: Place, name: &'static str, kind: Kind) -> Field {
    Field { place, name, kind, is_optional: false, is_nullable: true, kept: Kept::No }
}

/// A parameter of the path.
const fn path(name: &'static str, kind: Kind) -> Field {
    field(Place::Path, name, kind)
}

/// A parameter of the query.
const fn query(name: &'static str, kind: Kind) -> Field {
    Field { is_optional: true, ..field(Place::Query, name, kind) }
}

/// A field of the body.
const fn body(name: &'static str, kind: Kind) -> Field {
    field(Place::Body, name, kind)
}

/// The header that makes two sends one.
const KEY: Field = Field { is_optional: true, ..field(Place::Header, "idempotency-key", Kind::Key) };
/// The window of a list.
const COUNT: Field = query("count", Kind::Count);
const OFFSET: Field = query("offset", Kind::Offset);
const UNTIL: Field = query("until", Kind::Moment);
/// Later than any message.
const LATER: &str = "2100-01-01T00:00:00.000Z";
/// `next` of a history is a moment.
const NEXT: Field = query("next", Kind::Moment);

impl Field {
    const fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }

    const fn not_null(self) -> Self {
        Self { is_nullable: false, ..self }
    }

    const fn needed(self) -> Self {
        Self { is_optional: false, ..self }
    }

    /// All of it can be read back.
    const fn kept(self) -> Self {
        Self { kept: Kept::All, ..self }
    }

    /// The last of it can be read back.
    const fn replaced(self) -> Self {
        Self { kept: Kept::Last, ..self }
    }
}

/// Something that a client should not send, or should be able to.
#[derive(Clone, Debug)]
struct Trap {
    name: String,
    sent: Sent,
    verdict: Verdict,
}

/// What must become of a trap.
#[derive(Clone, Debug, PartialEq)]
enum Verdict {
    /// It is taken, and what is read back is this.
    Kept(Value),
    /// It is taken.
    Taken,
    /// It is refused with this status, as surfaces other than the web's have it.
    Refused(u16),
}

impl Trap {
    /// A text that is taken and kept.
    fn kept(name: &str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self::as_(name, Sent::Text(text.clone()), text)
    }

    /// A text that is refused as invalid.
    fn refused(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), sent: Sent::Text(text.into()), verdict: Verdict::Refused(400) }
    }

    /// A text that is taken.
    fn taken(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), sent: Sent::Text(text.into()), verdict: Verdict::Taken }
    }

    /// What is sent without being encoded, and is refused as invalid.
    fn raw(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.to_owned(), sent: Sent::Raw(bytes.into()), verdict: Verdict::Refused(400) }
    }

    /// What is sent, and what it is read as.
    fn as_(name: &str, sent: Sent, read: impl Into<Value>) -> Self {
        Self { name: name.to_owned(), sent, verdict: Verdict::Kept(read.into()) }
    }

    /// The same with another verdict.
    fn but(self, verdict: Verdict) -> Self {
        Self { verdict, ..self }
    }
}

/// Good values of a route's fields by their names, as texts.
type Values = Vec<(&'static str, String)>;

/// People, what is between them, and what they see of it.
trait Scene: Sized {
    /// Who calls: a header and its value, where the surface has one.
    fn credential(&self, by: By) -> Option<(&'static str, String)>;

    /// Good values of a route's fields. A call with them is taken, each time that they are asked for anew.
    async fn good(&self, route: &Route) -> Values;

    /// A body that is not just its fields, one beside the other.
    fn write(&self, _: &Route, _: &[Part]) -> Option<Vec<u8>> {
        None
    }

    /// All that a call could change, as those see it who may.
    async fn view(&self, route: &Route) -> Value;

    /// What each of those who may sees of a field that is kept, in the order of these answers.
    async fn shown(&self, _: &Route, field: &Field, _: &[Answer]) -> Vec<Vec<Value>> {
        panic!("{} is not kept", field.name)
    }
}

/// Somebody with a login token.
async fn somebody(stack: &Stack) -> User {
    WebUser::new(stack).await.header_user(stack).await
}

/// A short text that no other test uses.
fn stem() -> String {
    unique("").trim_start_matches('-')[..12].to_owned()
}
