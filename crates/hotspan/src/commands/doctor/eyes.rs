//! What cannot be seen of which service, and the setting that would open the eye.

use std::collections::{BTreeMap, BTreeSet};

use super::languages::Need;
use super::seen::Seen;
use super::settings::{self, BOTH_NAMES};
use super::{Check, Verdict, listed, senders};
use crate::output::{at, number, rows, text};

pub(super) fn all(seen: &Seen) -> Vec<Check> {
    let mut checks = blind(seen);
    checks.extend(orphans(seen));
    checks.extend(closed(seen));
    checks.extend(old_names(seen));
    checks
}

/// Services of which a detector says that they cannot be judged.
fn blind(seen: &Seen) -> Vec<Check> {
    let mut checks = Vec::new();
    for of in rows(at(&seen.services, "coverage.services")) {
        let service = text(&of["service"]);
        for why in rows(&of["why"]) {
            let says = format!("{service}: {}", text(why));
            let fix =
                format!("hotspan hotspots --service '{service}' --break observability says what to change");
            let check = Check::new("blind", Verdict::Mend, says).fix(fix);
            let languages = senders::languages(seen, &[service.clone()].into());
            checks.push(check.fixes(Need::Instrumentation.settings(&languages)));
        }
    }
    checks
}

/// Spans whose parent was never received: it was sampled away, lost, or sent elsewhere.
fn orphans(seen: &Seen) -> Option<Check> {
    let of_services = rows(at(&seen.services, "coverage.services")).iter();
    let torn = of_services.filter(|of| number(&of["orphan_spans"]) > 0);
    let torn: BTreeSet<String> = torn
        .map(|of| {
            let service = text(&of["service"]);
            format!(
                "{service} ({} of {})",
                number(&of["orphan_spans"]),
                number(&of["spans"])
            )
        })
        .collect();
    if torn.is_empty() {
        return None;
    }
    let says = format!("spans name a parent that was never received: {}", listed(&torn));
    let languages = senders::languages(seen, &BTreeSet::new());
    let check = Check::new("orphans", Verdict::Note, says)
        .fix("their callers send elsewhere, sample on their own, or lose spans")
        .fixes(Need::Sampler.settings(&languages));
    Some(check.fixes(Need::Queue.settings(&languages)))
}

/// Attributes that rules lack, with the services that do not send them.
fn closed(seen: &Seen) -> Vec<Check> {
    let mut lacking: BTreeMap<(String, String, String), [BTreeSet<String>; 2]> = BTreeMap::new();
    for near in seen.near.iter().filter(|near| !near["remedy"].is_null()) {
        let [attribute, older, how] = ["attribute", "older", "how"].map(|key| text(&near["remedy"][key]));
        let [services, rules] = lacking.entry((attribute, older, how)).or_default();
        services.insert(text(&near["service"]));
        rules.insert(text(&near["detector"]));
    }
    let checks = lacking
        .into_iter()
        .map(|((attribute, older, how), [services, rules])| {
            let older = match older.is_empty() {
                true => older,
                false => format!(" (or {older})"),
            };
            let says = format!(
                "{} cannot see without {attribute}{older}: {}",
                listed(&rules),
                listed(&services)
            );
            let languages = senders::languages(seen, &services);
            Check::new("eye", Verdict::Note, says)
                .fix(how)
                .fixes(settings::opening(&attribute, &languages))
        });
    checks.collect()
}

fn old_names(seen: &Seen) -> Option<Check> {
    if seen.old_names.is_empty() {
        return None;
    }
    let services: BTreeSet<String> = seen.old_names.keys().cloned().collect();
    let names: BTreeSet<String> = seen
        .old_names
        .values()
        .flatten()
        .map(|name| (*name).to_owned())
        .collect();
    let says = format!(
        "attributes of the older generation, read all the same ({}): {}",
        listed(&names),
        listed(&services)
    );
    let fix = format!("{BOTH_NAMES} sends both, where the SDK knows it");
    Some(Check::new("names", Verdict::Note, says).fix(fix))
}
