//! Who is at the other end of a connection, as far as its certificate says.

use std::sync::Arc;

use rustls::ServerConnection;

/// Most names that are read from a certificate, and the longest.
const NAMES_MAX: usize = 32;
const NAME_BYTES_MAX: usize = 256;

/// The names of a verified client certificate; nobody in particular without one.
#[derive(Clone, Debug, Default)]
pub struct Visitor(Option<Arc<[Box<str>]>>);

impl Visitor {
    /// Whose certificate has these names.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Visitor {
        let fit = names.into_iter().filter(|name| name.len() <= NAME_BYTES_MAX);
        Visitor(Some(fit.take(NAMES_MAX).map(Into::into).collect()))
    }

    /// Whoever shook hands on this connection.
    pub(crate) fn of(connection: &ServerConnection) -> Visitor {
        let Some(first) = connection.peer_certificates().and_then(<[_]>::first) else {
            return Visitor::default();
        };
        match webpki::EndEntityCert::try_from(first) {
            Ok(certificate) => {
                Visitor::named(certificate.valid_dns_names().chain(certificate.valid_uri_names()))
            }
            // The verifier has read it before; without names it may do nothing.
            Err(_) => Visitor::named([]),
        }
    }

    /// Whether a certificate was shown.
    pub fn has_certificate(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|names| names.iter().map(|name| &**name))
    }
}
