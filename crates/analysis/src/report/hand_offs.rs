//! Ordering evidence: how the calls of one segment lay to each other.
//!
//! A row says how two call operations of one segment lay in this trace; over many traces the rows tell whether
//! one needs the other. The parent of a row is the segment: calls are seen through INTERNAL spans, so a wrapper
//! more or less splits no evidence.

use hotspan_model::{HandOff, HandOffOutcome, Identity, Report, Symbol};

use crate::NONE;
use crate::context::Context;
use crate::memo::Memo;

/// Call operations of one segment that rows are made for: those with the most time.
const OPERATIONS_MAX: usize = 16;

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// By segment: identity of its call path, 0 when not known yet.
    paths: Vec<u128>,
    climbed: Vec<u32>,
    kinds: Vec<Kind>,
    calls: Vec<(u64, u32)>,
    /// Identities of call paths and of rows.
    known_paths: Memo,
    known_rows: Memo,
}

/// All calls of one operation in one segment.
#[derive(Clone, Copy, Debug)]
struct Kind {
    template: Symbol,
    service: Option<Symbol>,
    first_start: i64,
    last_end: i64,
    /// The last one failed.
    failed: bool,
    time: i64,
    /// It is part of this chain (its finding's place), or [`NONE`].
    chain: u32,
}

impl Rows {
    pub(super) fn fill(&mut self, cx: Context<'_>, chains: &[(u32, u32)], report: &mut Report) {
        self.paths.clear();
        for calls in cx.calls().filter(|calls| calls.len() >= 2) {
            let segment = cx.operation(calls[0]).segment;
            let chains = chains.iter().filter(|&&(at, _)| at == segment);
            self.gather(cx, calls);
            if self.kinds.len() < 2 {
                continue;
            }
            let path = self.path(cx, segment);
            let tolerance = cx.node_at(cx.segment(segment).root).tolerance;
            for &(_, finding) in chains {
                let from = report.hand_offs.len() as u32;
                let (templates, chain) = (report.findings[finding as usize].templates.clone(), finding);
                let templates = &report.templates[templates.start as usize..templates.end as usize];
                for kind in &mut self.kinds {
                    if kind.chain == NONE && templates.contains(&kind.template) {
                        kind.chain = chain;
                    }
                }
                let inside = |a: &Kind, b: &Kind| a.chain == chain && b.chain == chain;
                self.emit(cx, path, tolerance, inside, report);
                report.findings[finding as usize].hand_offs = from..report.hand_offs.len() as u32;
            }
            let apart = |a: &Kind, b: &Kind| a.chain == NONE || a.chain != b.chain;
            self.emit(cx, path, tolerance, apart, report);
        }
    }

    /// The operations of a segment's calls, by name; at most so many, those with the most time.
    fn gather(&mut self, cx: Context<'_>, calls: &[u32]) {
        self.kinds.clear();
        self.calls.clear();
        let outermost = calls.iter().filter(|&&at| cx.operation(at).is_outermost());
        self.calls
            .extend(outermost.map(|&at| (cx.operation(at).key(), at)));
        if self.calls.windows(2).all(|pair| pair[0].0 == pair[1].0) {
            return;
        }
        self.calls.sort_unstable();
        for same in self.calls.chunk_by(|a, b| a.0 == b.0) {
            self.kinds.extend(kind(cx, same));
        }
        let name = |kind: &Kind| {
            (
                cx.text(kind.template),
                kind.service.map_or("", |service| cx.text(service)),
            )
        };
        if self.kinds.len() > OPERATIONS_MAX {
            self.kinds
                .sort_unstable_by(|a, b| b.time.cmp(&a.time).then_with(|| name(a).cmp(&name(b))));
            self.kinds.truncate(OPERATIONS_MAX);
        }
        self.kinds.sort_unstable_by(|a, b| name(a).cmp(&name(b)));
    }

