//! How detectors put things in words: counts, frameworks, clauses that several of them share.

use hotspan_model::{Facets, Millionths};

/// Weeks of one team, from tenths.
pub(super) const fn tenths_of_a_week(tenths: u64) -> Millionths {
    Millionths(tenths * 100_000)
}

/// `one after another` or `all at once`.
pub(super) fn manner(facets: &Facets<'_>) -> &'static str {
    match facets.parallel {
        true => "in parallel",
        false => "one after another",
    }
}

/// Whether one of the words, in lower case, is anywhere in a name, in any case.
pub(super) fn has_any(name: &str, words: &[&str]) -> bool {
    let is_at = |at: usize, word: &&&str| {
        let piece = name.as_bytes().get(at..at + word.len());
        piece.is_some_and(|piece| piece.eq_ignore_ascii_case(word.as_bytes()))
    };
    (0..name.len()).any(|at| words.iter().any(|word| is_at(at, &word)))
}

/// What is called: the short name, else the whole template, else the peer.
pub(super) fn target<'a>(facets: &Facets<'a>) -> &'a str {
    [facets.summary, &facets.callee.template, &facets.callee.peer]
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or("an operation without a name")
}

/// Whom it is called on: the vendor or peer, else the system.
pub(super) fn peer<'a>(facets: &Facets<'a>) -> &'a str {
    let callee = facets.callee;
    facets
        .vendor
        .into_iter()
        .chain([callee.peer.as_str(), callee.system.as_str()])
        .find(|text| !text.is_empty())
        .unwrap_or("an unnamed peer")
}

/// Advice for a framework that is known by a word in its instrumentation scope.
#[derive(Clone, Copy, Debug)]
pub(super) struct Advice {
    /// Lower-case words, any of which names the framework in a scope.
    pub scopes: &'static [&'static str],
    /// What to write when the calls read.
    pub read: &'static str,
    /// What to write when they change data.
    pub write: &'static str,
}

impl Advice {
    /// The same for reads and writes.
    pub(super) const fn always(scopes: &'static [&'static str], how: &'static str) -> Advice {
        Advice {
            scopes,
            read: how,
            write: how,
        }
    }
}

/// The first advice that fits one of the scopes, most frequent scope first; else `otherwise`.
pub(super) fn advice(facets: &Facets<'_>, table: &[Advice], otherwise: (&str, &str)) -> String {
    let fits = |scope: &&str, advice: &&Advice| {
        let scope = scope.to_ascii_lowercase();
        advice.scopes.iter().any(|word| scope.contains(word))
    };
    let known = facets
        .scopes
        .iter()
        .find_map(|scope| table.iter().find(|advice| fits(scope, advice)));
    let (read, write) = known.map_or(otherwise, |advice| (advice.read, advice.write));
    if facets.writes { write } else { read }.to_owned()
}
