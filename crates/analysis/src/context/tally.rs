//! What the spans of one source add up to.

use hotspan_model::{Assembled, Class, Flag, Input, Inputs, Kind, Visibility};

use super::layout::Visit;
use crate::{NONE, Node};

/// Sums over the spans of one source.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Spans, folded ones included.
    pub spans: u64,
    /// Failed ones.
    pub failed: u64,
    /// Spans that name a parent which was never received.
    pub orphans: u64,
    /// Spans that another one names as its parent.
    pub parents: u64,
    /// Those of them that were never received.
    pub lost_parents: u64,
    /// Classes of its spans, a bit each.
    classes: u16,
    /// Some statement shows its arguments.
    visible: bool,
    /// Some call says where it goes.
    addressed: bool,
}

impl Tally {
    /// Adds a node: an `orphan` when its parent was never received.
    #[inline]
    pub(super) fn add(
        &mut self,
        trace: &Assembled,
        visit: Visit<'_>,
        groups_seen: &mut [bool],
        orphan: bool,
    ) {
        let node = visit.node;
        let (spans, failed) = match trace.groups.get(node.group as usize) {
            Some(group) => match std::mem::replace(&mut groups_seen[node.group as usize], true) {
                true => (0, 0),
                false => (group.count, group.errors),
            },
            None => (1, u64::from(node.bits.has(Flag::Failed))),
        };
        self.spans = self.spans.saturating_add(spans);
        self.failed = self.failed.saturating_add(failed);
        self.orphans += u64::from(orphan);
        // A parent is counted at the first of its children. What a service answers, somebody else asked.
        let first = visit.above != NONE && visit.above + 1 == visit.place;
        if first && !matches!(node.kind(), Kind::Server | Kind::Consumer) {
            self.parents += 1;
            self.lost_parents += u64::from(orphan);
        }
        let class = node.class();
        self.classes |= bit(class);
        match class {
            Class::Db => self.visible |= node.bits.visibility() == Visibility::Visible,
            Class::Call if !self.addressed => {
                let span = trace.spans.get(node.span as usize);
                self.addressed = span.is_some_and(|span| span.callee.is_some());
            }
            Class::Call => {}
            Class::Internal
            | Class::Server
            | Class::Consumer
            | Class::Wait
            | Class::Cache
            | Class::Publish
            | Class::UnknownOut
            | Class::Connect
            | Class::Checkout
            | Class::DbMeta => {}
        }
    }

    /// Adds the next sibling of a node, which is like it and has a parent that was received.
    #[inline]
    pub(super) fn again(&mut self, node: &Node) {
        self.spans = self.spans.saturating_add(1);
        self.failed = self.failed.saturating_add(node.bits.has(Flag::Failed).into());
    }

    /// What its spans tell.
    pub(crate) fn inputs(&self) -> Inputs {
        let has = |class: Class| self.classes & bit(class) != 0;
        let mut inputs = Inputs::default();
        let mut tell = |is_told: bool, input: Input| {
            if is_told {
                inputs.add(input);
            }
        };
        tell(has(Class::Db), Input::Queries);
        tell(self.visible, Input::Arguments);
        tell(has(Class::Call), Input::Calls);
        tell(self.addressed, Input::Addresses);
        tell(has(Class::UnknownOut), Input::UnknownCalls);
        tell(has(Class::Connect), Input::Handshakes);
        tell(has(Class::Checkout), Input::Checkouts);
        tell(has(Class::DbMeta), Input::Sessions);
        inputs
    }
}

fn bit(class: Class) -> u16 {
    1 << class as u8
}
