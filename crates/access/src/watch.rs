//! Files into what holds: at the start all or nothing, later what changed, if it is valid.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use ring::digest::{SHA256, digest};
use rustls::ServerConfig;

use crate::certificates::{self, Pem, Wrong};
use crate::credentials::Credentials;
use crate::{Access, Settings, Tenants};

/// Longest file.
const BYTES_MAX: u64 = 1 << 20;

/// A file that cannot be used. The error never quotes what is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} = {}: {why}", path.display())]
pub struct AccessError {
    /// The key that names the file.
    pub key: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// Looks whether files changed. Each look reads them whole: they are small, and neither a time nor a size tells
/// whether a mounted secret was swapped.
#[derive(Debug)]
pub struct Watcher {
    access: Arc<Access>,
    settings: Settings,
    /// Digests of what was looked at last, so that an invalid file is complained of once.
    seen: [Vec<u8>; 2],
}

/// A file as it was read, with the key that names it.
struct Bytes<'a> {
    key: &'static str,
    path: &'a Path,
    bytes: Vec<u8>,
}

impl Settings {
    /// Whether anybody needs a credential.
    pub fn is_guarded(&self) -> bool {
        self.client_ca.is_some() || self.tokens.is_some()
    }

    /// Reads all files; the error is the first that cannot be used.
    pub fn load(&self) -> Result<(Arc<Access>, Watcher), AccessError> {
        let (tls, of_tls) = self.tls()?;
        let (mut credentials, of_tokens) = self.credentials()?;
        let tenants = self.tenants(credentials.as_ref())?;
        if let Some(credentials) = &mut credentials {
            credentials.settle(&tenants);
        }
        let access = Access::new(self, tls, credentials.map(Arc::new), tenants);
        let watcher = Watcher {
            access: Arc::clone(&access),
            settings: self.clone(),
            seen: [of_tls, of_tokens],
        };
        Ok((access, watcher))
    }

    /// Those that are asked for, and those that credentials name.
    fn tenants(&self, credentials: Option<&Credentials>) -> Result<Tenants, AccessError> {
        let asked = self.tenants.iter().map(String::as_str);
        let named = credentials.into_iter().flat_map(Credentials::tenants);
        Tenants::new(asked.chain(named)).map_err(|why| AccessError {
            key: "tokens_file",
            path: self.tokens.clone().unwrap_or_default(),
            why,
        })
    }

    fn tls(&self) -> Result<(Option<Arc<ServerConfig>>, Vec<u8>), AccessError> {
        let files = self.tls_files()?;
        let seen = seen(&files);
        let config = match &files[..] {
            [certificates, key, rest @ ..] => Some(self.server(certificates, key, rest.first())?),
            _ => None,
        };
        Ok((config, seen))
    }

    /// The certificate and the key, and the authorities of clients where they are asked for; or nothing.
    fn tls_files(&self) -> Result<Vec<Bytes<'_>>, AccessError> {
        let lacks = |key: &'static str, path: &Path, other: &str| {
            Err(AccessError {
                key,
                path: path.to_owned(),
                why: format!("it needs {other} beside it; set both"),
            })
        };
        match (&self.certificate, &self.key, &self.client_ca) {
            (None, None, None) => Ok(Vec::new()),
            (None, None, Some(ca)) => lacks("tls_client_ca", ca, "tls_cert and tls_key"),
            (Some(path), None, _) => lacks("tls_cert", path, "tls_key"),
            (None, Some(path), _) => lacks("tls_key", path, "tls_cert"),
            (Some(certificate), Some(key), ca) => {
                let ca = ca.iter().map(|ca| read("tls_client_ca", ca));
                [read("tls_cert", certificate), read("tls_key", key)]
                    .into_iter()
                    .chain(ca)
                    .collect()
            }
        }
    }

    fn server(
        &self,
        certificates: &Bytes<'_>,
        key: &Bytes<'_>,
        ca: Option<&Bytes<'_>>,
    ) -> Result<Arc<ServerConfig>, AccessError> {
        let pem = Pem {
            certificates: &certificates.bytes,
            key: &key.bytes,
            client_ca: ca.map(|ca| &ca.bytes[..]),
        };
        // Where there are tokens, whoever has one needs no certificate.
        match certificates::server(&pem, self.tokens.is_none()) {
            Ok(config) => Ok(Arc::new(config)),
            Err(Wrong::Certificates(why)) => Err(certificates.wrong(why)),
            Err(Wrong::Key(why)) => Err(key.wrong(why)),
            Err(Wrong::ClientCa(why)) => Err(ca.unwrap_or(certificates).wrong(why)),
        }
    }

    fn credentials(&self) -> Result<(Option<Credentials>, Vec<u8>), AccessError> {
        let Some(path) = &self.tokens else {
            return Ok((None, Vec::new()));
        };
        let file = read("tokens_file", path)?;
        let text = std::str::from_utf8(&file.bytes).map_err(|_| file.wrong("it is no text".into()))?;
        let credentials = Credentials::read(text).map_err(|why| file.wrong(why))?;
        let seen = seen(std::slice::from_ref(&file));
        Ok((Some(credentials), seen))
    }
}

