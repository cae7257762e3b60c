//! # Redundant query
//!
//! One request makes the same read with the same arguments again and again. Every answer but the first was known.
//!
//! **Rule**: reads of one template (queries, cache commands, GETs) whose visible arguments are all equal, on one call
//! path, under one anchor of a segment: at least `repeat_min` (5) queries or calls, or `repeat_min_fast` (10) cache
//! commands; together they take at least `cost_share_millionths` (5 %) of the segment and `cost_min_ns` (1 ms).
//!
//! **Guards**: a write to the same table, key or resource between two reads starts a new count; answers that differ
//! (rows, status) are polling; half of them failed; sequences, random values, clocks and locks, whose answers are meant
//! to differ; placeholders hide whether arguments are equal, so bound parameters make an N+1 or nothing.
//!
//! **Saves**: what a replay of the trace saves when every read that started after the first answer takes no time.
//!
//! **Silent when**: a value is read, written and read again; an optimistic lock reads its row once more; a sequence is
//! asked for ten numbers.
//!
//! **Fix**: load it once and pass it on, or memoise it for the length of the request.

use hotspan_model::{
    Break, Class, Facets, Fix, Meta, Millionths, NearReason, SavingRule, Scope, TemplateFacts, Verb,
};

use super::family::{self, draft, key, pays, weight};
use super::findings::{Draft, wall};
use super::statements::facts;
use super::words::{Advice, advice, target, tenths_of_a_week};
use super::{Detector, Findings, frameworks};
use crate::Edit;
use crate::context::{Context, Group};

/// The detector.
#[derive(Debug)]
pub(super) struct RedundantQuery;

/// Writes of a segment that are looked at; with more, every read counts as written to since.
const WRITES_MAX: usize = 256;

/// What makes an answer another one each time although the question is the same.
const VOLATILE: [&str; 10] = [
    "nextval(",
    "currval(",
    "random(",
    "rand(",
    "uuid(",
    "newid(",
    "lock(",
    "for update",
    "for share",
    "sleep(",
];

static META: Meta = Meta {
    id: "redundant-query",
    title: "The same read with the same arguments, again",
    in_break: Break::Database,
    scope: Scope::Trace,
    habit: false,
    effort: tenths_of_a_week(5),
    saving: SavingRule::Replayed,
    knobs: &[],
    sentence,
    fix,
};

impl Detector for RedundantQuery {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let mut writes = std::mem::take(&mut out.scratch.picked);
        writes.clear();
        if cx.groups().iter().any(|group| group.verdict.redundant) {
            collect_writes(cx, &mut writes);
        }
        for class in [Class::Db, Class::Cache, Class::Call] {
            family::few(&META, class, |group| group.redundant, cx, out);
            let own = |group: &Group| group.verdict.redundant;
            family::each(&META, class, own, cx, out, |group, members, out| {
                if cx.segment(group.segment).front_end {
                    family::stopped(&META, cx, group, NearReason::FrontEnd, out);
                } else if differs(cx, members) {
                    family::stopped(&META, cx, group, NearReason::Guard("differs"), out);
                } else {
                    judge(cx, group, members, &writes, out);
                }
            });
        }
        out.scratch.picked = writes;
    }
}

/// All operations that change data, by segment.
fn collect_writes(cx: &Context<'_>, writes: &mut Vec<u32>) {
    let all = 0..cx.operations().len() as u32;
    writes.extend(all.filter(|&at| {
        let row = cx.operation(at);
        row.trusted && facts(cx, row).is_some_and(|facts| !facts.writes.is_empty())
    }));
    writes.sort_unstable_by_key(|&at| (cx.operation(at).segment, at));
}

/// Whether the answers differ, or are meant to: then asking again is no waste.
fn differs(cx: &Context<'_>, members: &[u32]) -> bool {
    let first = cx.operation(members[0]);
    let template = first.own.map_or("", |own| cx.text(own));
    let verb = facts(cx, first).map_or(Verb::Other, |facts| facts.verb);
    let answer = |at: u32| {
        let node = cx.node_of(at);
        let rows = cx.extras(node).and_then(|extras| extras.rows);
        (rows, node.bits.http_status(), cx.operation(at).failed > 0)
    };
    let known = answer(members[0]);
    VOLATILE.iter().any(|word| template.contains(word))
        || verb == Verb::Write
        || members.iter().any(|&at| answer(at) != known)
}

