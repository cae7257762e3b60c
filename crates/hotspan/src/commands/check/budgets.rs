//! Budgets: what an entry operation may do, and which do more.

use std::collections::BTreeSet;

use super::allow::BudgetRule;
use super::evidence::{At, Entry, Evidence};

/// Budgets; `None` for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Limits {
    /// Most database calls in a trace.
    pub(super) db_calls: Option<u64>,
    /// Most remote calls in a trace.
    pub(super) calls: Option<u64>,
    /// Longest median duration, in milliseconds.
    pub(super) duration_ms: Option<u64>,
}

/// A budget that an entry operation overran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Overrun {
    /// Where.
    pub(super) at: At,
    /// Name of the budget, as the allow-list has it.
    pub(super) budget: &'static str,
    /// What may be.
    pub(super) limit: u64,
    /// What was.
    pub(super) value: u64,
    /// In which trace; empty where it was in the middle of many.
    pub(super) trace: String,
}

impl Overrun {
    /// In words.
    pub(super) fn sentence(&self) -> String {
        let (operation, service) = (&self.at.operation, &self.at.service);
        let (value, limit, trace) = (self.value, self.limit, &self.trace);
        match self.budget {
            DB_CALLS => {
                format!(
                    "{operation} of {service} makes {value} database calls in trace {trace}, {limit} allowed"
                )
            }
            CALLS => {
                format!(
                    "{operation} of {service} makes {value} remote calls in trace {trace}, {limit} allowed"
                )
            }
            _ => format!("{operation} of {service} takes {value} ms at the median, {limit} ms allowed"),
        }
    }
}

const DB_CALLS: &str = "max_db_calls";
const CALLS: &str = "max_calls";
pub(super) const DURATION: &str = "max_duration_ms";

/// The budgets that somebody set, by name.
pub(super) fn set(budgets: &[BudgetRule], limits: Limits) -> BTreeSet<&'static str> {
    let of_rules = budgets.iter().flat_map(|rule| {
        [
            (DB_CALLS, rule.max_db_calls),
            (CALLS, rule.max_calls),
            (DURATION, rule.max_duration_ms),
        ]
    });
    let of_flags = [
        (DB_CALLS, limits.db_calls),
        (CALLS, limits.calls),
        (DURATION, limits.duration_ms),
    ];
    let all = of_rules.chain(of_flags);
    all.filter_map(|(name, limit)| limit.map(|_| name)).collect()
}

/// The budgets that are overrun. The last rule of the file that is about an operation and names a budget holds
/// over the flag.
pub(super) fn overruns(evidence: &Evidence, budgets: &[BudgetRule], limits: Limits) -> Vec<Overrun> {
    let mut overruns = Vec::new();
    for entry in evidence.entries.iter() {
        let meant = || budgets.iter().rev().filter(|rule| rule.holds(&entry.at));
        let of = |own: fn(&BudgetRule) -> Option<u64>, flag| meant().find_map(own).or(flag);
        let limits = [
            (DB_CALLS, of(|rule| rule.max_db_calls, limits.db_calls)),
            (CALLS, of(|rule| rule.max_calls, limits.calls)),
            (DURATION, of(|rule| rule.max_duration_ms, limits.duration_ms)),
        ];
        for (budget, limit) in limits {
            let (value, trace) = spent(entry, budget);
            let over = limit.zip(value).filter(|(limit, value)| limit < value);
            overruns.extend(over.map(|(limit, value)| Overrun {
                at: entry.at.clone(),
                budget,
                limit,
                value,
                trace: trace.to_owned(),
            }));
        }
    }
    overruns
}

/// How much, and in which trace.
fn spent<'a>(entry: &'a Entry, budget: &str) -> (Option<u64>, &'a str) {
    match budget {
        DB_CALLS => (entry.db_calls_max, &entry.db_calls_trace),
        CALLS => (entry.calls_max, &entry.calls_trace),
        // Whatever goes beyond the last whole millisecond is over it.
        _ => (Some(entry.duration_p50_ns.div_ceil(1_000_000)), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_overrun_by_one() {
        let entry = Entry {
            traces: 3,
            db_calls_max: Some(21),
            db_calls_trace: "07".to_owned(),
            calls_max: Some(2),
            duration_p50_ns: 9_000_001,
            ..Entry::default()
        };
        let evidence = Evidence {
            entries: vec![entry],
            ..Evidence::default()
        };
        let limits = |db_calls, duration_ms| Limits {
            db_calls: Some(db_calls),
            calls: Some(2),
            duration_ms: Some(duration_ms),
        };
        assert_eq!(overruns(&evidence, &[], limits(21, 10)), []);
        let over = overruns(&evidence, &[], limits(20, 9));
        let values: Vec<(u64, u64)> = over.iter().map(|of| (of.value, of.limit)).collect();
        assert_eq!(values, [(21, 20), (10, 9)]);
        assert!(
            over[0]
                .sentence()
                .contains("21 database calls in trace 07, 20 allowed")
        );
    }
}
