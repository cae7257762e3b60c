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
    /// It is of a tenant that has no room here, or of several.
    #[error("{0}")]
    Tenant(String),
}

impl Denied {
    /// All names, in order.
    pub const NAMES: [&'static str; 4] = ["no_credential", "unknown_credential", "scope", "tenant"];

    /// The file names a tenant that was not there at the start.
    pub(crate) fn new_tenant(name: &str) -> Denied {
        Denied::Tenant(format!(
            "the tenant {name:?} was not there when the daemon started; restart the daemon to give it room"
        ))
    }

    /// A certificate fits entries that do not agree.
    pub(crate) fn several_tenants() -> Denied {
        Denied::Tenant(
            "the names of the certificate fit entries of several tenants; let them fit entries of one".into(),
        )
    }

    /// The header names nobody who is known here.
    pub(crate) fn no_tenant() -> Denied {
        Denied::Tenant(
            "x-scope-orgid names no tenant of this daemon; they are those of its key tenants and of its tokens".into(),
        )
    }

    /// The header contradicts the credential.
    pub(crate) fn other_tenant() -> Denied {
        Denied::Tenant("x-scope-orgid names another tenant than the credential is of".into())
    }

    /// How metrics call it.
    pub fn name(&self) -> &'static str {
        Denied::NAMES[self.place()]
    }

    pub(crate) fn place(&self) -> usize {
        match self {
            Denied::Missing(_) => 0,
            Denied::Unknown => 1,
            Denied::Scope { .. } => 2,
            Denied::Tenant(_) => 3,
        }
    }

    /// Whether another credential is asked for, and not more of this one.
    pub fn is_unauthenticated(&self) -> bool {
        match self {
            Denied::Missing(_) | Denied::Unknown => true,
            Denied::Scope { .. } | Denied::Tenant(_) => false,
        }
    }
}
