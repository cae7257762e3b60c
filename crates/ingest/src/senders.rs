//! Who sends spans, and how their requests come: looked at once for each resource of a request, never for a span.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use dashmap::DashMap;
use hotspan_model::{LogTime, Sender, TableSeed};
use hotspan_otlp::Encoding;

use crate::{Coding, Transport};

/// Services whose senders are kept.
const SERVICES_MAX: usize = 1_000;
/// Senders of one service that are kept; a new one takes the place of the one that was silent longest.
const OF_SERVICE_MAX: usize = 4;
/// Resources that one worker knows; then it looks at all of them again.
const KNOWN_MAX: usize = 1_024;

/// How requests of a sender come. What stands between it and here, a Collector say, decides this, not its SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Way {
    /// By which door.
    pub transport: Transport,
    /// How they are written.
    pub encoding: Encoding,
    /// How they are compressed.
    pub coding: Coding,
    /// From this machine.
    pub is_local: bool,
}

/// A sender, and when it was heard.
#[derive(Debug)]
pub struct Heard {
    /// Who.
    pub sender: Arc<Sender>,
    /// How its requests come.
    pub way: Way,
    batches: AtomicU64,
    last: AtomicU64,
    /// It is in no list any more.
    is_gone: AtomicBool,
}

impl Heard {
    /// Resources with spans in requests.
    pub fn batches(&self) -> u64 {
        self.batches.load(Relaxed)
    }

    /// When the last of them came.
    pub fn last(&self) -> LogTime {
        LogTime(self.last.load(Relaxed))
    }

    fn note(&self, at: LogTime) {
        self.batches.fetch_add(1, Relaxed);
        self.last.fetch_max(at.0, Relaxed);
    }
}

/// The senders of all services.
#[derive(Debug, Default)]
pub struct Senders {
    // A cold registry: a worker comes here with a resource that it does not know.
    services: DashMap<String, Vec<Arc<Heard>>>,
    beyond: AtomicU64,
}

impl Senders {
    /// All of them, by service and what they say.
    pub fn list(&self) -> Vec<Arc<Heard>> {
        let mut all: Vec<Arc<Heard>> = self.services.iter().flat_map(|of| of.value().clone()).collect();
        all.sort_by(|a, b| {
            a.sender
                .cmp(&b.sender)
                .then_with(|| a.way.names().cmp(&b.way.names()))
        });
        all
    }

    /// How often the sender of a resource found no room, because too many services have one.
    pub fn beyond(&self) -> u64 {
        self.beyond.load(Relaxed)
    }

    fn heard(&self, sender: Sender, way: Way) -> Option<Arc<Heard>> {
        if self.services.len() >= SERVICES_MAX && !self.services.contains_key(&sender.service) {
            self.beyond.fetch_add(1, Relaxed);
            return None;
        }
        let mut of = self.services.entry(sender.service.clone()).or_default();
        let same = of
            .iter()
            .find(|heard| *heard.sender == sender && heard.way == way);
        if let Some(same) = same {
            return Some(Arc::clone(same));
        }
        if of.len() >= OF_SERVICE_MAX
            && let Some(place) = (0..of.len()).min_by_key(|&place| of[place].last())
        {
            of.swap_remove(place).is_gone.store(true, Relaxed);
        }
        let heard = Arc::new(Heard {
            sender: Arc::new(sender),
            way,
            batches: AtomicU64::new(0),
            last: AtomicU64::new(0),
            is_gone: AtomicBool::new(false),
        });
        of.push(Arc::clone(&heard));
        Some(heard)
    }
}

impl Way {
    fn names(self) -> (&'static str, &'static str, &'static str, bool) {
        (
            self.transport.name(),
            self.encoding.name(),
            self.coding.name(),
            self.is_local,
        )
    }
}

/// The senders that one worker knows, by the hash of their resource and the way it came.
#[derive(Debug)]
pub(crate) struct Known(HashMap<(u64, Way), Option<Arc<Heard>>, foldhash::fast::SeedableRandomState>);

