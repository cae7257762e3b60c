//! The page as it is served: its first words, its policy, its assets.

use std::net::SocketAddr;

use crate::client::{Reply, get, get_with};
use crate::sample::hotspot;
use crate::world::{HOSTILE, World};

async fn html(at: SocketAddr, path: &str) -> Reply {
    get_with(at, path, "accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n").await
}

/// Addresses of the assets that a document names, as it names them.
fn assets(document: &Reply) -> Vec<&str> {
    let after = document.body.split("=\"").skip(1);
    let named = after.filter_map(|rest| rest.split('"').next());
    named.filter(|name| name.contains("assets/")).collect()
}

#[tokio::test]
async fn a_browser_gets_the_page_and_a_terminal_the_text() {
    let at = World::start().await;
    let (page, text) = (html(at, "/").await, get_with(at, "/", "accept: */*\r\n").await);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert!(text.body.contains("/api/v1/hotspots"), "{}", text.body);
    assert_eq!(
        [page.header("vary"), text.header("vary")],
        ["Accept, accept-encoding"; 2]
    );
}

#[tokio::test]
async fn the_headline_is_there_before_any_script_runs() {
    let at = World::start().await;
    let (home, id) = (html(at, "/").await, hotspot(1).id.to_string());
    let first = format!("<a href=\"hotspots/{id}\">cart runs SELECT 38 times a request</a>");
    assert!(home.body.contains("<h1>100 hotspots</h1>"), "{}", home.body);
    assert!(home.body.contains(&first), "{}", home.body);
    assert!(home.body.contains("load the items with the orders"));
    let one = html(at, &format!("/hotspots/{id}")).await;
    assert!(one.body.contains("<h1>cart runs SELECT 38 times a request</h1>"));
    assert!(
        one.body
            .contains("<title>cart runs SELECT 38 times a request</title>")
    );
    assert!(one.body.contains("saves 36.1 s an hour"), "{}", one.body);
    let missing = html(at, "/hotspots/00000000000000000000000000000000").await;
    assert_eq!(missing.status, 404);
    assert!(missing.body.contains("<h1>No such hotspot</h1>"));
}

#[tokio::test]
async fn texts_of_spans_are_no_markup() {
    let mut world = World::new();
    let mut view = hotspan_api::View::clone(&world.view);
    view.answers.hotspots[0].title = HOSTILE.to_owned();
    view.answers.hotspots[0].service = "<!--headline--><title>Hotspan</title>".to_owned();
    view.answers.hotspots[0].fix.summary = "\"./assets/<img src=x onerror=alert(1)>".to_owned();
    world.view = std::sync::Arc::new(view);
    let at = world.serve().await;
    let id = hotspot(1).id;
    for path in ["/".to_owned(), format!("/hotspots/{id}")] {
        let page = html(at, &path).await;
        assert!(
            page.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
            "{}",
            page.body
        );
        for found in ["<script>", "<img", "\u{202e}", "\u{1b}", "\r\nx: y"] {
            assert!(!page.body.contains(found), "{found:?} in {}", page.body);
        }
        assert_eq!(page.body.matches("<title>").count(), 1, "{}", page.body);
    }
}

#[tokio::test]
async fn nothing_runs_or_loads_but_what_this_process_serves() {
    let at = World::start().await;
    let paths = [
        "/",
        "/hotspots/1",
        "/traces",
        "/traces/1",
        "/audit",
        "/services",
        "/operation?service=a&name=b",
        "/third-parties",
        "/compare",
        "/ingest",
    ];
    for path in paths {
        let page = html(at, path).await;
        let policy = page.header("content-security-policy");
        for rule in [
            "default-src 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(rule), "{path}: {rule} in {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
    }
}

#[tokio::test]
async fn assets_are_found_from_every_depth_and_never_change() {
    let at = World::start().await;
    for (path, root) in [("/", "./"), ("/ingest", "./"), ("/traces/1", "../")] {
        let page = html(at, path).await;
        let named = assets(&page);
        assert!(named.len() >= 3, "a script, a style and an icon: {named:?}");
        for name in named {
            let name = name
                .strip_prefix(root)
                .unwrap_or_else(|| panic!("{name} on {path}"));
            let asset = get(at, &format!("/{name}")).await;
            assert_eq!(asset.status, 200, "{name}");
            assert!(asset.header("cache-control").contains("immutable"));
            let tag = format!("if-none-match: {}\r\n", asset.header("etag"));
            assert_eq!(get_with(at, &format!("/{name}"), &tag).await.status, 304);
        }
    }
    assert_eq!(get(at, "/assets/no-such.js").await.status, 404);
    assert_eq!(get(at, "/assets/..%2findex.html").await.status, 404);
}
