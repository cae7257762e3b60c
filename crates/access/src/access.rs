//! The one place that decides: accepts connections, authorizes requests, counts who was turned away.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::HeaderMap;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::credentials::Credentials;
use crate::standing::{self, Standing};
use crate::{Denied, Failure, Rarely, Scope, Stream, Tenant, Tenants, Visitor};

/// The files that decide who may come in; without any everybody may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The certificate chain of every port, in PEM.
    pub certificate: Option<PathBuf>,
    /// Its private key.
    pub key: Option<PathBuf>,
    /// Authorities of client certificates.
    pub client_ca: Option<PathBuf>,
    /// Hashes of tokens and names of certificates, each with what it may do.
    pub tokens: Option<PathBuf>,
    /// Tenants that have room here beside those that `tokens` names.
    pub tenants: Vec<String>,
    /// What belongs to no tenant by its credential may name one in `X-Scope-OrgID`.
    pub trust_header: bool,
}

/// Who may come in, and who was turned away.
#[derive(Debug, Default)]
pub struct Access {
    pub(crate) tls: ArcSwapOption<ServerConfig>,
    pub(crate) credentials: ArcSwapOption<Credentials>,
    /// Requests need a credential.
    is_guarded: bool,
    pub(crate) tenants: Tenants,
    trusts_header: bool,
    failures: [AtomicU64; Failure::ALL.len()],
    denials: [AtomicU64; Denied::NAMES.len()],
    pub(crate) reloads: AtomicU64,
    pub(crate) reloads_failed: AtomicU64,
    handshake_lines: [Rarely; Failure::ALL.len()],
    denial_lines: [Rarely; Denied::NAMES.len()],
}

