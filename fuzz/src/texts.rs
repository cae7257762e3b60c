//! Statements, URLs, names: any text is read, no output outgrows its input, and a template is its own template.

use hotspan_model::ParamKey;
use hotspan_otlp::text::{ParamHasher, Statement, analyse, cache_key, facts, graphql, names, url};

/// The first byte chooses among them.
const SYSTEMS: [&str; 12] = [
    "postgresql",
    "mysql",
    "mssql",
    "oracle.db",
    "sqlite",
    "cassandra",
    "mongodb",
    "redis",
    "elasticsearch",
    "clickhouse",
    "dynamodb",
    "unheard of",
];

/// A database system and a statement for it.
pub fn statement(data: &[u8]) {
    let Some((&system, text)) = data.split_first() else {
        return;
    };
    let system = SYSTEMS[usize::from(system) % SYSTEMS.len()];
    let text = String::from_utf8_lossy(text);
    let once = read(system, &text);
    assert!(
        once.template.len() <= text.len(),
        "{} outgrows {text}",
        once.template
    );
    assert!(
        once.sanitised.len() <= text.len(),
        "{} outgrows {text}",
        once.sanitised
    );
    facts(&once.template);
    let again = read(system, &once.template);
    assert_eq!(again.template, once.template, "of {text} for {system}");
}

fn read(system: &str, text: &str) -> Statement {
    let mut out = Statement::default();
    analyse(system, text, ParamKey::BUILT_IN, &mut out);
    out
}

/// A URL, a route, a name, a cache key, a GraphQL document: whatever a text is taken for.
pub fn text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (mut params, mut out) = (ParamHasher::new(ParamKey::BUILT_IN), String::new());
    let parsed = url::Url::parse(&text);
    url::template(parsed.path, parsed.query, &mut params, &mut out);
    url::path_template(&text, &mut params, &mut out);
    url::host_key(&text, &mut out);
    url::host_port(&text);
    cache_key::template(&text, &mut params, &mut out);
    graphql::template(&text, &mut out);
    assert!(out.len() <= text.len(), "{out} outgrows {text}");
    names::destination(&text, true, &mut out);
    names::route(&text, &mut out);
    names::mask(&text, &mut out);
    assert!(out.len() <= names::NAME_BYTES_MAX, "{out} is too long for a name");
}
