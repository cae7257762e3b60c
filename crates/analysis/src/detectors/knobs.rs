//! The thresholds that every detector shares; those of one detector live beside its rule.

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

/// All of them.
pub static SHARED: [&Knob; 5] = [&REPEAT_MIN, &REPEAT_MIN_FAST, &COST_SHARE, &COST_MIN, &COST_ONCE];
