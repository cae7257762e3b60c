//! `docs/detectors/`: one page a detector, written from the prose at the top of its file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const SOURCES: &str = "crates/analysis/src/detectors";
const PAGES: &str = "docs/detectors";

pub(crate) fn write(root: &Path) -> Result<()> {
    fs::create_dir_all(root.join(PAGES))?;
    for (path, text) in pages(root)? {
        fs::write(root.join(&path), text).with_context(|| path.clone())?;
    }
    Ok(())
}

pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for (path, text) in pages(root)? {
        if fs::read_to_string(root.join(&path)).unwrap_or_default() != text {
            complaints.push(format!("{path}: not what the code says; run cargo xtask docs"));
        }
    }
    Ok(complaints)
}

/// Path and text of every generated page.
fn pages(root: &Path) -> Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    let mut index = String::from("# Detectors\n\nWritten from the code by `cargo xtask docs`.\n\n");
    for file in detectors(root)? {
        let text = fs::read_to_string(root.join(SOURCES).join(&file))?;
        let id = file.trim_end_matches(".rs").replace('_', "-");
        let prose: Vec<&str> = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .map(|line| {
                line.trim_start_matches("//!")
                    .strip_prefix(' ')
                    .unwrap_or_default()
            })
            .collect();
        let title = prose.first().map_or("", |line| line.trim_start_matches("# "));
        index.push_str(&format!("- [`{id}`]({id}.md): {title}\n"));
        pages.insert(format!("{PAGES}/{id}.md"), prose.join("\n") + "\n");
    }
    pages.insert(format!("{PAGES}/README.md"), index);
    Ok(pages)
}

/// Names of the files that hold a detector: those that implement the trait.
fn detectors(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join(SOURCES)).into_iter().flatten() {
        let path = entry?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if name.ends_with(".rs") && fs::read_to_string(&path)?.contains("impl Detector for ") {
            files.push(name);
        }
    }
    files.sort();
    Ok(files)
}
