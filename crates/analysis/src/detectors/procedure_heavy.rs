//! # Procedure-heavy
//!
//! Stored procedures do the application's work. The database, the one part that cannot be scaled out, runs code that
//! nobody sees in traces, tests or reviews of the service.
//!
//! **Rule**: statements that call one routine (CALL, EXEC, a SELECT of one function that is no built-in and has no
//! FROM) take at least `procedure_path_min_ns` (100 ms) of the critical path and at least
//! `procedure_path_share_millionths` (30 %) of the segment, as a habit; or they pass `cost_share_millionths` (5 %) and
//! `cost_min_ns` (1 ms) and take at least 30 % of what all statements of the service take, over at least 100 traces.
//!
//! **Guards**: built-in functions, aggregates, extensions; jobs and maintenance, which nobody asked for; scripts of a
//! cache; members of a repeat.
//!
//! **Saves**: an assumption, since no trace shows what the routine does: a replay with it at half of its time, at best
//! at a tenth, at least at four fifths.
//!
//! **Silent when**: SELECT count(*), set_config or version runs; a routine is fast.
//!
//! **Fix**: move the logic beside its data's owner service; begin with the largest share of the path.

use hotspan_model::{
    Break, Class, Facets, Fix, Knob, Meta, Millionths, Nanos, NearReason, SavingRule, Scope, Verb,
};

use super::findings::{Draft, Key, path};
use super::near::{Near, all, condition, is_told, share_of};
use super::spans::pays;
use super::statements::{self, certainty, facts, halved, template};
use super::words::tenths_of_a_week;
use super::{COST_MIN, Detector, Findings};
use crate::NONE;
use crate::context::{Context, Operation};

/// The detector.
#[derive(Debug)]
pub(super) struct ProcedureHeavy;

static PATH_MIN: Knob = Knob {
    name: "procedure_path_min_ns",
    default: 100_000_000,
    what: "least critical-path time in the calls of one routine",
};

static PATH_SHARE: Knob = Knob {
    name: "procedure_path_share_millionths",
    default: 300_000,
    what: "least share of the segment that the calls of one routine take",
};

static META: Meta = Meta {
    id: "procedure-heavy",
    title: "Procedures do the application's work",
    in_break: Break::Database,
    scope: Scope::Both,
    habit: true,
    effort: tenths_of_a_week(40),
    saving: SavingRule::Replayed,
    knobs: &[PATH_MIN, PATH_SHARE],
    sentence,
    fix,
};

impl Detector for ProcedureHeavy {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if cx.census().longest([Class::Db]) < cx.least(&COST_MIN) {
            return;
        }
        let calls_routine = |at: u32| {
            let row = cx.operation(at);
            // Most statements are too short for it, whatever they call.
            cx.paths().subtree(row.node).0 >= cx.knob(row.segment, &COST_MIN)
                && facts(cx, row).is_some_and(|facts| facts.verb == Verb::Routine)
        };
        statements::each(cx, out, calls_routine, routine, |same, out| {
            let head = cx.node_of(same[0]).head;
            let segment = cx.operation(same[0]).segment;
            let share = Millionths(cx.knob(segment, &PATH_SHARE)).of(cx.segment(segment).length());
            let time = path(cx, same, head);
            let alone = time.0 >= cx.knob(segment, &PATH_MIN) && time.0 >= share;
            if alone || pays(cx, segment, time) {
                let place = out.report.findings.len();
                report(cx, same, time, out);
                if alone {
                    return;
                }
                // What one trace cannot show takes nothing away from findings that it can.
                out.leave_to_many(place);
                out.disclaim(same);
            }
            let conditions = [
                condition(cx, segment, &PATH_MIN, time.0),
                condition(cx, segment, &PATH_SHARE, share_of(cx, segment, time)),
            ];
            if is_told(&conditions) {
                let near = Near {
                    meta: &META,
                    segment,
                    first: same[0],
                    members: same.len() as u64,
                    reason: NearReason::Cost,
                    conditions: all(conditions),
                };
                out.near(cx, near);
            }
        });
    }
}

/// The routine's name, else all there is.
fn routine<'a>(cx: &Context<'a>, row: &Operation) -> &'a str {
    let named = facts(cx, row).and_then(|facts| facts.routine.as_deref());
    named.unwrap_or_else(|| template(cx, row))
}

