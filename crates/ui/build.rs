//! The page is embedded anew when it was built anew, files that were added included.

#[expect(clippy::print_stdout, reason = "how a build script speaks to cargo")]
fn main() {
    println!("cargo::rerun-if-changed=dist");
}
