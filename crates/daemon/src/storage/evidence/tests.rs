//! What is stored of the traces of hotspots, commit by commit.

use hotspan_model::SpanDetail;
use hotspan_testkit::Drawing;

use super::*;

const PLENTY: u64 = 1 << 30;

/// Traces of a process, what its hotspots show of them, and what is stored.
struct World {
    drawing: Drawing,
    exemplars: Exemplars,
    evidence: Evidence,
}

fn id(n: u128) -> TraceId {
    TraceId::new(n).unwrap()
}

impl World {
    fn new() -> World {
        World {
            drawing: Drawing::new("cart GET/cart 0..100\n  db SELECT.item 20..30"),
            exemplars: Exemplars::new(u64::MAX),
            evidence: Evidence::default(),
        }
    }

    /// Hotspot `n` shows trace `n` as its worst, and memory has it with a text of so many bytes.
    fn show(&mut self, n: u128, text: usize) {
        self.evidence.shown.insert(id(n), Some(Reverse((0, n as usize))));
        // Nothing compresses this.
        let noise = (0..text as u64).map(|at| {
            let mixed = (at + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ n as u64);
            char::from(b'!' + ((mixed >> 40) % 90) as u8)
        });
        let detail = SpanDetail {
            name: noise.collect(),
            ..SpanDetail::default()
        };
        let exemplar = Exemplar {
            trace: Arc::new(self.drawing.trace.clone()),
            details: vec![detail],
        };
        assert!(self.exemplars.put(id(n), exemplar));
    }

    /// One commit; gives what was written and what went.
    fn commit(&mut self, max: u64) -> (Vec<u128>, Vec<u128>) {
        let change = self
            .evidence
            .plan(&View::default(), &self.exemplars, &self.drawing.dictionary, max);
        let new = change.new.iter().map(|(id, ..)| id.get()).collect();
        let gone = change.gone.iter().map(|id| id.get()).collect();
        self.evidence.done(change);
        let held: u64 = self.evidence.held.values().map(|held| held.bytes).sum();
        assert_eq!(self.evidence.size(), (self.evidence.held.len() as u64, held));
        assert!(held <= max, "{held} of {max} bytes");
        (new, gone)
    }

    fn held(&self) -> Vec<u128> {
        self.evidence.held.keys().map(|id| id.get()).collect()
    }
}

#[test]
fn a_commit_writes_some_the_most_valuable_first_and_each_once() {
    let mut world = World::new();
    (1..=40).for_each(|n| world.show(n, 10));
    assert_eq!(world.commit(PLENTY).0, (1..=32).collect::<Vec<_>>());
    assert_eq!(world.commit(PLENTY).0, (33..=40).collect::<Vec<_>>());
    assert!(world.commit(PLENTY).0.is_empty());
    // Its attributes were looked up, or more spans came.
    world.show(7, 20);
    assert_eq!(world.commit(PLENTY).0, [7]);
    assert_eq!(world.held().len(), 40);
}

#[test]
fn a_commit_ends_after_so_many_bytes() {
    let mut world = World::new();
    (1..=3).for_each(|n| world.show(n, BYTES_MAX / 2 + 1));
    assert_eq!(world.commit(PLENTY).0, [1, 2]);
    assert_eq!(world.commit(PLENTY).0, [3]);
}

#[test]
fn what_is_worth_more_takes_the_place_of_what_is_worth_less() {
    let mut world = World::new();
    for n in [5, 6, 7] {
        world.show(n, 10_000);
    }
    world.commit(PLENTY);
    let full = world.evidence.bytes;
    world.show(9, 10_000);
    assert_eq!(world.commit(full), (vec![], vec![]), "it is worth least");
    assert!(world.commit(full).0.is_empty());
    assert!(
        world.evidence.passed.contains_key(&id(9)),
        "it is not packed again each time"
    );
    world.show(1, 9_000);
    assert_eq!(world.commit(full), (vec![1], vec![7]));
    world.show(2, 19_000);
    assert_eq!(world.commit(full), (vec![2], vec![6, 5]));
    assert_eq!(world.held(), [1, 2]);
}

#[test]
fn a_smaller_budget_takes_what_is_worth_least() {
    let mut world = World::new();
    (1..=4).for_each(|n| world.show(n, 5_000));
    world.commit(PLENTY);
    let half = world.evidence.bytes / 2;
    assert_eq!(world.commit(half).1, [4, 3]);
    assert_eq!(world.commit(0).1, [2, 1]);
    assert_eq!(world.commit(PLENTY).0, [1, 2, 3, 4]);
}

#[test]
fn a_trace_goes_when_no_hotspot_has_shown_it_for_a_while() {
    let mut world = World::new();
    (1..=2).for_each(|n| world.show(n, 10));
    world.commit(PLENTY);
    let worth = world.evidence.shown.remove(&id(2)).unwrap();
    for _ in 1..ABSENT_MAX {
        assert!(world.commit(PLENTY).1.is_empty());
    }
    world.evidence.shown.insert(id(2), worth);
    assert!(world.commit(PLENTY).1.is_empty(), "it is back");
    world.evidence.shown.remove(&id(2));
    let gone: Vec<u128> = (0..ABSENT_MAX).flat_map(|_| world.commit(PLENTY).1).collect();
    assert_eq!((gone, world.held()), (vec![2], vec![1]));
}

#[test]
fn a_trace_that_is_too_large_is_passed_and_those_behind_it_are_stored() {
    let mut world = World::new();
    let span = world.drawing.trace.spans[0];
    let small = world.drawing.trace.spans.clone();
    world.drawing.trace.spans = vec![span; SPANS_MAX + 1];
    (1..=TRACES_MAX as u128).for_each(|n| world.show(n, 10));
    world.drawing.trace.spans = small;
    world.show(50, 10);
    assert!(world.commit(PLENTY).0.is_empty());
    assert_eq!(world.commit(PLENTY).0, [50]);
}

#[test]
fn attributes_that_are_too_long_are_left_out() {
    let mut world = World::new();
    world.show(1, 17 << 20);
    assert_eq!(world.commit(PLENTY).0, [1]);
    assert!(world.evidence.bytes < 10_000, "{}", world.evidence.bytes);
}