fn report(cx: &Context<'_>, members: &[u32], time: Nanos, out: &mut Findings<'_>) {
    let first = cx.operation(members[0]);
    let head = cx.node_of(members[0]).head;
    let saving = halved(cx, head, members, out);
    out.push(
        cx,
        &Draft {
            meta: &META,
            segment: first.segment,
            anchor: match cx.parent(first.place) {
                NONE => first.place,
                above => above,
            },
            members,
            key: Key::Texts(&[routine(cx, first)]),
            templates: &[],
            wall: time,
            parallel: false,
            params: None,
            saving,
            certainty: certainty(cx, members),
            rows_before: None,
        },
    );
}

fn sentence(facets: &Facets<'_>) -> String {
    let (operation, path, segment) = (facets.operation, facets.path, facets.segment);
    // The summary of `SELECT f(…)` does not name the function.
    let call = &facets.callee.template;
    format!("{operation} leaves {path} of its {segment} to a procedure: {call}")
}

fn fix(_: &Facets<'_>) -> Fix {
    Fix {
        summary: "move the procedure's logic into the service that owns its data".to_owned(),
        how: "copy it into tested code of the owner first and compare both for a while; what only moves rows may stay \
              one set-based statement; begin with the routine of the largest share (the saving assumes half of its \
              time now)"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::Nanos;

    use crate::detectors::testing::{check, only};

    const FIRES: &[&str] = &["procedure-heavy: 1 calls under POST /close"];

    const OF_MANY: &[&str] = &["procedure-heavy: 1 calls under POST /close in many traces"];

    #[test]
    fn a_procedure_that_takes_most_of_the_request() {
        check(
            "shop POST /close 0..500\n  db CALL close_month 10..410 routine",
            FIRES,
        );
        let finding = only("shop POST /close 0..500\n  db CALL close_month 10..410 routine");
        assert_eq!(finding.saving.likely, Nanos::from_millis(200));
        assert_eq!(finding.saving.max, Nanos::from_millis(360));
        assert_eq!(finding.saving.min, Nanos::from_millis(80));
    }

    #[test]
    fn at_the_thresholds() {
        check(
            "shop POST /close 0..300\n  db CALL close_month 10..110 routine",
            FIRES,
        );
        check(
            "shop POST /close 0..300\n  db CALL close_month 10..109 routine",
            OF_MANY,
        );
        check(
            "shop POST /close 0..400\n  db CALL close_month 10..130 routine",
            FIRES,
        );
        check(
            "shop POST /close 0..401\n  db CALL close_month 10..130 routine",
            OF_MANY,
        );
    }

    #[test]
    fn what_costs_little_is_left_to_many_traces_and_what_costs_nothing_to_none() {
        check(
            "shop POST /close 0..40\n  db CALL next_id 10..12 routine",
            OF_MANY,
        );
        check("shop POST /close 0..41\n  db CALL next_id 10..12 routine", &[]);
        // Nothing is taken from what one trace shows.
        check(
            "shop POST /close 0..2000\n  db CALL close_month 10..560 routine",
            &[
                "procedure-heavy: 1 calls under POST /close in many traces",
                "slow-query: 1 calls under POST /close",
            ],
        );
    }

    #[test]
    fn calls_of_one_routine_add_up_and_those_of_others_do_not() {
        check(
            "shop POST /close 0..300\n  db CALL settle 10..60 x3 routine",
            &["procedure-heavy: 3 calls under POST /close"],
        );
        check(
            "shop POST /close 0..300\n  db CALL settle 10..90 routine\n  db CALL audit 90..170 routine",
            &[OF_MANY[0], OF_MANY[0]],
        );
    }

    #[test]
    fn nobody_waits_for_maintenance() {
        check(
            "night internal vacuum 0..500\n  db CALL close_month 10..410 routine",
            &[],
        );
    }

    #[test]
    fn scripts_of_a_cache_are_none() {
        check(
            "shop POST /close 0..500\n  cache EVAL script 10..410 routine",
            &[],
        );
    }

    #[test]
    fn a_procedure_for_each_item_is_an_n_plus_one() {
        check(
            "shop POST /close 0..500\n  db CALL settle 10..60 x6 routine",
            &["n-plus-one-query: 6 calls under POST /close"],
        );
    }

    #[test]
    fn it_is_no_slow_query_as_well() {
        check(
            "shop POST /close 0..900\n  db CALL close_month 10..810 routine",
            FIRES,
        );
    }

    #[test]
    fn a_procedure_off_the_path_costs_nothing() {
        check(
            "shop POST /close 0..900\n  call GET /pdf 5..890\n  db CALL close_month 10..810 routine",
            &[],
        );
    }
}
