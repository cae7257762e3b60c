//! The repeated-operation family: one rule with one verdict, whatever is repeated.
//!
//! A group that reaches its required weight and its cost is a repeat; guards keep out what only looks like one. Reads
//! whose visible arguments are all equal are one read made again ([`redundant_query`](super::redundant_query)), anything
//! else is one operation for each item of a list.

use hotspan_model::{Class, Meta, Millionths, Nanos, Saving, Symbol};

use super::findings::{Draft, Findings, wall};
use super::{COST_MIN, COST_SHARE};
use crate::Edit;
use crate::context::{Context, Group};

/// Confidence of a repeat that no other trace has shown to grow with its list.
pub(super) const WITHOUT_SCALING_PROOF: Millionths = Millionths(950_000);

/// What pages by key do to it: each needs the last key of the one before.
const KEYSET: Millionths = Millionths(500_000);

/// Reports every group of `class` that is an N+1 and costs its share by the clock.
pub(super) fn detect(meta: &'static Meta, class: Class, cx: &Context<'_>, out: &mut Findings<'_>) {
    each(class, cx, out, |group, members, out| {
        let wall = match members.len() == cx.members(group).len() {
            true => group.verdict.wall,
            false => wall(cx, group.segment, members),
        };
        if !group.verdict.redundant && pays(cx, group.segment, wall) {
            report(meta, cx, group, members, wall, out);
        }
    });
}

/// Calls `judge` with every group of `class` that is a fault, and those of its members that no earlier finding has.
pub(super) fn each(
    class: Class,
    cx: &Context<'_>,
    out: &mut Findings<'_>,
    mut judge: impl FnMut(&Group, &[u32], &mut Findings<'_>),
) {
    for group in cx.repeats(class) {
        let front_end = cx.segment(group.segment).front_end && class != Class::Call;
        if front_end || is_by_design(group) {
            continue;
        }
        let members = cx.members(group);
        if !members.iter().any(|&at| out.is_claimed(at)) {
            judge(group, members, out);
            continue;
        }
        let mut free = std::mem::take(&mut out.scratch.free);
        free.clear();
        free.extend(members.iter().copied().filter(|&at| !out.is_claimed(at)));
        if weight(cx, &free) >= cx.required(group.segment, class) {
            judge(group, &free, out);
        }
        out.scratch.free = free;
    }
}

/// The guards: repeats that are another fault, or none.
pub(super) fn is_by_design(group: &Group) -> bool {
    let verdict = &group.verdict;
    verdict.failing || verdict.scatter || verdict.polling || verdict.cursor
}

/// The cost gate.
pub(super) fn pays(cx: &Context<'_>, segment: u32, cost: Nanos) -> bool {
    let share = Millionths(cx.knob(segment, &COST_SHARE)).of(cx.segment(segment).length());
    cost.0 >= share && cost.0 >= cx.knob(segment, &COST_MIN)
}

/// How many operations `members` stand for.
pub(super) fn weight(cx: &Context<'_>, members: &[u32]) -> u64 {
    members.iter().map(|&at| cx.operation(at).weight).sum()
}

/// Reports a group as one operation for each item of a list.
pub(super) fn report(
    meta: &'static Meta,
    cx: &Context<'_>,
    group: &Group,
    members: &[u32],
    cost: Nanos,
    out: &mut Findings<'_>,
) {
    let head = cx.node_at(group.anchor).head;
    let saving = out.saving(cx, head, |nodes| Edit::Batch(nodes), members, cx.doubled(group));
    out.claim(cx.doubled(group));
    let draft = draft(meta, cx, group);
    out.push(
        cx,
        &Draft {
            members,
            key: &key(cx, group),
            wall: cost,
            saving,
            ..draft
        },
    );
}

/// What is said about a group whatever its verdict.
pub(super) fn draft<'a>(meta: &'static Meta, cx: &Context<'a>, group: &Group) -> Draft<'a> {
    let verdict = &group.verdict;
    Draft {
        meta,
        segment: group.segment,
        anchor: group.anchor,
        members: cx.members(group),
        key: &[],
        templates: &[],
        wall: verdict.wall,
        parallel: verdict.parallel,
        params: Some(verdict.params),
        saving: Saving::default(),
        certainty: match verdict.keyset {
            true => WITHOUT_SCALING_PROOF.times(KEYSET),
            false => WITHOUT_SCALING_PROOF,
        },
        rows_before: cx.rows_before(group),
    }
}

/// Segment operation, template, and what keeps equal templates apart: the callee's service or store.
pub(super) fn key<'a>(cx: &Context<'a>, group: &Group) -> [&'a str; 3] {
    let first = cx.operation(cx.members(group)[0]);
    let store = || Some(cx.dictionary.callee(first.callee?)?.store);
    let apart: Option<Symbol> = match first.answered {
        Some((_, service)) => Some(service),
        None if group.class == Class::Call => None,
        None => store(),
    };
    let text = |symbol: Option<Symbol>| symbol.map_or("", |symbol| cx.text(symbol));
    [
        cx.text(cx.segment(group.segment).operation),
        text(first.template()),
        text(apart),
    ]
}
