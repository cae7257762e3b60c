//! Who sends with which SDK, and which of its settings would let more be seen or cost less.

use std::collections::{BTreeMap, BTreeSet};

use hotspan_api::rfc3339;
use serde_json::Value;

use super::languages::{Language, Need};
use super::seen::Seen;
use super::{Check, Verdict, listed};
use crate::output::{at, number, rows, text};

/// Nanoseconds after which a sender is one of the past.
const PAST: u64 = 3_600_000_000_000;

/// One sender that was heard lately.
struct Sender<'a> {
    service: String,
    language: Language,
    says: &'a Value,
}

pub(super) fn all(seen: &Seen) -> Vec<Check> {
    let senders = senders(seen);
    let mut checks = sdks(&senders);
    checks.extend(uncompressed(&senders));
    checks.extend(json(&senders));
    checks.extend(without_version(&senders));
    checks
}

/// Languages of these services, or of all of them where none is named.
pub(super) fn languages(seen: &Seen, of: &BTreeSet<String>) -> BTreeSet<Language> {
    let senders = senders(seen).into_iter();
    let asked = senders.filter(|sender| of.is_empty() || of.contains(&sender.service));
    asked.map(|sender| sender.language).collect()
}

fn senders(seen: &Seen) -> Vec<Sender<'_>> {
    let newest = rfc3339(&text(&seen.after["at"])).map_or(0, |at| at.0);
    let mut found = Vec::new();
    for row in rows(&seen.services["services"]) {
        for says in rows(&row["senders"]) {
            let last = rfc3339(&text(&says["last_seen"])).map_or(0, |last| last.0);
            if newest.saturating_sub(last) < PAST {
                let language = Language::of(&text(at(says, "sdk.language")));
                let service = text(&row["service"]);
                found.push(Sender {
                    service,
                    language,
                    says,
                });
            }
        }
    }
    found
}

/// Each SDK with its version, and the services that have it.
fn sdks(senders: &[Sender<'_>]) -> Vec<Check> {
    let mut kinds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for sender in senders {
        let named = sdk(sender.says);
        kinds.entry(named).or_default().insert(sender.service.clone());
    }
    let checks = kinds.into_iter().map(|(sdk, services)| {
        let services = listed(&services);
        match sdk.is_empty() {
            false => Check::new("sdk", Verdict::Well, format!("{sdk}: {services}")),
            true => Check::new(
                "sdk",
                Verdict::Note,
                format!("no SDK is named (telemetry.sdk.language): {services}"),
            )
            .fix("a sender of one's own, or something between that drops attributes of resources"),
        }
    });
    checks.collect()
}

/// Language, version and wrapping of an SDK in words; empty where nothing is told.
pub(crate) fn sdk(says: &Value) -> String {
    let told = |path| text(at(says, path));
    let sdk = [told("sdk.language"), told("sdk.name"), told("sdk.version")];
    let distro = [told("distro.name"), told("distro.version")];
    let joined = |words: &[String]| {
        let there: Vec<&str> = words
            .iter()
            .map(String::as_str)
            .filter(|word| !word.is_empty())
            .collect();
        there.join(" ")
    };
    match (joined(&sdk), joined(&distro)) {
        (sdk, distro) if distro.is_empty() => sdk,
        (sdk, distro) => format!("{sdk} ({distro})"),
    }
}

fn uncompressed(senders: &[Sender<'_>]) -> Option<Check> {
    let plain = |sender: &&Sender<'_>| {
        text(&sender.says["compression"]) == "identity" && sender.says["local"] == false
    };
    let says =
        "requests come over the network without compression, five to ten times as long as they need be";
    advised("compress", says, senders.iter().filter(plain), Need::Compression)
}

fn json(senders: &[Sender<'_>]) -> Option<Check> {
    let json = |sender: &&Sender<'_>| text(&sender.says["encoding"]) == "json";
    let says = "requests come as JSON, which takes both sides several times the work";
    advised("encoding", says, senders.iter().filter(json), Need::Protobuf)
}

fn without_version(senders: &[Sender<'_>]) -> Option<Check> {
    let told = senders
        .iter()
        .filter(|sender| !text(&sender.says["version"]).is_empty());
    let told: BTreeSet<&String> = told.map(|sender| &sender.service).collect();
    let untold = senders.iter().filter(|sender| !told.contains(&sender.service));
    let says = "no service.version is sent, so nothing can be said about a deploy";
    advised("version", says, untold, Need::Version)
}

/// A note about some senders, with the setting of each of their languages.
fn advised<'s>(
    check: &'static str,
    says: &str,
    senders: impl Iterator<Item = &'s Sender<'s>>,
    need: Need,
) -> Option<Check> {
    let (mut services, mut languages, mut batches) = (BTreeSet::new(), BTreeSet::new(), 0);
    for sender in senders {
        services.insert(sender.service.clone());
        languages.insert(sender.language);
        batches += number(&sender.says["batches"]);
    }
    if services.is_empty() {
        return None;
    }
    let says = format!("{says}: {} ({batches} batches)", listed(&services));
    Some(Check::new(check, Verdict::Note, says).fixes(need.settings(&languages)))
}
