//! `hotspan token`: makes a token, tells it once, and writes down its hash.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use hotspan_access::{Scopes, Token};

use crate::exit::Failure;
use crate::output::print;

/// What `token` does.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  hotspan token new --name checkout --scope ingest --tokens-file tokens.toml > checkout.token
  hotspan serve --tokens-file tokens.toml           ask every request for one")]
pub(crate) enum TokenArguments {
    /// Make a token: it is printed once, and its hash is what `tokens_file` has
    #[command(after_help = "Examples:
  hotspan token new --name checkout --scope ingest --tokens-file tokens.toml > checkout.token
  hotspan token new --name on-call --scope admin
  hotspan token new --name acme-services --scope ingest --tenant acme --tokens-file tokens.toml
  printf %s \"$TOKEN\" | sha256sum                  the hash of a token, to find its entry

The token is on standard output. Its entry for the file is appended to --tokens-file, else it is
on standard error. A running daemon reads the file again within a second. To revoke a token,
delete its entry. A tenant that the daemon was not started with has room after its next start.")]
    New(NewArguments),
}

/// Flags of `token new`.
#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// What it may do, by commas: ingest (send), read (ask), admin (acknowledge, mute, reopen; and read)
    #[arg(long, value_name = "SCOPES")]
    scope: String,
    /// Whose it is; each has its own name
    #[arg(long, default_value = "token")]
    name: String,
    /// With whose spans and answers, and nobody else's: 1 to 63 of a-z, 0-9, - and _
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Append its entry to FILE
    #[arg(long, value_name = "FILE")]
    tokens_file: Option<PathBuf>,
}

pub(crate) fn run(arguments: &TokenArguments) -> Result<(), Failure> {
    let TokenArguments::New(arguments) = arguments;
    let names: Vec<&str> = arguments.scope.split(',').map(str::trim).collect();
    Scopes::read(names.iter().copied()).map_err(|why| anyhow!("--scope {}: {why}", arguments.scope))?;
    if let Some(tenant) = &arguments.tenant {
        hotspan_access::check_tenant(tenant).map_err(|why| anyhow!("--tenant: {why}"))?;
    }
    let token = Token::draw();
    let entry = entry(arguments, &names, &token);
    hotspan_access::check(&entry).map_err(|why| anyhow!("--name: {why}"))?;
    match &arguments.tokens_file {
        Some(path) => {
            append(path, &entry).with_context(|| format!("--tokens-file {}", path.display()))?;
            eprintln!("the entry {:?} is in {}", arguments.name, path.display());
        }
        None => eprintln!("put this into the file that tokens_file names:\n{entry}"),
    }
    Ok(print(&format!("{}\n", token.expose()))?)
}

fn entry(of: &NewArguments, scopes: &[&str], token: &Token) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let tenant = of.tenant.as_deref();
    let tenant = tenant.map_or(String::new(), |name| format!("tenant = {}\n", quoted(name)));
    let scopes: Vec<String> = scopes.iter().map(|scope| quoted(scope)).collect();
    format!(
        "\n[[token]]\nname = {}\nscopes = [{}]\nsha256 = \"{}\"\n{tenant}",
        quoted(&of.name),
        scopes.join(", "),
        token.hash().to_hex()
    )
}

/// The file with the entry, if that is right as a whole; a reader sees all of it or nothing.
fn append(path: &Path, entry: &str) -> anyhow::Result<()> {
    let before = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(why) => return Err(why.into()),
    };
    let after = before + entry;
    hotspan_access::check(&after).map_err(|why| anyhow!(why))?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(after.as_bytes())?;
    file.sync_all()?;
    Ok(std::fs::rename(&beside, path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_reads_back_and_holds_no_token() {
        let token = Token::draw();
        let arguments = NewArguments {
            scope: String::new(),
            name: "on \"call\"".to_owned(),
            tenant: Some("acme".to_owned()),
            tokens_file: None,
        };
        let entry = entry(&arguments, &["ingest", "read"], &token);
        assert!(entry.contains("tenant = \"acme\"\n"), "{entry}");
        assert_eq!(hotspan_access::check(&entry), Ok(()));
        assert!(!entry.contains(token.expose()), "{entry}");
        assert!(entry.contains(&token.hash().to_hex()), "{entry}");
    }
}