/// What was counted so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Failed handshakes, by reason.
    pub handshakes_failed: Vec<(&'static str, u64)>,
    /// Requests that were turned away, by reason.
    pub denied: Vec<(&'static str, u64)>,
    /// Changed files that hold now.
    pub reloads: u64,
    /// Changed files that are invalid; those before them hold on.
    pub reloads_failed: u64,
}

impl Access {
    /// Everybody may come in, without TLS.
    pub fn open() -> Arc<Access> {
        Arc::default()
    }

    pub(crate) fn new(
        settings: &Settings,
        tls: Option<Arc<ServerConfig>>,
        credentials: Option<Arc<Credentials>>,
        tenants: Tenants,
    ) -> Arc<Access> {
        Arc::new(Access {
            tls: tls.into(),
            credentials: credentials.into(),
            is_guarded: settings.is_guarded(),
            tenants,
            trusts_header: settings.trust_header,
            ..Access::default()
        })
    }

    /// Whose spans and answers are kept apart here.
    pub fn tenants(&self) -> &Tenants {
        &self.tenants
    }

    /// Whether connections are within TLS.
    pub fn has_tls(&self) -> bool {
        self.tls.load().is_some()
    }

    /// Whether requests need a credential.
    pub fn is_guarded(&self) -> bool {
        self.is_guarded
    }

    /// A connection on the port called `port`, and who is at its other end. The handshake may take `limit`; one that
    /// fails is counted and logged, and the connection is over.
    pub async fn accept(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        port: &'static str,
        limit: Duration,
    ) -> Option<(Stream, Visitor)> {
        let Some(config) = self.tls.load_full() else {
            return Some((Stream::Plain(stream), Visitor::default()));
        };
        let why = match timeout(limit, TlsAcceptor::from(config).accept(stream)).await {
            Ok(Ok(stream)) => {
                let visitor = Visitor::of(stream.get_ref().1);
                let credentials = self.credentials.load();
                let is_known = credentials.as_ref().is_none_or(|known| known.knows(&visitor));
                match visitor.has_certificate() && !is_known {
                    true => Failure::UnknownName,
                    false => return Some((Stream::Tls(Box::new(stream)), visitor)),
                }
            }
            Ok(Err(error)) => Failure::of(&error),
            Err(_) => Failure::Timeout,
        };
        self.failures[why as usize].fetch_add(1, Relaxed);
        if let Some(left_out) = self.handshake_lines[why as usize].is_due() {
            tracing::warn!(reason = why.name(), %peer, port, left_out, "TLS handshake failed");
        }
        None
    }

    /// Whether a request of `visitor` with these headers may do what `wanted` says, and with whose spans and answers.
    pub fn authorize(&self, visitor: &Visitor, headers: &HeaderMap, wanted: Scope) -> Result<Tenant, Denied> {
        self.judge(visitor, headers, wanted).inspect_err(|denied| {
            self.denials[denied.place()].fetch_add(1, Relaxed);
            if let Some(left_out) = self.denial_lines[denied.place()].is_due() {
                tracing::warn!(
                    reason = denied.name(),
                    needs = wanted.name(),
                    left_out,
                    "a request was denied"
                );
            }
        })
    }

    /// Whose answers a request gets that needs no credential, by the one it shows all the same.
    pub fn tenant_of(&self, visitor: &Visitor, headers: &HeaderMap) -> Tenant {
        self.judge(visitor, headers, Scope::Read).unwrap_or_default()
    }

    fn judge(&self, visitor: &Visitor, headers: &HeaderMap, wanted: Scope) -> Result<Tenant, Denied> {
        let named = match self.trusts_header {
            true => standing::named(headers, &self.tenants)?,
            false => None,
        };
        if !self.is_guarded {
            return Ok(named.unwrap_or_default());
        }
        let credentials = self.credentials.load();
        Standing::of(credentials.as_deref(), visitor, headers, wanted)?.judge(wanted, named)
    }

    /// What was counted so far.
    pub fn counted(&self) -> Counted {
        let failures = Failure::ALL.into_iter().map(Failure::name).zip(&self.failures);
        let denials = Denied::NAMES.into_iter().zip(&self.denials);
        Counted {
            handshakes_failed: failures
                .map(|(name, count)| (name, count.load(Relaxed)))
                .collect(),
            denied: denials.map(|(name, count)| (name, count.load(Relaxed))).collect(),
            reloads: self.reloads.load(Relaxed),
            reloads_failed: self.reloads_failed.load(Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};

    use super::*;
    use crate::Token;

    /// An access of one token that may only send, and certificates of two services.
    fn guarded(token: &Token) -> Access {
        let text = format!(
            "[[token]]\nname = \"shop\"\nscopes = [\"ingest\"]\nsha256 = \"{}\"\n\
             [[certificate]]\nname = \"grafana\"\nscopes = [\"read\"]\nsan = \"grafana.test\"\n",
            token.hash().to_hex()
        );
        Access {
            credentials: ArcSwapOption::from_pointee(Credentials::read(&text).unwrap()),
            is_guarded: true,
            ..Access::default()
        }
    }

    const NONE: Result<Tenant, Denied> = Ok(Tenant::NONE);

    fn bearing(token: &Token) -> HeaderMap {
        let value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).unwrap();
        HeaderMap::from_iter([(header::AUTHORIZATION, value)])
    }

    #[test]
    fn s10_a_token_may_what_its_scopes_say() {
        let token = Token::draw();
        let (access, nobody) = (guarded(&token), Visitor::default());
        assert_eq!(access.authorize(&nobody, &bearing(&token), Scope::Ingest), NONE);
        let denied = access
            .authorize(&nobody, &bearing(&token), Scope::Read)
            .unwrap_err();
        assert!(!denied.is_unauthenticated());
        assert_eq!(
            denied.to_string(),
            "the token \"shop\" has the scopes ingest; this needs `read`"
        );
        for (headers, expected) in [
            (HeaderMap::new(), Denied::Missing(Scope::Ingest)),
            (bearing(&Token::draw()), Denied::Unknown),
        ] {
            let denied = access.authorize(&nobody, &headers, Scope::Ingest).unwrap_err();
            assert!(denied.is_unauthenticated());
            assert_eq!(denied, expected);
        }
        let counted: Vec<u64> = access
            .counted()
            .denied
            .into_iter()
            .map(|(_, count)| count)
            .collect();
        assert_eq!(counted, [1, 1, 1, 0]);
    }

    #[test]
    fn a_certificate_and_a_token_may_what_either_may() {
        let token = Token::draw();
        let access = guarded(&token);
        let grafana = Visitor::named(["grafana.test"]);
        assert_eq!(access.authorize(&grafana, &HeaderMap::new(), Scope::Read), NONE);
        assert_eq!(access.authorize(&grafana, &bearing(&token), Scope::Ingest), NONE);
        assert_eq!(
            access.authorize(&grafana, &bearing(&Token::draw()), Scope::Read),
            NONE
        );
        let denied = access
            .authorize(&grafana, &bearing(&token), Scope::Admin)
            .unwrap_err();
        assert!(
            denied.to_string().contains("ingest, read; this needs `admin`"),
            "{denied}"
        );
        let denied = access
            .authorize(&grafana, &HeaderMap::new(), Scope::Ingest)
            .unwrap_err();
        assert!(
            denied.to_string().contains("the certificate has the scopes read"),
            "{denied}"
        );
    }

    #[test]
    fn behind_a_trusted_proxy_its_header_alone_names_the_tenant() {
        let access = Access {
            tenants: Tenants::new(["acme"]).unwrap(),
            trusts_header: true,
            ..Access::default()
        };
        let place = |org: &'static str| {
            let headers = HeaderMap::from_iter([(
                header::HeaderName::from_static(crate::TENANT_HEADER),
                HeaderValue::from_static(org),
            )]);
            let tenant = access.authorize(&Visitor::default(), &headers, Scope::Admin);
            tenant.map(Tenant::place)
        };
        assert_eq!(place("acme"), Ok(1));
        assert_eq!(place("bolt"), Err(Denied::no_tenant()));
        let nobody = access.authorize(&Visitor::default(), &HeaderMap::new(), Scope::Read);
        assert_eq!(nobody, NONE, "without the header it is of no tenant");
    }

    #[test]
    fn without_a_file_a_certificate_may_send_and_read() {
        let access = Access {
            is_guarded: true,
            ..Access::default()
        };
        let known = Visitor::named([]);
        let may = |visitor: &Visitor| {
            Scope::ALL.map(|scope| access.authorize(visitor, &HeaderMap::new(), scope).is_ok())
        };
        assert_eq!(may(&known), [true, true, false]);
        assert_eq!(may(&Visitor::default()), [false; 3]);
        assert_eq!(
            Scope::ALL.map(|scope| Access::open().authorize(&known, &HeaderMap::new(), scope).is_ok()),
            [true; 3]
        );
    }
}
