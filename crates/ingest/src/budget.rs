//! Bytes in flight: taken before a buffer is reserved, given back when the shards own the records.
//!
//! Nothing waits here. A lease is had at once or refused, so that a refusal costs microseconds and the client,
//! which still has its data, is told when to come again.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use dashmap::DashMap;
use hotspan_model::Millionths;

use crate::settings::{MIB, Settings};

/// What a lease grows by.
pub(crate) const STEP: u64 = MIB;
/// Announcements up to this size may use the last quarter of the budget.
const SMALL: u64 = MIB;
/// Leases count as being refused for so long after a refusal.
const REFUSING: Duration = Duration::from_secs(2);
/// Bounds of the delay that a refused client is asked for.
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// The budget of bytes in flight, and who holds it.
#[derive(Debug)]
pub struct Budget {
    max: u64,
    peer_max: u64,
    used: AtomicU64,
    peers: DashMap<IpAddr, Arc<Held>>,
    started: Instant,
    /// When a lease was last refused, in nanoseconds after `started`; 0 for never.
    refused_at: AtomicU64,
    /// Bytes given back, ever.
    returned: AtomicU64,
    /// Last sample of `returned` and when it was taken, to tell the rate of draining.
    sampled: AtomicU64,
    sampled_at: AtomicU64,
    /// Bytes given back a second, as last seen.
    rate: AtomicU64,
}

/// What one source address holds.
#[derive(Debug, Default)]
struct Held {
    bytes: AtomicU64,
    connections: AtomicUsize,
}

/// The right of one connection to ask for leases; ends with the connection.
#[derive(Debug)]
pub struct Peer {
    address: IpAddr,
    held: Arc<Held>,
    budget: Arc<Budget>,
}

/// No lease is to be had now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

impl Budget {
    /// A budget that nobody holds anything of.
    pub fn new(settings: &Settings) -> Arc<Budget> {
        Arc::new(Budget {
            max: settings.inflight_bytes_max,
            peer_max: settings.peer_share.of(settings.inflight_bytes_max),
            used: AtomicU64::new(0),
            peers: DashMap::new(),
            started: Instant::now(),
            refused_at: AtomicU64::new(0),
            returned: AtomicU64::new(0),
            sampled: AtomicU64::new(0),
            sampled_at: AtomicU64::new(0),
            rate: AtomicU64::new(0),
        })
    }

    /// Room for whatever comes: of what is in a log already, nothing is refused.
    pub(crate) fn unbounded() -> Peer {
        let settings = Settings {
            inflight_bytes_max: u64::MAX,
            peer_share: Millionths(hotspan_model::MILLION),
            ..Settings::default()
        };
        Peer {
            address: Ipv4Addr::LOCALHOST.into(),
            held: Arc::default(),
            budget: Budget::new(&settings),
        }
    }

    /// Bytes in flight.
    pub fn used(&self) -> u64 {
        self.used.load(Relaxed)
    }

    /// The most bytes in flight.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The most that one request can ever hold, were it alone.
    pub fn lease_max(&self) -> u64 {
        self.peer_max.min(self.max - self.max / 4)
    }

    /// A peer's next connection; `None` when it has `connections_max` of them.
    pub fn connect(self: &Arc<Self>, address: IpAddr, connections_max: usize) -> Option<Peer> {
        // The entry keeps its stripe, so that no disconnect can take the record away before it is counted.
        let held = self.peers.entry(address.to_canonical()).or_default();
        let connections = &held.connections;
        let counted = connections.fetch_update(Relaxed, Relaxed, |n| (n < connections_max).then_some(n + 1));
        counted.is_ok().then(|| Peer {
            address: address.to_canonical(),
            held: Arc::clone(&held),
            budget: Arc::clone(self),
        })
    }

