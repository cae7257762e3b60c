//! The end of a receiver, in two steps: it says so, then it takes no more.

use tokio::sync::watch;

use crate::Core;

/// Where in its life a receiver is; it only goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Serving,
    /// Still serving, and telling whoever asks for its health that it will not for long.
    Leaving,
    Draining,
}

impl Core {
    /// Announces the end: health says so, requests are still taken, so that balancers have time to look elsewhere.
    pub fn leave(&self) {
        self.enter(Phase::Leaving);
    }

    /// Begins the end: new requests are refused with S11, connections are asked to go, running requests finish.
    pub fn drain(&self) {
        self.enter(Phase::Draining);
    }

    fn enter(&self, phase: Phase) {
        self.phase.send_if_modified(|now| {
            let later = phase > *now;
            *now = phase.max(*now);
            later
        });
    }

    /// Whether [`Core::leave`] or [`Core::drain`] was called.
    pub fn is_leaving(&self) -> bool {
        *self.phase.borrow() >= Phase::Leaving
    }

    /// Whether [`Core::drain`] was called.
    pub fn is_draining(&self) -> bool {
        *self.phase.borrow() == Phase::Draining
    }

    /// Tells of each [`Phase`].
    pub(crate) fn phases(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }
}
