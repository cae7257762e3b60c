//! The document of `analyze`: the same shapes without a server.

use std::sync::Arc;

use hotspan_api::shape::{Coverage, Document};

use crate::client::get;
use crate::sample::hotspot;
use crate::world::World;

#[tokio::test]
async fn analyze_says_what_the_api_says() {
    let view = World::new().view;
    let listed: Vec<_> = view.answers.hotspots[..3].iter().collect();
    let coverage = Coverage::new(&view.answers, &view.status);
    let document = Document::new(&view.answers, &listed, coverage);
    let document = serde_json::to_value(&document).unwrap();
    // Links are those of a daemon's operator.
    let mut world = World::new();
    Arc::make_mut(&mut world.view).links = Arc::default();
    let page = get(world.serve().await, "/api/v1/hotspots?limit=3").await.json();
    assert_eq!(document["hotspots"], page["hotspots"]);
    assert_eq!(document["coverage"], page["coverage"]);
    let breaks = &document["audit"]["breaks"];
    let id = |rank| hotspot(rank).id.to_string();
    assert_eq!(breaks["database"], serde_json::json!([id(1), id(3)]));
    assert_eq!(breaks["synchronous"], serde_json::json!([id(2)]));
    assert_eq!(breaks["seams"], serde_json::json!([]));
}
