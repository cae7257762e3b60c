//! # Per-item loop
//!
//! For each item of a list the same several operations run: load this, look up that, write the result. Each of them
//! could do the work for the whole list at once.
//!
//! **Rule**: repeats of at least two templates under one anchor of a segment, equally many of each (within 10 % and
//! three, which lost spans explain), that take turns in time at 80 % of their steps or more; each repeat has its own
//! `repeat_min` (5) or `repeat_min_fast` (10) members. Or at least 4 sibling spans of one name with the same operations
//! below each, of which at least two come once. Together they take at least `cost_share_millionths` (5 %) of the segment and
//! `cost_min_ns` (1 ms).
//!
//! **Guards**: those of the N+1 detectors; polling. When all arguments are equal in every round it is no loop over
//! items but redundant reads.
//!
//! **Saves**: what a replay of the trace saves when each of the repeats is one operation.
//!
//! **Silent when**: two operations take turns three times; a nested list makes 12 of one and 36 of another (two N+1);
//! a state machine runs other statements in every round.
//!
//! **Fix**: load everything of one kind before the loop, write everything after it. It takes over from the N+1
//! findings it explains.

mod shapes;
mod turns;

use hotspan_model::{
    Break, Condition, Facets, Fix, Meta, Nanos, NearReason, Params, SavingRule, Scope, Symbol, Visibility,
};

use super::family::{WITHOUT_SCALING_PROOF, pays};
use super::findings::{Draft, Key, wall};
use super::n_plus_one_query::{BY_HAND, FRAMEWORKS};
use super::near::{Near, all, condition, fixed, of_cost};
use super::words::{advice, tenths_of_a_week};
use super::{Detector, Findings, REPEAT_MIN};
use crate::Edit;
use crate::context::{Context, overlap};

/// Distinct templates that a finding names.
const TEMPLATES_MAX: usize = 16;

/// The detector.
#[derive(Debug)]
pub(super) struct PerItemLoop;

static META: Meta = Meta {
    id: "per-item-loop",
    title: "Several operations for each item of a list",
    in_break: Break::Database,
    scope: Scope::Trace,
    habit: false,
    effort: tenths_of_a_week(10),
    saving: SavingRule::Replayed,
    knobs: &[],
    sentence,
    fix,
};

/// Buffers.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    turns: turns::Turns,
    shapes: shapes::Shapes,
    members: Vec<u32>,
    doubled: Vec<u32>,
    templates: Vec<Symbol>,
    arguments: Vec<(u64, u32)>,
}

impl Detector for PerItemLoop {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if !turns::are_possible(cx) && !shapes::are_possible(cx) {
            return;
        }
        let mut scratch = std::mem::take(&mut out.scratch.loops);
        let mut turns = std::mem::take(&mut scratch.turns);
        turns.find(cx, out);
        for groups in turns.loops() {
            let groups = || groups.iter().map(|row| &cx.groups()[row.group as usize]);
            let Some(first) = groups().find(|group| !group.verdict.redundant) else {
                continue;
            };
            scratch.members.clear();
            scratch.doubled.clear();
            for group in groups() {
                let free = cx.members(group).iter().filter(|&&at| !out.is_claimed(at));
                scratch.members.extend(free);
                scratch.doubled.extend_from_slice(cx.doubled(group));
            }
            let fewest = condition(cx, first.segment, &REPEAT_MIN, 0);
            scratch.judge(cx, first.anchor, fewest, out);
        }
        scratch.turns = turns;

        let mut shapes = std::mem::take(&mut scratch.shapes);
        shapes.find(cx, out);
        for (anchor, members) in shapes.loops() {
            scratch.members.clear();
            scratch.doubled.clear();
            scratch.members.extend_from_slice(members);
            let fewest = fixed("per_item_loop_siblings", 0, shapes::SHAPES_MIN as u64);
            scratch.judge(cx, anchor, fewest, out);
        }
        scratch.shapes = shapes;
        out.scratch.loops = scratch;
    }
}

