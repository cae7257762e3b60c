//! `docs/detectors/`: one page a detector, written from the prose at the top of its file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Where detectors are, and what marks their files: those of one trace, and those over traces.
const SOURCES: [(&str, &str); 2] = [
    ("crates/analysis/src/detectors", "impl Detector for "),
    ("crates/hotspots/src/cross", "impl CrossDetector for "),
];
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
        let text = fs::read_to_string(&file)?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let id = name.replace('_', "-");
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

/// The files that hold a detector: those that implement a trait of detectors; by name.
fn detectors(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for (folder, mark) in SOURCES {
        for entry in fs::read_dir(root.join(folder)).into_iter().flatten() {
            let path = entry?.path();
            let is_source = path.extension().is_some_and(|ending| ending == "rs");
            if is_source && fs::read_to_string(&path)?.contains(mark) {
                files.push(path);
            }
        }
    }
    files.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
    Ok(files)
}
