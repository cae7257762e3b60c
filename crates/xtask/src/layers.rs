//! The layer table: which crate may depend on which.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

/// Each crate and the crates of ours it may know. `docs/architecture.md` draws it.
const LAYERS: [(&str, &[&str]); 20] = [
    ("hotspan-model", &[]),
    ("hotspan-proto", &[]),
    ("hotspan-ui", &[]),
    ("hotspan-telemetry", &[]),
    ("hotspan-otlp", &["hotspan-model"]),
    ("hotspan-assembly", &["hotspan-model"]),
    ("hotspan-analysis", &["hotspan-model"]),
    ("hotspan-hotspots", &["hotspan-model"]),
    (
        "hotspan-pipeline",
        &[
            "hotspan-model",
            "hotspan-assembly",
            "hotspan-analysis",
            "hotspan-hotspots",
        ],
    ),
    ("hotspan-access", &["hotspan-model"]),
    (
        "hotspan-ingest",
        &[
            "hotspan-model",
            "hotspan-telemetry",
            "hotspan-access",
            "hotspan-otlp",
        ],
    ),
    ("hotspan-store", &["hotspan-model", "hotspan-hotspots"]),
    ("hotspan-log", &["hotspan-model"]),
    ("hotspan-testkit", &["hotspan-model", "hotspan-otlp"]),
    (
        "hotspan-api",
        &[
            "hotspan-model",
            "hotspan-telemetry",
            "hotspan-access",
            "hotspan-hotspots",
            "hotspan-proto",
            "hotspan-ui",
        ],
    ),
    (
        "hotspan-daemon",
        &[
            "hotspan-model",
            "hotspan-telemetry",
            "hotspan-otlp",
            "hotspan-assembly",
            "hotspan-analysis",
            "hotspan-hotspots",
            "hotspan-pipeline",
            "hotspan-access",
            "hotspan-ingest",
            "hotspan-store",
            "hotspan-log",
            "hotspan-api",
        ],
    ),
    ("hotspan", &["*"]),
    ("hotspan-benches", &["*"]),
    ("hotspan-fuzz", &["*"]),
    ("xtask", &[]),
];

/// Crates that see no clock, socket, file or thread: nothing that brings these may come in.
const PURE: [&str; 6] = [
    "hotspan-model",
    "hotspan-otlp",
    "hotspan-assembly",
    "hotspan-analysis",
    "hotspan-hotspots",
    "hotspan-pipeline",
];
const PURE_MAY_USE: [&str; 9] = [
    "bytes",
    "prost",
    "hdrhistogram",
    "psl",
    "thiserror",
    "hashbrown",
    "foldhash",
    "memchr",
    "siphasher",
];

pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root)
        .output()
        .context("cargo tells the packages")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata is JSON")?;
    let mut complaints = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, may)) = LAYERS.iter().find(|(known, _)| *known == name) else {
            complaints.push(format!("{name}: not in the layer table"));
            continue;
        };
        let normal = package["dependencies"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|dep| dep["kind"].is_null());
        for dep in normal.filter_map(|dep| dep["name"].as_str()) {
            let ours = dep.starts_with("hotspan");
            if ours && !may.contains(&dep) && !may.contains(&"*") {
                complaints.push(format!("{name} may not depend on {dep}"));
            }
            if !ours && PURE.contains(&name) && !PURE_MAY_USE.contains(&dep) {
                complaints.push(format!("{name} is pure and may not use {dep}"));
            }
        }
    }
    Ok(complaints)
}
