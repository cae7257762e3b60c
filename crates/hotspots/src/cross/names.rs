//! How detectors over traces name things, and how names become parts of fingerprints.

use hotspan_model::{CalleeFacts, Millionths};

/// Weeks of one team, from tenths.
pub(super) const fn tenths_of_a_week(tenths: u64) -> Millionths {
    Millionths(tenths * 100_000)
}

/// Names that a sentence lists; the others are a number.
const LISTED: usize = 6;

/// `a, b and c`, or `a, b, c, … and 4 more`.
pub(super) fn list<T: AsRef<str>>(names: &[T]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names[..] {
        [] => String::new(),
        [one] => one.to_owned(),
        [ref first @ .., last] if names.len() <= LISTED => format!("{} and {last}", first.join(", ")),
        [..] => {
            let more = names.len() - LISTED;
            format!("{} and {more} more", names[..LISTED].join(", "))
        }
    }
}

/// A host with its digits masked: pods, shards and ports come and go.
pub(super) fn masked(host: &str) -> String {
    let mut masked = String::with_capacity(host.len());
    for letter in host.chars() {
        match letter.is_ascii_digit() {
            true if masked.ends_with('#') => {}
            true => masked.push('#'),
            false => masked.push(letter),
        }
    }
    masked
}

/// A store as people read it: `postgresql shop on db.internal`.
pub(super) fn store(facts: &CalleeFacts) -> String {
    let host = match facts.port {
        0 => facts.host.to_string(),
        port => format!("{}:{port}", facts.host),
    };
    match host.is_empty() {
        true => format!("{} {}", facts.system, facts.namespace),
        false => format!("{} {} on {host}", facts.system, facts.namespace),
    }
}

/// Words in routes of checks that run by the clock.
const CHECKS: [&str; 7] = [
    "health",
    "ready",
    "live",
    "ping",
    "status",
    "metrics",
    "heartbeat",
];

/// Whether an operation is a health check by its name.
pub(super) fn is_check(operation: &str) -> bool {
    let last = operation
        .rsplit('/')
        .find(|part| !part.is_empty())
        .unwrap_or_default();
    let last = last.to_ascii_lowercase();
    CHECKS.iter().any(|word| last.starts_with(word))
}

/// The words of a name, whatever stands between them.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// Whether a word of a name is one of these, in the singular or the plural.
pub(super) fn says(name: &str, known: &[&str]) -> bool {
    let is = |word: &str, known: &str| {
        word.eq_ignore_ascii_case(known)
            || (word.strip_suffix('s')).is_some_and(|word| word.eq_ignore_ascii_case(known))
    };
    words(name).any(|word| known.iter().any(|known| is(word, known)))
}

/// Words in names of services that pass requests on.
const GATEWAYS: [&str; 7] = [
    "gateway",
    "apigateway",
    "bff",
    "proxy",
    "edge",
    "graphql",
    "ingress",
];

/// Whether a service is a gateway or a backend for a front end by its name.
pub(super) fn is_gateway(service: &str) -> bool {
    says(service, &GATEWAYS)
}

/// Words in names of operations that go on while they answer.
const STREAMS: [&str; 3] = ["stream", "subscribe", "watch"];

/// Whether an operation is a stream by its name: whoever listens asks once, however often it is answered.
pub(super) fn is_stream(operation: &str) -> bool {
    says(operation, &STREAMS)
}

/// Words in names of services that work for those who run the others.
const TOOLS: [&str; 6] = [
    "admin",
    "backoffice",
    "backup",
    "migration",
    "migrate",
    "migrator",
];

/// Whether a service is a tool of its operators by its name.
pub(super) fn serves_nobody(service: &str) -> bool {
    says(service, &TOOLS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_from_parts_of_words() {
        assert!(is_gateway("api-gateway") && is_gateway("web.bff") && !is_gateway("knowledge"));
        assert!(serves_nobody("shop-migrations") && !serves_nobody("administration"));
    }

    #[test]
    fn few_names_are_listed_and_many_are_counted() {
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(
            list(&["a", "b", "c", "d", "e", "f", "g", "h"]),
            "a, b, c, d, e, f and 2 more"
        );
    }

    #[test]
    fn numbers_of_hosts_are_masked() {
        assert_eq!(masked("db-12.shard7.internal"), "db-#.shard#.internal");
    }

    #[test]
    fn checks_are_told_by_the_end_of_their_route() {
        assert!(is_check("GET /healthz") && is_check("GET /api/v1/ready"));
        assert!(!is_check("GET /health/records") && !is_check("GET /orders"));
    }
}
