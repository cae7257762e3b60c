//! What the flags ask for.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use hotspan_api::shape::Moment;
use hotspan_model::{KnobRule, Selector, Tuning};

use super::GateArguments;
use super::allow::date;
use super::budgets::Limits;
use super::verdict::Rules;

/// Floors that do not hold in a gate: what an N+1 costs on the small data and the near database of a test says nothing
/// of what it will cost.
const FLOORS: [&str; 2] = ["cost_min_ns", "cost_share_millionths"];

/// The rules of the gate.
pub(super) fn rules(arguments: &GateArguments) -> Result<Rules> {
    let has_baseline = arguments.baseline.is_some();
    let fail_on = match (arguments.fail_on.is_empty(), has_baseline) {
        (false, _) => arguments.fail_on.clone(),
        (true, true) => vec!["new".to_owned(), "worse".to_owned()],
        (true, false) => vec!["any".to_owned()],
    };
    if !has_baseline && fail_on.iter().any(|rule| rule == "worse") {
        bail!("--fail-on worse: worse than what? Name a --baseline");
    }
    let duration = arguments.max_duration.map(|time| time.as_millis());
    Ok(Rules {
        fail_on,
        updates: arguments.update_baseline,
        limits: Limits {
            db_calls: arguments.max_db_calls,
            calls: arguments.max_calls,
            duration_ms: duration.map(|millis| u64::try_from(millis).unwrap_or(u64::MAX)),
        },
        expect_roots: arguments.expect_roots,
        max_incomplete: arguments.max_incomplete,
        today: today(arguments.today.as_deref())?,
    })
}

fn today(given: Option<&str>) -> Result<String> {
    if let Some(given) = given {
        let day = date(given).with_context(|| format!("--today {given}: not a day, say 2027-03-01"))?;
        return Ok(day.to_owned());
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Moment(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
    Ok(now.to_string().chars().take("2027-03-01".len()).collect())
}

/// The thresholds of a gate: no floors of cost, and over them what the file sets.
pub(super) fn tuning(path: Option<&Path>) -> Result<Tuning> {
    let own = crate::arguments::tuning(path)?;
    let mut tuning = Tuning::default();
    let shared = hotspan_pipeline::shared_knobs().into_iter();
    for knob in shared.filter(|knob| FLOORS.contains(&knob.name)) {
        tuning.set_knob(KnobRule {
            selector: Selector::default(),
            knob,
            value: 0,
        });
    }
    for rule in own.knobs() {
        tuning.set_knob(rule.clone());
    }
    for rule in own.efforts() {
        tuning.set_effort(rule.clone());
    }
    for &(id, effort) in own.hotspots() {
        tuning.set_hotspot(id, effort);
    }
    Ok(tuning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_has_no_floors_of_cost() {
        let tuning = tuning(None).unwrap();
        let set: Vec<(&str, u64)> = tuning
            .knobs()
            .iter()
            .map(|rule| (rule.knob.name, rule.value))
            .collect();
        assert_eq!(set.len(), FLOORS.len());
        assert!(
            set.iter()
                .all(|(name, value)| FLOORS.contains(name) && *value == 0)
        );
    }

    #[test]
    fn today_is_a_day() {
        assert!(date(&today(None).unwrap()).is_some());
        assert!(today(Some("yesterday")).is_err());
    }
}
