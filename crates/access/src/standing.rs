//! What a request stands for by all that it shows: what it may do, and with whose spans and answers.

use http::HeaderMap;

use crate::credentials::Credentials;
use crate::grant::Grant;
use crate::presented::Presented;
use crate::{Denied, Scope, Scopes, Tenant, Tenants, Visitor};

/// What a certificate may do where no file says more: its authority was set up for this.
const OF_ANY_CERTIFICATE: [Scope; 2] = [Scope::Ingest, Scope::Read];
/// The header that names a tenant, where it is trusted.
pub const TENANT_HEADER: &str = "x-scope-orgid";

/// A token or a certificate that is known.
pub(crate) struct Standing<'a> {
    /// The name of the token; `None` for a certificate.
    token: Option<&'a str>,
    grant: Grant<'a>,
}

impl<'a> Standing<'a> {
    /// Of whoever shows something that is known. A token says whose it is more precisely than a certificate, which may be
    /// that of a whole mesh; what the certificate may do counts with its own tenant only.
    pub(crate) fn of(
        known: Option<&'a Credentials>,
        visitor: &Visitor,
        headers: &HeaderMap,
        wanted: Scope,
    ) -> Result<Standing<'a>, Denied> {
        let certificate = of_certificate(known, visitor)?;
        let presented = Presented::in_headers(headers);
        let token = match &presented {
            Presented::Token(token) => known.and_then(|known| known.token(token)),
            Presented::Strange | Presented::Nothing => None,
        };
        match (token, certificate, presented) {
            (Some((name, grant)), certificate, _) => {
                let beside = certificate.filter(|of| of.tenant == grant.tenant);
                Ok(Standing {
                    token: Some(name),
                    grant: beside.map_or(grant, |beside| grant.with(beside.scopes)),
                })
            }
            (None, Some(grant), _) => Ok(Standing { token: None, grant }),
            (None, None, Presented::Nothing) => Err(Denied::Missing(wanted)),
            (None, None, Presented::Token(_) | Presented::Strange) => Err(Denied::Unknown),
        }
    }

    /// Whether it may do what is wanted, and with whom; `named` is who the request says, where that is trusted.
    pub(crate) fn judge(&self, wanted: Scope, named: Option<Tenant>) -> Result<Tenant, Denied> {
        let Some(own) = self.grant.place else {
            return Err(Denied::new_tenant(self.grant.tenant.unwrap_or_default()));
        };
        if !self.grant.scopes.has(wanted) {
            return Err(Denied::Scope {
                who: match self.token {
                    Some(name) => format!("the token {name:?}"),
                    None => "the certificate".into(),
                },
                has: self.grant.scopes,
                needs: wanted,
            });
        }
        match named {
            Some(named) if own == Tenant::NONE || own == named => Ok(named),
            Some(_) => Err(Denied::other_tenant()),
            None => Ok(own),
        }
    }
}

/// What the certificate of a visitor gives.
fn of_certificate<'a>(
    known: Option<&'a Credentials>,
    visitor: &Visitor,
) -> Result<Option<Grant<'a>>, Denied> {
    match known {
        _ if !visitor.has_certificate() => Ok(None),
        Some(known) => known.certificate(visitor),
        None => Ok(Some(Grant {
            scopes: OF_ANY_CERTIFICATE.into_iter().fold(Scopes::NONE, Scopes::with),
            tenant: None,
            place: Some(Tenant::NONE),
        })),
    }
}

