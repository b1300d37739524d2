//! The people of scenes.

use futures::future::{join, join3, join4};
use tests::{Caller, Guest, Platform, Stack, User, WebUser};

use super::{Credential, Wallet};

/// Somebody with a session of both kinds that one person can have.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) web: WebUser,
    pub(super) user: User,
}

impl Person {
    /// Somebody new.
    pub(super) async fn new(stack: &Stack) -> Self {
        Self::of(stack, WebUser::new(stack).await).await
    }

    async fn of(stack: &Stack, web: WebUser) -> Self {
        Self { user: web.header_user(stack).await, web }
    }

    /// The same person with sessions that have ended.
    async fn logged_out(&self, stack: &Stack) -> Self {
        let again = Self::of(stack, self.web.login(stack).await).await;
        again.user.get("/logout").await.expect(200);
        again.web.get("/api/logout").await.expect(200);
        again
    }

    /// The id as a text.
    pub(super) fn id(&self) -> String {
        self.user.id.to_string()
    }
}

/// People for the things of one owner, and credentials that are good for nothing or for something else.
#[derive(Debug)]
pub(super) struct Cast {
    pub(super) owner: Person,
    pub(super) member: Person,
    pub(super) former: Person,
    pub(super) stranger: Person,
    /// Somebody whom nobody writes to but for a test of that.
    pub(super) loner: Person,
    pub(super) wallet: Wallet,
    /// Sessions of the owner's that have ended, and sessions of somebody who is deleted.
    pub(super) ended: [(&'static str, Person); 2],
}

impl Cast {
    pub(super) async fn new(stack: &Stack) -> Self {
        let person = || Person::new(stack);
        let (two, two_more, loner, gone) =
            join4(join(person(), person()), join(person(), person()), person(), async {
                let gone = person().await;
                gone.web.delete("/api/user").await.expect(200);
                gone
            })
            .await;
        let (owner, member) = two;
        let (former, stranger) = two_more;
        let platform = Platform::new(stack);
        let (logged_out, guest, of_platform) =
            join3(owner.logged_out(stack), Guest::new(stack), platform.member("foreign")).await;
        let wallet = Wallet {
            user: owner.user.clone(),
            web: owner.web.clone(),
            guest,
            member: of_platform,
            key: stack.ready().backend_key.clone(),
        };
        let ended = [("logged out", logged_out), ("deleted", gone)];
        Self { owner, member, former, stranger, loner, wallet, ended }
    }

    /// The login tokens of these people.
    pub(super) fn logins(people: &[(&str, &Person)]) -> Vec<Credential> {
        people.iter().map(|(name, person)| Credential::login(name, &person.user)).collect()
    }

    /// The cookies of these people.
    pub(super) fn cookies(people: &[(&str, &Person)]) -> Vec<Credential> {
        people.iter().map(|(name, person)| Credential::web(name, &person.web)).collect()
    }

    /// All four, by what they are to a thing.
    pub(super) fn four(&self) -> [(&'static str, &Person); 4] {
        let Self { owner, member, former, stranger, .. } = self;
        [("owner", owner), ("member", member), ("former member", former), ("stranger", stranger)]
    }

    /// Login tokens that were good.
    pub(super) fn ended_logins(&self) -> Vec<Credential> {
        Self::logins(&self.ended.each_ref().map(|(name, person)| (*name, person)))
    }

    /// Cookies that were good.
    pub(super) fn ended_cookies(&self) -> Vec<Credential> {
        Self::cookies(&self.ended.each_ref().map(|(name, person)| (*name, person)))
    }
}
