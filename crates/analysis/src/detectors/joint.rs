//! What several faults of one unit save together.
//!
//! Faults one after the other on the critical path save the sum of what each saves, and nothing is said about them.
//! Where one lies inside another, or a second branch takes over once the first is short, they save less: then sets of
//! them are replayed, and what these save is brought to what the findings say is likely.

use std::cmp::Reverse;

use hotspan_model::{Fingerprint, JOINT_MAX, JointRow, Nanos, Saving};

use super::Findings;
use crate::context::is_awaited;
use crate::replay::Tape;
use crate::{Forest, Replay};

/// Faults of one unit that are looked at one by one when more than [`JOINT_MAX`] take something from each other.
const LOOKED_AT: usize = 16;

/// Sets of faults that a row tells of.
type Sets<T> = [T; 1 << JOINT_MAX];

/// Buffers of finding what faults save together.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    tape: Tape,
    kept: Vec<Kept>,
    faults: Vec<Fault>,
    /// Those of the faults that take something from others.
    meeting: Vec<Fault>,
}

/// The replay of a finding.
#[derive(Clone, Copy, Debug)]
struct Kept {
    head: u32,
    fingerprint: Fingerprint,
    /// Its edits on the tape.
    take: u32,
    /// What the finding says.
    likely: Nanos,
    /// What the edits save by themselves.
    alone: u64,
}

/// All findings of one fingerprint in one unit.
#[derive(Clone, Copy, Debug)]
struct Fault {
    fingerprint: Fingerprint,
    /// Its range in `kept`.
    kept: (u32, u32),
    likely: Nanos,
    alone: u64,
}

impl Scratch {
    /// Forgets the trace before.
    pub(super) fn clear(&mut self) {
        self.tape.clear();
        self.kept.clear();
    }
}

/// The best and the worst case as one number, of which only sums and parts matter.
fn measure(saving: Saving) -> u64 {
    saving.min.plus(saving.max).0
}

impl Findings<'_> {
    /// Keeps the edits of the replay that the saving of a finding comes from, which is the latest.
    pub(super) fn keep_edits(&mut self, head: u32, fingerprint: Fingerprint, saving: Saving) {
        if saving.likely == Nanos::ZERO {
            return;
        }
        let (take, alone) = self.scratch.replay.keep(&mut self.scratch.joint.tape);
        self.scratch.joint.kept.push(Kept {
            head,
            fingerprint,
            take,
            likely: saving.likely,
            alone: measure(alone),
        });
    }

    /// Says for each unit what its faults save together.
    pub(crate) fn join(&mut self, forest: &Forest) {
        if self.scratch.joint.kept.len() < 2 {
            return;
        }
        let mut scratch = std::mem::take(&mut self.scratch.joint);
        scratch
            .kept
            .sort_unstable_by_key(|kept| (kept.head, kept.fingerprint, kept.take));
        let (mut at, kept) = (0, scratch.kept.len());
        while at < kept {
            let head = scratch.kept[at].head;
            at = faults(&mut scratch, at);
            if scratch.faults.len() > 1 {
                self.join_unit(forest, head, &mut scratch);
            }
        }
        // Numbers of nodes decide nothing that shows.
        self.report.joints.sort_unstable();
        self.scratch.joint = scratch;
    }

    fn join_unit(&mut self, forest: &Forest, head: u32, scratch: &mut Scratch) {
        let Scratch {
            tape,
            kept,
            faults,
            meeting,
        } = scratch;
        faults.sort_unstable_by_key(|fault| (Reverse(fault.likely), fault.fingerprint));
        let replay = &mut self.scratch.replay;
        let mut together = |of: &mut dyn Iterator<Item = Fault>| saved(replay, forest, head, tape, kept, of);
        let all = together(&mut faults.iter().copied());
        let apart = faults
            .iter()
            .fold(0_u64, |sum, fault| sum.saturating_add(fault.alone));
        if apart <= all {
            return;
        }
        meeting.clear();
        meeting.extend_from_slice(faults);
        if meeting.len() > JOINT_MAX {
            meeting.retain(|own| {
                let place = faults
                    .iter()
                    .position(|fault| fault.fingerprint == own.fingerprint);
                let others = faults.iter().filter(|fault| fault.fingerprint != own.fingerprint);
                place.is_some_and(|place| LOOKED_AT <= place)
                    || all < together(&mut others.copied()).saturating_add(own.alone)
            });
        }
        let awaited = is_awaited(forest, head);
        let unit = forest.node(head).length();
        let first = &meeting[..meeting.len().min(JOINT_MAX)];
        let savings = savings(first, unit, |set| match set {
            set if set.count_ones() as usize == faults.len() => all,
            set => together(&mut members(first, set)),
        });
        self.report.joints.push(row(first, savings, awaited));
        // More of them are not told apart: what else is there saves nothing beside the dearest.
        if let Some(&dearest) = meeting.first_chunk::<JOINT_MAX>() {
            for &other in &meeting[JOINT_MAX..] {
                let mut four = dearest;
                four[JOINT_MAX - 1] = other;
                self.report.joints.push(row(&four, beside(&four), awaited));
            }
        }
    }
}

