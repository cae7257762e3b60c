//! The committed description is the one that is served.

use crate::client::get;
use crate::world::World;

const SNAPSHOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

#[test]
fn the_committed_description_is_fresh() {
    let mut fresh = hotspan_api::openapi().to_pretty_json().unwrap();
    fresh.push('\n');
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(SNAPSHOT, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(SNAPSHOT).unwrap_or_default();
    assert!(
        fresh == committed,
        "run the tests with UPDATE_OPENAPI=1 and look at the difference"
    );
}

#[tokio::test]
async fn the_description_is_served_as_it_is_committed() {
    let at = World::start().await;
    let served = get(at, "/api/v1/openapi.json").await.json();
    let committed: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(SNAPSHOT).unwrap()).unwrap();
    assert_eq!(served, committed);
    assert_eq!(served["openapi"], "3.1.0");
}

/// The parameters that the handlers read are the parameters that are described.
#[tokio::test]
async fn every_parameter_is_described() {
    let at = World::start().await;
    let document = get(at, "/api/v1/openapi.json").await.json();
    for (path, item) in document["paths"].as_object().unwrap() {
        let described: Vec<&str> = match item["get"]["parameters"].as_array() {
            Some(all) => all
                .iter()
                .filter(|of| of["in"] == "query")
                .map(|of| of["name"].as_str().unwrap())
                .collect(),
            None => continue,
        };
        if described.is_empty() {
            continue;
        }
        let refused = get(at, &format!("{path}?nobody_asks_for_this=1")).await.json();
        let mut allowed: Vec<&str> = refused["allowed"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        let mut described = described;
        allowed.sort_unstable();
        described.sort_unstable();
        assert_eq!(allowed, described, "{path}");
    }
}
