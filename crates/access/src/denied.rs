//! Why a request may not do what it asks for.

use crate::{Scope, Scopes};

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It shows nothing.
    #[error(
        "this needs a token with the scope `{}`: send the header `authorization: Bearer TOKEN`; `hotspan token new` \
         makes one",
        .0.name()
    )]
    Missing(Scope),
    /// It shows what is not known here.
    #[error("the credential is not known here; it was revoked, or belongs to another daemon")]
    Unknown,
    /// It is known and may not.
    #[error("{who} has the scopes {has}; this needs `{}`", needs.name())]
    Scope {
        /// What was shown, by its name.
        who: String,
        /// What it may do.
        has: Scopes,
        /// What it would have to.
        needs: Scope,
    },
}

impl Denied {
    /// All names, in order.
    pub const NAMES: [&'static str; 3] = ["no_credential", "unknown_credential", "scope"];

    /// How metrics call it.
    pub fn name(&self) -> &'static str {
        Denied::NAMES[self.place()]
    }

    pub(crate) fn place(&self) -> usize {
        match self {
            Denied::Missing(_) => 0,
            Denied::Unknown => 1,
            Denied::Scope { .. } => 2,
        }
    }

    /// Whether another credential is asked for, and not more of this one.
    pub fn is_unauthenticated(&self) -> bool {
        match self {
            Denied::Missing(_) | Denied::Unknown => true,
            Denied::Scope { .. } => false,
        }
    }
}