/// Which tenant a request names, if it names one.
pub(crate) fn named(headers: &HeaderMap, tenants: &Tenants) -> Result<Option<Tenant>, Denied> {
    let mut values = headers.get_all(TENANT_HEADER).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let only = value.to_str().ok().filter(|_| values.next().is_none());
    let found = only.and_then(|name| tenants.find(name));
    found.map(Some).ok_or_else(Denied::no_tenant)
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};

    use super::*;
    use crate::Token;

    /// Tokens of a tenant, of none and of one that came later; certificates of a tenant and of none.
    struct Scene {
        known: Credentials,
        tenants: Tenants,
        acme: Token,
        plain: Token,
        late: Token,
    }

    impl Scene {
        fn new() -> Scene {
            let (acme, plain, late) = (Token::draw(), Token::draw(), Token::draw());
            let entry = |name: &str, token: &Token, more: &str| {
                format!(
                    "[[token]]\nname = \"{name}\"\nsha256 = \"{}\"\n{more}\n",
                    token.hash().to_hex()
                )
            };
            let text = entry("shop", &acme, "scopes = [\"read\"]\ntenant = \"acme\"")
                + &entry("on-call", &plain, "scopes = [\"admin\"]")
                + &entry("new", &late, "scopes = [\"read\"]\ntenant = \"late\"")
                + "[[certificate]]\nname = \"a\"\nsan = \"acme.test\"\nscopes = [\"ingest\"]\ntenant = \"acme\"\n\
                   [[certificate]]\nname = \"m\"\nsan = \"mesh.test\"\nscopes = [\"ingest\"]\n";
            let tenants = Tenants::new(["acme", "bolt"]).unwrap();
            let mut known = Credentials::read(&text).unwrap();
            known.settle(&tenants);
            Scene {
                known,
                tenants,
                acme,
                plain,
                late,
            }
        }

        fn judge(
            &self,
            name: Option<&str>,
            token: Option<&Token>,
            wanted: Scope,
            org: Option<&str>,
        ) -> Result<usize, Denied> {
            let mut headers = HeaderMap::new();
            let mut set = |name, value: &str| headers.insert(name, HeaderValue::from_str(value).unwrap());
            if let Some(token) = token {
                set(header::AUTHORIZATION, &format!("Bearer {}", token.expose()));
            }
            if let Some(org) = org {
                set(header::HeaderName::from_static(TENANT_HEADER), org);
            }
            let named = named(&headers, &self.tenants)?;
            let visitor = name.map_or(Visitor::default(), |name| Visitor::named([name]));
            let standing = Standing::of(Some(&self.known), &visitor, &headers, wanted)?;
            standing.judge(wanted, named).map(Tenant::place)
        }
    }

    #[test]
    fn a_token_says_whose_it_is_more_precisely_than_a_certificate() {
        let scene = Scene::new();
        let (acme, plain) = (Some(&scene.acme), Some(&scene.plain));
        assert_eq!(scene.judge(None, acme, Scope::Read, None), Ok(1));
        assert_eq!(scene.judge(None, plain, Scope::Read, None), Ok(0));
        assert_eq!(scene.judge(Some("acme.test"), None, Scope::Ingest, None), Ok(1));
        assert_eq!(scene.judge(Some("mesh.test"), None, Scope::Ingest, None), Ok(0));
        assert_eq!(scene.judge(Some("mesh.test"), acme, Scope::Read, None), Ok(1));
        assert_eq!(scene.judge(Some("acme.test"), acme, Scope::Ingest, None), Ok(1));
    }

    #[test]
    fn what_a_certificate_may_do_it_may_with_its_own_tenant_only() {
        let scene = Scene::new();
        for (name, token) in [("mesh.test", &scene.acme), ("acme.test", &scene.plain)] {
            let denied = scene
                .judge(Some(name), Some(token), Scope::Ingest, None)
                .unwrap_err();
            assert!(
                matches!(denied, Denied::Scope { .. }),
                "{name} lends its scope: {denied}"
            );
        }
    }

    #[test]
    fn a_tenant_that_came_later_is_refused_with_what_to_do() {
        let scene = Scene::new();
        let denied = scene
            .judge(None, Some(&scene.late), Scope::Read, None)
            .unwrap_err();
        assert!(!denied.is_unauthenticated());
        assert_eq!(denied.name(), "tenant");
        assert_eq!(
            denied.to_string(),
            "the tenant \"late\" was not there when the daemon started; restart the daemon to give it room"
        );
    }

    #[test]
    fn the_header_names_a_tenant_for_whom_the_credential_names_none() {
        let scene = Scene::new();
        let (acme, plain) = (Some(&scene.acme), Some(&scene.plain));
        assert_eq!(scene.judge(None, plain, Scope::Admin, Some("bolt")), Ok(2));
        assert_eq!(scene.judge(None, acme, Scope::Read, Some("acme")), Ok(1));
        for (token, org, said) in [
            (acme, "bolt", "another tenant"),
            (plain, "bolt|acme", "names no tenant"),
            (plain, "", "names no tenant"),
            (plain, "late", "names no tenant"),
        ] {
            let denied = scene.judge(None, token, Scope::Read, Some(org)).unwrap_err();
            assert!(denied.to_string().contains(said), "{org}: {denied}");
        }
    }
}
