//! The file of credentials: hashes of tokens and names of certificates, each with what it may do.

use hotspan_model::Pattern;
use serde::Deserialize;
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};

use crate::grant::{Grant, Right};
use crate::{Denied, Scopes, Tenant, Tenants, Token, TokenHash, Visitor, check_tenant};

/// Most entries of each kind: all are compared for every request.
const ENTRIES_MAX: usize = 1_000;
/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 100;

/// Every credential that is known.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    tokens: Vec<KnownToken>,
    certificates: Vec<KnownCertificate>,
}

#[derive(Debug)]
struct KnownToken {
    name: Box<str>,
    hash: TokenHash,
    right: Right,
}

#[derive(Debug)]
struct KnownCertificate {
    san: Pattern,
    right: Right,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    token: Vec<TokenEntry>,
    #[serde(default)]
    certificate: Vec<CertificateEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenEntry {
    name: String,
    scopes: Vec<String>,
    sha256: String,
    tenant: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateEntry {
    name: String,
    scopes: Vec<String>,
    san: String,
    tenant: Option<String>,
}

impl Credentials {
    /// Reads the file; the error names the entry and what would be right. Values are not said back: a token that was
    /// written where its hash belongs would be in the log.
    pub(crate) fn read(text: &str) -> Result<Credentials, String> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            format!("line {line}: {}", unquoted(error.message()))
        })?;
        for (kind, count) in [
            ("tokens", file.token.len()),
            ("certificates", file.certificate.len()),
        ] {
            if count > ENTRIES_MAX {
                return Err(format!("{count} {kind} are over the limit of {ENTRIES_MAX}"));
            }
        }
        let mut names = std::collections::BTreeSet::new();
        let mut credentials = Credentials::default();
        for entry in file.token {
            let right = checked(&entry.name, &entry.scopes, entry.tenant)?;
            let hash = TokenHash::from_hex(&entry.sha256).ok_or_else(|| {
                format!(
                    "token {:?}: sha256 is not 64 hex digits; `hotspan token new` prints them",
                    entry.name
                )
            })?;
            if !names.insert(entry.name.clone()) {
                return Err(format!(
                    "token {:?}: two have this name; give each its own",
                    entry.name
                ));
            }
            let is_same = |known: &&KnownToken| bool::from(known.hash.same(&hash));
            if let Some(other) = credentials.tokens.iter().find(is_same)
                && other.right.tenant != right.tenant
            {
                return Err(format!(
                    "token {:?}: {:?} is the same token with another tenant; make one for each",
                    entry.name, other.name
                ));
            }
            credentials.tokens.push(KnownToken {
                name: entry.name.into(),
                hash,
                right,
            });
        }
        for entry in file.certificate {
            let right = checked(&entry.name, &entry.scopes, entry.tenant)?;
            let san = Pattern::new(&entry.san)
                .map_err(|why| format!("certificate {:?}: san: {why}", entry.name))?;
            credentials.certificates.push(KnownCertificate { san, right });
        }
        Ok(credentials)
    }

    /// Every tenant that an entry names.
    pub(crate) fn tenants(&self) -> impl Iterator<Item = &str> {
        self.rights().filter_map(|right| right.tenant.as_deref())
    }

    /// Gives each entry the place of its tenant.
    pub(crate) fn settle(&mut self, tenants: &Tenants) {
        let tokens = self.tokens.iter_mut().map(|known| &mut known.right);
        let certificates = self.certificates.iter_mut().map(|known| &mut known.right);
        for right in tokens.chain(certificates) {
            right.place = match &right.tenant {
                None => Some(Tenant::NONE),
                Some(name) => tenants.find(name),
            };
        }
    }

    fn rights(&self) -> impl Iterator<Item = &Right> {
        let tokens = self.tokens.iter().map(|known| &known.right);
        tokens.chain(self.certificates.iter().map(|known| &known.right))
    }

    /// The name of a token and what it gives. Every entry is looked at, so the time does not tell which it is or how near.
    pub(crate) fn token(&self, token: &Token) -> Option<(&str, Grant<'_>)> {
        let hash = token.hash();
        let mut found = u64::MAX;
        for (place, known) in self.tokens.iter().enumerate() {
            found.conditional_assign(&(place as u64), known.hash.same(&hash));
        }
        let is_known = !bool::from(found.ct_eq(&u64::MAX));
        let known = is_known
            .then(|| self.tokens.get(usize::try_from(found).ok()?))
            .flatten()?;
        Some((&known.name, known.right.grant()))
    }

    /// What the names of a certificate give together, if they give anything; they must agree on the tenant.
    pub(crate) fn certificate(&self, visitor: &Visitor) -> Result<Option<Grant<'_>>, Denied> {
        let mut sum: Option<Grant<'_>> = None;
        for known in self.certificates.iter().filter(|known| known.fits(visitor)) {
            let grant = known.right.grant();
            sum = match sum {
                None => Some(grant),
                Some(before) if before.tenant != grant.tenant => return Err(Denied::several_tenants()),
                Some(before) => Some(before.with(grant.scopes)),
            };
        }
        Ok(sum)
    }

    /// Whether an entry names a certificate.
    pub(crate) fn knows(&self, visitor: &Visitor) -> bool {
        self.certificates.iter().any(|known| known.fits(visitor))
    }
}

