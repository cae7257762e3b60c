//! What a unit would take if some of its spans took less: a max-plus replay of its sync tree.
//!
//! A child starts a fixed lag after the last of its predecessors, the siblings before it that had ended when it
//! started; a parent ends a fixed time after the last of its children. An edit changes durations, and may move the
//! starts of a *run*, members one after the other. Only ancestors of what an edit touches are computed anew.
//!
//! Members of a run need not be siblings. Each parent under which two or more members live, be it directly or some
//! levels down, sees one run: its children that are members or contain some. So queries below one wrapper span
//! each move as the wrappers do, and what a wrapper does besides its query stays.

mod edit;
mod film;
mod model;
mod run;
mod sequence;
mod slack;
mod tape;

pub use edit::{Edit, WIDTH};
pub(crate) use film::{Scene, before};
pub use slack::Slack;
pub(crate) use tape::Tape;

use hotspan_model::{Millionths, Nanos, Saving};

use crate::{Forest, NONE};

/// What a unit would take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// As it was.
    pub before: Nanos,
    /// At best.
    pub optimistic: Nanos,
    /// Likely.
    pub likely: Nanos,
    /// At worst; may be longer than before.
    pub pessimistic: Nanos,
}

impl Outcome {
    /// What that saves: never negative.
    pub fn saving(&self) -> Saving {
        let max = self.before.minus(self.optimistic);
        let min = self.before.minus(self.pessimistic).min(max);
        Saving {
            min,
            likely: self.before.minus(self.likely).clamp(min, max),
            max,
        }
    }
}

/// How kindly an edit is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Optimistic,
    Likely,
    Pessimistic,
}

impl Mood {
    const ALL: [Mood; 3] = [Mood::Optimistic, Mood::Likely, Mood::Pessimistic];
}

/// In place of a run: a member of more than one.
const SEVERAL: u32 = u32::MAX - 1;

/// A time in each mood, in order of [`Mood::ALL`]: all are replayed at once.
type Times = [i64; Mood::ALL.len()];

/// Replays units of a forest. Edits add up until the next [`Replay::begin`]. Buffers are reused.
#[derive(Debug, Default)]
pub struct Replay {
    head: u32,
    changes: edit::Changes,
    runs: Vec<run::Run>,
    /// Buffers of earlier runs.
    spare: Vec<Vec<Times>>,
    /// Child and run; by child once some are members of several.
    members: Vec<(u32, u32)>,
    several: bool,
    /// The one run that each node is a member of, [`NONE`] or [`SEVERAL`].
    joined: Vec<u32>,
    /// Some edit has more than one result; some edit says itself which one is likely.
    ranged: bool,
    opinionated: bool,
    /// What the edits so far said when they ran.
    outcome: Outcome,
    /// Nodes to compute anew: those without children, then the others, children before parents.
    dirty: Vec<u32>,
    /// Place of each node there, [`NONE`] for others.
    place: Vec<u32>,
    /// New durations, beside `dirty`.
    durations: Vec<Times>,
    scratch: edit::Scratch,
    queue: model::Queue,
    camera: film::Camera,
}

impl Replay {
    /// Forgets all edits and turns to the unit under `head`.
    pub fn begin(&mut self, forest: &Forest, head: u32) {
        self.head = head;
        self.changes.clear();
        self.spare.extend(self.runs.drain(..).map(run::Run::into_slots));
        for (child, _) in self.members.drain(..) {
            self.joined[child as usize] = NONE;
        }
        (self.ranged, self.opinionated, self.several) = (false, false, false);
        self.outcome = Outcome::default();
        // Between two calls all places are `NONE`.
        if self.place.len() < forest.nodes().len() {
            self.place.resize(forest.nodes().len(), NONE);
            self.joined.resize(forest.nodes().len(), NONE);
        }
    }

