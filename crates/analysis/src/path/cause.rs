//! Why a segment is on the path.

use hotspan_model::{Cause, Kind};

use crate::{Forest, Mark, NONE};

/// The cause of a segment of `at` that begins where `left` ends and ends where `right` begins.
pub(super) fn cause(forest: &Forest, at: u32, left: Option<u32>, right: u32) -> Cause {
    let node = forest.node(at);
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
    let serves = |child: Option<u32>| child.is_some_and(|child| forest.node(child).kind() == Kind::Server);
    match (left, right) {
        (None, Some(_)) if client && serves(right) => Cause::NetOut,
        (Some(_), None) if client && serves(left) => Cause::NetIn,
        (Some(_), Some(_)) => Cause::Dispatch,
        (None, _) | (_, None) => Cause::OwnTime,
    }
}
