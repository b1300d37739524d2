//! Who there is.

use std::collections::BTreeMap;

use crate::api::{Api, PAGE, User};
use crate::network::Failure;

/// Pages of people that are read at once: in a larger crowd one is sought by name.
const PAGES: usize = 10;

/// Whom a name means.
#[derive(Debug)]
pub(crate) enum Found {
    One(u64),
    Several(Vec<u64>),
    Nobody,
}

/// Everybody who is known so far.
#[derive(Debug, Default)]
pub(crate) struct People {
    all: BTreeMap<u64, User>,
    /// Whether these were all, when it was last asked.
    is_whole: bool,
}

impl People {
    /// Looks anew at those who are known, and at some who are not.
    pub(crate) async fn look(&mut self, api: &Api) -> Result<(), Failure> {
        let mut seen = Self::default();
        for _ in 0..self.all.len().div_ceil(PAGE).max(PAGES) {
            if !seen.load_more(api).await? {
                break;
            }
        }
        *self = seen;
        Ok(())
    }

    /// Reads the next page, which may have people who came later. Tells whether it had any.
    async fn load_more(&mut self, api: &Api) -> Result<bool, Failure> {
        let last = self.all.last_key_value().map(|(id, _)| *id);
        let page = api.users_after(last).await?;
        let has_any = !page.is_empty();
        self.is_whole = page.len() < PAGE;
        self.all.extend(page.into_iter().map(|user| (user.user_id, user)));
        Ok(has_any)
    }

    /// Gets to know somebody who is not known yet, if that goes.
    pub(crate) async fn meet(&mut self, api: &Api, user: u64) {
        for _ in 0..PAGES {
            let is_behind = self.all.last_key_value().is_none_or(|(last, _)| *last < user);
            if !is_behind || !matches!(self.load_more(api).await, Ok(true)) {
                break;
            }
        }
    }

    /// What somebody is called.
    pub(crate) fn name(&self, user: u64) -> String {
        self.all.get(&user).and_then(name).unwrap_or_else(|| format!("#{user}"))
    }

    /// Notes that somebody came or went, and gives the name. Nobody is looked for in a crowd for that.
    pub(crate) async fn note(&mut self, api: &Api, user: u64, online: bool) -> Option<String> {
        if self.is_whole {
            self.meet(api, user).await;
        }
        self.all.get_mut(&user)?.online = online;
        Some(self.name(user))
    }

    /// Who is meant by a name, a part of it from the beginning, or `#` and an id.
    pub(crate) async fn find(&mut self, api: &Api, wanted: &str) -> Result<Found, Failure> {
        if let Some(id) = wanted.strip_prefix('#').and_then(|id| id.parse().ok()) {
            self.meet(api, id).await;
            return Ok(if self.all.contains_key(&id) { Found::One(id) } else { Found::Nobody });
        }
        let wanted = wanted.to_lowercase();
        loop {
            // A user name is one person's alone. All others are looked through before a part of a name is enough.
            let is_meant =
                |user: &&User| user.user_name.as_ref().is_some_and(|name| name.to_lowercase() == wanted);
            if let Some(user) = self.all.values().find(is_meant) {
                return Ok(Found::One(user.user_id));
            }
            if !self.load_more(api).await? {
                break;
            }
        }
        for is_whole in [true, false] {
            let is_meant = |name: &str| match is_whole {
                true => name.to_lowercase() == wanted,
                false => name.to_lowercase().starts_with(&wanted),
            };
            let users = self.all.values().filter(|user| {
                let first = user.first_name.as_deref();
                first.is_some_and(is_meant) || name(user).is_some_and(|name| is_meant(&name))
            });
            match users.map(|user| user.user_id).collect::<Vec<_>>()[..] {
                [] => {}
                [user] => return Ok(Found::One(user)),
                ref several => return Ok(Found::Several(several.to_vec())),
            }
        }
        Ok(Found::Nobody)
    }

    /// Those who are online, or those who are not, but for oneself.
    pub(crate) fn others(&self, me: u64, online: bool) -> Vec<String> {
        let others = self.all.values().filter(|user| user.user_id != me && user.online == online);
        others.filter_map(name).collect()
    }
}

/// A user name, or else first and last name.
fn name(user: &User) -> Option<String> {
    let parts = [user.first_name.as_deref(), user.last_name.as_deref()];
    let full =
        || Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty());
    user.user_name.clone().or_else(full)
}