impl Scratch {
    /// Reports `members` as one loop when they cost enough; `fewest` is how many rounds it must have.
    fn judge(&mut self, cx: &Context<'_>, anchor: u32, fewest: Condition, out: &mut Findings<'_>) {
        let Some(&first) = self.members.first() else {
            return;
        };
        let segment = cx.operation(first).segment;
        let in_time = |&at: &u32| (cx.node_of(at).start, cx.node_of(at).key());
        self.members.sort_unstable_by_key(in_time);
        let cost = wall(cx, segment, &self.members);
        self.name(cx);
        if !pays(cx, segment, cost) {
            return self.nearly(cx, cost, fewest, out);
        }
        let saving = {
            let template = |at: u32| cx.operation(at).template();
            let place = |at: u32| {
                self.templates
                    .iter()
                    .position(|&known| Some(known) == template(at))
            };
            self.members.sort_unstable_by_key(|at| (place(*at), in_time(at)));
            let kinds = self.members.chunk_by(|&a, &b| template(a) == template(b));
            let head = cx.node_at(anchor).head;
            out.joint_saving(cx, head, |nodes| Edit::Batch(nodes), kinds, &self.doubled)
        };
        self.members.sort_unstable_by_key(in_time);
        let mut key = [cx.text(cx.segment(segment).operation); TEMPLATES_MAX + 1];
        for (part, &template) in key[1..].iter_mut().zip(&self.templates) {
            *part = cx.text(template);
        }
        let key = &mut key[..=self.templates.len()];
        key[1..].sort_unstable();
        out.claim(&self.doubled);
        let params = self.params(cx);
        out.push(
            cx,
            &Draft {
                meta: &META,
                segment,
                anchor,
                members: &self.members,
                key: Key::Texts(key),
                templates: &self.templates,
                wall: cost,
                parallel: is_parallel(cx, &self.members),
                params: Some(params),
                saving,
                certainty: WITHOUT_SCALING_PROOF,
                rows_before: None,
            },
        );
    }

    /// Tells a loop that costs too little.
    fn nearly(&self, cx: &Context<'_>, cost: Nanos, fewest: Condition, out: &mut Findings<'_>) {
        let (first, members) = (self.members[0], self.members.len() as u64);
        let segment = cx.operation(first).segment;
        let [share, least] = of_cost(cx, segment, cost);
        let rounds = Condition {
            value: members / (self.templates.len() as u64).max(1),
            ..fewest
        };
        let near = Near {
            meta: &META,
            segment,
            first,
            members,
            reason: NearReason::Cost,
            conditions: all([rounds, share, least]),
        };
        out.near(cx, near);
    }

    /// The templates in the order of the first round.
    fn name(&mut self, cx: &Context<'_>) {
        self.templates.clear();
        for template in self.members.iter().filter_map(|&at| cx.operation(at).template()) {
            if self.templates.len() < TEMPLATES_MAX && !self.templates.contains(&template) {
                self.templates.push(template);
            }
        }
    }

    /// What the arguments of all members show, the weakest first.
    fn params(&mut self, cx: &Context<'_>) -> Params {
        let seen = |wanted: Visibility| {
            self.members
                .iter()
                .any(|&at| cx.node_of(at).bits.visibility() == wanted)
        };
        if seen(Visibility::None) {
            return Params::None;
        }
        if seen(Visibility::Cut) {
            return Params::Cut;
        }
        if seen(Visibility::Hidden) {
            return Params::Hidden;
        }
        self.arguments.clear();
        self.arguments
            .extend(self.members.iter().map(|&at| argument(cx, at)));
        self.arguments.sort_unstable();
        self.arguments.dedup();
        Params::Visible {
            distinct: self.arguments.len() as u32,
        }
    }
}

/// Equal for equal operations with equal visible arguments; it orders nothing that shows.
fn argument(cx: &Context<'_>, at: u32) -> (u64, u32) {
    let row = cx.operation(at);
    let span = cx.trace.spans.get(row.span as usize);
    (
        span.map_or(0, |span| span.params.0),
        row.own.map_or(0, Symbol::raw),
    )
}

/// Whether most neighbours overlap.
fn is_parallel(cx: &Context<'_>, members: &[u32]) -> bool {
    let pairs = members.windows(2);
    let overlaps = pairs.filter(|pair| overlap(cx.node_of(pair[0]), cx.node_of(pair[1])));
    overlaps.count() * 2 > members.len().saturating_sub(1)
}

fn sentence(facets: &Facets<'_>) -> String {
    let (operation, calls) = (facets.operation, facets.calls);
    let pattern: Vec<String> = facets.templates.iter().map(|template| short(template)).collect();
    format!(
        "{operation} runs {calls} operations a request in a loop, for each item: {}",
        pattern.join(", then ")
    )
}

/// The beginning of a template.
fn short(template: &str) -> String {
    const CHARS: usize = 60;
    match template.char_indices().nth(CHARS) {
        None => template.to_owned(),
        Some((end, _)) => format!("{}…", &template[..end]),
    }
}

