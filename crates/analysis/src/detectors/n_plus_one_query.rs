//! # N+1 query
//!
//! One list is loaded, then one more query runs for each of its items, where one query for all of them would do.
//! Response time grows with the length of the list, and every item pays the way to the database and back.
//!
//! **Rule**: at least `repeat_min` (5) statements of one template, on one call path, under one anchor of a
//! segment; together they take at least `cost_share_millionths` (5 %) of the segment and `cost_min_ns` (1 ms).
//! Writes count too. It does not matter whether they run one after another or in parallel, how far apart they
//! are, or what lies between them: connects, pool checkouts, BEGIN and COMMIT, caches, wrappers.
//!
//! **Guards**: statements that hold many rows (batches); fetches of one cursor; pages by key (half the
//! confidence); half of them failed; spread over hosts by design; a timer that polls a queue table; reads whose
//! visible parameters are all equal, since those are one query repeated, not one for each item.
//!
//! **Saves**: what a replay of the trace saves with all members as one statement.
//!
//! **Silent when**: 4 equal statements run; the same template comes from different endpoints; an IN list, a
//! join, a bulk insert or executemany does the work.
//!
//! **Fix**: load the items with the list: eager loading, or one statement with an IN list.

use hotspan_model::{Break, Class, Facets, Fix, Meta, SavingRule, Scope};

use super::words::{Advice, advice, manner, target, tenths_of_a_week};
use super::{Detector, Findings, frameworks};
use crate::context::Context;

/// The detector.
#[derive(Debug)]
pub(super) struct NPlusOneQuery;

static META: Meta = Meta {
    id: "n-plus-one-query",
    title: "One query for each item of a list",
    in_break: Break::Database,
    scope: Scope::Trace,
    habit: false,
    effort: tenths_of_a_week(2),
    saving: SavingRule::Replayed,
    knobs: &[],
    sentence,
    fix,
};

impl Detector for NPlusOneQuery {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        super::family::detect(&META, Class::Db, cx, out);
    }
}

