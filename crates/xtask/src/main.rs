//! Workspace chores: `cargo xtask tidy` holds the house rules, `cargo xtask docs` writes the detectors' pages,
//! `cargo xtask ui` builds the page that the daemon serves.

mod docs;
mod layers;
mod rules;
mod ui;
mod versions;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

fn main() -> Result<ExitCode> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()?;
    match std::env::args().nth(1).as_deref() {
        Some("tidy") => tidy(&root),
        Some("docs") => docs::write(&root).map(|()| ExitCode::SUCCESS),
        Some("ui") => ui::write(&root, || tracked(&root)).map(|()| ExitCode::SUCCESS),
        _ => {
            eprintln!("usage: cargo xtask tidy | docs | ui");
            Ok(ExitCode::from(2))
        }
    }
}

fn tidy(root: &Path) -> Result<ExitCode> {
    let files = tracked(root)?;
    let mut complaints = rules::check(root, &files)?;
    complaints.extend(layers::check(root)?);
    complaints.extend(versions::check(root)?);
    complaints.extend(docs::check(root)?);
    complaints.extend(ui::check(root, &files)?);
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    eprintln!("tidy: {} files, {} complaints", files.len(), complaints.len());
    Ok(if complaints.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Paths that git tracks or would add, relative to the root, sorted.
fn tracked(root: &Path) -> Result<Vec<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git lists the files")?;
    let text = String::from_utf8(listed.stdout).context("paths are text")?;
    let mut files: Vec<String> = text
        .lines()
        .filter(|path| root.join(path).is_file())
        .map(ToOwned::to_owned)
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}