fn judge(cx: &Context<'_>, group: &Group, members: &[u32], writes: &[u32], out: &mut Findings<'_>) {
    let from = writes.partition_point(|&at| cx.operation(at).segment < group.segment);
    let own = &writes[from..];
    let own = &own[..own.partition_point(|&at| cx.operation(at).segment == group.segment)];
    let unwritten = |&a: &u32, &b: &u32| !any_write(cx, own, a, b);
    let least = cx.required(group.segment, group.class);
    let mut kept = std::mem::take(&mut out.scratch.free_of_writes);
    kept.clear();
    for run in members.chunk_by(unwritten).filter(|run| weight(cx, run) >= least) {
        kept.extend_from_slice(run);
    }
    let cost = wall(cx, group.segment, &kept);
    if kept.is_empty() {
        family::stopped(&META, cx, group, NearReason::Guard("written-between"), out);
    } else if !pays(cx, group.segment, cost) {
        family::stopped(&META, cx, group, NearReason::Cost, out);
    } else {
        let head = cx.node_at(group.anchor).head;
        let gone = cx.doubled(group);
        let runs = kept.chunk_by(unwritten);
        let saving = out.joint_saving(cx, head, |nodes| Edit::Dedupe(nodes), runs, gone);
        out.claim(gone);
        out.push(
            cx,
            &Draft {
                members: &kept,
                key: key(cx, group),
                wall: cost,
                saving,
                // Equal arguments are all the proof there is to give.
                certainty: Millionths::ONE,
                ..draft(&META, cx, group)
            },
        );
    }
    out.scratch.free_of_writes = kept;
}

/// Whether something that read `a` reads was written before `b` began.
fn any_write(cx: &Context<'_>, writes: &[u32], a: u32, b: u32) -> bool {
    let Some(read) = facts(cx, cx.operation(a)) else {
        return true;
    };
    let (from, to) = (cx.node_of(a).start, cx.node_of(b).start);
    let touches = |&at: &u32| {
        let node = cx.node_of(at);
        let between = node.start < to && node.end > from;
        let same = |written: &TemplateFacts| written.writes.iter().any(|name| read.reads.contains(name));
        between && facts(cx, cx.operation(at)).is_some_and(same)
    };
    writes.len() > WRITES_MAX || writes.iter().any(touches)
}

