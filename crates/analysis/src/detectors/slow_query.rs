//! # Slow query
//!
//! A single statement takes a large part of its request.
//!
//! **Rule**: a statement takes at least `slow_query_once_ns` (500 ms) of the critical path and
//! `cost_share_millionths` (5 %) of its segment, once; or a read takes at least `slow_query_read_ns` (100 ms) and
//! `slow_query_read_share_millionths` (30 %) of it, as a habit.
//!
//! **Guards**: only time on the critical path counts, cut to the parent; members of a repeat; spans whose times cannot
//! be trusted; a statement for many rows is judged by the row; migrations, reports and jobs, which nobody asked for;
//! a status that says it waited for a lock. Where a lost span would tell whether anybody waited, confidence falls;
//! a statement that is waited for less than a fifth of its time over all traces of its operation is off the path.
//!
//! **Saves**: an assumption, since no trace shows how fast the statement could be: a replay with it at half of its time,
//! at best at a tenth, at least at four fifths.
//!
//! **Silent when**: a long statement runs beside a longer call; a span ends absurdly late; many fast statements add up.
//!
//! **Fix**: an index, a narrower read, or move it out of the request.

use hotspan_model::{
    Break, Class, Facets, Fix, Knob, Meta, Millionths, Nanos, NearReason, SavingRule, Scope, Verb,
};

use super::findings::{Draft, Key, path};
use super::near::{Near, all, condition, share_of};
use super::statements::{self, certainty, facts, halved, template};
use super::words::{Advice, advice, target, tenths_of_a_week};
use super::{COST_SHARE, Detector, Findings, frameworks};
use crate::NONE;
use crate::context::{Context, is_near};

/// The detector.
#[derive(Debug)]
pub(super) struct SlowQuery;

static ONCE: Knob = Knob {
    name: "slow_query_once_ns",
    default: 500_000_000,
    what: "critical-path time of one statement that is slow at first sight",
};

static READ: Knob = Knob {
    name: "slow_query_read_ns",
    default: 100_000_000,
    what: "critical-path time of a read that is slow as a habit",
};

static READ_SHARE: Knob = Knob {
    name: "slow_query_read_share_millionths",
    default: 300_000,
    what: "share of the segment of a read that is slow as a habit",
};

static META: Meta = Meta {
    id: "slow-query",
    title: "A statement that alone dominates its request",
    in_break: Break::Database,
    scope: Scope::Both,
    habit: false,
    effort: tenths_of_a_week(5),
    saving: SavingRule::Replayed,
    knobs: &[ONCE, READ, READ_SHARE],
    sentence,
    fix,
};

impl Detector for SlowQuery {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let longest = cx.census().longest([Class::Db]);
        if !is_near(longest, cx.least(&READ)) && longest < cx.least(&ONCE) {
            return;
        }
        let wants = |at: u32| (is_slow_once(cx, at) || is_slow_read(cx, at)) && !waits_for_lock(cx, at);
        statements::each(cx, out, wants, template, |same, out| {
            let place = out.report.findings.len();
            report(cx, same, out);
            if !same.iter().any(|&at| is_slow_once(cx, at)) {
                out.hold_back(place);
            }
        });
        nearly(cx, out);
    }
}

/// Tells the statement of each segment that comes nearest.
fn nearly(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut slowest: Option<Near> = None;
    for at in 0..cx.operations().len() as u32 {
        let row = cx.operation(at);
        if row.class != Class::Db || !row.counts() || out.is_claimed(at) {
            continue;
        }
        let Some(near) = near(cx, at) else { continue };
        match &mut slowest {
            Some(known) if known.segment == near.segment => {
                if (known.reason, known.conditions[0].value) < (near.reason, near.conditions[0].value) {
                    *known = near;
                }
            }
            Some(_) | None => {
                if let Some(before) = slowest.replace(near) {
                    out.near(cx, before);
                }
            }
        }
    }
    if let Some(last) = slowest {
        out.near(cx, last);
    }
}

/// A statement that nobody reported, when it comes near.
fn near(cx: &Context<'_>, at: u32) -> Option<Near> {
    let (row, node) = (cx.operation(at), cx.node_of(at));
    let path = cx.paths().subtree(row.node);
    if !is_near(path.0, cx.knob(row.segment, &READ)) {
        return None;
    }
    let reads = facts(cx, row).is_some_and(|facts| facts.verb == Verb::Read);
    let (least, share) = match reads {
        true => (&READ, &READ_SHARE),
        false => (&ONCE, &COST_SHARE),
    };
    let rows = cx
        .extras(node)
        .and_then(|extras| extras.batch)
        .unwrap_or(1)
        .max(1);
    let time = Nanos(path.0 / u64::from(rows));
    let conditions = [
        condition(cx, row.segment, least, time.0),
        condition(cx, row.segment, share, share_of(cx, row.segment, time)),
    ];
    let passes = conditions.iter().all(|one| one.value >= one.threshold);
    let reason = match (cx.segment(row.segment).front_end, waits_for_lock(cx, at)) {
        (true, _) => NearReason::FrontEnd,
        (false, true) if passes => NearReason::Guard("lock"),
        (false, _) if passes => NearReason::Guard("unasked"),
        (false, _) => NearReason::Cost,
    };
    is_near(time.0, conditions[0].threshold).then_some(Near {
        meta: &META,
        segment: row.segment,
        first: at,
        members: row.weight,
        reason,
        conditions: all(conditions),
    })
}

