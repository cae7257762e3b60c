//! Warnings in replies: SDKs log each one, so a peer gets one of a kind an hour.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use dashmap::DashMap;

use crate::Signal;

const PAUSE: Duration = Duration::from_secs(3_600);
/// Most peers and kinds remembered; beyond it nobody is warned anew until some are due again.
const REMEMBERED_MAX: usize = 4_096;

/// What is warned of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Resources without `service.name`.
    Unnamed,
    /// A signal that is not used, by its place.
    OtherSignal(u8),
}

impl From<Signal> for Kind {
    fn from(signal: Signal) -> Kind {
        Kind::OtherSignal(signal as u8)
    }
}

/// Who was warned of what, and when.
#[derive(Debug, Default)]
pub(crate) struct Warned(DashMap<(IpAddr, Kind), Instant>);

impl Warned {
    /// Whether a warning is due at `now`; if so it counts as given.
    pub(crate) fn is_due(&self, peer: IpAddr, kind: Kind, now: Instant) -> bool {
        if let Some(last) = self.0.get(&(peer, kind)) {
            let is_recent = now.saturating_duration_since(*last) < PAUSE;
            if is_recent {
                return false;
            }
        }
        if self.0.len() >= REMEMBERED_MAX {
            self.0
                .retain(|_, last| now.saturating_duration_since(*last) < PAUSE);
        }
        let has_room = self.0.len() < REMEMBERED_MAX;
        has_room && self.0.insert((peer, kind), now).is_none_or(|last| last != now)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn c05_one_warning_an_hour_for_a_peer_and_kind() {
        let (warned, start) = (Warned::default(), Instant::now());
        let peer = |n: u32| IpAddr::V4(Ipv4Addr::from(n));
        assert!(warned.is_due(peer(1), Kind::Unnamed, start));
        assert!(!warned.is_due(peer(1), Kind::Unnamed, start + PAUSE / 2));
        assert!(warned.is_due(peer(1), Signal::Logs.into(), start));
        assert!(warned.is_due(peer(2), Kind::Unnamed, start));
        assert!(warned.is_due(peer(1), Kind::Unnamed, start + PAUSE));
    }

    #[test]
    fn a_million_peers_are_not_remembered() {
        let (warned, start) = (Warned::default(), Instant::now());
        let due = (0..10_000u32).filter(|&n| warned.is_due(IpAddr::V4(n.into()), Kind::Unnamed, start));
        assert_eq!(due.count(), REMEMBERED_MAX);
        assert!(warned.is_due(IpAddr::V4(20_000.into()), Kind::Unnamed, start + PAUSE));
    }
}
