//! One trace in, its report out: forest, paths, context, detectors, rows.

use hotspan_model::{
    AnalysisTimes, Assembled, BeforeAfter, FindingId, LogTime, Lookup, Nanos, Report, TraceView, Tuning,
};

use crate::context::{Prepared, Thresholds, Wrappers, is_trusted};
use crate::detectors::{Findings, Scratch};
use crate::report::{self, Metered, Rows};
use crate::stopwatch::Stopwatch;
use crate::timeline::timeline;
use crate::{Forest, Limits, Path, Settings, detectors, explain};

/// How an [`Analyser`] reads traces and when its detectors speak.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnalyserSettings {
    /// How the critical path is made.
    pub path: Settings,
    /// Thresholds that differ from their defaults.
    pub tuning: Tuning,
    /// What counters ask for.
    pub metered: Metered,
}

/// When a trace counts for windows and trends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At this moment of the log.
    Log(LogTime),
    /// At the latest end that one of its trusted spans claims.
    Claimed,
}

/// Analyses traces one after another, all of one dictionary. It holds all scratch, so that a trace allocates nothing
/// once it is warm.
#[derive(Debug, Default)]
pub struct Analyser {
    path: Settings,
    forest: Forest,
    prepared: Prepared,
    rows: Rows,
    scratch: Scratch,
    wrappers: Wrappers,
    /// Trees in which flat wrappers are parents.
    adopted: Forest,
    /// The detectors saw those.
    is_adopted: bool,
    /// What is shown of a single trace.
    shown: Report,
    response: Path,
    completion: Path,
    stopwatch: Stopwatch,
}

impl Analyser {
    /// One with no scratch yet.
    pub fn new(settings: AnalyserSettings) -> Analyser {
        Analyser {
            path: settings.path,
            prepared: Prepared::new(Thresholds::new(settings.tuning)),
            rows: Rows::new(settings.metered),
            ..Analyser::default()
        }
    }

    /// Times one analysis in 64 with a clock of the caller's; it decides nothing.
    pub fn time_with(&mut self, clock: fn() -> Nanos) {
        self.stopwatch = Stopwatch::new(clock, detectors().len());
    }

    /// What analyses took; nothing without a clock.
    pub fn times(&self) -> &AnalysisTimes {
        self.stopwatch.times()
    }

    /// Fills `report` with all that `trace`, or its first `prefix` spans (an older version), contributes.
    pub fn analyse(
        &mut self,
        trace: &Assembled,
        prefix: Option<usize>,
        when: When,
        dictionary: &dyn Lookup,
        report: &mut Report,
    ) {
        report.clear();
        self.stopwatch.begin();
        let path = &self.path;
        let spans = prefix.unwrap_or(trace.spans.len()).min(trace.spans.len());
        self.forest.normalise(trace, prefix, dictionary, path);
        report.trace = trace.trace;
        report.version = trace.version;
        (report.weight, report.incomplete) = match prefix {
            None => (trace.threshold.weight(), trace.is_incomplete()),
            // What is taken back must be what was added.
            Some(_) => (trace.previous_threshold.weight(), trace.was_incomplete()),
        };
        report.at = match when {
            When::Log(at) => at,
            When::Claimed => claimed_end(&self.forest, trace),
        };
        let cx = self.prepared.context(trace, spans, &self.forest, dictionary, &[]);
        self.rows.fill(cx, report);
        // A flat wrapper is an INTERNAL span without children.
        self.is_adopted = cx.census().has_steps() && self.wrappers.adopt(trace, &self.forest);
        let cx = match self.is_adopted {
            false => cx,
            true => {
                let (trace, adopted) = (self.wrappers.trace(), self.wrappers.adopted());
                let forest = &mut self.adopted;
                forest.normalise(trace, prefix, dictionary, path);
                self.prepared.context(trace, spans, forest, dictionary, adopted)
            }
        };
        let mut findings = Findings::new(report, &mut self.scratch, cx.operations().len());
        self.stopwatch.lap();
        for (place, detector) in detectors().iter().enumerate() {
            findings.turn();
            detector.detect(&cx, &mut findings);
            self.stopwatch.detector(place);
        }
        findings.join(cx.forest);
        self.rows.hand_offs(cx, &self.scratch.chains, report);
        self.stopwatch.end();
    }

    /// The trace as it is answered, with at most `spans_max` spans.
    pub fn explain(&mut self, trace: &Assembled, dictionary: &dyn Lookup, spans_max: usize) -> TraceView {
        let mut report = std::mem::take(&mut self.shown);
        self.analyse(trace, None, When::Claimed, dictionary, &mut report);
        self.response.response(&self.forest);
        self.completion.completion(&self.forest);
        let limits = Limits {
            spans_max,
            ..Limits::default()
        };
        let (forest, response, completion) = (&self.forest, &self.response, &self.completion);
        let view = explain(trace, forest, response, completion, dictionary, limits);
        let mut view = view.expect("a decided trace has an id");
        view.findings = report::view::findings(&report, dictionary);
        view.near_misses = report::view::near_misses(&report, dictionary);
        self.shown = report;
        view
    }

    /// The same, and what the fix of one of its findings would do, when there is such a finding and its saving comes
    /// from a replay.
    pub fn explain_fix(
        &mut self,
        trace: &Assembled,
        dictionary: &dyn Lookup,
        spans_max: usize,
        wanted: FindingId,
    ) -> (TraceView, Option<BeforeAfter>) {
        self.scratch.wanted = Some(wanted);
        self.scratch.replay.film(true);
        let view = self.explain(trace, dictionary, spans_max);
        self.scratch.replay.film(false);
        self.scratch.wanted = None;
        let Some(scene) = self.scratch.scene.take() else {
            return (view, None);
        };
        let forest = match self.is_adopted {
            true => &mut self.adopted,
            false => &mut self.forest,
        };
        let after = timeline(forest, &mut self.response, &scene, dictionary, spans_max);
        (view, Some(after))
    }
}

/// The latest end that a trusted span claims, by its own clock.
fn claimed_end(forest: &Forest, trace: &Assembled) -> LogTime {
    let trusted = forest.nodes().iter().filter(|node| is_trusted(node));
    let spans = trusted.filter_map(|node| trace.spans.get(node.span as usize));
    let latest = spans.map(|span| span.end().0).max();
    LogTime(latest.unwrap_or_else(|| trace.spans.iter().map(|span| span.end().0).max().unwrap_or(0)))
}
