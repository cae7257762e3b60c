//! Who may come in: TLS on every port, client certificates, tokens, and what each may do.
//!
//! A connection is [accepted](Access::accept) first, which takes the TLS handshake within a limit of time and tells who
//! is at its other end; each request is then [authorized](Access::authorize) before anything of it is read. Files are
//! looked at again by a [`Watcher`]; what changed holds for the next handshake or request, and open connections stay.
//! What it may do, it may do with the spans and answers of one [`Tenant`].
//! Invariants: no token is held or shown as it is, only its hash; no comparison ends early; an invalid file never
//! replaces a valid one.

mod access;
mod certificates;
mod credentials;
mod denied;
mod grant;
mod handshake;
mod presented;
mod rarely;
mod scope;
mod standing;
mod stream;
mod tenants;
mod token;
mod visitor;
mod watch;

pub use access::{Access, Counted, Settings};
pub use certificates::trusted;
pub use credentials::check;
pub use denied::Denied;
pub use handshake::Failure;
pub use presented::challenge;
pub use rarely::Rarely;
pub use scope::{Scope, Scopes};
pub use standing::TENANT_HEADER;
pub use stream::Stream;
pub use tenants::{TENANTS_MAX, Tenant, Tenants, check_tenant};
pub use token::{Token, TokenHash};
pub use visitor::Visitor;
pub use watch::{AccessError, Watcher};
