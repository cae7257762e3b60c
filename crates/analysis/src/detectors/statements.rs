//! Single statements that dominate a request: which of one kind a segment has, and what a faster one would save.

use hotspan_model::{Class, Kind, Millionths, Nanos, Saving, TemplateFacts};

use super::findings::Findings;
use crate::context::{Context, Operation, is_awaited, rooted_in};
use crate::{Edit, Mark};

/// Confidence that a statement kept its request waiting when a span is lost that would tell.
const DOUBT: Millionths = Millionths(400_000);

/// Calls `judge` with the statements that `wants` wants, those of one segment and `kind` together, in order of time.
pub(super) fn each<'a>(
    cx: &Context<'a>,
    out: &mut Findings<'_>,
    wants: impl Fn(u32) -> bool,
    kind: impl Fn(&Context<'a>, &Operation) -> &'a str,
    mut judge: impl FnMut(&[u32], &mut Findings<'_>),
) {
    let mut picked = std::mem::take(&mut out.scratch.picked);
    picked.clear();
    let all = 0..cx.operations().len() as u32;
    picked.extend(all.filter(|&at| {
        let row = cx.operation(at);
        row.class == Class::Db && row.counts() && !out.is_claimed(at) && wants(at)
    }));
    picked.retain(|&at| is_asked_for(cx, at) && !cx.segment(cx.operation(at).segment).front_end);
    let place = |at: u32| {
        (
            cx.operation(at).segment,
            kind(cx, cx.operation(at)),
            cx.node_of(at).head,
        )
    };
    picked.sort_unstable_by_key(|&at| (place(at), cx.node_of(at).start, cx.node_of(at).key()));
    for same in picked.chunk_by(|&a, &b| place(a) == place(b)) {
        judge(same, out);
    }
    out.scratch.picked = picked;
}

/// The template of an operation.
pub(super) fn template<'a>(cx: &Context<'a>, row: &Operation) -> &'a str {
    row.own.map_or("", |own| cx.text(own))
}

/// What the template of an operation says about itself.
pub(super) fn facts<'a>(cx: &Context<'a>, row: &Operation) -> Option<&'a TemplateFacts> {
    cx.dictionary.template(row.own?)
}

/// Whether somebody asked for the unit: migrations, reports and maintenance run without a caller.
fn is_asked_for(cx: &Context<'_>, at: u32) -> bool {
    let head = cx.node_of(at).head;
    is_awaited(cx.forest, head) || rooted_in(cx.forest, head) == Kind::Consumer
}

/// How sure it is that somebody waited for `members`. A lost root may have been a job's; a lost call beside a statement
/// may have taken longer.
pub(super) fn certainty(cx: &Context<'_>, members: &[u32]) -> Millionths {
    let first = cx.operation(members[0]);
    let (start, head) = (cx.node_of(members[0]).start, cx.node_of(members[0]).head);
    let end = members
        .iter()
        .map(|&at| cx.node_of(at).end)
        .max()
        .unwrap_or(start);
    let rootless = cx.forest.node(head).has(Mark::Phantom)
        && !matches!(rooted_in(cx.forest, head), Kind::Server | Kind::Consumer);
    let beside = || {
        (0..).zip(cx.forest.nodes()).any(|(at, node)| {
            let overlaps = node.has(Mark::Phantom) && node.start < end && start < node.end;
            overlaps && !cx.contains(cx.place_of(at), first.place)
        })
    };
    match rootless || beside() {
        true => DOUBT,
        false => Millionths::ONE,
    }
}

/// What it saves when each of `members` takes half of its time: at most 90 % and at least 20 % less. That a statement
/// can become so much faster is an assumption.
pub(super) fn halved(cx: &Context<'_>, head: u32, members: &[u32], out: &mut Findings<'_>) -> Saving {
    let mut at = |percent: u64| {
        let cap = |nodes: &[u32]| Nanos(cx.forest.node(nodes[0]).length().0 / 100 * percent);
        let each = members.chunks(1);
        out.joint_saving(cx, head, |nodes| Edit::Cap(nodes, cap(nodes)), each, &[])
            .likely
    };
    let (max, likely, min) = (at(10), at(50), at(80));
    Saving {
        min: min.min(likely),
        likely,
        max: max.max(likely),
    }
}
