//! Thresholds that users may tune: their defaults live beside the rules, their overrides here.

use hotspan_model::Knob;

/// Members of a repeat of queries or calls.
pub(crate) static REPEAT_MIN: Knob = Knob {
    name: "repeat_min",
    default: 5,
    what: "fewest queries or calls of one template that are a loop",
};

/// Members of a repeat of cache commands or publishes.
pub(crate) static REPEAT_MIN_FAST: Knob = Knob {
    name: "repeat_min_fast",
    default: 10,
    what: "fewest cache commands or publishes of one template that are a loop",
};

/// Share of the segment root's duration that a fault must cost.
pub(crate) static COST_SHARE: Knob = Knob {
    name: "cost_share_millionths",
    default: 50_000,
    what: "share of the segment that a fault must cost",
};

/// Time that a fault must cost.
pub(crate) static COST_MIN: Knob = Knob {
    name: "cost_min_ns",
    default: 1_000_000,
    what: "time that a fault must cost in one trace",
};

/// Cost of one occurrence that opens a hotspot at once.
pub(crate) static COST_ONCE: Knob = Knob {
    name: "cost_once_ns",
    default: 30_000_000,
    what: "cost of one trace that opens a hotspot at once",
};

/// The knobs that every detector shares.
pub static SHARED: [&Knob; 5] = [&REPEAT_MIN, &REPEAT_MIN_FAST, &COST_SHARE, &COST_MIN, &COST_ONCE];

/// Values of the knobs that differ from their defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knobs(Vec<(&'static str, u64)>);

impl Knobs {
    /// Sets a knob of the table; `false` when no detector has one of this name.
    #[must_use]
    pub fn set(&mut self, name: &str, value: u64) -> bool {
        let own = super::detectors()
            .iter()
            .flat_map(|detector| detector.meta().knobs);
        let Some(known) = SHARED.into_iter().chain(own).find(|knob| knob.name == name) else {
            return false;
        };
        self.0.retain(|&(set, _)| set != known.name);
        self.0.push((known.name, value));
        true
    }

    /// The value of a knob.
    pub fn get(&self, knob: &Knob) -> u64 {
        let set = self.0.iter().find(|&&(name, _)| name == knob.name);
        set.map_or(knob.default, |&(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_knob_has_its_default_until_it_is_set() {
        let mut knobs = Knobs::default();
        assert_eq!(knobs.get(&REPEAT_MIN), 5);
        assert!(knobs.set("repeat_min", 7) && knobs.set("repeat_min", 8));
        assert_eq!(knobs.get(&REPEAT_MIN), 8);
        assert_eq!(knobs.get(&REPEAT_MIN_FAST), 10);
    }

    #[test]
    fn a_knob_that_no_detector_has_is_refused() {
        assert!(!Knobs::default().set("repeat_max", 7));
    }
}
