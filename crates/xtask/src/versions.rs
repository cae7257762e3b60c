//! Versions below which a dependency has a known hole.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Crate, least version, why.
const LEAST: [(&str, [u64; 3], &str); 10] = [
    ("tonic", [0, 14, 3], "its limit counted compressed bytes only"),
    ("h2", [0, 4, 16], "RUSTSEC-2026-0258"),
    ("bytes", [1, 11, 1], "RUSTSEC-2026-0007"),
    ("rustls", [0, 23, 18], "RUSTSEC-2024-0399"),
    ("tracing-subscriber", [0, 3, 20], "RUSTSEC-2025-0055"),
    ("crossbeam-epoch", [0, 9, 20], "RUSTSEC-2026-0204"),
    ("lru", [0, 18, 2], "RUSTSEC-2026-0253"),
    ("tokio-postgres", [0, 7, 18], "RUSTSEC-2026-0178"),
    ("postgres-protocol", [0, 6, 12], "RUSTSEC-2026-0179"),
    ("libsqlite3-sys", [0, 37, 0], "corruption on a WAL reset"),
];

pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let lock: toml::Table = fs::read_to_string(root.join("Cargo.lock"))?
        .parse()
        .context("Cargo.lock is TOML")?;
    let packages = lock
        .get("package")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten();
    let text = |package: &toml::Value, key: &str| -> String {
        package
            .get(key)
            .and_then(toml::Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let mut complaints = Vec::new();
    for package in packages {
        let (name, version) = (text(package, "name"), text(package, "version"));
        for (_, least, why) in LEAST.iter().filter(|(known, ..)| *known == name) {
            if parts(&version) < *least {
                complaints.push(format!("Cargo.lock: {name} {version} is below {least:?}: {why}"));
            }
        }
    }
    Ok(complaints)
}

fn parts(version: &str) -> [u64; 3] {
    let mut numbers = version
        .split(['.', '-', '+'])
        .map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert!(parts("0.4.9") < parts("0.4.16"));
        assert_eq!(parts("1.2.3-rc1"), [1, 2, 3]);
    }
}
