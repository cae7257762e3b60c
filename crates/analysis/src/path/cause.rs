//! Why a segment is on the path.

use hotspan_model::{Cause, Kind};

use crate::{Forest, Mark, NONE, Node};

/// The cause of a segment of `node` that begins where `left` ends and ends where `right` begins.
pub(super) fn cause(forest: &Forest, node: &Node, left: Option<&Node>, right: u32) -> Cause {
    let client = node.kind() == Kind::Client;
    let right = (right != NONE).then_some(right);
    if node.has(Mark::Phantom) || node.has(Mark::NoTime) {
        return Cause::WaitUnknown;
    }
    if client && left.is_none() && right.is_none() {
        return Cause::WaitUnknown;
    }
    if node.has(Mark::InAbandoned) {
        return Cause::Abandoned;
    }
    let serves = |child: &Node| child.kind() == Kind::Server;
    match (left, right) {
        (None, Some(right)) if client && serves(forest.node(right)) => Cause::NetOut,
        (Some(left), None) if client && serves(left) => Cause::NetIn,
        (Some(_), Some(_)) => Cause::Dispatch,
        (None, _) | (_, None) => Cause::OwnTime,
    }
}
