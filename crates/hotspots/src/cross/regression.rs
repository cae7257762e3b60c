//! # Regression
//!
//! A version made an operation slower.
//!
//! **Rule**: between the latest `service.version` and the one before, the median or the 95th percentile of an
//! operation's duration grows by at least 25 % and by at least 1 ms, over at least 50 requests of each; a two-sample
//! test on their histograms finds the two apart (Kolmogorov and Smirnov, p < 0.01, corrected for the number of
//! operations compared). Where only the 95th percentile grows, the 90th must grow as much.
//!
//! **Guards**: the new version's busiest hour has at most twice the requests of the old one's; each operation is
//! compared with itself, so another mix of operations is no regression; in hours that both versions were asked in, at
//! least half of the difference must show, so a slow day is nobody's fault. A hotspot that is known and that a
//! version makes worse (more members, dearer or in more requests, by the same tests) is `worsening`.
//!
//! **Saves**: the difference of the means, times the requests an hour.
//!
//! **Silent when**: the difference is noise; there is one version.
//!
//! **Fix**: what the version changed in this operation.

use std::collections::BTreeMap;

use hotspan_model::{
    Break, Class, Condition, Facets, FactKind, Fix, Meta, Millionths, Nanos, Saving, SavingRule, Scope,
    VersionTraces,
};

use super::names::tenths_of_a_week;
use super::{CrossDetector, Draft, Evidence};
use crate::facts::Fact;
use crate::sign::narrow;
use crate::versions::Pair;

/// The detector.
#[derive(Debug)]
pub(super) struct Regression;

/// Work that nobody waits for counts a fifth.
const UNAWAITED: u128 = 5;

static META: Meta = Meta {
    id: "regression",
    title: "A version made it slower",
    in_break: Break::Synchronous,
    scope: Scope::Cross,
    habit: false,
    effort: tenths_of_a_week(5),
    saving: SavingRule::Replayed,
    knobs: &[],
    sentence,
    fix,
};

/// Versions of one operation.
type Versions<'a> = BTreeMap<(&'a str, &'a str, Class), Vec<(&'a str, &'a Fact)>>;

impl CrossDetector for Regression {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Evidence<'_>, out: &mut Vec<Draft>) {
        let mut all = Versions::new();
        for row in cx.facts(FactKind::Served) {
            if let Some(version) = row.text.what {
                let key = (row.text.service, row.text.operation, row.text.class);
                all.entry(key).or_default().push((version, row.fact));
            }
        }
        let pairs: Vec<_> = all
            .into_iter()
            .filter_map(|(at, versions)| Some((at, Pair::of(versions, cx.newest())?)))
            .collect();
        let compared = pairs.len() as u64;
        for (at, pair) in pairs {
            let growth = pair.growth();
            if growth.iter().all(Condition::is_near) {
                let draft = draft(cx, at, pair.old, pair.new);
                out.extend(draft.guarded(pair.excuse(compared), growth));
            }
        }
    }
}

fn draft(cx: &Evidence<'_>, at: (&str, &str, Class), old: (&str, &Fact), new: (&str, &Fact)) -> Draft {
    let (service, operation, class) = at;
    let mut draft = Draft::new(&META, service, &[service, operation, new.0]);
    draft.operation = operation.to_owned();
    let times = |fact: &Fact| {
        let of = |permille| Nanos(fact.times.quantile(permille));
        (of(500), of(950))
    };
    let (before, after) = (times(old.1), times(new.1));
    draft.said = format!(
        "with {} the median went from {} to {}, the 95th percentile from {} to {}",
        new.0, before.0, after.0, before.1, after.1
    );
    let mean = |fact: &Fact| Nanos(narrow(fact.time / u128::from(fact.times.count().max(1))));
    let delta = mean(new.1).minus(mean(old.1));
    let (median, tail) = (after.0.minus(before.0), after.1.minus(before.1));
    let saving = Saving {
        min: median.min(tail).min(delta),
        likely: delta,
        max: median.max(tail).max(delta),
    };
    let count = u128::from(new.1.calendar.since(cx.from()).count);
    let rate = if class == Class::Server { 1 } else { UNAWAITED };
    let sum = u128::from(delta.0) * count * (new.1.weighted / u128::from(new.1.traces.max(1))) / rate;
    draft.saving = Some((saving, cx.reader.window.seconds_per_hour(sum)));
    draft.versions = vec![VersionTraces {
        version: new.0.to_owned(),
        traces: new.1.traces,
    }];
    draft.share = Millionths::ONE;
    draft.seen.add(new.1);
    draft.term(900_000, "the two versions did not run side by side at all times");
    draft
}

fn sentence(facets: &Facets<'_>) -> String {
    format!("{} of {}: {}", facets.operation, facets.service, facets.evidence)
}

fn fix(facets: &Facets<'_>) -> Fix {
    Fix {
        summary: format!("find what changed in {}", facets.operation),
        how: "compare a trace of this version with one of the version before: a new call or statement on the critical path, \
              or one that takes longer; roll back if it cannot be found"
            .to_owned(),
    }
}
