//! Findings whose members are not all outgoing operations, and what the detectors of such faults share.
//!
//! Unlike [`Findings::push`], nothing here claims: a detector says itself which operations nobody else may have.

use hotspan_model::{Class, Finding, Meta, Millionths, Nanos, NearReason, Params, Saving, Symbol};

use super::findings::{Findings, Scratch as Buffers, fingerprint, is_dear, is_same_team, kin, visibility};
use super::near::NearSpans;
use super::{COST_MIN, COST_SHARE};
use crate::Edit;
use crate::context::{Context, Operation, is_awaited};

/// Buffers of finding such faults; each means something to one detector at a time.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Places of the spans of a fault.
    pub places: Vec<u32>,
    /// Operations that run one after another, as first operation and their range in `picked`.
    pub runs: Vec<(u32, u32, u32)>,
    /// Operations while something lasts.
    pub held: Vec<u32>,
    /// Segment, time and place of spans that a detector looks for.
    pub marks: Vec<(u32, i64, u32)>,
    /// Lengths of time.
    pub lengths: Vec<i64>,
    /// Segment, start and end of what lasts a while.
    pub windows: Vec<(u32, i64, i64)>,
    /// Places of spans that were never received, and their lengths.
    pub lost: Vec<(u32, i64)>,
    /// By segment.
    pub hops: Vec<super::hop_chain::Hop>,
}

/// A fault of some spans before it gets its names.
#[derive(Clone, Copy)]
pub(super) struct SpanDraft<'a> {
    pub meta: &'static Meta,
    pub segment: u32,
    /// Place of the anchor.
    pub anchor: u32,
    /// Places of the spans that show it, in order of time, at least one.
    pub places: &'a [u32],
    /// How many of what the detector counts.
    pub calls: u64,
    /// The operation that it is about, when there is one.
    pub about: Option<&'a Operation>,
    /// What it is about when that is no operation.
    pub template: Option<Symbol>,
    /// What the fingerprint is made of beside detector and service.
    pub key: &'a [&'a str],
    /// Templates of a chain, in order of time; empty otherwise.
    pub templates: &'a [Symbol],
    pub wall: Nanos,
    /// Critical-path time that it touches.
    pub path: Nanos,
    pub parallel: bool,
    /// `None` where arguments play no part.
    pub params: Option<Params>,
    pub saving: Saving,
    /// The detector's own term of confidence.
    pub certainty: Millionths,
}

impl Findings<'_> {
    /// Reports a fault; what the code says to ignore is only counted.
    pub(super) fn push_spans(&mut self, cx: &Context<'_>, draft: &SpanDraft<'_>) {
        let id = draft.meta.id;
        let nodes = || draft.places.iter().map(|&place| cx.node_at(place));
        let ignored = cx.ignores(cx.node_at(draft.anchor), id) || nodes().any(|node| cx.ignores(node, id));
        if ignored {
            self.report.ignored += 1;
            return self.ignored_spans(cx, draft);
        }
        let Some(trace) = cx.trace.trace else {
            return;
        };
        let (segment, first) = (cx.segment(draft.segment), draft.places[0]);
        let Some((place, anchor)) = cx.named(draft.anchor).or_else(|| cx.named(first)) else {
            return;
        };
        let Some(source) = cx.source_at(first) else {
            return;
        };
        let fingerprint = fingerprint(cx, draft.meta, draft.key, segment.service);
        let head = cx.node_at(draft.anchor).head;
        let node = cx.node_at(place);
        let mut terms = cx.terms_of(nodes());
        terms.visibility = draft.params.map_or(Millionths::ONE, visibility);
        terms.detector = terms.detector.times(draft.certainty);
        let template = draft.about.map_or(draft.template, Operation::template);
        let finding = Finding {
            detector: id,
            fingerprint,
            service: segment.service,
            operation: segment.operation,
            anchor,
            anchor_at: (
                node.service.unwrap_or(segment.service),
                node.operation.unwrap_or(segment.operation),
            ),
            class: class(cx, draft),
            template,
            callee: draft.about.and_then(|about| about.callee),
            callee_service: draft
                .about
                .and_then(|about| about.answered.map(|(_, service)| service)),
            templates: self.templates(draft.templates),
            members: self.members(nodes()),
            hand_offs: 0..0,
            calls: draft.calls,
            wall: draft.wall,
            path: draft.path,
            segment: Nanos(segment.length()),
            saving: draft.saving,
            unit: cx.forest.node(head).length(),
            awaited: is_awaited(cx.forest, head),
            parallel: draft.parallel,
            params: draft.params.unwrap_or_default(),
            terms,
            code: cx.extras(cx.node_at(first)).and_then(|extras| extras.code),
            rows_before: None,
            source: source.symbol,
            dear: is_dear(cx, draft.wall, draft.segment),
            headless: segment.is_headless(cx.forest, cx.node_at(segment.root)),
            same_team: is_same_team(cx, draft.about),
            deferrable: false,
            needs_many: false,
            kin: kin(cx, draft.meta, draft.templates, segment.service, template),
        };
        self.keep_scene(cx, head, finding.saving, || finding.id(trace));
        self.keep_edits(head, fingerprint, finding.saving);
        self.report.findings.push(finding);
    }

    fn ignored_spans(&mut self, cx: &Context<'_>, draft: &SpanDraft<'_>) {
        self.near_spans(
            cx,
            NearSpans {
                meta: draft.meta,
                segment: draft.segment,
                class: class(cx, draft),
                template: draft.about.map_or(draft.template, Operation::template),
                members: draft.calls,
                reason: NearReason::Ignored,
                conditions: Default::default(),
            },
        );
    }

    /// What an edit of the spans at `places` saves of the unit under `head`.
    pub(super) fn saving_of(
        &mut self,
        cx: &Context<'_>,
        head: u32,
        edit: impl for<'n> FnOnce(&'n [u32]) -> Edit<'n>,
        places: &[u32],
    ) -> Saving {
        let Buffers { replay, nodes, .. } = &mut *self.scratch;
        nodes.clear();
        nodes.extend(places.iter().map(|&place| cx.nodes()[place as usize]));
        replay.saving(cx.forest, head, edit(nodes))
    }
}

/// The class of what a fault is about.
fn class(cx: &Context<'_>, draft: &SpanDraft<'_>) -> Class {
    let first = || cx.node_at(draft.places[0]).class();
    draft.about.map_or_else(first, |about| about.class)
}

/// The cost gate of faults that are no repeats: the path time that they touch.
pub(super) fn pays(cx: &Context<'_>, segment: u32, path: Nanos) -> bool {
    let share = Millionths(cx.knob(segment, &COST_SHARE)).of(cx.segment(segment).length());
    path.0 >= share && path.0 >= cx.knob(segment, &COST_MIN)
}

/// Template of an operation, and the service that answered it where that is known: what tells callees apart.
pub(super) fn callee_key<'a>(cx: &Context<'a>, about: &Operation) -> [&'a str; 2] {
    let text = |symbol: Option<Symbol>| symbol.map_or("", |symbol| cx.text(symbol));
    [
        text(about.template()),
        text(about.answered.map(|(_, service)| service)),
    ]
}
