//! The audit over HTTP: the shape, the two pages, and what hostile names can do to them.

use serde_json::Value;

use crate::client::{get, get_with};
use crate::sample::hotspot;
use crate::schema::broken;
use crate::world::World;

#[tokio::test]
async fn the_audit_is_what_is_described() {
    let at = World::start().await;
    let audit = get(at, "/api/v1/audit").await;
    assert_eq!(audit.header("content-type"), "application/json");
    let document = get(at, "/api/v1/openapi.json").await.json();
    let schema = &document["paths"]["/api/v1/audit"]["get"]["responses"]["200"]["content"]["application/json"]
        ["schema"];
    assert_eq!(broken(&document, schema, &audit.json()), Vec::<String>::new());
}

#[tokio::test]
async fn the_first_changes_refer_to_hotspots_and_every_break_is_there() {
    let at = World::start().await;
    let audit = get(at, "/api/v1/audit").await.json();
    // Odd ones are repeats of one template in four services, even ones name the change they share.
    let changes = audit["interventions"].as_array().unwrap();
    let mut settled: Vec<usize> = changes
        .iter()
        .map(|of| of["hotspots"].as_array().unwrap().len())
        .collect();
    settled.sort_unstable();
    assert_eq!(
        (settled.iter().sum::<usize>(), changes.len()),
        (52, 3),
        "{settled:?}"
    );
    assert_eq!(settled, [1, 1, 50]);
    let ids: Vec<String> = (1..=100).map(|rank| hotspot(rank).id.to_string()).collect();
    for change in changes {
        assert!(ids.iter().any(|id| change["hotspots"][0] == *id));
        assert!(change["change"] == change["hotspots"][0] || change["change"] == "change-1");
        // All of them enter where the others do and no trace replayed them, so nothing adds up, and only the fewest come
        // first.
        assert!(
            change["impact_s_per_hour"]
                .as_f64()
                .is_some_and(|impact| impact < 36.2)
        );
    }
    let breaks = audit["breaks"].as_object().unwrap();
    let counts: Vec<usize> = breaks.values().map(|ids| ids.as_array().unwrap().len()).collect();
    // 100 are listed, half of them each; those that lack confidence are not among them.
    assert_eq!(counts, [50, 0, 0, 50]);
    assert_eq!(audit["coupling"]["calls"].as_array().map(Vec::len), Some(2));
    assert_eq!(audit["bottlenecks"][0]["scope"], "system");
    assert_eq!(audit["bottlenecks"][0]["service"], Value::Null);
    assert!(audit["not_seen"].as_array().is_some_and(|said| !said.is_empty()));
    let page = get(at, "/api/v1/hotspots?limit=1").await.json();
    assert_eq!(audit["coverage"], page["coverage"]);
}

#[tokio::test]
async fn pages_are_the_same_bytes_every_time_and_say_their_kind() {
    for (format, kind) in [
        ("md", "text/markdown; charset=utf-8"),
        ("html", "text/html; charset=utf-8"),
    ] {
        let path = format!("/api/v1/audit?format={format}");
        let first = get(World::start().await, &path).await;
        assert_eq!((first.status, first.header("content-type")), (200, kind));
        let policy = first.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        let second = get(World::start().await, &path).await;
        assert_eq!(first.body, second.body);
        for heading in [
            "Make these changes first",
            "The rest, by break",
            "Query patterns",
            "Bottlenecks",
            "Coupling",
            "Observability gaps",
            "Not seen",
        ] {
            assert!(first.body.contains(heading), "{format} lacks {heading}");
        }
    }
}

#[tokio::test]
async fn no_name_becomes_a_tag_a_script_or_a_link() {
    let at = World::start().await;
    let html = get(at, "/api/v1/audit?format=html").await.body;
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    let markdown = get(at, "/api/v1/audit?format=md").await.body;
    assert!(markdown.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    for page in [&html, &markdown] {
        for forbidden in [
            "<script",
            "\u{202e}",
            "\u{0}",
            "\u{1b}",
            "javascript:",
            "onload=",
            "http://",
            "https://",
        ] {
            assert!(!page.contains(forbidden), "{forbidden:?}");
        }
    }
    // Every quote of an attribute is ours: tags are balanced although names hold quotes and brackets.
    assert_eq!(html.matches("<svg").count(), html.matches("</svg>").count());
    assert_eq!(html.matches("<td").count(), html.matches("</td>").count());
    // A cell whose bar is not escaped would be two.
    let mut columns = None;
    for line in markdown.lines() {
        let bars = line
            .starts_with('|')
            .then(|| line.replace("\\|", "").matches('|').count());
        assert!(bars.is_none() || columns.is_none() || bars == columns, "{line}");
        columns = bars;
    }
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let at = World::start().await;
    let html = get(at, "/api/v1/audit?format=html").await.body;
    for way_out in ["src=", "href=", "@import", "url(", "<link", "<img", "<iframe"] {
        assert!(!html.contains(way_out), "{way_out}");
    }
    assert!(html.contains("prefers-color-scheme: dark"));
    assert!(html.contains("<svg viewBox="));
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again_and_unknown_forms_are_refused() {
    let at = World::start().await;
    let tag = get(at, "/api/v1/audit").await.header("etag").to_owned();
    let known = get_with(at, "/api/v1/audit", &format!("if-none-match: {tag}\r\n")).await;
    assert_eq!(known.status, 304);
    let refused = get(at, "/api/v1/audit?format=pdf").await;
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("html"), "{}", refused.body);
}
