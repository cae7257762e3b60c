//! What fires: findings are debt, not incidents. New and worsening hotspots of critical services do, and companies that are
//! waited for longer than they were; everything else waits in the list.

use std::collections::BTreeMap;

use hotspan_api::shape::clean;
use hotspan_api::{Place, View, links};
use hotspan_model::{Hotspot, Role, State};

use super::{Alert, Settings, TENANT};

/// Alerts at once; the first by rank.
const ALERTS_MAX: usize = 500;
/// The detector of companies on critical paths.
const THIRD_PARTY: &str = "third-party-on-critical-path";
/// Where the pages of the detectors are.
const RUNBOOKS: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/detectors");

/// What fires in a view. Acknowledged and muted hotspots have a state of their own, so they do not.
pub(crate) fn firing(view: &View, settings: &Settings) -> Vec<Alert> {
    let answers = &view.answers;
    let listed = &answers.hotspots[..answers.listed.min(answers.hotspots.len())];
    let first = answers.coverage.first.unwrap_or(view.at);
    let named = listed.iter().filter_map(|hotspot| {
        let is_critical = is_critical(&hotspot.service, settings);
        // The daemon forgets when it ends: what it sees at once was there before.
        let is_learned = hotspot.first_seen.since(first) < settings.learn;
        Some((
            hotspot,
            name(hotspot.state, hotspot.detector, is_critical, is_learned)?,
        ))
    });
    named
        .map(|(hotspot, name)| alert(hotspot, name, settings))
        .take(ALERTS_MAX)
        .collect()
}

/// Whether a service's hotspots ask for somebody.
pub(crate) fn is_critical(service: &str, settings: &Settings) -> bool {
    settings.critical.iter().any(|pattern| pattern.matches(service))
}

/// Under which name a hotspot fires, if it does.
fn name(state: State, detector: &str, is_critical: bool, is_learned: bool) -> Option<&'static str> {
    match state {
        State::New => (is_critical && !is_learned).then_some("HotspanNewHotspot"),
        State::Regressed => is_critical.then_some("HotspanHotspotReturned"),
        State::Worsening if detector == THIRD_PARTY => Some("HotspanThirdPartyWorsening"),
        State::Worsening => is_critical.then_some("HotspanHotspotWorsening"),
        State::Open | State::Acknowledged | State::Muted | State::NotExercised | State::Fixed => None,
    }
}

fn alert(hotspot: &Hotspot, name: &str, settings: &Settings) -> Alert {
    let id = hotspot.id.to_string();
    let url = format!("{}/hotspots/{id}", settings.page);
    let mut labels = BTreeMap::from([
        ("alertname", name.to_owned()),
        ("severity", "page".to_owned()),
        ("service", clean(&hotspot.service)),
        ("detector", hotspot.detector.to_owned()),
        ("hotspot_id", id),
    ]);
    if let Some(tenant) = &settings.tenant {
        labels.insert(TENANT, tenant.to_string());
    }
    let annotations = [
        ("summary", clean(&hotspot.title)),
        ("description", description(hotspot)),
        ("runbook_url", format!("{RUNBOOKS}/{}.md", hotspot.detector)),
        ("dashboard_url", url.clone()),
    ];
    let mut annotations: BTreeMap<String, String> =
        annotations.map(|(name, text)| (name.to_owned(), text)).into();
    for link in links(&settings.links, &Place::of_hotspot(hotspot)) {
        annotations.insert(format!("link_{}", link.name.replace('-', "_")), link.url);
    }
    let worst = hotspot
        .evidence
        .iter()
        .find(|evidence| evidence.role == Role::Worst)
        .or(hotspot.evidence.first());
    if let Some(worst) = worst {
        annotations.insert(
            "trace_url".to_owned(),
            format!("{}/traces/{}", settings.page, worst.trace),
        );
    }
    Alert {
        labels,
        annotations,
        url,
    }
}

fn description(hotspot: &Hotspot) -> String {
    let mut text = format!(
        "{} of {}: {} traces, state {}",
        clean(&hotspot.operation),
        clean(&hotspot.service),
        hotspot.traces,
        hotspot.state.name()
    );
    if !hotspot.fix.summary.is_empty() {
        text.push_str(&format!(". Fix: {}", clean(&hotspot.fix.summary)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_debt_and_only_what_gets_worse_where_it_matters_asks_for_somebody() {
        let at = |state, is_critical| name(state, "slow-query", is_critical, false);
        assert_eq!(at(State::New, true), Some("HotspanNewHotspot"));
        assert_eq!(at(State::Regressed, true), Some("HotspanHotspotReturned"));
        assert_eq!(at(State::Worsening, true), Some("HotspanHotspotWorsening"));
        for state in [State::New, State::Regressed, State::Worsening] {
            assert_eq!(at(state, false), None);
        }
        for state in [
            State::Open,
            State::Acknowledged,
            State::Muted,
            State::NotExercised,
            State::Fixed,
        ] {
            assert_eq!(at(state, true), None);
        }
    }

    #[test]
    fn what_was_there_from_the_start_is_not_new() {
        assert_eq!(name(State::New, "slow-query", true, true), None);
        assert!(name(State::Regressed, "slow-query", true, true).is_some());
    }

    #[test]
    fn a_third_party_that_is_slower_than_it_was_matters_everywhere() {
        let third_party = |state| name(state, THIRD_PARTY, false, false);
        assert_eq!(third_party(State::Worsening), Some("HotspanThirdPartyWorsening"));
        assert_eq!(third_party(State::New), None);
    }
}
