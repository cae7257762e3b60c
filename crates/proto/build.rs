//! Compiles `proto/` without `protoc`; nothing generated is checked in.

use std::path::{Path, PathBuf};

use prost::Message as _;

const FILES: [&str; 10] = [
    "hotspan/v1/audit.proto",
    "hotspan/v1/common.proto",
    "hotspan/v1/compare.proto",
    "hotspan/v1/hotspots.proto",
    "hotspan/v1/near.proto",
    "hotspan/v1/reports.proto",
    "hotspan/v1/system.proto",
    "hotspan/v1/traces.proto",
    "jaeger/api_v3/query_service.proto",
    "tempopb/tempo.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let descriptors = protox::compile(FILES, [&root])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .btree_map(".")
        .compile_fds(descriptors)?;
    Ok(())
}
