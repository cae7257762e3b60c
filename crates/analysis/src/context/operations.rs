//! Outgoing operations: what each one calls, who answered, and which of them are seen twice.

use hotspan_model::{Assembled, Class, Flag, Kind, Side, Symbol};

use super::layout::{Layout, Visit};
use super::segments::{Segments, is_trusted};
use crate::{Forest, NONE, Node};

/// More than any trace holds: what a span claims to stand for cannot overflow a sum.
const COUNT_MAX: u64 = 1 << 32;

/// One outgoing operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    /// Its place.
    pub place: u32,
    /// Its node.
    pub node: u32,
    /// Its segment.
    pub segment: u32,
    /// Its span in the trace, or [`NONE`] for a folded one.
    pub span: u32,
    /// db, cache, call or publish; or a handshake, which does not count.
    pub class: Class,
    /// Its own template.
    pub own: Option<Symbol>,
    /// Route and service of the server span that answered.
    pub answered: Option<(Symbol, Symbol)>,
    /// Place of that server or consumer span, or [`NONE`]; also [`NONE`] where another call told the route.
    pub server: u32,
    /// Whom its address names.
    pub callee: Option<Symbol>,
    /// How many operations it stands for.
    pub weight: u64,
    /// How many of them failed.
    pub failed: u64,
    /// Summed duration of them.
    pub total: u64,
    /// The operation of the same segment that it runs in, or [`NONE`].
    outer: u32,
    /// Operations of the same segment that run in it.
    inner: u32,
    /// Place in the code, 0 for none.
    pub code: u64,
    /// It stands for several: a summary or a folded group.
    pub folded: bool,
    /// Its time and count can be used.
    pub trusted: bool,
    /// Another operation stands for it: an ORM and its driver, a client and its transport.
    pub shadowed: bool,
    /// It holds many operations already.
    pub batched: bool,
}

impl Operation {
    /// What grouping compares: its callee's route where known, else its own template.
    pub(crate) fn template(&self) -> Option<Symbol> {
        self.answered.map(|(route, _)| route).or(self.own)
    }

    /// Equal for operations of one template and callee.
    pub(crate) fn key(&self) -> u64 {
        let service = self.answered.map_or(0, |(_, service)| service.raw());
        u64::from(service) << 32 | u64::from(self.template().map_or(0, Symbol::raw))
    }

    /// Whether it runs in no other operation of its segment.
    pub(crate) fn is_outermost(&self) -> bool {
        self.outer == NONE
    }

    /// Whether it counts at all.
    pub(crate) fn counts(&self) -> bool {
        self.trusted && !self.shadowed
    }
}

/// The outgoing operations of one trace, in order of their places.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    pub rows: Vec<Operation>,
    /// By place: the operation there or the nearest one above in its segment, or [`NONE`].
    nearest: Vec<u32>,
    aliases: Vec<(u32, Symbol, Symbol)>,
    groups_seen: Vec<bool>,
}

impl Operations {
    /// The operation at a place, if it is one.
    pub(crate) fn at(&self, place: u32) -> Option<&Operation> {
        let row = self.rows.get(self.nearest[place as usize] as usize);
        row.filter(|row| row.place == place)
    }

    /// Its number.
    pub(crate) fn index(&self, place: u32) -> Option<u32> {
        let nearest = self.nearest[place as usize];
        self.at(place).map(|_| nearest)
    }

    pub(super) fn clear(&mut self, trace: &Assembled) {
        self.rows.clear();
        self.nearest.clear();
        self.groups_seen.clear();
        self.groups_seen.resize(trace.groups.len(), false);
    }