    /// What the unit takes with all edits together.
    pub fn run(&mut self, forest: &Forest) -> Outcome {
        let before = forest.node(self.head).length();
        if self.changes.rows().is_empty() && self.runs.is_empty() {
            let same = before;
            return Outcome {
                before,
                optimistic: same,
                likely: same,
                pessimistic: same,
            };
        }
        let leaves = self.mark_dirty(forest);
        let [optimistic, likely, pessimistic] = self
            .replay(forest, leaves)
            .map(|time| Nanos(u64::try_from(time).unwrap_or(0)));
        let pessimistic = if self.ranged { pessimistic } else { optimistic };
        let likely = match self.opinionated {
            true => likely,
            false => Nanos(u64::midpoint(optimistic.0, pessimistic.0)),
        };
        for &at in &self.dirty {
            self.place[at as usize] = NONE;
        }
        let outcome = Outcome {
            before,
            optimistic,
            likely,
            pessimistic,
        };
        self.outcome = outcome;
        self.keep_film(outcome);
        outcome
    }

    /// What one edit alone saves.
    pub fn saving(&mut self, forest: &Forest, head: u32, edit: Edit<'_>) -> Saving {
        self.begin(forest, head);
        self.edit(forest, edit);
        self.run(forest).saving()
    }

    /// What a cache saves on average that answers all `members` in this share of traces, within `hit` each. At best
    /// a hit costs nothing, at worst only half of them hit.
    pub fn cache(
        &mut self,
        forest: &Forest,
        head: u32,
        members: &[u32],
        share: Millionths,
        hit: Nanos,
    ) -> Saving {
        let best = self.saving(forest, head, Edit::Zero(members)).max;
        let hits = self.saving(forest, head, Edit::Cap(members, hit)).max;
        let (min, max) = (Nanos(share.of(hits.0) / 2), Nanos(share.of(best.0)));
        let likely = Nanos(u64::midpoint(min.0, max.0));
        Saving { min, likely, max }
    }

    /// How much shorter the unit would be without `node`.
    pub fn drag(&mut self, forest: &Forest, node: u32) -> Nanos {
        let head = forest.node(node).head;
        self.saving(forest, head, Edit::Zero(&[node])).max
    }

