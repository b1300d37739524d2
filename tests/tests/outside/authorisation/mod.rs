//! Who may do what: every route of the template and every kind of frame, asked by everybody there is.
//!
//! The modules hold tables. A [`Row`] is a call and what each of a [`Scene`]'s people is answered: those who
//! have a part in the thing that it is about, those who had one, those who never had, in the scene's own
//! order. Whoever has no good credential of the row's surface, or another surface's, must be refused in one
//! way, which is the scene's, unless the row says something else. A new route needs a row in the table of its
//! surface, and nothing more; `routes` fails until it has one. What is done with a row is in `engine`.

mod accounts;
mod bot;
mod conversations;
mod credentials;
mod direct;
mod engine;
mod frames;
mod groups;
mod members;
mod operator;
mod people;
mod rooms;
mod routes;
mod web_chats;
mod web_users;

use serde_json::Value;
use tests::Stack;

use credentials::{Credential, Surface, Wallet};

/// An id that nothing has.
const NOBODY: &str = "1";

/// A call, and what everybody is answered.
#[derive(Clone, Copy, Debug)]
struct Row {
    method: &'static str,
    /// The path as the template has it. Its parameters, and all that stands in braces in the query and the
    /// body, are [`Thing::values`] by their names.
    route: &'static str,
    query: &'static str,
    body: Body,
    /// A parameter of the path, and the value that stands for it instead of its own.
    instead: Option<(&'static str, &'static str)>,
    /// The status for each of the scene's people.
    cells: &'static [u16],
    /// Credentials that are not good here, and are answered something else than everywhere.
    exceptions: &'static [(&'static str, u16)],
    is_open: bool,
    ends_session: bool,
    shows: bool,
    hides: bool,
}

/// The body of a call.
#[derive(Clone, Copy, Debug)]
enum Body {
    None,
    Json(&'static str),
    Form(&'static str),
}

/// A row without query and body.
const fn row(method: &'static str, route: &'static str, cells: &'static [u16]) -> Row {
    Row {
        method,
        route,
        query: "",
        body: Body::None,
        instead: None,
        cells,
        exceptions: &[],
        is_open: false,
        ends_session: false,
        shows: false,
        hides: false,
    }
}

/// A row of a call that needs no credential: everybody is answered the same, whatever is shown.
const fn open(method: &'static str, route: &'static str, cell: &'static [u16; 1]) -> Row {
    Row { is_open: true, ..row(method, route, cell) }
}

impl Row {
    const fn query(self, query: &'static str) -> Self {
        Self { query, ..self }
    }

    const fn json(self, body: &'static str) -> Self {
        Self { body: Body::Json(body), ..self }
    }

    const fn form(self, body: &'static str) -> Self {
        Self { body: Body::Form(body), ..self }
    }

    /// With another value for a parameter of the path.
    const fn with(self, parameter: &'static str, value: &'static str) -> Self {
        Self { instead: Some((parameter, value)), ..self }
    }

    /// Credentials of this name, which are not good here, are answered this status.
    const fn but(self, exceptions: &'static [(&'static str, u16)]) -> Self {
        Self { exceptions, ..self }
    }

    /// Whoever may do it has ended its own session.
    const fn ends_session(self) -> Self {
        Self { ends_session: true, ..self }
    }

    /// Those who take part see the thing's mark in the answer.
    const fn shows(self) -> Self {
        Self { shows: true, ..self }
    }

    /// Refusals with 403, too, are the same whether or not there is such a thing.
    const fn hides(self) -> Self {
        Self { hides: true, ..self }
    }
}

/// Something that calls are about, always a new one.
#[derive(Clone, Debug, Default)]
struct Thing {
    /// What rows name in braces.
    values: Vec<(&'static str, String)>,
    /// A text that only those who take part may see.
    mark: String,
}

impl Thing {
    /// The same with other values.
    fn with(&self, others: &[(&'static str, &str)]) -> Self {
        let mut thing = self.clone();
        for (name, value) in &mut thing.values {
            if let Some((_, other)) = others.iter().find(|(known, _)| known == name) {
                (*other).clone_into(value);
            }
        }
        thing
    }

    /// A text with the values in it.
    fn fill(&self, text: &str) -> String {
        let fill = |text: String, (name, value): &(&str, String)| text.replace(&format!("{{{name}}}"), value);
        self.values.iter().fold(text.to_owned(), fill)
    }

    /// A value.
    fn value(&self, name: &str) -> &str {
        let value = self.values.iter().find(|(known, _)| *known == name);
        value.map_or_else(|| panic!("a thing without {name}: {self:?}"), |(_, value)| value)
    }
}

/// People and what is between them. Nobody else on the stack knows them.
trait Scene: Sized {
    /// Whose credentials are good.
    const SURFACE: Surface;
    /// How many of the people take part: those who stand first.
    const INSIDE: usize;

    async fn new(stack: &Stack) -> Self;

    /// The people, as many as a row has cells, with their credentials of this surface.
    fn people(&self) -> Vec<Credential>;

    /// Credentials of this surface that are not good any more.
    fn ended(&self) -> Vec<Credential>;

    /// The credentials of all surfaces, as far as one person can have them: the owner's.
    fn wallet(&self) -> &Wallet;

    /// A new thing.
    async fn thing(&self) -> Thing;

    /// The same values with ids that nothing has.
    fn nothing(&self, thing: &Thing) -> Thing;

    /// All that those who take part can see of a thing.
    async fn view(&self, thing: &Thing) -> Value;
}