    /// Lists the operation at a place of a segment, if it is one.
    #[inline]
    pub(super) fn visit(&mut self, trace: &Assembled, visit: Visit<'_>, segment: u32, segments: &Segments) {
        let Visit {
            place, node, above, ..
        } = visit;
        let (mut caller, mut outer) = (NONE, NONE);
        if above != NONE {
            caller = self.nearest[above as usize];
            if caller != NONE && segments.places[above as usize].segment == segment {
                outer = caller;
            }
        }
        if caller != NONE && self.rows[caller as usize].place == above {
            self.answer(caller, node, place);
        }
        let class = node.class();
        // Handshakes are listed too, though they never count; one inside another is part of it.
        let handshake =
            class == Class::Connect && self.rows.get(outer as usize).is_none_or(|row| row.class != class);
        let listed = class.is_outgoing() || class == Class::UnknownOut || handshake;
        if !listed || segment == NONE {
            self.nearest.push(outer);
            return;
        }
        if outer != NONE && !handshake {
            self.rows[outer as usize].inner += 1;
        }
        self.nearest.push(self.rows.len() as u32);
        self.read(trace, visit, segment, outer);
    }

    /// Lists one more operation like the one at the place before, if that was listed.
    #[inline]
    pub(super) fn again(&mut self, visit: Visit<'_>) {
        let nearest = self.nearest[self.nearest.len() - 1];
        let Some(&last) = self.rows.last().filter(|last| last.place + 1 == visit.place) else {
            self.nearest.push(nearest);
            return;
        };
        if let Some(outer) = self.rows.get_mut(last.outer as usize)
            && last.class != Class::Connect
        {
            outer.inner += 1;
        }
        self.nearest.push(nearest + 1);
        self.rows.push(Operation {
            place: visit.place,
            node: visit.at,
            span: visit.node.span,
            total: length(visit.node),
            ..last
        });
    }

    /// Completes what the visits listed, and counts it in its segments.
    pub(super) fn finish(
        &mut self,
        trace: &Assembled,
        forest: &Forest,
        layout: &Layout,
        segments: &mut Segments,
        spans: usize,
    ) {
        self.read_sides(trace, forest, layout, spans);
        self.shadow_inner(forest, segments);
        self.alias_routes();
    }

    /// A server or consumer span tells its caller's route.
    fn answer(&mut self, caller: u32, node: &Node, place: u32) {
        let caller = &mut self.rows[caller as usize];
        let fits = match caller.class {
            Class::Call | Class::UnknownOut => node.kind() == Kind::Server,
            Class::Publish => node.kind() == Kind::Consumer,
            Class::Db | Class::Cache => false,
            Class::Internal
            | Class::Server
            | Class::Consumer
            | Class::Wait
            | Class::Connect
            | Class::Checkout
            | Class::DbMeta => false,
        };
        if !fits || caller.server != NONE {
            return;
        }
        caller.server = place;
        if caller.class != Class::Publish {
            caller.class = Class::Call;
            caller.answered = node.operation.zip(node.service);
        }
    }

    fn read(&mut self, trace: &Assembled, visit: Visit<'_>, segment: u32, outer: u32) {
        let node = visit.node;
        let failed = u64::from(node.bits.has(Flag::Failed));
        let (mut own, mut callee, mut folded) = (None, None, false);
        let (mut weight, mut failed, mut total) = (1, failed, length(node));
        if let Some(span) = trace.spans.get(node.span as usize) {
            (own, callee) = (span.template, span.callee);
        } else if let Some(group) = trace.groups.get(node.group as usize) {
            // The first interval of a group carries its counts; the others only fill time.
            let first = !std::mem::replace(&mut self.groups_seen[node.group as usize], true);
            (own, callee, folded) = (group.template, group.callee, true);
            weight = if first { group.count.min(COUNT_MAX) } else { 0 };
            failed = if first { group.errors.min(COUNT_MAX) } else { 0 };
            total = if first { group.sum.0 } else { 0 };
        }
        self.rows.push(Operation {
            place: visit.place,
            node: visit.at,
            segment,
            span: node.span,
            class: node.class(),
            own: own.or(node.operation),
            answered: None,
            server: NONE,
            callee,
            weight,
            failed,
            total,
            outer,
            inner: 0,
            code: 0,
            folded,
            trusted: is_trusted(node),
            shadowed: false,
            batched: node.bits.has(Flag::Batched),
        });
    }