impl Watcher {
    /// Looks once. What changed and is valid holds from now on; what is invalid leaves in force what held before.
    pub fn look(&mut self) {
        let held = self.settings.tls_files().map(|files| seen(&files));
        if let Some(changed) = self.changed(0, &held) {
            let loaded = changed.and_then(|()| self.settings.tls());
            let took = loaded.map(|(config, _)| self.access.tls.store(config));
            self.tell("certificates", took);
        }
        let held = match &self.settings.tokens {
            None => Ok(Vec::new()),
            Some(path) => read("tokens_file", path).map(|file| seen(&[file])),
        };
        if let Some(changed) = self.changed(1, &held) {
            let loaded = changed.and_then(|()| self.settings.credentials());
            let took = loaded.map(|(credentials, _)| self.take(credentials));
            self.tell("tokens", took);
        }
    }

    /// Credentials hold from now on; tenants are those of the start until the next.
    fn take(&self, mut credentials: Option<Credentials>) {
        let tenants = &self.access.tenants;
        if let Some(credentials) = &mut credentials {
            credentials.settle(tenants);
        }
        let named: BTreeSet<&str> = credentials.iter().flat_map(Credentials::tenants).collect();
        let new: Vec<&str> = named
            .iter()
            .copied()
            .filter(|name| tenants.find(name).is_none())
            .collect();
        let asked = |name: &str| self.settings.tenants.iter().any(|asked| asked == name);
        let gone: Vec<&str> = tenants
            .all()
            .map(|(_, name)| name)
            .filter(|name| !named.contains(name) && !asked(name))
            .collect();
        if !new.is_empty() {
            tracing::warn!(?new, "new tenants are refused until a restart gives them room");
        }
        if !gone.is_empty() {
            tracing::warn!(
                ?gone,
                "tenants that no credential names keep their room until a restart"
            );
        }
        self.access.credentials.store(credentials.map(Arc::new));
    }

    /// Whether one part is another than at the last look.
    fn changed(
        &mut self,
        part: usize,
        held: &Result<Vec<u8>, AccessError>,
    ) -> Option<Result<(), AccessError>> {
        let now = held
            .clone()
            .unwrap_or_else(|error| error.to_string().into_bytes());
        if now == self.seen[part] {
            return None;
        }
        self.seen[part] = now;
        Some(held.clone().map(|_| ()))
    }

    fn tell(&self, what: &str, took: Result<(), AccessError>) {
        match took {
            Ok(()) => {
                self.access.reloads.fetch_add(1, Relaxed);
                tracing::info!(what, "changed files hold from now on");
            }
            Err(error) => {
                self.access.reloads_failed.fetch_add(1, Relaxed);
                tracing::error!(what, %error, "changed files are invalid; what was read before holds on");
            }
        }
    }
}

impl Bytes<'_> {
    fn wrong(&self, why: String) -> AccessError {
        AccessError {
            key: self.key,
            path: self.path.to_owned(),
            why,
        }
    }
}

fn read<'a>(key: &'static str, path: &'a Path) -> Result<Bytes<'a>, AccessError> {
    let wrong = |why: String| AccessError {
        key,
        path: path.to_owned(),
        why,
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|why| wrong(format!("it cannot be read: {why}")))?;
    match bytes.len() as u64 > BYTES_MAX {
        true => Err(wrong(format!("it is over the limit of {BYTES_MAX} bytes"))),
        false => Ok(Bytes { key, path, bytes }),
    }
}

/// A digest for each file: keys are not kept.
fn seen(files: &[Bytes<'_>]) -> Vec<u8> {
    files
        .iter()
        .flat_map(|file| digest(&SHA256, &file.bytes).as_ref().to_vec())
        .collect()
}
