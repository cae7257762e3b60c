//! Internal, datastore or third party: the decision for one operation.

use hotspan_model::{Lookup, Millionths, Peer, PeerReason};

use super::operations::Operation;

/// Whom an operation reaches, and how sure that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub peer: Peer,
    pub reason: PeerReason,
    pub certainty: Millionths,
}

/// A server child settles it; else the address does. What other traces taught is applied when answers are read.
pub(crate) fn decision(operation: &Operation, dictionary: &dyn Lookup) -> Decision {
    if operation.answered.is_some() {
        return Decision {
            peer: Peer::Internal,
            reason: PeerReason::ServerChild,
            certainty: Millionths::ONE,
        };
    }
    match operation.callee.and_then(|callee| dictionary.callee(callee)) {
        Some(facts) => Decision {
            peer: facts.peer,
            reason: facts.reason,
            certainty: facts.certainty,
        },
        None => Decision {
            peer: Peer::Unknown,
            reason: PeerReason::NoHost,
            certainty: Millionths(0),
        },
    }
}
