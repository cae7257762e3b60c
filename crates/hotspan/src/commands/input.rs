//! Recorded requests from files, folders and standard input, in a fixed order.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use hotspan_ingest::file::{self, FileError, Recorded};

use crate::progress::Progress;

/// Calls `each` with every request of every path; files of a folder in order of their names. What is no recording is
/// an error when it was named, and passed over with a word when a folder held it.
pub(super) fn for_each(
    paths: &[PathBuf],
    progress: &mut Progress,
    mut each: impl FnMut(Recorded) -> Result<()>,
) -> Result<()> {
    let mut other = Vec::new();
    let files = files(paths)?;
    for path in &files {
        match read(path, progress, &mut each) {
            Err(error) if is_no_recording(&error) && !paths.contains(path) => other.push(error),
            outcome => outcome?,
        }
    }
    progress.done();
    if other.len() == files.len() {
        return Err(other.remove(0));
    }
    for error in &other {
        eprintln!("hotspan: passed over: {error}");
    }
    Ok(())
}

fn read(path: &Path, progress: &mut Progress, each: &mut impl FnMut(Recorded) -> Result<()>) -> Result<()> {
    let mut requests = match path.as_os_str() == "-" {
        true => file::read(Path::new("standard input"), Box::new(std::io::stdin()))?,
        false => file::open(path)?,
    };
    let size = std::fs::metadata(path).map_or(0, |of| of.len());
    progress.file(path, size);
    while let Some(request) = requests.next() {
        each(request?)?;
        progress.read(requests.bytes_read());
    }
    Ok(())
}

/// Whether a file is of another kind from its first byte on.
fn is_no_recording(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(FileError::Form { at: 0, .. }))
}

/// The files behind the paths: folders are walked, hidden files passed over.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            found.push(path.clone());
            continue;
        }
        let about = std::fs::metadata(path).with_context(|| format!("{}", path.display()))?;
        match about.is_dir() {
            true => walk(path, &mut found)?,
            false => found.push(path.clone()),
        }
    }
    if found.is_empty() {
        bail!(
            "no files in {}",
            paths
                .iter()
                .map(|path| path.display().to_string())
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
    Ok(found)
}

fn walk(root: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let mut folders = vec![root.to_path_buf()];
    let first = found.len();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))? {
            let entry = entry?;
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            match entry.file_type()? {
                _ if hidden => {}
                kind if kind.is_dir() => folders.push(entry.path()),
                _ => found.push(entry.path()),
            }
        }
    }
    found[first..].sort();
    Ok(())
}
