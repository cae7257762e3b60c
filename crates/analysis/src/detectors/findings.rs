//! Where detectors put what they found: names, evidence and claims are the same for all of them.

use hotspan_model::{
    Class, Finding, FindingId, Fingerprint, Identity, Meta, Millionths, Nanos, NearReason, Params, Report,
    Saving, Symbol,
};

use super::near::Near;
use super::{COST_ONCE, COST_SHARE, detectors, spans};
use crate::context::{Context, Operation, is_awaited};
use crate::memo::Memo;
use crate::replay::Scene;
use crate::{Edit, NONE, Node, Replay};

/// Most member spans that a finding lists.
pub(super) const MEMBERS_MAX: usize = 1_000;

/// What was found so far in one trace.
#[derive(Debug)]
pub struct Findings<'a> {
    pub(crate) report: &'a mut Report,
    pub(crate) scratch: &'a mut Scratch,
}

/// Buffers of finding things.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub replay: Replay,
    /// By operation: place in the catalogue, from one, of the detector whose finding has it as a member.
    pub claimed: Vec<u8>,
    /// The detector that looks.
    pub looks: u8,
    /// Segments of findings that are chains, with the finding's place in the report.
    pub chains: Vec<(u32, u32)>,
    /// Operations that a detector looks at.
    pub picked: Vec<u32>,
    /// Texts of a chain.
    pub templates: Vec<Symbol>,
    /// Of detectors that look at spans and segments.
    pub spans: spans::Scratch,
    /// Members of a repeat that no earlier finding has.
    pub free: Vec<u32>,
    /// Reads that nothing was written between.
    pub free_of_writes: Vec<u32>,
    /// Of loops that do several things for each item.
    pub loops: super::per_item_loop::Scratch,
    pub(super) nodes: Vec<u32>,
    /// Of calls that are made again.
    pub tries: Vec<super::retry_storm::Tries>,
    /// What names say that calls are for.
    pub purposes: Memo,
    /// Fingerprints and kin of findings.
    pub names: Memo,
    /// Of what findings save together.
    pub joint: super::joint::Scratch,
    /// The finding whose replay is to be shown, and that replay.
    pub wanted: Option<FindingId>,
    pub scene: Option<Scene>,
}

/// What the fingerprint of a fault is made of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key<'a> {
    Texts(&'a [&'a str]),
    /// Texts of symbols, of none where there is none: such fingerprints are remembered.
    Symbols([Option<Symbol>; 3]),
}

