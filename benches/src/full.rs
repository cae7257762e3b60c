//! A shard full of hotspots, and readers who look while all of them change.

use std::sync::Arc;

use hotspan_hotspots::{Answers, Hotspots, Settings, Snapshot, answers};
use hotspan_model::{
    CallRow, Category, Class, Dictionary, Facts, Finding, Fingerprint, Identity, LocalDictionary, LogTime,
    Millionths, Nanos, OpRef, Params, PathRow, Report, Saving, SegmentRow, SpanId, Symbol, TableSeed, Target,
    TemplateFacts, Terms, TraceId, Vocabulary,
};
use hotspan_pipeline::SNAPSHOT_ROWS;

use crate::pauses::Pauses;

/// Findings of one trace.
const FINDINGS: u64 = 10;
/// Time between two traces.
const APART_NS: u64 = 1_000_000;

/// One shard with so many hotspots, fed with reports that name them in turns.
#[derive(Debug)]
pub struct Full {
    shard: Hotspots,
    dictionary: LocalDictionary,
    settings: Settings,
    hotspots: u64,
    next: u64,
    report: Report,
    source: Symbol,
    last: Option<Arc<Snapshot>>,
}

impl Full {
    /// A shard of which each hotspot was seen so many times.
    pub fn new(hotspots: u64, sightings: u64) -> Full {
        let settings = Settings::default();
        let mut dictionary = LocalDictionary::default();
        let source = dictionary.admit(Vocabulary::Text, None, "none", Facts::None);
        let mut full = Full {
            shard: Hotspots::new(settings.clone(), TableSeed::default()),
            dictionary,
            settings,
            hotspots,
            next: 0,
            report: Report::default(),
            source,
            last: None,
        };
        for _ in 0..sightings {
            full.round();
        }
        full
    }

    /// Adds traces until each hotspot was seen once more; gives their number.
    pub fn round(&mut self) -> u64 {
        let traces = self.hotspots.div_ceil(FINDINGS);
        for _ in 0..traces {
            self.fill();
            self.shard.add(&self.report, &self.dictionary);
        }
        traces
    }

    /// Shows the shard to readers, who let go of what they saw before, in pieces as a shard does; how long it took to
    /// begin, each piece, and to publish.
    pub fn show(&mut self, [begin, pieces, publish]: &mut [Pauses; 3]) {
        begin.time(|| self.shard.begin_snapshot());
        let mut snapshot = None;
        while snapshot.is_none() {
            pieces.time(|| snapshot = self.shard.poll_snapshot(SNAPSHOT_ROWS));
        }
        publish.time(|| self.last = snapshot);
    }

    /// What readers make of it.
    pub fn answers(&self) -> Answers {
        let parts: Vec<Arc<Snapshot>> = self.last.iter().cloned().collect();
        let catalogue = hotspan_pipeline::catalogue();
        answers(&parts, &self.dictionary, &catalogue, None, &self.settings)
    }

    /// The next trace, with findings of the next hotspots.
    fn fill(&mut self) {
        let n = self.next;
        self.next += 1;
        let first = n * FINDINGS % self.hotspots;
        let at = self.place(first / FINDINGS);
        let draw = Identity::new("draw").number(n.into()).finish();
        self.report.clear();
        self.report.trace = TraceId::new(draw | 1);
        self.report.version = 1;
        self.report.weight = Millionths::ONE;
        self.report.at = LogTime(1_700_000_000_000_000_000 + n * APART_NS);
        self.report.entry = Some(at);
        self.report.spans = 100;
        self.report.segments.push(SegmentRow {
            at,
            version: None,
            duration: Nanos(80_000_000 + draw as u64 % 40_000_000),
            failed: false,
            timed: true,
            entry: true,
            path: [Nanos::from_millis(7); Category::ALL.len()],
        });
        self.report.path.push(PathRow {
            service: at.service,
            category: Category::Db,
            time: Nanos::from_millis(60),
        });
        for hotspot in first..self.hotspots.min(first + FINDINGS) {
            let draw = (draw >> (hotspot % 64)) as u64;
            self.find(at, hotspot, draw);
        }
    }

    fn find(&mut self, at: OpRef, hotspot: u64, draw: u64) {
        let text = format!("SELECT * FROM t{hotspot} WHERE id = ?");
        let facts = Facts::Template(TemplateFacts::default());
        let template = self.dictionary.admit(Vocabulary::Template, None, &text, facts);
        let (path, calls) = (Nanos(2_000_000 + draw % 6_000_000), 5 + draw % 20);
        self.report.calls.push(CallRow {
            from: at,
            target: Target::Service(at.service),
            callee: None,
            class: Class::Db,
            template: Some(template),
            calls,
            failed: 0,
            time: path,
            path,
            path_in_trace: path,
            span: SpanId::new(draw | 1),
            ignored: None,
        });
        self.report.findings.push(Finding {
            detector: "n-plus-one-query",
            fingerprint: Fingerprint(u128::from(hotspot) + 1),
            service: at.service,
            operation: at.operation,
            anchor: SpanId::new(draw | 1).expect("an odd number"),
            anchor_at: (at.service, at.operation),
            class: Class::Db,
            template: Some(template),
            callee: None,
            callee_service: None,
            templates: 0..0,
            members: 0..0,
            hand_offs: 0..0,
            calls,
            wall: path,
            path,
            segment: Nanos(80_000_000 + draw % 40_000_000),
            saving: Saving {
                min: Nanos(path.0 / 4),
                likely: Nanos(path.0 / 2),
                max: path,
            },
            unit: Nanos::from_millis(100),
            awaited: true,
            parallel: false,
            params: Params::Hidden,
            terms: Terms::default(),
            code: None,
            rows_before: None,
            source: self.source,
            dear: true,
            headless: false,
            same_team: false,
            deferrable: false,
            needs_many: false,
            kin: hotspot.into(),
        });
    }

    fn place(&mut self, operation: u64) -> OpRef {
        let service = format!("service {}", operation % 20);
        let operation = format!("GET /{operation}");
        OpRef {
            service: self
                .dictionary
                .admit(Vocabulary::Text, None, &service, Facts::None),
            operation: self
                .dictionary
                .admit(Vocabulary::Operation, None, &operation, Facts::None),
        }
    }
}