impl KnownCertificate {
    fn fits(&self, visitor: &Visitor) -> bool {
        visitor.names().any(|name| self.san.matches(name))
    }
}

/// Whether a file of credentials is right; the error says what is not.
pub fn check(text: &str) -> Result<(), String> {
    Credentials::read(text).map(drop)
}

/// What an entry gives whose other parts are right.
fn checked(name: &str, scopes: &[String], tenant: Option<String>) -> Result<Right, String> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(format!(
            "a name is 1 to {NAME_BYTES_MAX} bytes without control characters"
        ));
    }
    if let Some(tenant) = &tenant {
        check_tenant(tenant).map_err(|why| format!("{name:?}: tenant: {why}"))?;
    }
    let scopes =
        Scopes::read(scopes.iter().map(String::as_str)).map_err(|why| format!("{name:?}: scopes: {why}"))?;
    Ok(Right {
        scopes,
        place: tenant.is_none().then_some(Tenant::NONE),
        tenant: tenant.map(String::into_boxed_str),
    })
}

/// A message of the parser without the values it quotes.
fn unquoted(message: &str) -> String {
    let mut parts = message.split('"');
    let first = parts.next().unwrap_or_default().to_owned();
    parts
        .enumerate()
        .fold(first, |text, (place, part)| match place % 2 {
            0 => text + "...",
            _ => text + part,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scope;

    fn entry(name: &str, token: &Token, scopes: &str) -> String {
        let hash = token.hash().to_hex();
        format!("[[token]]\nname = \"{name}\"\nscopes = [{scopes}]\nsha256 = \"{hash}\"\n")
    }

    #[test]
    fn a_token_is_found_by_its_hash_and_no_other() {
        let (one, two, gone) = (Token::draw(), Token::draw(), Token::draw());
        let text = entry("shop", &one, "\"ingest\"") + &entry("on-call", &two, "\"admin\"");
        let known = Credentials::read(&text).unwrap();
        let (name, grant) = known.token(&two).unwrap();
        let scopes = grant.scopes;
        assert_eq!(name, "on-call");
        assert!(scopes.has(Scope::Read) && !scopes.has(Scope::Ingest));
        assert_eq!(known.token(&one).unwrap().0, "shop");
        assert!(known.token(&gone).is_none());
        assert!(Credentials::default().token(&one).is_none());
    }

    #[test]
    fn certificates_are_known_by_their_names() {
        let text = "[[certificate]]\nname = \"mesh\"\nsan = \"spiffe://shop.test/ns/*\"\nscopes = [\"ingest\"]\n\
                    [[certificate]]\nname = \"grafana\"\nsan = \"grafana.shop.test\"\nscopes = [\"read\"]\n";
        let known = Credentials::read(text).unwrap();
        let scopes = |names: &[&str]| {
            let grant = known.certificate(&Visitor::named(names.iter().copied())).unwrap();
            grant.map_or(String::new(), |grant| grant.scopes.to_string())
        };
        assert_eq!(scopes(&["spiffe://shop.test/ns/cart"]), "ingest");
        assert_eq!(
            scopes(&["grafana.shop.test", "spiffe://shop.test/ns/x"]),
            "ingest, read"
        );
        assert_eq!(scopes(&["spiffe://evil.test/ns/cart"]), "");
        assert_eq!(known.certificate(&Visitor::default()), Ok(None));
    }

    #[test]
    fn entries_have_the_place_of_their_tenant_if_it_was_there_at_the_start() {
        let (one, two) = (Token::draw(), Token::draw());
        let text = entry("shop", &one, "\"ingest\"")
            + "tenant = \"acme\"\n"
            + &entry("late", &two, "\"ingest\"")
            + "tenant = \"bolt\"\n[[certificate]]\nname = \"a\"\nscopes = [\"read\"]\nsan = \"*\"\ntenant = \"acme\"\n\
               [[certificate]]\nname = \"b\"\nscopes = [\"ingest\"]\nsan = \"b.test\"\n";
        let mut known = Credentials::read(&text).unwrap();
        let mut named: Vec<&str> = known.tenants().collect();
        named.sort_unstable();
        assert_eq!(named, ["acme", "acme", "bolt"]);
        let tenants = Tenants::new(["acme"]).unwrap();
        known.settle(&tenants);
        let place = |token| known.token(token).unwrap().1.place;
        assert_eq!(place(&one), tenants.find("acme"));
        assert_eq!(place(&two), None);
        let of = |name| known.certificate(&Visitor::named([name]));
        assert_eq!(of("a.test").unwrap().unwrap().place, tenants.find("acme"));
        assert_eq!(of("b.test").unwrap_err(), Denied::several_tenants());
    }

    #[test]
    fn what_is_wrong_is_named_without_a_value_that_may_be_a_secret() {
        let token = Token::draw();
        let good = entry("shop", &token, "\"ingest\"");
        for (text, said) in [
            (format!("{good}{good}"), "token \"shop\": two have this name"),
            (
                good.replace("ingest", "write"),
                "\"shop\": scopes: \"write\" is no scope",
            ),
            (format!("{good}tenant = \"A/..\"\n"), "is no name of a tenant"),
            (
                good.clone() + &good.replace("\"shop\"", "\"mine\"") + "tenant = \"a\"\n",
                "\"shop\" is the same token with another tenant",
            ),
            (format!("{good}expires = 3\n"), "line 5"),
            (
                good.replace(&token.hash().to_hex(), token.expose()),
                "is not 64 hex digits",
            ),
            (
                good.replace("sha256 = \"", &format!("sha256 = \"{}\" \"", token.expose())),
                "line 4",
            ),
            (
                "[[token]]\nname = \"\"\nscopes = []\nsha256 = \"\"".to_owned(),
                "a name is 1 to 100 bytes",
            ),
            ("token = 3".to_owned(), "line 1"),
        ] {
            let error = Credentials::read(&text).unwrap_err();
            assert!(error.contains(said), "{error} does not say {said}");
            assert!(!error.contains(token.expose()), "{error}");
        }
        let many = (0..=ENTRIES_MAX)
            .map(|n| entry(&n.to_string(), &token, "\"read\""))
            .collect::<String>();
        assert!(
            Credentials::read(&many)
                .unwrap_err()
                .contains("over the limit of 1000")
        );
    }
}