/// Whether a statement takes so much of the critical path; one that works on many rows is judged by the row.
fn takes(cx: &Context<'_>, at: u32, least: &Knob, share: &Knob) -> bool {
    let row = cx.operation(at);
    let (least, path) = (cx.knob(row.segment, least), cx.paths().subtree(row.node).0);
    if path < least {
        return false;
    }
    let extras = cx.extras(cx.node_of(at));
    let rows = extras.and_then(|extras| extras.batch).unwrap_or(1).max(1);
    let time = path / u64::from(rows);
    time >= least && time >= Millionths(cx.knob(row.segment, share)).of(cx.segment(row.segment).length())
}

fn is_slow_once(cx: &Context<'_>, at: u32) -> bool {
    takes(cx, at, &ONCE, &COST_SHARE)
}

fn is_slow_read(cx: &Context<'_>, at: u32) -> bool {
    let reads = || facts(cx, cx.operation(at)).is_some_and(|facts| facts.verb == Verb::Read);
    takes(cx, at, &READ, &READ_SHARE) && reads()
}

/// Whether its status or exception says that it was another transaction's lock that it waited for.
fn waits_for_lock(cx: &Context<'_>, at: u32) -> bool {
    let extras = cx.extras(cx.node_of(at));
    let texts = extras.map_or([None; 2], |extras| [extras.exception, extras.status]);
    let mut texts = texts.into_iter().flatten().map(|text| cx.text(text).as_bytes());
    texts.any(|text| text.windows(4).any(|word| word.eq_ignore_ascii_case(b"lock")))
}