    /// Summaries count as many; places in the code keep groups apart.
    fn read_sides(&mut self, trace: &Assembled, forest: &Forest, layout: &Layout, spans: usize) {
        for side in trace.sides.iter().take_while(|side| (side.span as usize) < spans) {
            let place = layout.place(forest.of_span(side.span));
            let nearest = match self.nearest.get(place as usize) {
                Some(&nearest) if nearest != NONE => nearest,
                Some(_) | None => continue,
            };
            let row = &mut self.rows[nearest as usize];
            if row.place != place || row.span != side.span {
                continue;
            }
            match side.side {
                Side::Summary(summary) => {
                    row.weight = summary.count.clamp(1, COUNT_MAX);
                    row.failed *= row.weight;
                    row.total = summary.total.0;
                    row.folded = true;
                }
                Side::Extras(extras) => {
                    let code = extras.code.map_or(0, |code| u64::from(code.raw()));
                    row.code = extras.stack.rotate_left(32) ^ code;
                }
                Side::Link(_) => {}
            }
        }
    }

    /// One operation that two layers report is one: the outer span stands for the inner one.
    fn shadow_inner(&mut self, forest: &Forest, segments: &mut Segments) {
        for at in (0..self.rows.len()).rev() {
            let row = &self.rows[at];
            let shadowed = matches!(row.class, Class::UnknownOut | Class::Connect)
                || row.outer != NONE && self.is_inner(forest, segments, at);
            if shadowed {
                self.rows[at].shadowed = true;
            } else if self.rows[at].trusted {
                let row = &self.rows[at];
                segments.rows[row.segment as usize].outgoing += row.weight;
            }
        }
    }

    /// Whether the operation that `at` runs in stands for it, and then learns what it knows.
    fn is_inner(&mut self, forest: &Forest, segments: &Segments, at: usize) -> bool {
        let source = |row: &Operation| segments.places[row.place as usize].source;
        let (before, rest) = self.rows.split_at_mut(at);
        let row = &rest[0];
        let outer = &mut before[row.outer as usize];
        let layers = outer.class == row.class && outer.own == row.own && source(outer) != source(row);
        let transport = row.class == Class::Call
            && match outer.class {
                Class::Call => outer.inner == 1,
                Class::Db | Class::Cache | Class::Publish => true,
                Class::UnknownOut
                | Class::Internal
                | Class::Server
                | Class::Consumer
                | Class::Wait
                | Class::Connect
                | Class::Checkout
                | Class::DbMeta => false,
            };
        if !(layers || transport) || !is_trusted(forest.node(outer.node)) {
            return false;
        }
        outer.callee = outer.callee.or(row.callee);
        if outer.server == NONE && outer.class == Class::Call {
            (outer.server, outer.answered) = (row.server, row.answered);
        }
        true
    }

    /// A call whose server span is missing takes the route that its siblings' server spans told.
    fn alias_routes(&mut self) {
        self.aliases.clear();
        let calls = || {
            self.rows
                .iter()
                .filter(|row| row.class == Class::Call && row.counts())
        };
        if calls().all(|row| row.answered.is_some()) || calls().all(|row| row.answered.is_none()) {
            return;
        }
        let known = calls().filter_map(|row| Some((row.own?, row.answered?)));
        self.aliases
            .extend(known.map(|(own, (route, service))| (own.raw(), route, service)));
        self.aliases
            .sort_unstable_by_key(|&(own, route, service)| (own, route.raw(), service.raw()));
        self.aliases.dedup();
        for row in &mut self.rows {
            if row.class != Class::Call || row.answered.is_some() {
                continue;
            }
            let Some(own) = row.own else { continue };
            let first = self.aliases.partition_point(|&(key, ..)| key < own.raw());
            let mut same = self.aliases[first..]
                .iter()
                .take_while(|&&(key, ..)| key == own.raw());
            if let (Some(&(_, route, service)), None) = (same.next(), same.next()) {
                row.answered = Some((route, service));
            }
        }
    }
}

/// How long a node says it took.
fn length(node: &Node) -> u64 {
    u64::try_from(node.e - node.b).unwrap_or(0)
}
