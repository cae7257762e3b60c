//! The page is embedded anew when it was built anew, files that were added included.

fn main() {
    println!("cargo::rerun-if-changed=dist");
}
