//! The page as it is built: `cargo xtask ui` makes it with npm, `tidy` tells without npm whether it is what its sources say.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use sha2::{Digest as _, Sha256};

const SOURCES: &str = "crates/ui/web/";
/// They are tried on the page and are no part of it.
const TESTS: &str = "crates/ui/web/test/";
const BUILT: &str = "crates/ui/dist/";
const DIGESTS: &str = "crates/ui/dist.sha256";

/// Builds the page anew and notes from what.
pub(crate) fn write(root: &Path, files: impl Fn() -> Result<Vec<String>>) -> Result<()> {
    for arguments in [
        &["ci"][..],
        &["run", "types"],
        &["run", "check"],
        &["run", "build"],
    ] {
        let done = Command::new("npm")
            .args(arguments)
            .current_dir(root.join(SOURCES))
            .status()
            .context("npm builds the page; it comes with Node.js 20.19 or later")?;
        ensure!(done.success(), "npm {} failed", arguments.join(" "));
    }
    fs::write(root.join(DIGESTS), digests(root, &files()?)?).context(DIGESTS)
}

/// Complains when the page was not built from what is there.
pub(crate) fn check(root: &Path, files: &[String]) -> Result<Vec<String>> {
    let noted = fs::read_to_string(root.join(DIGESTS)).unwrap_or_default();
    Ok(match noted == digests(root, files)? {
        true => Vec::new(),
        false => vec![format!("{BUILT}: not what {SOURCES} says; run cargo xtask ui")],
    })
}

/// A line for the sources and one for what was built of them.
fn digests(root: &Path, files: &[String]) -> Result<String> {
    let sources = files
        .iter()
        .filter(|file| file.starts_with(SOURCES) && !file.starts_with(TESTS));
    let built = files.iter().filter(|file| file.starts_with(BUILT));
    let (sources, built) = (digest(root, sources)?, digest(root, built)?);
    Ok(format!("{sources}  web\n{built}  dist\n"))
}

/// Of names and contents, each with its length before it.
fn digest<'a>(root: &Path, files: impl Iterator<Item = &'a String>) -> Result<String> {
    let mut hash = Sha256::new();
    for file in files {
        let content = fs::read(root.join(file)).with_context(|| file.clone())?;
        for part in [file.as_bytes(), &content] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
