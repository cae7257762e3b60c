//! The repeated-operation family: one rule with one verdict, whatever is repeated.

use hotspan_model::{Class, Meta, Millionths, Symbol};

use super::findings::{Draft, Findings};
use super::{COST_MIN, COST_SHARE};
use crate::Edit;
use crate::context::{Context, Group};

/// Confidence of a repeat that no other trace has shown to grow with its list.
const WITHOUT_SCALING_PROOF: Millionths = Millionths(950_000);

/// What pages by key do to it: each needs the last key of the one before.
const KEYSET: Millionths = Millionths(500_000);

/// Reports every group of `class` that is an N+1.
pub(super) fn detect(meta: &'static Meta, class: Class, cx: &Context<'_>, out: &mut Findings<'_>) {
    for group in cx.repeats(class) {
        let front_end = cx.segment(group.segment).front_end && class != Class::Call;
        if front_end || is_by_design(group) || !pays(cx, group) {
            continue;
        }
        report(meta, cx, group, out);
    }
}

/// The guards: repeats that are another fault, or none.
fn is_by_design(group: &Group) -> bool {
    let verdict = &group.verdict;
    verdict.failing || verdict.scatter || verdict.polling || verdict.cursor || verdict.redundant
}

/// The cost gate.
fn pays(cx: &Context<'_>, group: &Group) -> bool {
    let wall = group.verdict.wall.0;
    let share = Millionths(cx.knobs.get(&COST_SHARE)).of(cx.segment(group.segment).length());
    wall >= share && wall >= cx.knobs.get(&COST_MIN)
}

fn report(meta: &'static Meta, cx: &Context<'_>, group: &Group, out: &mut Findings<'_>) {
    let verdict = &group.verdict;
    let members = cx.members(group);
    let head = cx.node_at(group.anchor).head;
    let saving = out.saving(cx, head, |nodes| Edit::Batch(nodes), members, cx.doubled(group));
    let certainty = match verdict.keyset {
        true => WITHOUT_SCALING_PROOF.times(KEYSET),
        false => WITHOUT_SCALING_PROOF,
    };
    out.claim(cx.doubled(group));
    out.push(
        cx,
        &Draft {
            meta,
            segment: group.segment,
            anchor: group.anchor,
            members,
            key: &key(cx, group),
            templates: &[],
            wall: verdict.wall,
            parallel: verdict.parallel,
            params: Some(verdict.params),
            saving,
            certainty,
            rows_before: cx.rows_before(group),
        },
    );
}

/// Segment operation, template, and what keeps equal templates apart: the callee's service or store.
fn key<'a>(cx: &Context<'a>, group: &Group) -> [&'a str; 3] {
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