    /// Bytes that its buffers hold.
    pub fn bytes(&self) -> usize {
        self.changes.bytes()
            + self.runs.capacity() * size_of::<run::Run>()
            + self.members.capacity() * size_of::<(u32, u32)>()
            + (self.dirty.capacity() + self.place.capacity() + self.joined.capacity()) * size_of::<u32>()
            + self.durations.capacity() * size_of::<Times>()
            + self.scratch.bytes()
            + self.queue.bytes()
            + self.camera.bytes()
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::{Class, Lookup};
    use hotspan_testkit::Drawing;

    use super::*;
    use crate::Settings;

    struct Unit {
        drawing: Drawing,
        forest: Forest,
    }

    impl Unit {
        fn new(text: &str) -> Unit {
            let drawing = Drawing::new(text);
            let mut forest = Forest::default();
            forest.normalise(&drawing.trace, None, &drawing.dictionary, &Settings::default());
            Unit { drawing, forest }
        }

        fn of(&self, class: Class) -> Vec<u32> {
            let all = 0..self.forest.nodes().len() as u32;
            all.filter(|&at| self.forest.node(at).class() == class).collect()
        }

        fn named(&self, name: &str) -> Vec<u32> {
            let text = |at: u32| {
                self.forest
                    .node(at)
                    .operation
                    .map(|text| self.drawing.dictionary.text(text))
            };
            let all = 0..self.forest.nodes().len() as u32;
            all.filter(|&at| text(at) == Some(name)).collect()
        }

        /// Savings of one edit in ms: pessimistic, likely, optimistic.
        fn saves(&self, edit: Edit<'_>) -> (u64, u64, u64) {
            let root = self.forest.primary().unwrap();
            millis(Replay::default().saving(&self.forest, root, edit))
        }
    }

    fn millis(saving: Saving) -> (u64, u64, u64) {
        let millis = |time: Nanos| time.0 / 1_000_000;
        (millis(saving.min), millis(saving.likely), millis(saving.max))
    }

    #[test]
    fn nothing_changes_nothing() {
        let unit = Unit::new(
            "
            shop GET /  0..100
              db a     10..30
              db b     20..60
                db d   25..61
              db c     62..90
            ",
        );
        let all: Vec<u32> = (0..5).collect();
        let mut replay = Replay::default();
        replay.begin(&unit.forest, 0);
        replay.edit(&unit.forest, Edit::Grow(&all, Nanos::ZERO));
        let leaves = replay.mark_dirty(&unit.forest);
        replay.replay(&unit.forest, leaves);
        for (at, &duration) in replay.dirty.iter().zip(&replay.durations) {
            assert_eq!(duration, [unit.forest.node(*at).length().0 as i64; 3], "{at}");
        }
        assert_eq!(replay.dirty.len(), 5);
    }

    #[test]
    fn only_ancestors_of_an_edit_are_computed() {
        let unit = Unit::new(
            "
            shop GET /     0..100
              internal a  10..50
                db q      20..30
              internal b  50..90
                db r      60..70
            ",
        );
        let mut replay = Replay::default();
        replay.begin(&unit.forest, 0);
        replay.edit(&unit.forest, Edit::Zero(&unit.named("q")));
        replay.mark_dirty(&unit.forest);
        assert_eq!(replay.dirty.len(), 3);
    }

    #[test]
    fn starts_cut_to_a_coarse_step_neither_lengthen_nor_shorten_a_loop() {
        let unit = Unit::new(
            "
            shop GET /  0..100
              db q     10..15
              db q     14..19
              db q     20..25
              db q     24..29
              db q     30..35
            ",
        );
        let all = unit.of(Class::Db);
        assert_eq!(unit.saves(Edit::Zero(&all)), (25, 25, 25));
        assert_eq!(unit.saves(Edit::Dedupe(&all)), (20, 20, 20));
    }

    #[test]
    fn a_loop_of_queries_becomes_one() {
        let unit = Unit::new(
            "
            shop GET /  0..100
              db q     10..12 x10+1
            ",
        );
        // Between the calls the parent works 9 ms, which stays at worst.
        assert_eq!(unit.saves(Edit::Batch(&unit.of(Class::Db))), (18, 18, 27));
    }

    #[test]
    fn a_batch_takes_longer_than_its_longest_call() {
        let unit = Unit::new(
            "
            shop GET /  0..100
              db q     10..20
              db q     20..24
              db q     24..32
            ",
        );
        // At worst 4 + (6 + 0 + 4), likely 15 but no worse than that.
        assert_eq!(unit.saves(Edit::Batch(&unit.of(Class::Db))), (8, 8, 12));
    }

    #[test]
    fn the_fixed_cost_of_a_call_is_what_its_server_does_not_see() {
        let unit = Unit::new(
            "
            shop GET /            0..100
              call get           10..20 x1
                price server get 11..19
              call get           20..30
                price server get 21..29
            ",
        );
        // At worst 2 + 8 + 8.
        assert_eq!(unit.saves(Edit::Batch(&unit.of(Class::Call))), (2, 5, 10));
    }

    #[test]
    fn queries_under_wrappers_are_one_run() {
        let unit = Unit::new(
            "
            shop GET /       0..100
              internal item 10..20
                db q        12..18
              internal item 21..31
                db q        23..29
              internal item 32..42
                internal x  33..41
                  db q      34..40
            ",
        );
        // Two queries of 6 ms; at best the two gaps between the wrappers as well. What wrappers do stays.
        assert_eq!(unit.saves(Edit::Batch(&unit.of(Class::Db))), (12, 12, 14));
    }

    #[test]
    fn queries_under_two_parents_are_one_run_each_and_one_batch() {
        let unit = Unit::new(
            "
            shop GET /       0..100
              internal page 10..40
                db q        10..15 x6
              internal page 40..70
                db q        40..45 x6
            ",
        );
        assert_eq!(unit.saves(Edit::Batch(&unit.of(Class::Db))), (55, 55, 55));
    }

    #[test]
    fn calls_side_by_side_take_as_long_as_the_last() {
        let unit = Unit::new(
            "
            shop GET /    0..100
              call a     10..30
              call b     35..65
              call c     66..76
            ",
        );
        let members = unit.of(Class::Call);
        let edit = |width, gap: Option<u64>| Edit::Parallelise {
            members: &members,
            width,
            gap: gap.map(Nanos::from_millis),
        };
        // Starts at 10, 11, 12; at worst the gaps of 5 and 1 between the calls come first.
        assert_eq!(unit.saves(edit(8, None)), (30, 32, 35));
        assert_eq!(unit.saves(edit(8, Some(0))), (31, 33, 36));
        // One at a time: at best without gaps.
        assert_eq!(unit.saves(edit(1, Some(0))), (6, 6, 6));
        assert_eq!(
            unit.saves(Edit::Parallelise {
                members: &[],
                width: 8,
                gap: None
            }),
            (0, 0, 0)
        );
    }

    #[test]
    fn work_that_waits_for_the_run_moves_with_it() {
        let unit = Unit::new(
            "
            shop GET /          0..100
              call a           10..30
              internal combine 30..35
              call b           35..55
              internal render  55..95
            ",
        );
        let members = unit.of(Class::Call);
        let edit = Edit::Parallelise {
            members: &members,
            width: 8,
            gap: Some(Nanos::ZERO),
        };
        // At best `b` starts with `a`; at worst only after what it followed.
        assert_eq!(unit.saves(edit), (0, 10, 20));
    }

    #[test]
    fn dropped_retries_leave_the_last_attempt() {
        let unit = Unit::new(
            "
            shop GET /   0..100
              call a    10..20 x3+5
            ",
        );
        assert_eq!(unit.saves(Edit::DropRetries(&unit.of(Class::Call))), (20, 25, 30));
    }

    #[test]
    fn reads_that_started_before_the_first_answer_are_no_repeats() {
        let unit = Unit::new(
            "
            shop GET /  0..100
              db q     10..20
              db q     15..25
              db q     25..45
            ",
        );
        assert_eq!(unit.saves(Edit::Dedupe(&unit.of(Class::Db))), (20, 20, 20));
    }

    #[test]
    fn edits_add_up_in_one_replay() {
        let unit = Unit::new(
            "
            shop GET /  0..100
              db q     10..20 x4
              call a   50..90
            ",
        );
        let mut replay = Replay::default();
        replay.begin(&unit.forest, 0);
        replay.edit(&unit.forest, Edit::Batch(&unit.of(Class::Db)));
        replay.edit(
            &unit.forest,
            Edit::Cap(&unit.of(Class::Call), Nanos::from_millis(10)),
        );
        assert_eq!(millis(replay.run(&unit.forest).saving()), (60, 60, 60));
        assert_eq!(
            unit.saves(Edit::Async(&unit.of(Class::Call), Nanos::from_millis(1))),
            (39, 39, 39)
        );
    }

    #[test]
    fn a_cache_saves_its_share() {
        let unit = Unit::new(
            "
            shop GET /  0..100
              db q     10..50
            ",
        );
        let half = Millionths(500_000);
        let saving = Replay::default().cache(&unit.forest, 0, &unit.of(Class::Db), half, Nanos::ZERO);
        assert_eq!(millis(saving), (10, 15, 20));
    }

    #[test]
    fn slack_is_what_a_span_may_grow() {
        let unit = Unit::new(
            "
            shop GET /    0..100
              call long  10..90
              call short 10..40
              call after 50..60
            ",
        );
        let mut slack = Slack::default();
        slack.measure(&unit.forest, 0);
        let of = |name: &str| slack.of(unit.named(name)[0]).unwrap().0 / 1_000_000;
        // `after` follows `short` by 10 ms and ends 30 ms before the last.
        assert_eq!((of("long"), of("short"), of("after")), (0, 30, 30));
    }

    #[test]
    fn members_of_other_units_are_left_out() {
        let unit = Unit::new(
            "
            shop GET /             0..100
              db q                10..20
              internal background 90..300
                db q             100..150
            ",
        );
        assert_eq!(unit.saves(Edit::Batch(&unit.of(Class::Db))), (0, 0, 0));
        assert_eq!(unit.saves(Edit::Zero(&unit.of(Class::Db))), (10, 10, 10));
    }
}
