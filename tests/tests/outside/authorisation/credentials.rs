//! What people show to say who they are, and how.

use tests::{Caller as _, Guest, Member, Stack, User, WebUser};

/// One of those that the contract's table of carriers has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Surface {
    /// Direct chats, rooms, groups, the bot, accounts.
    Login,
    /// The form-and-cookie API.
    Web,
    /// Conversations.
    Conversations,
    /// A platform's users.
    Access,
    /// What trades an old token for new ones. It is carried in the body.
    Refresh,
    /// A platform's backend.
    Backend,
}

impl Surface {
    const ALL: [Self; 6] =
        [Self::Login, Self::Web, Self::Conversations, Self::Access, Self::Refresh, Self::Backend];

    /// The name of its credential.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Login => "login token",
            Self::Web => "web cookies",
            Self::Conversations => "conversations cookie",
            Self::Access => "access token",
            Self::Refresh => "refresh token",
            Self::Backend => "backend key",
        }
    }

    /// The status that whoever has no good credential is refused with.
    pub(super) fn unauthenticated(self) -> u16 {
        if self == Self::Web { 403 } else { 401 }
    }

    /// A header that carries a credential of this surface. `user` is who it is said to be, where that is
    /// said.
    fn header(self, user: u64, text: &str) -> Option<(&'static str, String)> {
        match self {
            Self::Login => Some(("authentication", text.to_owned())),
            Self::Web => Some(("cookie", format!("user_id={user}; token={text}"))),
            Self::Conversations => Some(("cookie", format!("session={text}"))),
            Self::Access | Self::Backend => Some(("authorization", format!("Bearer {text}"))),
            Self::Refresh => None,
        }
    }
}

/// Something to show, and the name of who shows it or of what it is.
#[derive(Clone, Debug)]
pub(super) struct Credential {
    /// The name.
    pub(super) name: String,
    /// What carries it.
    pub(super) header: Option<(&'static str, String)>,
    /// The text of it, for rows that have it in their body as `{credential}`.
    pub(super) text: String,
}

impl Credential {
    /// None at all.
    pub(super) fn none() -> Self {
        Self { name: "anonymous".to_owned(), header: None, text: String::new() }
    }

    /// A credential of a surface, in its own carrier.
    pub(super) fn of(surface: Surface, name: &str, user: u64, text: &str) -> Self {
        Self { name: name.to_owned(), header: surface.header(user, text), text: text.to_owned() }
    }

    /// A login token.
    pub(super) fn login(name: &str, user: &User) -> Self {
        Self::of(Surface::Login, name, user.id, &user.token)
    }

    /// The pair of cookies.
    pub(super) fn web(name: &str, user: &WebUser) -> Self {
        Self::of(Surface::Web, name, user.id, &user.token)
    }

    /// The cookie of conversations.
    pub(super) fn guest(name: &str, guest: &Guest) -> Self {
        Self::of(Surface::Conversations, name, 0, &guest.session)
    }

    /// An access token.
    pub(super) fn access(name: &str, member: &Member) -> Self {
        Self::of(Surface::Access, name, 0, &member.access)
    }
}

/// A credential of every surface.
#[derive(Clone, Debug)]
pub(super) struct Wallet {
    pub(super) user: User,
    pub(super) web: WebUser,
    pub(super) guest: Guest,
    pub(super) member: Member,
    pub(super) key: String,
}

impl Wallet {
    fn text(&self, surface: Surface) -> &str {
        match surface {
            Surface::Login => &self.user.token,
            Surface::Web => &self.web.token,
            Surface::Conversations => &self.guest.session,
            Surface::Access => &self.member.access,
            Surface::Refresh => &self.member.refresh,
            Surface::Backend => &self.key,
        }
    }

    /// What is good elsewhere and not on this surface: in the carrier that it has there, and in every one
    /// that it could be taken for this surface's own in.
    pub(super) fn foreign_to(&self, surface: Surface) -> Vec<Credential> {
        let mut foreign = Vec::new();
        for other in Surface::ALL.into_iter().filter(|other| *other != surface) {
            let text = self.text(other);
            let bearer = (surface == Surface::Login).then(|| ("authorization", format!("Bearer {text}")));
            let mut carriers = Vec::new();
            for header in [other.header(self.web.id, text), surface.header(self.web.id, text), bearer] {
                if header.is_some() && !carriers.contains(&header) {
                    carriers.push(header);
                }
            }
            if surface == Surface::Refresh {
                carriers.push(None);
            }
            foreign.extend(carriers.into_iter().map(|header| Credential {
                name: other.name().to_owned(),
                header,
                text: text.to_owned(),
            }));
        }
        foreign
    }

    /// Checks that all of them are still good where they are.
    pub(super) async fn is_good(&self, stack: &Stack) {
        self.user.get("/users?count=1").await.expect(200);
        self.web.get("/api/chats").await.expect(200);
        self.guest.get("/api/conversations?count=1").await.expect(200);
        self.member.get("/messages").await.expect(200);
        let body = serde_json::json!({"refreshToken": self.member.refresh});
        stack.anonymous().put("/token").json(&body).await.expect(201);
    }
}