fn fix(facets: &Facets<'_>) -> Fix {
    let how = advice(facets, FRAMEWORKS, BY_HAND);
    Fix {
        summary: "load everything of one kind before the loop, write everything after it".to_owned(),
        how: format!("for each kind of operation in the loop one that takes the whole list; {how}"),
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::{Nanos, Params};
    use hotspan_testkit::Drawing;

    use crate::detectors::testing::{check, only, report};

    /// So many rounds of a read and a write, back to back.
    fn rounds(count: u64) -> String {
        let round = |n: u64| {
            let at = 10 + n * 6;
            let (half, end) = (at + 3, at + 6);
            format!("\n  db SELECT item {at}..{half}\n  db UPDATE stock {half}..{end} write")
        };
        format!(
            "cart GET /cart 0..100{}",
            (0..count).map(round).collect::<String>()
        )
    }

    /// So many spans around two operations each.
    fn wrapped(count: u64, inner: &str) -> String {
        let item = |n: u64| {
            let n = (n + 1).to_string();
            format!("\n  internal row n0..n9\n    {inner}")
                .replace("n0", &format!("{n}0"))
                .replace("n9", &format!("{n}9"))
                .replace("n1", &format!("{n}1"))
                .replace("n4", &format!("{n}4"))
                .replace("n8", &format!("{n}8"))
        };
        format!(
            "cart GET /cart 0..200{}",
            (0..count).map(item).collect::<String>()
        )
    }

    const TWO: &str = "db SELECT item n1..n4\n    db SELECT price n4..n8";

    #[test]
    fn a_read_and_a_write_for_each_of_five_items() {
        check(&rounds(5), &["per-item-loop: 10 calls under GET /cart"]);
    }

    #[test]
    fn three_and_four_rounds_are_a_coincidence() {
        check(&rounds(3), &[]);
        check(&rounds(4), &[]);
    }

    #[test]
    fn four_spans_that_do_the_same_two_things_are_a_loop() {
        check(&wrapped(4, TWO), &["per-item-loop: 8 calls under GET /cart"]);
        check(&wrapped(3, TWO), &[]);
    }

    #[test]
    fn what_comes_more_than_once_below_a_sibling_is_a_list_of_its_own() {
        let more = "\n    db SELECT part n4..n8\n    db SELECT part n4..n8 ";
        check(
            &wrapped(4, &(TWO.to_owned() + more)),
            &[
                "per-item-loop: 8 calls under GET /cart",
                "n-plus-one-query: 8 calls under GET /cart",
            ],
        );
        check(
            &wrapped(4, &format!("db SELECT item n1..n4{more}")),
            &["n-plus-one-query: 8 calls under GET /cart"],
        );
    }

    #[test]
    fn a_cache_that_is_asked_before_each_query_is_one_loop() {
        check(
            &wrapped(6, "cache GET item:# n1..n4 hidden\n    db SELECT item n4..n8"),
            &["per-item-loop: 12 calls under GET /cart"],
        );
    }

    #[test]
    fn every_kind_is_batched_by_itself_in_one_replay() {
        let finding = only(&rounds(10));
        // 60 ms become at best one read and one write of 3 ms each.
        assert_eq!(finding.saving.max, Nanos::from_millis(54));
        assert!(finding.saving.likely >= Nanos::from_millis(50));
        assert_eq!(finding.params, Params::Visible { distinct: 20 });
        assert_eq!((finding.calls, finding.wall), (20, Nanos::from_millis(60)));
    }

    #[test]
    fn a_lost_span_in_some_rounds_changes_nothing() {
        let mut text = rounds(12);
        let lost = text.find("\n  db UPDATE stock 37..40 write").unwrap();
        text.replace_range(lost..lost + "\n  db UPDATE stock 37..40 write".len(), "");
        check(&text, &["per-item-loop: 23 calls under GET /cart"]);
    }

    #[test]
    fn whose_turn_it_was_does_not_show_within_a_millisecond() {
        // Starts are cut to milliseconds, as JavaScript does.
        let round = |n: u64| {
            let at = 10 + n * 2;
            format!("\n  cache GET item:# {at}..{at}.3005 hidden\n  db SELECT item {at}..{at}.9005")
        };
        let text = format!("cart GET /cart 0..100{}", (0..12).map(round).collect::<String>());
        check(&text, &["per-item-loop: 24 calls under GET /cart"]);
    }

    #[test]
    fn a_nested_list_is_two_loops() {
        let round = |n: u64| {
            let at = 5 + n * 15;
            let ids = [at, at + 4, at + 7, at + 10, at + 13];
            let [a, b, c, d, e] = ids;
            format!(
                "\n  db SELECT item {a}..{b}\n  db SELECT part {b}..{c}\n  db SELECT part {c}..{d}\n  db SELECT part {d}..{e}"
            )
        };
        let text = format!("cart GET /cart 0..200{}", (0..12).map(round).collect::<String>());
        let expected = [
            "n-plus-one-query: 12 calls under GET /cart",
            "n-plus-one-query: 36 calls under GET /cart",
        ];
        check(&text, &expected);
    }

    #[test]
    fn one_loop_after_the_other_is_two_loops() {
        check(
            "cart GET /cart 0..100\n  db SELECT item 10..13 x6\n  db SELECT price 30..33 x6",
            &[
                "n-plus-one-query: 6 calls under GET /cart",
                "n-plus-one-query: 6 calls under GET /cart",
            ],
        );
    }

    #[test]
    fn a_loop_of_two_beside_a_loop_of_one_of_the_same_length() {
        let text = rounds(6) + "\n  db SELECT price 50..53 x6";
        check(
            &text,
            &[
                "per-item-loop: 12 calls under GET /cart",
                "n-plus-one-query: 6 calls under GET /cart",
            ],
        );
    }

    #[test]
    fn a_state_machine_runs_other_statements_every_round() {
        let step = |n: u64| {
            let at = n * 10;
            format!(
                "\n  db SELECT state{n} {at}..{}\n  db UPDATE state{n} {}..{} write",
                at + 4,
                at + 4,
                at + 9
            )
        };
        check(
            &format!("cart GET /cart 0..100{}", (1..8).map(step).collect::<String>()),
            &[],
        );
    }

    #[test]
    fn rounds_with_equal_arguments_are_redundant_reads() {
        check(
            "
            cart GET /cart            0..100
              db SELECT theme        10..13 x6+3 params=1
              db SELECT flag         13..16 x6+3 params=2
            ",
            &[
                "redundant-query: 6 calls under GET /cart",
                "redundant-query: 6 calls under GET /cart",
            ],
        );
        let same = "db SELECT theme n1..n4 params=1\n    db SELECT flag n4..n8 params=2";
        check(&wrapped(4, same), &[]);
    }

    #[test]
    fn one_value_that_is_read_in_every_round_belongs_to_the_loop() {
        check(
            "
            cart GET /cart            0..100
              db SELECT item         10..13 x6+3
              db SELECT rate         13..16 x6+3 params=2
            ",
            &["per-item-loop: 12 calls under GET /cart"],
        );
    }

    #[test]
    fn a_timer_that_asks_two_things_is_no_loop() {
        check(
            "
            cart GET /cart            0..1000
              call GET /job          10..11 x9+99
              call GET /health       20..21 x9+99
            ",
            &[],
        );
        let round = |n: u64| {
            format!(
                "\n  internal poll {n}00..{n}09\n    call GET /job {n}01..{n}02\n    call GET /health {n}05..{n}06"
            )
        };
        check(
            &format!("cart GET /cart 0..1000{}", (1..9).map(round).collect::<String>()),
            &[],
        );
    }

    #[test]
    fn spans_of_different_names_are_different_callers() {
        let mut text = "cart GET /cart 0..100".to_owned();
        for (n, name) in (1..).zip(["user", "cart", "offers", "stock"]) {
            text += &format!("\n  internal load {name} {n}0..{n}9\n    db SELECT session {n}1..{n}4");
            text += &format!("\n    db SELECT right {n}4..{n}8");
        }
        check(&text, &[]);
    }

    #[test]
    fn guards_and_cheap_loops() {
        let text = rounds(6);
        check(&text.replace("0..100", "0..1000"), &[]);
        check(
            &text.replace(" write", " write err"),
            &["n-plus-one-query: 6 calls under GET /cart"],
        );
        check(&text.replace("GET /cart 0..100", "page 0..100 lang=webjs"), &[]);
    }

    #[test]
    fn operations_of_two_services_are_two_matters() {
        let mut text = "cart GET /cart 0..100 host=a".to_owned();
        for n in 1..7 {
            text += &format!("\n  call GET /price {n}0..{n}8\n    price server GET /price {n}1..{n}7 host=b");
            text += &format!("\n      db SELECT price {n}2..{n}6");
        }
        let found = report(&Drawing::new(&text)).findings;
        assert_eq!((found.len(), found[0].detector), (1, "n-plus-one-call"));
    }
}