    fn emit(
        &mut self,
        cx: Context<'_>,
        path: u128,
        tolerance: i64,
        wanted: impl Fn(&Kind, &Kind) -> bool,
        report: &mut Report,
    ) {
        for (at, a) in self.kinds.iter().enumerate() {
            for b in self.kinds[at + 1..].iter().filter(|b| wanted(a, b)) {
                report
                    .hand_offs
                    .push(row(cx, path, tolerance, a, b, &mut self.known_rows));
            }
        }
    }

    /// The identity of a segment's call path: services and operations from its root down, repeats folded.
    fn path(&mut self, cx: Context<'_>, segment: u32) -> u128 {
        self.paths.resize(cx.segments().len(), 0);
        self.climbed.clear();
        let mut at = segment;
        while at != NONE && self.paths[at as usize] == 0 {
            self.climbed.push(at);
            at = cx.segment(at).parent;
        }
        for &at in self.climbed.iter().rev() {
            let own = cx.segment(at);
            let above =
                (own.parent != NONE).then(|| (cx.segment(own.parent), self.paths[own.parent as usize]));
            let repeats = |&(above, _): &(&crate::context::Segment, u128)| {
                (above.service, above.operation) == (own.service, own.operation)
            };
            self.paths[at as usize] = match above {
                Some(above) if repeats(&above) => above.1,
                above => {
                    let above = above.map_or(0, |(_, path)| path);
                    let own_part = u64::from(own.service.raw()) << 32 | u64::from(own.operation.raw());
                    let [high, low] = halves(above);
                    self.known_paths.get([high, low, own_part, 0], || {
                        Identity::new("callpath")
                            .number(above)
                            .text(cx.text(own.service))
                            .text(cx.text(own.operation))
                            .finish()
                    })
                }
            };
        }
        self.paths[segment as usize]
    }
}

fn kind(cx: Context<'_>, same: &[(u64, u32)]) -> Option<Kind> {
    let first = cx.operation(same[0].1);
    let nodes = || same.iter().map(|&(_, at)| cx.node_of(at));
    let last = same
        .iter()
        .max_by_key(|&&(_, at)| (cx.node_of(at).end, cx.node_of(at).key()))?;
    Some(Kind {
        template: first.template()?,
        service: first.answered.map(|(_, service)| service),
        first_start: nodes().map(|node| node.start).min()?,
        last_end: nodes().map(|node| node.end).max()?,
        failed: cx.operation(last.1).failed > 0,
        time: nodes()
            .map(|node| node.end - node.start)
            .fold(0, i64::saturating_add),
        chain: NONE,
    })
}

fn row(cx: Context<'_>, path: u128, tolerance: i64, a: &Kind, b: &Kind, known: &mut Memo) -> HandOff {
    let ends_before =
        |first: &Kind, second: &Kind| first.last_end <= second.first_start.saturating_add(tolerance);
    let (outcome, survived_failure) = match (ends_before(a, b), ends_before(b, a)) {
        (true, _) => (HandOffOutcome::ABeforeB, a.failed),
        (false, true) => (HandOffOutcome::BBeforeA, b.failed),
        (false, false) => (HandOffOutcome::Overlap, false),
    };
    let name = |id: Identity, kind: &Kind| {
        let service = kind.service.map_or("", |service| cx.text(service));
        id.text(cx.text(kind.template)).text(service)
    };
    let number = |kind: &Kind| {
        let service = kind.service.map_or(0, Symbol::raw);
        u64::from(kind.template.raw()) << 32 | u64::from(service)
    };
    let [high, low] = halves(path);
    let key = known.get([high, low, number(a), number(b)], || {
        name(name(Identity::new("hand-off").number(path), a), b).finish()
    });
    HandOff {
        key,
        outcome,
        survived_failure,
    }
}

fn halves(number: u128) -> [u64; 2] {
    [(number >> 64) as u64, number as u64]
}