/// Gathers the faults of the unit whose replays begin at a place; where those of the next unit begin.
fn faults(scratch: &mut Scratch, from: usize) -> usize {
    let head = scratch.kept[from].head;
    let unit = scratch.kept[from..].iter().take_while(|kept| kept.head == head);
    scratch.faults.clear();
    let mut at = from as u32;
    for kept in unit {
        match scratch
            .faults
            .last_mut()
            .filter(|last| last.fingerprint == kept.fingerprint)
        {
            Some(last) => {
                last.kept.1 = at + 1;
                last.likely = last.likely.plus(kept.likely);
                last.alone = last.alone.saturating_add(kept.alone);
            }
            None => scratch.faults.push(Fault {
                fingerprint: kept.fingerprint,
                kept: (at, at + 1),
                likely: kept.likely,
                alone: kept.alone,
            }),
        }
        at += 1;
    }
    at as usize
}

/// What some faults of a unit save in one replay.
fn saved(
    replay: &mut Replay,
    forest: &Forest,
    head: u32,
    tape: &Tape,
    kept: &[Kept],
    faults: &mut dyn Iterator<Item = Fault>,
) -> u64 {
    replay.begin(forest, head);
    for fault in faults {
        for kept in &kept[fault.kept.0 as usize..fault.kept.1 as usize] {
            replay.splice(tape, kept.take);
        }
    }
    measure(replay.run(forest).saving())
}

fn members(faults: &[Fault], set: usize) -> impl Iterator<Item = Fault> {
    let members = faults
        .iter()
        .enumerate()
        .filter(move |(at, _)| set >> at & 1 == 1);
    members.map(|(_, fault)| *fault)
}

/// What each set of faults likely saves, where `replayed` says what it saves in one replay.
fn savings(faults: &[Fault], unit: Nanos, mut replayed: impl FnMut(usize) -> u64) -> Sets<Nanos> {
    let mut savings: Sets<Nanos> = Sets::default();
    for set in 1..1_usize << faults.len() {
        let sum = |of: fn(&Fault) -> u64| {
            members(faults, set)
                .map(|fault| u128::from(of(&fault)))
                .sum::<u128>()
        };
        let (likely, alone) = (sum(|fault| fault.likely.0), sum(|fault| fault.alone));
        let part = match set.count_ones() {
            1 => likely,
            _ => (likely * u128::from(replayed(set)))
                .checked_div(alone)
                .unwrap_or(likely),
        };
        let part = u64::try_from(part).unwrap_or(u64::MAX).min(unit.0);
        let (mut least, mut most) = (0, u64::MAX);
        for (at, fault) in faults.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1) {
            let without = savings[set & !(1 << at)].0;
            least = least.max(without);
            most = most.min(without.saturating_add(fault.likely.0));
        }
        savings[set] = Nanos(part.clamp(least, most));
    }
    savings
}

/// The same where the last saves nothing beside any other, and the others add up.
fn beside(faults: &[Fault; JOINT_MAX]) -> Sets<Nanos> {
    let others = 1 << (JOINT_MAX - 1);
    std::array::from_fn(|set| {
        let beside = match set & (others - 1) {
            0 => set,
            beside => beside,
        };
        members(faults, beside).map(|fault| fault.likely).sum()
    })
}

/// Puts faults in the order in which rows name them.
fn row(faults: &[Fault], savings: Sets<Nanos>, awaited: bool) -> JointRow {
    let mut order: [usize; JOINT_MAX] = std::array::from_fn(|at| at);
    order[..faults.len()].sort_unstable_by_key(|&at| faults[at].fingerprint);
    let place = |set: usize| {
        let bits = (0..faults.len()).filter(|bit| set >> bit & 1 == 1);
        bits.fold(0, |set, bit| set | 1 << order[bit])
    };
    let named = faults.len();
    JointRow {
        faults: order.map(|at| faults.get(at).map_or(Fingerprint(0), |fault| fault.fingerprint)),
        savings: std::array::from_fn(|set| match set >> named {
            0 => savings[place(set)],
            _ => Nanos::ZERO,
        }),
        awaited,
    }
}