    /// The right of a peer that connected elsewhere to ask for leases here, for one request.
    pub(crate) fn visit(self: &Arc<Self>, address: IpAddr) -> Peer {
        let held = self.peers.entry(address.to_canonical()).or_default();
        held.connections.fetch_add(1, Relaxed);
        Peer {
            address: address.to_canonical(),
            held: Arc::clone(&held),
            budget: Arc::clone(self),
        }
    }

    /// Whether leases are being refused, so that slow bodies must make room.
    pub fn is_refusing(&self) -> bool {
        let at = self.refused_at.load(Relaxed);
        at != 0 && self.now().saturating_sub(at) < REFUSING.as_nanos() as u64
    }

    /// How long a refused client should wait: what is in flight over how fast it drains, within 1 to 30 s, and
    /// up to a quarter more, so that clients do not come back at once.
    pub fn retry_delay(&self) -> Duration {
        self.sample();
        let rate = self.rate.load(Relaxed).max(1);
        let delay = Duration::from_millis(self.used().saturating_mul(1_000) / rate);
        let jitter = rand::random_range(0..=250);
        let delay = delay.clamp(RETRY_MIN, RETRY_MAX);
        (delay + delay * jitter / 1_000).min(RETRY_MAX)
    }

    /// Measures the rate of draining, at most once a second.
    fn sample(&self) {
        let (now, then) = (self.now(), self.sampled_at.load(Relaxed));
        let passed = Duration::from_nanos(now.saturating_sub(then));
        let is_mine = passed >= Duration::from_secs(1)
            && self
                .sampled_at
                .compare_exchange(then, now, Relaxed, Relaxed)
                .is_ok();
        if is_mine {
            let returned = self.returned.load(Relaxed);
            let drained = returned - self.sampled.swap(returned, Relaxed).min(returned);
            let rate = u128::from(drained) * 1_000 / passed.as_millis().max(1);
            self.rate.store(u64::try_from(rate).unwrap_or(u64::MAX), Relaxed);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn take(&self, held: &Held, bytes: u64, is_small: bool) -> Result<(), Refused> {
        let max = if is_small {
            self.max
        } else {
            self.max - self.max / 4
        };
        let peer = add_within(&held.bytes, bytes, self.peer_max);
        if peer && add_within(&self.used, bytes, max) {
            return Ok(());
        }
        if peer {
            held.bytes.fetch_sub(bytes, Relaxed);
        }
        self.refused_at.store(self.now().max(1), Relaxed);
        Err(Refused)
    }

    fn give_back(&self, held: &Held, bytes: u64) {
        held.bytes.fetch_sub(bytes, Relaxed);
        self.used.fetch_sub(bytes, Relaxed);
        self.returned.fetch_add(bytes, Relaxed);
    }
}

fn add_within(sum: &AtomicU64, amount: u64, max: u64) -> bool {
    sum.fetch_update(Relaxed, Relaxed, |now| {
        now.checked_add(amount).filter(|&sum| sum <= max)
    })
    .is_ok()
}

impl Peer {
    /// The source address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// A lease of as many bytes as a request announces.
    pub fn lease(&self, announced: u64) -> Result<Lease, Refused> {
        self.start(announced, announced <= SMALL)
    }

    /// A lease for a request that does not say how long it is.
    pub(crate) fn lease_unannounced(&self) -> Result<Lease, Refused> {
        let mut lease = self.start(UNANNOUNCED, true)?;
        lease.is_announced = false;
        Ok(lease)
    }

    fn start(&self, bytes: u64, is_small: bool) -> Result<Lease, Refused> {
        self.budget.take(&self.held, bytes, is_small)?;
        Ok(Lease {
            bytes,
            is_small,
            is_announced: true,
            held: Arc::clone(&self.held),
            budget: Arc::clone(&self.budget),
        })
    }
}

/// What a request that does not announce its size starts with.
const UNANNOUNCED: u64 = 64 << 10;

impl Drop for Peer {
    fn drop(&mut self) {
        self.held.connections.fetch_sub(1, Relaxed);
        // Leases may outlive the connection; they hold the record themselves.
        self.budget.peers.remove_if(&self.address, |_, held| {
            held.connections.load(Relaxed) == 0 && held.bytes.load(Relaxed) == 0
        });
    }
}

/// Bytes taken from the budget; they go back when it is dropped.
#[derive(Debug)]
pub struct Lease {
    bytes: u64,
    is_small: bool,
    is_announced: bool,
    held: Arc<Held>,
    budget: Arc<Budget>,
}

impl Lease {
    /// Makes it at least `bytes` long, in steps of 1 MiB (64 KiB below the first).
    pub fn grow_to(&mut self, bytes: u64) -> Result<(), Refused> {
        if bytes <= self.bytes {
            return Ok(());
        }
        let step = if bytes < STEP { UNANNOUNCED } else { STEP };
        let target = bytes.checked_next_multiple_of(step).ok_or(Refused)?;
        if !self.is_announced {
            self.is_small = target <= SMALL;
        }
        self.budget.take(&self.held, target - self.bytes, self.is_small)?;
        self.bytes = target;
        Ok(())
    }

    /// Bytes it holds.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.budget.give_back(&self.held, self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use hotspan_model::Millionths;

    use super::*;

    fn budget(mib: u64) -> Arc<Budget> {
        Budget::new(&Settings {
            inflight_bytes_max: mib * MIB,
            ..Settings::default()
        })
    }

    fn peer(budget: &Arc<Budget>, last: u8) -> Peer {
        budget
            .connect(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 64)
            .unwrap()
    }

    #[test]
    fn a05_one_peer_holds_at_most_its_share() {
        let budget = budget(16);
        let (greedy, modest) = (peer(&budget, 1), peer(&budget, 2));
        let lease = greedy.lease(8 * MIB).unwrap();
        assert_eq!(greedy.lease(1).unwrap_err(), Refused);
        assert!(budget.is_refusing());
        assert!(modest.lease(4 * MIB).is_ok());
        drop(lease);
        assert!(greedy.lease(8 * MIB).is_ok());
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a05_the_last_quarter_serves_small_announcements_only() {
        let budget = Budget::new(&Settings {
            inflight_bytes_max: 16 * MIB,
            peer_share: Millionths::ONE,
            ..Settings::default()
        });
        let peer = peer(&budget, 1);
        let three_quarters = peer.lease(12 * MIB).unwrap();
        assert!(peer.lease(MIB + 1).is_err());
        let small: Vec<_> = (0..4).map(|_| peer.lease(MIB).unwrap()).collect();
        assert!(peer.lease(1).is_err());
        drop((three_quarters, small));
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a03_a_lease_grows_in_steps_and_goes_back_whole() {
        let budget = budget(64);
        let peer = peer(&budget, 1);
        let mut lease = peer.lease_unannounced().unwrap();
        assert_eq!(lease.bytes(), 64 << 10);
        lease.grow_to(100_000).unwrap();
        assert_eq!(lease.bytes(), 128 << 10);
        lease.grow_to(MIB + 1).unwrap();
        assert_eq!(lease.bytes(), 2 * MIB);
        assert_eq!(lease.grow_to(33 * MIB), Err(Refused));
        assert_eq!(budget.used(), 2 * MIB);
        drop(lease);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn connections_of_a_peer_are_counted_and_forgotten() {
        let budget = budget(64);
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let first = budget.connect(address, 1).unwrap();
        assert!(budget.connect(address, 1).is_none());
        drop(first);
        assert!(budget.peers.is_empty());
        assert!(budget.connect(address, 1).is_some());
    }

    #[test]
    fn the_retry_delay_stays_within_its_bounds() {
        let budget = budget(64);
        let peer = peer(&budget, 1);
        assert!((RETRY_MIN..=RETRY_MAX).contains(&budget.retry_delay()));
        let _lease = peer.lease(30 * MIB).unwrap();
        assert_eq!(budget.retry_delay(), RETRY_MAX, "nothing drains");
    }
}