/// A fault before it gets its names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draft<'a> {
    pub meta: &'static Meta,
    pub segment: u32,
    /// Place of the anchor.
    pub anchor: u32,
    /// Operations in order of time, at least one.
    pub members: &'a [u32],
    /// What the fingerprint is made of beside detector and service.
    pub key: Key<'a>,
    /// Templates of a chain, in order of time; empty otherwise.
    pub templates: &'a [Symbol],
    pub wall: Nanos,
    pub parallel: bool,
    /// `None` where arguments play no part.
    pub params: Option<Params>,
    pub saving: Saving,
    /// The detector's own term of confidence.
    pub certainty: Millionths,
    pub rows_before: Option<u32>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(report: &'a mut Report, scratch: &'a mut Scratch, operations: usize) -> Findings<'a> {
        scratch.claimed.clear();
        scratch.claimed.resize(operations, 0);
        scratch.looks = 0;
        scratch.chains.clear();
        scratch.joint.clear();
        Findings { report, scratch }
    }

    /// Whether an earlier finding has this operation as a member.
    pub(super) fn is_claimed(&self, operation: u32) -> bool {
        self.scratch.claimed[operation as usize] > 0
    }

    /// The detector whose finding has this operation as a member.
    pub(super) fn claimer(&self, operation: u32) -> Option<&'static str> {
        let place = usize::from(self.scratch.claimed[operation as usize]);
        let detector = detectors().get(place.checked_sub(1)?)?;
        Some(detector.meta().id)
    }

    /// Says that the next detector of the catalogue looks.
    pub(crate) fn turn(&mut self) {
        self.scratch.looks += 1;
    }

    /// Makes operations members of nothing else.
    pub(super) fn claim(&mut self, operations: &[u32]) {
        for &at in operations {
            self.scratch.claimed[at as usize] = self.scratch.looks.max(1);
        }
    }

    /// Takes a claim back.
    pub(super) fn disclaim(&mut self, operations: &[u32]) {
        for &at in operations {
            self.scratch.claimed[at as usize] = 0;
        }
    }

    /// What an edit of `members` saves of the unit under `head`, when `gone` takes no time at all.
    pub(super) fn saving(
        &mut self,
        cx: &Context<'_>,
        head: u32,
        edit: impl for<'n> Fn(&'n [u32]) -> Edit<'n>,
        members: &[u32],
        gone: &[u32],
    ) -> Saving {
        self.joint_saving(cx, head, edit, std::iter::once(members), gone)
    }

    /// The same when each of `parts` is edited by itself, all in one replay.
    pub(super) fn joint_saving<'m>(
        &mut self,
        cx: &Context<'_>,
        head: u32,
        edit: impl for<'n> Fn(&'n [u32]) -> Edit<'n>,
        parts: impl Iterator<Item = &'m [u32]>,
        gone: &[u32],
    ) -> Saving {
        let Scratch { replay, nodes, .. } = &mut *self.scratch;
        replay.begin(cx.forest, head);
        for part in parts {
            nodes.clear();
            nodes.extend(part.iter().map(|&at| cx.operation(at).node));
            replay.edit(cx.forest, edit(nodes));
        }
        nodes.clear();
        nodes.extend(gone.iter().map(|&at| cx.operation(at).node));
        replay.edit(cx.forest, Edit::Zero(nodes));
        replay.run(cx.forest).saving()
    }

    /// Makes sure that no finding from `place` on opens its hotspot alone, whatever it costs.
    pub(super) fn hold_back(&mut self, place: usize) {
        for finding in &mut self.report.findings[place..] {
            finding.dear = false;
        }
    }

    /// Leaves it to many traces whether the findings from `place` on are faults.
    pub(super) fn leave_to_many(&mut self, place: usize) {
        for finding in &mut self.report.findings[place..] {
            finding.needs_many = true;
            finding.dear = false;
        }
    }

    /// Reports a fault. What the code says to ignore is only counted, but its members are claimed: the one cause
    /// was looked at.
    pub(super) fn push(&mut self, cx: &Context<'_>, draft: &Draft<'_>) {
        self.claim(draft.members);
        let id = draft.meta.id;
        let ignored = cx.ignores(cx.node_at(draft.anchor), id)
            || draft.members.iter().any(|&at| cx.ignores(cx.node_of(at), id));
        if ignored {
            self.report.ignored += 1;
            return self.ignored(cx, draft);
        }
        let Some(trace) = cx.trace.trace else {
            return;
        };
        let (segment, first) = (cx.segment(draft.segment), cx.operation(draft.members[0]));
        let Some((place, anchor)) = cx.named(draft.anchor).or_else(|| cx.named(first.place)) else {
            return;
        };
        let Some(source) = cx.source_at(first.place) else {
            return;
        };
        let fingerprint = self.fingerprint(cx, draft, segment.service);
        let head = cx.node_at(draft.anchor).head;
        let node = cx.node_at(place);
        let mut terms = cx.terms(draft.members);
        terms.visibility = draft.params.map_or(Millionths::ONE, visibility);
        terms.detector = terms.detector.times(draft.certainty);
        let code = cx
            .extras(cx.node_of(draft.members[0]))
            .and_then(|extras| extras.code);
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
            class: first.class,
            template: first.template(),
            callee: first.callee,
            callee_service: first.answered.map(|(_, service)| service),
            templates: self.templates(draft.templates),
            members: self.members(draft.members.iter().map(|&at| cx.node_of(at))),
            hand_offs: 0..0,
            calls: draft.members.iter().map(|&at| cx.operation(at).weight).sum(),
            wall: draft.wall,
            path: path(cx, draft.members, head),
            segment: Nanos(segment.length()),
            saving: draft.saving,
            unit: cx.forest.node(head).length(),
            awaited: is_awaited(cx.forest, head),
            parallel: draft.parallel,
            params: draft.params.unwrap_or_default(),
            terms,
            code,
            rows_before: draft.rows_before,
            source: source.symbol,
            dear: is_dear(cx, draft.wall, draft.segment),
            headless: segment.is_headless(cx.forest, cx.node_at(segment.root)),
            same_team: is_same_team(cx, Some(first)),
            deferrable: false,
            needs_many: false,
            kin: self.kin(cx, draft, segment.service, first.template()),
        };
        self.keep_scene(cx, head, finding.saving, || finding.id(trace));
        self.keep_edits(head, fingerprint, finding.saving);
        self.report.findings.push(finding);
    }

    fn fingerprint(&mut self, cx: &Context<'_>, draft: &Draft<'_>, service: Symbol) -> Fingerprint {
        let symbols = match draft.key {
            Key::Texts(key) => return fingerprint(cx, draft.meta, key, service),
            Key::Symbols(symbols) => symbols,
        };
        let text = |symbol: Option<Symbol>| symbol.map_or("", |symbol| cx.text(symbol));
        let [first, second, third] = symbols.map(|symbol| u64::from(symbol.map_or(0, Symbol::raw)));
        let known = [
            address(draft.meta),
            u64::from(service.raw()),
            first,
            second << 32 | third,
        ];
        let make = || fingerprint(cx, draft.meta, &symbols.map(text), service).0;
        Fingerprint(self.scratch.names.get(known, make))
    }

    fn kin(
        &mut self,
        cx: &Context<'_>,
        draft: &Draft<'_>,
        service: Symbol,
        template: Option<Symbol>,
    ) -> u128 {
        let template = template.filter(|_| draft.templates.is_empty());
        let named = u64::from(template.map_or(0, Symbol::raw));
        // No fingerprint is known by this address.
        let known = [!address(draft.meta), u64::from(service.raw()), named, 0];
        self.scratch
            .names
            .get(known, || kin(cx, draft.meta, &[], service, template))
    }

    fn ignored(&mut self, cx: &Context<'_>, draft: &Draft<'_>) {
        let members = draft.members.iter().map(|&at| cx.operation(at).weight);
        self.near(
            cx,
            Near {
                meta: draft.meta,
                segment: draft.segment,
                first: draft.members[0],
                members: members.sum(),
                reason: NearReason::Ignored,
                conditions: Default::default(),
            },
        );
    }

    /// Keeps the replay that a finding's saving comes from, when it is the one that is wanted.
    pub(super) fn keep_scene(
        &mut self,
        cx: &Context<'_>,
        head: u32,
        saving: Saving,
        id: impl FnOnce() -> FindingId,
    ) {
        let Scratch {
            replay,
            wanted,
            scene,
            ..
        } = &mut *self.scratch;
        if wanted.is_some_and(|wanted| wanted == id()) && scene.is_none() && saving.max > Nanos::ZERO {
            *scene = replay.scene(cx.forest, head, saving);
        }
        replay.forget_films();
    }

    pub(super) fn templates(&mut self, templates: &[Symbol]) -> std::ops::Range<u32> {
        let from = self.report.templates.len() as u32;
        self.report.templates.extend_from_slice(templates);
        from..self.report.templates.len() as u32
    }

    /// Where the report lists the spans of these nodes, as many as it names.
    pub(super) fn members<'n>(&mut self, nodes: impl Iterator<Item = &'n Node>) -> std::ops::Range<u32> {
        let from = self.report.members.len() as u32;
        let ids = nodes.filter_map(Node::span_id);
        self.report.members.extend(ids.take(MEMBERS_MAX));
        from..self.report.members.len() as u32
    }
}

