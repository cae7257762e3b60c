//! Repeats that take turns: one of each for every item.

use crate::context::{Context, Group, clock_step};
use crate::detectors::Findings;
use crate::detectors::family::{is_by_design, weight};

/// Repeats before one that are compared with it.
const LOOK_BACK: usize = 8;

/// How much the numbers of two repeats may differ beyond a tenth: spans get lost.
const LOST: usize = 3;

/// One repeat, and the loop it is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    segment: u32,
    anchor: u32,
    /// Of the first member.
    start: i64,
    /// Place among the groups.
    pub group: u32,
    /// Row that its loop begins with.
    first: u32,
}

/// Loops of one trace.
#[derive(Debug, Default)]
pub(super) struct Turns(Vec<Row>);

impl Turns {
    /// Finds all loops.
    pub(super) fn find(&mut self, cx: &Context<'_>, out: &Findings<'_>) {
        self.0.clear();
        if !are_possible(cx) {
            return;
        }
        for (at, group) in cx.groups().iter().enumerate() {
            if is_eligible(cx, group, out) {
                self.0.push(Row {
                    segment: group.segment,
                    anchor: group.anchor,
                    start: cx.node_of(cx.members(group)[0]).start,
                    group: at as u32,
                    first: 0,
                });
            }
        }
        self.0
            .sort_unstable_by_key(|row| (row.segment, row.anchor, row.start, row.group));
        for at in 0..self.0.len() {
            let row = self.0[at];
            let before = &self.0[at.saturating_sub(LOOK_BACK)..at];
            let partner = before.iter().rev().find(|other| {
                let together = (other.segment, other.anchor) == (row.segment, row.anchor);
                together && take_turns(cx, other.group, row.group)
            });
            self.0[at].first = partner.map_or(at as u32, |partner| partner.first);
        }
        self.0
            .sort_unstable_by_key(|row| (row.first, row.start, row.group));
    }

    /// The repeats of each loop, in order of their first members.
    pub(super) fn loops(&self) -> impl Iterator<Item = &[Row]> {
        let loops = self.0.chunk_by(|a, b| a.first == b.first);
        loops.filter(|rows| rows.len() > 1)
    }
}

/// Whether there are repeats that may take turns.
pub(super) fn are_possible(cx: &Context<'_>) -> bool {
    cx.groups().len() >= 2
}

/// Of a summary nobody knows when its operations ran. Some members may be another finding's, say failed attempts.
fn is_eligible(cx: &Context<'_>, group: &Group, out: &Findings<'_>) -> bool {
    let members = cx.members(group);
    let free = members.iter().filter(|&&at| !out.is_claimed(at)).count() as u64;
    !is_by_design(group)
        && !cx.segment(group.segment).front_end
        && weight(cx, members) == members.len() as u64
        && free >= cx.required(group.segment, group.class)
}

/// Whether two repeats are of one length, and another one comes next at 80 % of the steps.
fn take_turns(cx: &Context<'_>, a: u32, b: u32) -> bool {
    let members = |group: u32| cx.members(&cx.groups()[group as usize]);
    let (mut a, mut b) = (members(a), members(b));
    let (few, many) = (a.len().min(b.len()), a.len().max(b.len()));
    if many - few > many / 10 + LOST {
        return false;
    }
    let (mut steps, mut turns, mut last) = (0_usize, 0_usize, None);
    loop {
        let first = match (a, b) {
            ([next, ..], [other, ..]) => is_first(cx, *next, *other, last),
            ([_, ..], []) => true,
            ([], [_, ..]) => false,
            ([], []) => break,
        };
        let side = if first { &mut a } else { &mut b };
        *side = &side[1..];
        if let Some(before) = last.replace(first) {
            steps += 1;
            turns += usize::from(before != first);
        }
    }
    turns * 10 >= steps * 8
}

/// Whether `a` began before `b`. Within one step of their clocks nobody knows, so that it is whose turn it is: `last`
/// says whether it was `a`'s repeat that came last.
fn is_first(cx: &Context<'_>, a: u32, b: u32, last: Option<bool>) -> bool {
    let (a, b) = (cx.node_of(a), cx.node_of(b));
    let step = clock_step(a).max(clock_step(b));
    match last {
        Some(last) if (a.start - b.start).abs() < step => !last,
        Some(_) | None => (a.start, a.key()) < (b.start, b.key()),
    }
}
