//! What the spans of one source add up to.

use hotspan_model::{Assembled, Class, Flag, Input, Inputs, Kind, Visibility};

use crate::Node;

/// Sums over the spans of one source.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Spans, folded ones included.
    pub spans: u64,
    /// Failed ones.
    pub failed: u64,
    /// Spans that name a parent which was never received.
    pub orphans: u64,
    /// What they tell.
    pub inputs: Inputs,
    /// Spans that another one names as its parent.
    pub parents: u64,
    /// Those of them that were never received.
    pub lost_parents: u64,
}

impl Tally {
    /// Adds a node: an `orphan` when its parent was never received. `first` when it is the first child of one.
    pub(super) fn add(
        &mut self,
        trace: &Assembled,
        node: &Node,
        groups_seen: &mut [bool],
        (orphan, first): (bool, bool),
    ) {
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
        self.tell(trace, node);
        // What a service answers, somebody else asked. A parent is counted at the first of its children.
        let asked = matches!(node.kind(), Kind::Server | Kind::Consumer);
        if !asked && first {
            self.parents += 1;
            self.lost_parents += u64::from(orphan);
        }
    }

    /// Adds what one span tells.
    fn tell(&mut self, trace: &Assembled, node: &Node) {
        match node.class() {
            Class::Internal
            | Class::Server
            | Class::Consumer
            | Class::Wait
            | Class::Cache
            | Class::Publish => {}
            Class::Db => {
                self.inputs.add(Input::Queries);
                if node.bits.visibility() == Visibility::Visible {
                    self.inputs.add(Input::Arguments);
                }
            }
            Class::Call => {
                self.inputs.add(Input::Calls);
                let span = trace.spans.get(node.span as usize);
                if span.is_some_and(|span| span.callee.is_some()) {
                    self.inputs.add(Input::Addresses);
                }
            }
            Class::UnknownOut => self.inputs.add(Input::UnknownCalls),
            Class::Connect => self.inputs.add(Input::Handshakes),
            Class::Checkout => self.inputs.add(Input::Checkouts),
            Class::DbMeta => self.inputs.add(Input::Sessions),
        }
    }
}
