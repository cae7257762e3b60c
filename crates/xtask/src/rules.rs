//! Rules for single files: a purpose in the first line, a bound on length, no banned words.

use std::fs;
use std::path::Path;

use anyhow::Result;

/// Longest file before its tests.
const LINES_MAX: usize = 500;

/// Written in halves, so that this file does not complain about itself.
const BANNED: [(&str, &str); 6] = [
    ("#[igno", "re"),
    ("#[should_", "panic"),
    ("to", "do!("),
    ("unimple", "mented!("),
    ("TO", "DO:"),
    ("thread::sl", "eep("),
];

pub(crate) fn check(root: &Path, files: &[String]) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.ends_with(".rs")) {
        let text = fs::read_to_string(root.join(file))?;
        if !text.starts_with("//!") {
            complaints.push(format!("{file}: the first line does not tell its purpose (//!)"));
        }
        let lines = text
            .lines()
            .take_while(|line| !line.starts_with("#[cfg(test)]"))
            .count();
        if lines > LINES_MAX && !file.contains("/tests/") {
            complaints.push(format!(
                "{file}: {lines} lines before its tests, at most {LINES_MAX}"
            ));
        }
        for (front, back) in BANNED {
            if text.contains(&format!("{front}{back}")) {
                complaints.push(format!("{file}: {front}{back} is banned"));
            }
        }
    }
    Ok(complaints)
}