/// Critical-path time in the members' subtrees that belongs to the unit under `head`.
pub(super) fn path(cx: &Context<'_>, members: &[u32], head: u32) -> Nanos {
    let rows = members.iter().map(|&at| cx.operation(at));
    let own = rows.filter(|row| cx.forest.node(row.node).head == head);
    own.map(|row| cx.paths().subtree(row.node)).sum()
}

/// Length of the union of operations, in order of time, clipped to the root of their segment.
pub(super) fn wall(cx: &Context<'_>, segment: u32, members: &[u32]) -> Nanos {
    let segment = cx.segment(segment);
    let (mut sum, mut covered) = (0, segment.start);
    for node in members.iter().map(|&at| cx.node_of(at)) {
        let (start, end) = (node.start.max(covered), node.end.min(segment.end));
        if start < end {
            sum += end - start;
            covered = end;
        }
    }
    Nanos(u64::try_from(sum).unwrap_or(0))
}

/// Whether the server that answers a call is of the caller's own `service.namespace`.
pub(super) fn is_same_team(cx: &Context<'_>, call: Option<&Operation>) -> bool {
    let team = |place: u32| cx.source_at(place)?.namespace;
    let call = call.filter(|call| call.class == Class::Call && call.server != NONE);
    call.is_some_and(|call| {
        let own = team(call.place);
        own.is_some() && own == team(call.server)
    })
}

/// Whether one trace of this cost opens the hotspot.
pub(super) fn is_dear(cx: &Context<'_>, cost: Nanos, segment: u32) -> bool {
    let share = Millionths(cx.knob(segment, &COST_SHARE)).of(cx.segment(segment).length());
    cost.0 >= cx.knob(segment, &COST_ONCE) && cost.0 >= share
}

/// Tells detectors apart as long as the process runs; shows in no result.
fn address(meta: &'static Meta) -> u64 {
    std::ptr::from_ref(meta).addr() as u64
}

/// The fingerprint of what `meta`'s detector says about `service` under `key`.
pub(super) fn fingerprint(cx: &Context<'_>, meta: &Meta, key: &[&str], service: Symbol) -> Fingerprint {
    let id = Identity::new("fingerprint").text(meta.id).text(cx.text(service));
    Fingerprint(key.iter().fold(id, |id, part| id.text(part)).finish())
}

/// A chain has many templates, and loses some with lost spans: it is told by its service alone.
pub(super) fn kin(
    cx: &Context<'_>,
    meta: &Meta,
    templates: &[Symbol],
    service: Symbol,
    template: Option<Symbol>,
) -> u128 {
    let template = template.filter(|_| templates.is_empty());
    let id = Identity::new("kin").text(meta.id).text(cx.text(service));
    id.text(template.map_or("", |template| cx.text(template)))
        .finish()
}

pub(super) fn visibility(params: Params) -> Millionths {
    Millionths(match params {
        Params::Visible { .. } => 1_000_000,
        Params::Hidden => 900_000,
        Params::Cut => 700_000,
        Params::None => 600_000,
    })
}