fn report(cx: &Context<'_>, members: &[u32], out: &mut Findings<'_>) {
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
            key: Key::Texts(&[template(cx, first)]),
            templates: &[],
            wall: path(cx, members, head),
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
    format!(
        "{operation} waits {path} of its {segment} for one statement: {}",
        target(facets)
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    let summary = match facets.writes {
        true => "give the statement an index for its condition, or fewer rows at a time",
        false => "give the statement an index, let it read less, or move it out of the request",
    };
    let how = advice(facets, FRAMEWORKS, BY_HAND);
    Fix {
        summary: summary.to_owned(),
        how: format!(
            "EXPLAIN (ANALYZE, BUFFERS) shows where its time goes; {how} (the saving assumes half of its time now)"
        ),
    }
}

const BY_HAND: (&str, &str) = (
    "an index on what it filters, joins and sorts by; only the columns and the page that are shown; what is summed up \
     over and over belongs in a summary table",
    "an index on its condition; batches of some thousand rows; triggers and foreign keys without an index cost most",
);

const FRAMEWORKS: &[Advice] = &[
    Advice {
        scopes: frameworks::SQLALCHEMY,
        read: "SQLAlchemy: Index(…) in __table_args__, load_only() for fewer columns, LIMIT with a key instead of OFFSET",
        write: BY_HAND.1,
    },
    Advice {
        scopes: frameworks::DJANGO,
        read: "Django: Meta.indexes for what filter() and order_by() name, only() or values(), Paginator by key",
        write: BY_HAND.1,
    },
    Advice {
        scopes: frameworks::HIBERNATE,
        read: "Hibernate: @Index on the table, a projection instead of the entity, no join fetch of two lists at once",
        write: BY_HAND.1,
    },
    Advice {
        scopes: frameworks::RAILS,
        read: "Rails: add_index …, algorithm: :concurrently; select or pluck for fewer columns; in_batches",
        write: BY_HAND.1,
    },
    Advice {
        scopes: frameworks::ENTITY_FRAMEWORK,
        read: "EF Core: HasIndex(…), Select(…) a projection, AsNoTracking(), AsSplitQuery() for several lists",
        write: BY_HAND.1,
    },
    Advice {
        scopes: frameworks::PRISMA,
        read: "Prisma: @@index([…]), select for fewer columns, cursor pagination instead of skip",
        write: BY_HAND.1,
    },
    Advice {
        scopes: frameworks::GORM,
        read: "GORM: `gorm:\"index\"` tags, Select(…) for fewer columns, a key instead of Offset()",
        write: BY_HAND.1,
    },
    Advice {
        scopes: frameworks::LARAVEL,
        read: "Laravel: $table->index([…]), select(…), cursorPaginate() instead of paginate()",
        write: BY_HAND.1,
    },
];

#[cfg(test)]
mod tests {
    use hotspan_model::{Extras, Flag, Millionths, Nanos, Side, SideOf};
    use hotspan_testkit::Drawing;

    use crate::detectors::testing::{check, only, report};

    const FIRES: &[&str] = &["slow-query: 1 calls under GET /report"];

    #[test]
    fn a_statement_of_half_a_second() {
        check("shop GET /report 0..1000\n  db SELECT orders 10..510", FIRES);
        check(
            "shop GET /report 0..1000\n  db UPDATE orders 10..510 write",
            FIRES,
        );
        let finding = only("shop GET /report 0..1000\n  db SELECT orders 10..610");
        assert!(finding.dear);
        assert_eq!(finding.saving.likely, Nanos::from_millis(300));
        assert_eq!(finding.saving.max, Nanos::from_millis(540));
        assert_eq!(finding.saving.min, Nanos::from_millis(120));
    }

    #[test]
    fn a_read_that_takes_a_third_is_a_habit() {
        let finding = only("shop GET /report 0..300\n  db SELECT orders 10..110");
        assert!(!finding.dear);
    }

    #[test]
    fn at_the_thresholds() {
        check("shop GET /report 0..11000\n  db SELECT orders 10..510", &[]);
        check("shop GET /report 0..10000\n  db SELECT orders 10..510", FIRES);
        check("shop GET /report 0..1000\n  db UPDATE orders 10..509 write", &[]);
        check("shop GET /report 0..300\n  db SELECT orders 10..109", &[]);
        check("shop GET /report 0..401\n  db SELECT orders 10..130", &[]);
        check("shop GET /report 0..400\n  db SELECT orders 10..130", FIRES);
    }

    #[test]
    fn a_long_statement_beside_a_longer_call_is_off_the_path() {
        check(
            "
            shop GET /report        0..1000
              call GET /pdf        10..990
              db SELECT orders     10..700
            ",
            &[],
        );
    }

    #[test]
    fn time_after_the_answer_is_not_the_requests() {
        check(
            "shop GET /report 0..200\n  db SELECT orders 190..100000000000",
            &[],
        );
    }

    /// A statement of 900 ms that carries rare attributes.
    fn with(extras: impl Fn(&mut Drawing) -> Extras) -> usize {
        let mut drawing = Drawing::new("shop GET /report 0..1000\n  db UPDATE orders 10..910 write");
        let side = Side::Extras(extras(&mut drawing));
        drawing.trace.spans[1].bits = drawing.trace.spans[1].bits.with(Flag::HasSide);
        drawing.trace.sides.push(SideOf { span: 1, side });
        report(&drawing).findings.len()
    }

    #[test]
    fn a_statement_for_many_rows_is_judged_by_the_row() {
        let batch = |rows| {
            with(|_| Extras {
                batch: Some(rows),
                ..Extras::default()
            })
        };
        assert_eq!((batch(1), batch(2)), (1, 0));
    }

    #[test]
    fn a_wait_for_a_lock_is_no_slow_statement() {
        let failed_by = |text: &str| {
            with(|drawing| Extras {
                exception: Some(drawing.text(text)),
                ..Extras::default()
            })
        };
        assert_eq!(failed_by("psycopg.errors.LockNotAvailable"), 0);
        assert_eq!(failed_by("psycopg.errors.QueryCanceled"), 1);
    }

    #[test]
    fn members_of_a_repeat_are_judged_there() {
        check(
            "shop GET /report 0..4000\n  db SELECT orders 10..610 x5+10",
            &["n-plus-one-query: 5 calls under GET /report"],
        );
    }

    #[test]
    fn two_executions_are_one_finding() {
        check(
            "shop GET /report 0..2000\n  db SELECT orders 10..610 x2+10",
            &["slow-query: 2 calls under GET /report"],
        );
    }

    #[test]
    fn reports_and_migrations_without_a_caller_may_take_their_time() {
        check("night internal digest 0..1000\n  db SELECT orders 10..910", &[]);
        check(
            "shop consumer orders 0..1000\n  db SELECT orders 10..910",
            &["slow-query: 1 calls under orders"],
        );
    }

    #[test]
    fn a_lost_span_that_would_tell_who_waited_leaves_doubt() {
        let sure = only("shop GET /report 0..1000\n  db SELECT orders 10..610")
            .terms
            .detector;
        let beside = only(
            "
            shop GET /report         0..1000 host=a
              internal load         5..990
                db SELECT orders    10..610
              stock server GET /all 20..900 host=b parent=77
            ",
        );
        assert_eq!(
            (sure, beside.terms.detector),
            (Millionths::ONE, Millionths(400_000))
        );
        let rootless = only("shop internal load 0..1000 parent=77\n  db SELECT orders 10..610");
        assert_eq!(rootless.terms.detector, Millionths(400_000));
    }

    #[test]
    fn code_may_ask_to_be_left_alone() {
        check(
            "shop GET /report 0..1000\n  db SELECT orders 10..910 ignore=slow-query",
            &[],
        );
    }
}