/// The senders of one request.
#[derive(Debug)]
pub(crate) struct Noting<'a> {
    senders: &'a Senders,
    known: &'a mut Known,
    way: Way,
    at: LogTime,
}

impl Noting<'_> {
    /// A resource came.
    pub(crate) fn note(&mut self, hash: u64, read: &mut dyn FnMut() -> Sender) {
        self.known.note(self.senders, (hash, self.way), self.at, read);
    }
}

impl Known {
    pub(crate) fn new(seed: TableSeed) -> Known {
        Known(HashMap::with_hasher(seed.build(6)))
    }

    /// A request came this way. The clock is read once for all of it.
    pub(crate) fn noting<'a>(&'a mut self, senders: &'a Senders, way: Way) -> Noting<'a> {
        Noting {
            senders,
            known: self,
            way,
            at: now(),
        }
    }

    fn note(
        &mut self,
        senders: &Senders,
        (hash, way): (u64, Way),
        at: LogTime,
        read: &mut dyn FnMut() -> Sender,
    ) {
        let known = self.0.get(&(hash, way));
        match known {
            Some(Some(heard)) if !heard.is_gone.load(Relaxed) => return heard.note(at),
            // There was no room for it; it is asked anew when the worker looks at all of them again.
            Some(None) => return,
            Some(Some(_)) | None => {}
        }
        if self.0.len() >= KNOWN_MAX {
            self.0.clear();
        }
        let heard = senders.heard(read(), way);
        if let Some(heard) = &heard {
            heard.note(at);
        }
        self.0.insert((hash, way), heard);
    }
}

fn now() -> LogTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    LogTime(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAY: Way = Way {
        transport: Transport::Grpc,
        encoding: Encoding::Protobuf,
        coding: Coding::Gzip,
        is_local: false,
    };

    fn sender(service: &str, version: &str) -> Sender {
        Sender {
            service: service.to_owned(),
            version: version.to_owned(),
            ..Sender::default()
        }
    }

    #[test]
    fn a_resource_is_read_once_and_counted_each_time() {
        let (senders, mut known) = (Senders::default(), Known::new(TableSeed(7)));
        let mut reads = 0;
        for second in 1..=3 {
            let mut read = || {
                reads += 1;
                sender("cart", "1")
            };
            known.note(&senders, (1, WAY), LogTime(second), &mut read);
        }
        // Another process says the same, and a third of it goes another way.
        known.note(&senders, (2, WAY), LogTime(2), &mut || sender("cart", "1"));
        let plain = Way {
            coding: Coding::Identity,
            ..WAY
        };
        known.note(&senders, (1, plain), LogTime(2), &mut || sender("cart", "1"));
        let list = senders.list();
        let seen: Vec<_> = list.iter().map(|of| (of.batches(), of.last(), of.way)).collect();
        assert_eq!(seen, [(4, LogTime(3), WAY), (1, LogTime(2), plain)]);
        assert_eq!(reads, 1);
    }

    #[test]
    fn a_service_keeps_the_senders_that_were_heard_last() {
        let (senders, mut known) = (Senders::default(), Known::new(TableSeed(7)));
        let mut send = |version: u64, at| {
            known.note(&senders, (version, WAY), LogTime(at), &mut || {
                sender("cart", &version.to_string())
            });
        };
        for version in 0..5 {
            send(version, version + 1);
        }
        // The one that made room speaks again, so the next silent one goes.
        send(0, 9);
        let list = senders.list();
        let versions: Vec<&str> = list.iter().map(|of| of.sender.version.as_str()).collect();
        assert_eq!(versions, ["0", "2", "3", "4"]);
    }

    #[test]
    fn a_million_services_are_not_kept() {
        let (senders, mut known) = (Senders::default(), Known::new(TableSeed(7)));
        for n in 0..3_000 {
            known.note(&senders, (n, WAY), LogTime(n), &mut || sender(&n.to_string(), ""));
        }
        assert_eq!((senders.list().len(), senders.beyond()), (1_000, 2_000));
        assert!(known.0.len() <= KNOWN_MAX);
    }
}
