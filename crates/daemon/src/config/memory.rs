//! Where the memory goes: each part a fixed share of one number.

use std::fs;

const MIB: u64 = 1 << 20;

/// Shares of the memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryParts {
    /// All of it.
    pub total: u64,
    /// Requests between arrival and their shard.
    pub inflight: u64,
    /// Open and decided traces, over all shards.
    pub assembly: u64,
    /// Request buffers kept until it is known which of their traces are exemplars.
    pub raw: u64,
    /// Traces that hotspots refer to, with their attributes.
    pub exemplars: u64,
    /// Hotspots, histograms, snapshots.
    pub answers: u64,
    /// Interned text.
    pub dictionary: u64,
}

impl MemoryParts {
    /// The parts of `total` bytes; the rest is the allocator's and the readers' slack.
    pub fn of(total: u64) -> MemoryParts {
        MemoryParts {
            total,
            inflight: (total / 4).min(256 * MIB),
            assembly: total / 4,
            raw: total / 16,
            exemplars: total / 16,
            answers: total / 8,
            dictionary: (total / 8).min(64 * MIB),
        }
    }

    /// The parts of a share of the same memory, of shares that together are `all`.
    pub(crate) fn share(&self, share: u32, all: u32) -> MemoryParts {
        MemoryParts::of(part(self.total, share, all))
    }

    /// Tells the operator, by the names that `/metrics` has for them.
    pub(crate) fn log(&self) {
        tracing::info!(
            total = self.total,
            inflight = self.inflight,
            traces = self.assembly,
            raw = self.raw,
            exemplars = self.exemplars,
            answers = self.answers,
            dictionary = self.dictionary,
            "memory, in bytes"
        );
    }
}

/// The part of a whole that is one share of `all` of them.
pub(crate) fn part(whole: u64, share: u32, all: u32) -> u64 {
    let part = u128::from(whole) * u128::from(share) / u128::from(all.max(1));
    u64::try_from(part).unwrap_or(u64::MAX)
}

/// The container's limit, else half of the machine; 1 GiB where neither can be read.
pub(super) fn available() -> u64 {
    let limit = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .iter()
    .find_map(|path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok());
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        line.split_whitespace()
            .nth(1)?
            .parse::<u64>()
            .ok()
            .map(|kib| kib * 1024)
    });
    match (limit, machine) {
        (Some(limit), Some(machine)) if limit < machine => limit,
        (_, Some(machine)) => machine / 2,
        (Some(limit), None) => limit.min(1 << 30),
        (None, None) => 1 << 30,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_leave_slack_and_large_machines_do_not_inflate_buffers() {
        for total in [64 * MIB, 1 << 30, 1 << 36] {
            let parts = MemoryParts::of(total);
            let used = parts.inflight + parts.assembly + parts.raw + parts.exemplars;
            let used = used + parts.answers + parts.dictionary;
            assert!(used <= total - total / 8, "{total}");
            assert!(parts.inflight <= 256 * MIB && parts.dictionary <= 64 * MIB);
        }
    }
}
