//! What a credential gives: scopes, and with whose spans and answers.

use crate::{Scopes, Tenant};

/// What an entry gives to whoever shows what it names.
#[derive(Debug)]
pub(crate) struct Right {
    pub(crate) scopes: Scopes,
    pub(crate) tenant: Option<Box<str>>,
    /// `None` for a tenant that was not there at the start.
    pub(crate) place: Option<Tenant>,
}

/// The same, as it is judged: scopes, and with whose spans and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant<'a> {
    pub(crate) scopes: Scopes,
    /// As the file names it; `None` for what belongs to no tenant.
    pub(crate) tenant: Option<&'a str>,
    /// Its place; `None` for a tenant that was not there at the start.
    pub(crate) place: Option<Tenant>,
}

impl Right {
    /// As it is judged.
    pub(crate) fn grant(&self) -> Grant<'_> {
        Grant {
            scopes: self.scopes,
            tenant: self.tenant.as_deref(),
            place: self.place,
        }
    }
}

impl Grant<'_> {
    /// The same with more scopes.
    #[must_use]
    pub(crate) fn with(self, more: Scopes) -> Self {
        Grant {
            scopes: self.scopes.and(more),
            ..self
        }
    }
}