fn sentence(facets: &Facets<'_>) -> String {
    let (operation, calls) = (facets.operation, facets.calls);
    format!(
        "{operation} reads {} {calls} times a request with the same arguments",
        target(facets)
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    Fix {
        summary: "read it once and pass the answer on".to_owned(),
        how: advice(facets, FRAMEWORKS, (BY_HAND, BY_HAND)),
    }
}

const BY_HAND: &str = "load the value where the request begins and hand it down, or keep it in a map that lives as \
     long as the request; what rarely changes may live longer, with a time to live";

const FRAMEWORKS: &[Advice] = &[
    Advice::always(
        frameworks::SQLALCHEMY,
        "SQLAlchemy: session.get(Model, key) answers from the identity map; keep one session a request",
    ),
    Advice::always(
        frameworks::DJANGO,
        "Django: keep it on the request or in a functools.cached_property; for settings cache.get_or_set()",
    ),
    Advice::always(
        frameworks::HIBERNATE,
        "Hibernate: find() by id answers from the persistence context; for queries @Cacheable or the query cache",
    ),
    Advice::always(
        frameworks::RAILS,
        "Rails: memoise (@setting ||= …) or Rails.cache.fetch; the query cache works inside a request only",
    ),
    Advice::always(
        frameworks::ENTITY_FRAMEWORK,
        "EF Core: Find() answers from the change tracker; else IMemoryCache.GetOrCreateAsync()",
    ),
    Advice::always(
        frameworks::PRISMA,
        "Prisma: call it once and pass the result; findUnique() calls of one tick are one query already",
    ),
    Advice::always(
        frameworks::GORM,
        "GORM: keep the row in the request's context, or in a map behind singleflight",
    ),
    Advice::always(
        frameworks::LARAVEL,
        "Laravel: once(fn () => …), a relation that is loaded already, or Cache::remember()",
    ),
    Advice::always(
        frameworks::NODE_DRIVER,
        "Node: a DataLoader made for each request answers a key once; or keep the promise in a Map",
    ),
    Advice::always(
        frameworks::PYTHON_DRIVER,
        "Django: functools.cached_property; SQLAlchemy: session.get(); by hand: a dict that lives as long as the request",
    ),
];

#[cfg(test)]
mod tests {
    use hotspan_model::{Nanos, Params};
    use hotspan_testkit::Drawing;

    use crate::detectors::testing::{check, only, report};

    const FIRES: &[&str] = &["redundant-query: 5 calls under GET /cart"];

    #[test]
    fn five_equal_reads() {
        check(
            "
            cart GET /cart            0..100
              db SELECT setting      10..15 x5+1 params=7
            ",
            FIRES,
        );
    }

    #[test]
    fn four_are_a_near_miss() {
        check(
            "cart GET /cart 0..100\n  db SELECT setting 10..20 x4 params=7",
            &[],
        );
    }

    #[test]
    fn keys_and_pages_of_other_services_are_reads_too() {
        check(
            "cart GET /cart 0..100\n  cache GET setting:theme 10..13 x10 params=7",
            &["redundant-query: 10 calls under GET /cart"],
        );
        check(
            "cart GET /cart 0..100\n  cache GET setting:theme 10..13 x9 params=7",
            &[],
        );
        check(
            "cart GET /cart 0..100\n  call GET /rates 10..15 x5 params=7",
            FIRES,
        );
    }

    #[test]
    fn all_but_the_first_need_no_time() {
        let finding = only("cart GET /cart 0..100\n  db SELECT setting 10..14 x12+1 params=7");
        assert_eq!(finding.saving.likely, Nanos::from_millis(44));
        assert_eq!(finding.saving.min, finding.saving.max);
        assert_eq!(finding.params, Params::Visible { distinct: 1 });
    }

    #[test]
    fn reads_that_ran_side_by_side_were_not_known_yet() {
        let finding = only(
            "
            cart GET /cart            0..100
              db SELECT setting      10..40 params=7
              db SELECT setting      11..41 params=7
              db SELECT setting      12..42 params=7
              db SELECT setting      42..50 params=7
              db SELECT setting      50..58 params=7
            ",
        );
        assert_eq!(finding.saving.likely, Nanos::from_millis(16));
    }

    #[test]
    fn cheap_ones_are_near_misses() {
        check(
            "cart GET /cart 0..1000\n  db SELECT setting 10..15 x5 params=7",
            &[],
        );
        check(
            "cart GET /cart 0..10\n  db SELECT setting 1..1.1 x5 params=7",
            &[],
        );
    }

    #[test]
    fn a_write_in_between_starts_a_new_count() {
        check(
            "
            cart GET /cart            0..100
              db SELECT stock        10..15 x4 params=7 tables=stock
              db UPDATE stock        30..35 write tables=stock
              db SELECT stock        40..45 x4 params=7 tables=stock
            ",
            &[],
        );
        check(
            "
            cart GET /cart            0..100
              db SELECT stock        10..15 x5 params=7 tables=stock
              db UPDATE stock        40..45 write tables=stock
              db SELECT stock        50..55 x2 params=7 tables=stock
            ",
            FIRES,
        );
        check(
            "
            cart GET /cart            0..100
              db SELECT stock        10..15 x4 params=7 tables=stock
              db UPDATE other        30..35 write tables=other
              db SELECT stock        40..45 params=7 tables=stock
            ",
            FIRES,
        );
    }

    #[test]
    fn counts_between_writes_add_up_when_each_is_enough() {
        let finding = only(
            "
            cart GET /cart            0..100
              db SELECT stock        10..13 x6 params=7 tables=stock
              db UPDATE stock        30..35 write tables=stock
              db SELECT stock        40..43 x6 params=7 tables=stock
            ",
        );
        assert_eq!(
            (finding.calls, finding.saving.likely),
            (12, Nanos::from_millis(30))
        );
    }

    #[test]
    fn a_lock_that_reads_its_row_once_more_is_none() {
        check(
            "
            cart GET /cart            0..100
              db SELECT stock        10..14 params=7 tables=stock
              db UPDATE stock        14..18 write tables=stock
              db SELECT stock        18..22 params=7 tables=stock
              db UPDATE stock        22..26 write tables=stock
              db SELECT stock        26..30 params=7 tables=stock
              db UPDATE stock        30..34 write tables=stock
              db SELECT stock        34..38 params=7 tables=stock
              db SELECT stock        38..42 params=7 tables=stock
            ",
            &[],
        );
    }

    #[test]
    fn answers_that_differ_are_polling() {
        check(
            "
            cart GET /cart            0..100
              db SELECT job          10..15 x4 params=7 rows=0
              db SELECT job          40..45 params=7 rows=1
            ",
            &[],
        );
        check(
            "
            cart GET /cart            0..100
              call GET /job          10..15 x4+1 params=7 http=202
              call GET /job          40..45 params=7 http=200
            ",
            &[],
        );
    }

    #[test]
    fn guards_keep_other_faults_out() {
        for inner in [
            "db SELECT nextval(?)     10..15 x6 params=7",
            "db SELECT stock for update  10..15 x6 params=7",
            "db SELECT stock          10..15 x6 params=7 err",
            "db SELECT stock          10..15 x6 params=7 batched",
            "call GET /job            10..11 x9+8 params=7",
        ] {
            check(&format!("cart GET /cart 0..100\n  {inner}"), &[]);
        }
    }

    #[test]
    fn placeholders_hide_whether_they_are_equal() {
        let hidden = Drawing::new("cart GET /cart 0..100\n  db SELECT setting 10..15 x12 hidden");
        let found = report(&hidden).findings;
        assert_eq!((found.len(), found[0].detector), (1, "n-plus-one-query"));
    }

    #[test]
    fn other_services_ask_for_themselves() {
        check(
            "
            gate GET /page        0..100
              call GET /a         0..40
                cart GET /a       1..39 host=b
                  db SELECT item 10..14 x3 params=7
              call GET /b        50..90
                shop GET /b      51..89 host=c
                  db SELECT item 60..64 x3 params=7
            ",
            &[],
        );
    }

    #[test]
    fn code_may_ask_to_be_left_alone() {
        check(
            "cart GET /cart 0..100\n  db SELECT setting 10..15 x6 params=7 ignore=redundant-query",
            &[],
        );
    }
}
