//! The page: a shell of HTML, and assets whose content never changes under their name.
//!
//! `web/` has the sources, `cargo xtask ui` builds them into `dist/`, and what is there ends up in the binary. Nothing
//! here knows what the page shows: it asks the public HTTP API like everybody else.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "dist/"]
struct Dist;

/// What the shell has where its first words go.
const HEADLINE: &str = "<!--headline-->";
/// What the shell has as its title.
const TITLE: &str = "<title>Hotspan</title>";
/// How addresses in the shell begin.
const HERE: &str = "\"./";

/// One file of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its media type.
    pub kind: &'static str,
    /// Names its content, for `ETag`, without quotes.
    pub tag: String,
    /// As it was built.
    pub plain: Cow<'static, [u8]>,
    /// The same, compressed.
    pub gzip: Vec<u8>,
}

/// By name; compressed once, when the first is asked for.
static FILES: LazyLock<BTreeMap<String, Asset>> = LazyLock::new(|| {
    let files = Dist::iter().filter_map(|name| Some((name.to_string(), Asset::read(&name)?)));
    files.collect()
});

/// The asset of a name, say `index-Bx2.js`.
pub fn asset(name: &str) -> Option<&'static Asset> {
    FILES.get(&format!("assets/{name}"))
}

/// The shell as a document. `root` leads from its address to that of the first page, say `../`; `title` and
/// `headline` are HTML, so texts in them are escaped already.
pub fn document(root: &str, title: &str, headline: &str) -> String {
    let shell = FILES
        .get("index.html")
        .map(|file| String::from_utf8_lossy(&file.plain));
    // The headline comes last, so that nothing in it is taken for a place of the shell.
    shell
        .unwrap_or_default()
        .replace(HERE, &format!("\"{root}"))
        .replacen(TITLE, &format!("<title>{title}</title>"), 1)
        .replacen(HEADLINE, headline, 1)
}

impl Asset {
    fn read(name: &str) -> Option<Asset> {
        let file = Dist::get(name)?;
        let hash = file.metadata.sha256_hash();
        Some(Asset {
            kind: kind(name),
            tag: hash[..8].iter().map(|byte| format!("{byte:02x}")).collect(),
            gzip: gzip(&file.data),
            plain: file.data,
        })
    }
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Memory takes whatever is written to it.
    encoder.write_all(plain).expect("a vector has room");
    encoder.finish().expect("a vector has room")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Most bytes of everything that a browser loads, compressed.
    const GZIP_MAX: usize = 120_000;

    #[test]
    fn all_of_the_page_is_small() {
        let bytes: usize = FILES.values().map(|file| file.gzip.len()).sum();
        assert!((1..=GZIP_MAX).contains(&bytes), "{bytes} bytes compressed");
    }

    #[test]
    fn a_document_has_its_words_and_finds_its_assets() {
        let document = document("../", "Orders", "<h1>./assets/ &lt;</h1>");
        assert!(document.contains("<title>Orders</title>"), "{document}");
        assert!(document.contains("<h1>./assets/ &lt;</h1>"), "{document}");
        let names: Vec<&str> = document.split("\"../assets/").skip(1).collect();
        assert!(names.len() >= 2, "a script and a style: {document}");
        for name in names {
            let name = name.split('"').next().unwrap();
            assert!(asset(name).is_some(), "{name}");
        }
    }

    #[test]
    fn nothing_comes_from_elsewhere_or_runs_from_within_the_document() {
        let document = document("./", "", "");
        for found in ["http:", "https:", "\"//", "<style", " style=", " onload="] {
            assert!(!document.contains(found), "{found} in {document}");
        }
        assert_eq!(
            document.matches("<script").count(),
            document.matches(" src=").count()
        );
    }
}
