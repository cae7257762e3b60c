//! The repeated-operation family: one rule with one verdict, whatever is repeated.
//!
//! A group that reaches its required weight and its cost is a repeat; guards keep out what only looks like one. Reads
//! whose visible arguments are all equal are one read made again ([`redundant_query`](super::redundant_query)), anything
//! else is one operation for each item of a list.

use hotspan_model::{Class, Meta, Millionths, Nanos, NearReason, Saving, Symbol};

use super::findings::{Draft, Findings, Key, wall};
use super::near::{Near, of_repeat};
use super::{COST_MIN, COST_SHARE};
use crate::Edit;
use crate::context::{Context, Group, NearGroup};

/// Confidence of a repeat that no other trace has shown to grow with its list.
pub(super) const WITHOUT_SCALING_PROOF: Millionths = Millionths(950_000);

/// What pages by key do to it: each needs the last key of the one before.
const KEYSET: Millionths = Millionths(500_000);

/// Reports every group of `class` that is an N+1 and costs its share by the clock.
pub(super) fn detect(meta: &'static Meta, class: Class, cx: &Context<'_>, out: &mut Findings<'_>) {
    few(meta, class, |group| !group.redundant, cx, out);
    let plural = |group: &Group| !group.verdict.redundant;
    each(meta, class, plural, cx, out, |group, members, out| {
        let wall = match members.len() == cx.members(group).len() {
            true => group.verdict.wall,
            false => wall(cx, group.segment, members),
        };
        if pays(cx, group.segment, wall) {
            report(meta, cx, group, members, wall, out);
        } else {
            stopped(meta, cx, group, NearReason::Cost, out);
        }
    });
}

/// Tells the groups of `class` and the kind `own` that have nearly enough members.
pub(super) fn few(
    meta: &'static Meta,
    class: Class,
    own: impl Fn(&NearGroup) -> bool,
    cx: &Context<'_>,
    out: &mut Findings<'_>,
) {
    for group in cx.near_repeats(class).filter(|group| own(group)) {
        let front_end = cx.segment(group.segment).front_end && class != Class::Call;
        if !front_end && !out.is_claimed(group.first) {
            let near = Near {
                meta,
                segment: group.segment,
                first: group.first,
                members: group.weight,
                reason: NearReason::Count,
                conditions: of_repeat(cx, group.segment, group.first, group.weight, None),
            };
            out.near(cx, near);
        }
    }
}

/// Calls `judge` with every group of `class` that is a fault of the kind `own`, and those of its members that no
/// earlier finding has.
pub(super) fn each(
    meta: &'static Meta,
    class: Class,
    own: impl Fn(&Group) -> bool,
    cx: &Context<'_>,
    out: &mut Findings<'_>,
    mut judge: impl FnMut(&Group, &[u32], &mut Findings<'_>),
) {
    for group in cx.repeats(class).filter(|group| own(group)) {
        if cx.segment(group.segment).front_end && class != Class::Call {
            stopped(meta, cx, group, NearReason::FrontEnd, out);
            continue;
        }
        if let Some(guard) = guard(group) {
            stopped(meta, cx, group, NearReason::Guard(guard), out);
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
        } else if let Some(by) = members
            .iter()
            .find_map(|&at| out.claimer(at))
            .filter(|&by| by != meta.id)
        {
            stopped(meta, cx, group, NearReason::Subsumed(by), out);
        }
        out.scratch.free = free;
    }
}

/// The guards: repeats that are another fault, or none.
pub(super) fn is_by_design(group: &Group) -> bool {
    guard(group).is_some()
}

/// The first guard that holds.
fn guard(group: &Group) -> Option<&'static str> {
    let verdict = &group.verdict;
    let guards = [
        (verdict.failing, "failing"),
        (verdict.scatter, "scatter"),
        (verdict.polling, "polling"),
        (verdict.cursor, "cursor"),
    ];
    guards.into_iter().find(|guard| guard.0).map(|guard| guard.1)
}

/// Tells that a group of enough members is stopped by `reason`.
pub(super) fn stopped(
    meta: &'static Meta,
    cx: &Context<'_>,
    group: &Group,
    reason: NearReason,
    out: &mut Findings<'_>,
) {
    let members = cx.members(group);
    let weight = weight(cx, members);
    let cost = Some(group.verdict.wall);
    out.near(
        cx,
        Near {
            meta,
            segment: group.segment,
            first: members[0],
            members: weight,
            reason,
            conditions: of_repeat(cx, group.segment, members[0], weight, cost),
        },
    );
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
            key: key(cx, group),
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
        key: Key::Texts(&[]),
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
pub(super) fn key<'a>(cx: &Context<'a>, group: &Group) -> Key<'a> {
    let first = cx.operation(cx.members(group)[0]);
    let store = || Some(cx.dictionary.callee(first.callee?)?.store);
    let apart: Option<Symbol> = match first.answered {
        Some((_, service)) => Some(service),
        None if group.class == Class::Call => None,
        None => store(),
    };
    let operation = cx.segment(group.segment).operation;
    Key::Symbols([Some(operation), first.template(), apart])
}