fn sentence(facets: &Facets<'_>) -> String {
    let (operation, calls) = (facets.operation, facets.calls);
    format!(
        "{operation} runs {} {calls} times a request, {}",
        target(facets),
        manner(facets)
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    let summary = match facets.writes {
        true => "write the rows in one statement",
        false => "load the items with the list, in one query",
    };
    Fix {
        summary: summary.to_owned(),
        how: advice(facets, FRAMEWORKS, BY_HAND),
    }
}

/// Without a framework: reads, writes.
pub(super) const BY_HAND: (&str, &str) = (
    "collect the keys first, then one SELECT … WHERE key IN (…) or a JOIN; distribute the rows in memory",
    "one INSERT with many rows of VALUES, or the driver's batch call, in one transaction",
);

/// What loads a list at once, by framework.
pub(super) const FRAMEWORKS: &[Advice] = &[
    Advice {
        scopes: frameworks::SQLALCHEMY,
        read: "SQLAlchemy: .options(selectinload(Parent.items)) for lists, joinedload() for single references",
        write: "SQLAlchemy: session.add_all(rows) or session.execute(insert(Item), rows)",
    },
    Advice {
        scopes: frameworks::DJANGO,
        read: "Django: select_related() for foreign keys, prefetch_related() for lists",
        write: "Django: Model.objects.bulk_create(rows), bulk_update(rows, fields)",
    },
    Advice {
        scopes: frameworks::HIBERNATE,
        read: "Hibernate: JOIN FETCH or @EntityGraph in the query, or @BatchSize on the association",
        write: "Hibernate: set hibernate.jdbc.batch_size and flush in batches",
    },
    Advice {
        scopes: frameworks::RAILS,
        read: "Rails: Order.includes(:items), or preload(:items)",
        write: "Rails: Item.insert_all(rows), upsert_all(rows)",
    },
    Advice {
        scopes: frameworks::ENTITY_FRAMEWORK,
        read: "EF Core: .Include(order => order.Items), with AsSplitQuery() for large lists",
        write: "EF Core: AddRange(items) and one SaveChanges(), or ExecuteUpdate()",
    },
    Advice {
        scopes: frameworks::PRISMA,
        read: "Prisma: include or select the relation in findMany(); relationLoadStrategy: \"join\"",
        write: "Prisma: createMany() or updateMany()",
    },
    Advice {
        scopes: frameworks::GORM,
        read: "GORM: db.Preload(\"Items\").Find(&orders), or Joins()",
        write: "GORM: db.CreateInBatches(items, 500)",
    },
    Advice {
        scopes: frameworks::LARAVEL,
        read: "Laravel: Order::with('items')->get(); Model::preventLazyLoading() in tests",
        write: "Laravel: Item::insert($rows), upsert($rows, …)",
    },
    Advice {
        scopes: frameworks::NODE_ORM,
        read: "load the relation with the list: include (Sequelize), relations or leftJoinAndSelect (TypeORM)",
        write: "bulkCreate(rows) (Sequelize), insert(rows) (TypeORM)",
    },
    Advice {
        scopes: frameworks::NODE_DRIVER,
        read: "Node: one query with WHERE key = ANY($1) and an array of the keys, then a Map in memory; or DataLoader",
        write: "Node: one INSERT with many rows, or INSERT … SELECT * FROM unnest($1, $2)",
    },
    Advice {
        scopes: frameworks::PYTHON_DRIVER,
        read: "Django: select_related() or prefetch_related(); SQLAlchemy: selectinload(); by hand: WHERE key = ANY(%s)",
        write: "Django: bulk_create(); SQLAlchemy: add_all(); by hand: executemany() or execute_values()",
    },
    Advice {
        scopes: frameworks::JDBC,
        read: "JPA: JOIN FETCH or @EntityGraph; plain JDBC: one statement with an IN list",
        write: "JDBC: addBatch() and executeBatch(); with JPA hibernate.jdbc.batch_size",
    },
    Advice {
        scopes: frameworks::MONGO,
        read: "one find() with {_id: {$in: keys}}, or $lookup in an aggregation",
        write: "insertMany() or bulkWrite()",
    },
];

#[cfg(test)]
mod tests {
    use hotspan_model::{Millionths, Nanos, Params};

    use crate::detectors::testing::{check, only};

    const FIRES: &[&str] = &["n-plus-one-query: 5 calls under GET /cart"];

    #[test]
    fn five_queries_in_a_row() {
        check(
            "
            cart GET /cart        0..100
              db SELECT item     10..15 x5+1
            ",
            FIRES,
        );
    }

    #[test]
    fn four_are_a_coincidence() {
        check(
            "
            cart GET /cart        0..100
              db SELECT item     10..20 x4+1
            ",
            &[],
        );
    }

    #[test]
    fn queries_under_wrappers_of_one_name_are_cousins_of_one_loop() {
        check(
            "
            cart GET /cart        0..100
              internal render row         10..20
                db SELECT item   11..15
              internal render row         20..30
                db SELECT item   21..25
              internal render row         30..40
                db SELECT item   31..39.9
              internal render row         40..50
                db SELECT item   41..45
              internal render row         50..60
                db SELECT item   51..55
            ",
            FIRES,
        );
    }

    #[test]
    fn five_unrelated_call_paths_are_no_loop() {
        check(
            "
            cart GET /cart        0..100
              internal load user          10..20
                db SELECT item   11..15
              internal load cart          20..30
                db SELECT item   21..25
              internal load price         30..40
                db SELECT item   31..35
              internal load stock         40..50
                db SELECT item   41..45
              internal load offer         50..60
                db SELECT item   51..55
            ",
            &[],
        );
    }

    #[test]
    fn two_loops_under_two_spans_of_one_name_count_together() {
        check(
            "
            cart GET /cart        0..100
              internal page               10..40
                db SELECT item   10..12 x5
              internal page               40..80
                db SELECT item   40..42 x6
              internal page               80..90
                db SELECT item   80..82
            ",
            &["n-plus-one-query: 12 calls under GET /cart"],
        );
    }

    #[test]
    fn the_anchor_is_the_lowest_span_that_holds_enough() {
        check(
            "
            cart GET /cart        0..100
              internal handler             5..95
                db SELECT item   10..15 x6
            ",
            &["n-plus-one-query: 6 calls under handler"],
        );
    }

    #[test]
    fn what_lies_between_the_queries_does_not_matter() {
        check(
            "
            cart GET /cart        0..100
              connect pool       10..11 x5+9
              db-meta BEGIN      11..12 x5+9
              db SELECT item     12..15 x5+7
              cache GET cart     15..16 x5+9
              db-meta COMMIT     16..17 x5+9
            ",
            FIRES,
        );
    }

    #[test]
    fn queries_in_parallel_are_one_too() {
        let finding = only(
            "
            cart GET /cart        0..100
              db SELECT item     10..60
              db SELECT item     10..61
              db SELECT item     11..62
              db SELECT item     11..63
              db SELECT item     12..64
            ",
        );
        assert!(finding.parallel);
        assert_eq!(finding.wall, Nanos::from_millis(54));
    }

    #[test]
    fn a_batch_saves_what_a_replay_says() {
        let finding = only(
            "
            cart GET /cart        0..100
              db SELECT item     10..14 x10 hidden
            ",
        );
        assert_eq!(finding.saving.max, Nanos::from_millis(36));
        assert!(finding.saving.likely >= Nanos::from_millis(30));
        assert_eq!(finding.path, Nanos::from_millis(40));
        assert_eq!(finding.params, Params::Hidden);
        assert_eq!(finding.terms.visibility, Millionths(900_000));
        assert!(finding.awaited && finding.dear && !finding.parallel);
    }

    #[test]
    fn one_query_repeated_with_equal_arguments_is_another_fault() {
        check(
            "
            cart GET /cart        0..100
              db SELECT item     10..15 x12 params=7
            ",
            &["redundant-query: 12 calls under GET /cart"],
        );
    }

    #[test]
    fn writes_count_even_with_equal_arguments() {
        check(
            "
            cart GET /cart        0..100
              db INSERT item     10..15 x5 write params=7
            ",
            FIRES,
        );
    }

    #[test]
    fn cheap_repeats_are_near_misses() {
        check("cart GET /cart 0..1000\n  db SELECT item 10..15 x5", &[]);
        check("cart GET /cart 0..10\n  db SELECT item 1..1.1 x5", &[]);
    }

    #[test]
    fn guards_keep_other_faults_out() {
        let loops = [
            "db SELECT item  10..15 x6 err",
            "db SELECT item  10..15 x6 cursor",
            "db INSERT item  10..15 x6 batched write",
            "db SELECT job   10..11 x6+10 skip-locked",
        ];
        for inner in loops {
            check(&format!("cart GET /cart 0..100\n  {inner}"), &[]);
        }
    }

    #[test]
    fn queries_to_hosts_of_their_own_are_shards() {
        let hosts: String = (0..6)
            .map(|n| format!("\n  db SELECT item 10..30 to=shard{n}"))
            .collect();
        check(&format!("cart GET /cart 0..100{hosts}"), &[]);
    }

    #[test]
    fn pages_by_key_are_half_as_sure() {
        let finding = only("cart GET /cart 0..100\n  db SELECT page 10..15 x6 keyset");
        assert_eq!(finding.terms.detector, Millionths(475_000));
    }

    #[test]
    fn an_orm_and_its_driver_are_one_query() {
        let siblings = "
            cart GET /cart         0..100
              db SELECT item      10..15 x5+2 scope=orm hidden
              db SELECT item   10.1..14.9 x5+2.2 scope=driver hidden
            ";
        check(siblings, FIRES);
        let nested: String = (0..5)
            .map(|n| {
                format!("\n  db SELECT item {n}0..{n}5 scope=orm\n    db SELECT item {n}1..{n}4 scope=driver")
            })
            .collect();
        check(&format!("cart GET /cart 0..100{nested}"), FIRES);
    }

    #[test]
    fn a_pruned_summary_counts_as_many() {
        check(
            "cart GET /cart 0..100\n  db SELECT item 10..90 summary=200",
            &["n-plus-one-query: 200 calls under GET /cart"],
        );
    }

    #[test]
    fn a_handler_beside_its_queries_is_their_parent() {
        let finding = only(
            "
            cart GET /cart        0..100
              internal handler            10..90
              db SELECT item     12..17 x10+2
            ",
        );
        assert_eq!(finding.saving.max, Nanos::from_millis(63));
        assert_eq!(finding.terms.detector, Millionths(855_000));
    }

    #[test]
    fn the_query_before_tells_how_many_rows_there_were() {
        let finding = only(
            "
            cart GET /cart        0..100
              db SELECT orders    5..9 rows=12
              db SELECT item     10..15 x12
            ",
        );
        assert_eq!(finding.rows_before, Some(12));
    }

    #[test]
    fn code_may_ask_to_be_left_alone() {
        check(
            "cart GET /cart 0..100\n  db SELECT item 10..15 x6 ignore=n-plus-one-query",
            &[],
        );
        check("cart GET /cart 0..100 ignore=*\n  db SELECT item 10..15 x6", &[]);
    }

    #[test]
    fn the_same_query_of_two_endpoints_is_two_halves_of_nothing() {
        check(
            "
            gate GET /page        0..100
              call GET /a         0..40
                cart GET /a       1..39 host=b
                  db SELECT item 10..14 x3
              call GET /b        50..90
                cart GET /b      51..89 host=b
                  db SELECT item 60..64 x3
            ",
            &[],
        );
    }

    #[test]
    fn a_job_without_a_server_is_watched_but_nobody_waits() {
        let finding = only("night internal digest 0..100\n  db SELECT item 10..15 x10");
        assert!(!finding.awaited);
    }

    #[test]
    fn browsers_are_no_backends() {
        check("web page 0..100 lang=webjs\n  db SELECT item 10..15 x10", &[]);
    }
}
