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

use hotspan_model::{Break, Class, Facets, Fix, Meta, Scope};

use super::words::{Advice, advice, manner, target, tenths_of_a_week};
use super::{Detector, Findings};
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

const BY_HAND: (&str, &str) = (
    "collect the keys first, then one SELECT … WHERE key IN (…) or a JOIN; distribute the rows in memory",
    "one INSERT with many rows of VALUES, or the driver's batch call, in one transaction",
);

const FRAMEWORKS: &[Advice] = &[
    Advice {
        scopes: &["sqlalchemy"],
        read: "SQLAlchemy: .options(selectinload(Parent.items)) for lists, joinedload() for single references",
        write: "SQLAlchemy: session.add_all(rows) or session.execute(insert(Item), rows)",
    },
    Advice {
        scopes: &["django"],
        read: "Django: select_related() for foreign keys, prefetch_related() for lists",
        write: "Django: Model.objects.bulk_create(rows), bulk_update(rows, fields)",
    },
    Advice {
        scopes: &["hibernate", "jpa", "spring-data"],
        read: "Hibernate: JOIN FETCH or @EntityGraph in the query, or @BatchSize on the association",
        write: "Hibernate: set hibernate.jdbc.batch_size and flush in batches",
    },
    Advice {
        scopes: &["active_record", "activerecord", "rails"],
        read: "Rails: Order.includes(:items), or preload(:items)",
        write: "Rails: Item.insert_all(rows), upsert_all(rows)",
    },
    Advice {
        scopes: &["entityframework", "efcore"],
        read: "EF Core: .Include(order => order.Items), with AsSplitQuery() for large lists",
        write: "EF Core: AddRange(items) and one SaveChanges(), or ExecuteUpdate()",
    },
    Advice {
        scopes: &["prisma"],
        read: "Prisma: include or select the relation in findMany(); relationLoadStrategy: \"join\"",
        write: "Prisma: createMany() or updateMany()",
    },
    Advice {
        scopes: &["gorm"],
        read: "GORM: db.Preload(\"Items\").Find(&orders), or Joins()",
        write: "GORM: db.CreateInBatches(items, 500)",
    },
    Advice {
        scopes: &["laravel", "eloquent"],
        read: "Laravel: Order::with('items')->get(); Model::preventLazyLoading() in tests",
        write: "Laravel: Item::insert($rows), upsert($rows, …)",
    },
    Advice {
        scopes: &["sequelize", "typeorm", "mikro"],
        read: "load the relation with the list: include (Sequelize), relations or leftJoinAndSelect (TypeORM)",
        write: "bulkCreate(rows) (Sequelize), insert(rows) (TypeORM)",
    },
    Advice {
        scopes: &[
            "instrumentation-pg",
            "instrumentation-mysql",
            "instrumentation-knex",
        ],
        read: "Node: one query with WHERE key = ANY($1) and an array of the keys, then a Map in memory; or DataLoader",
        write: "Node: one INSERT with many rows, or INSERT … SELECT * FROM unnest($1, $2)",
    },
    Advice {
        scopes: &["psycopg", "asyncpg", "mysqlclient", "pymysql", "dbapi", "sqlite3"],
        read: "Django: select_related() or prefetch_related(); SQLAlchemy: selectinload(); by hand: WHERE key = ANY(%s)",
        write: "Django: bulk_create(); SQLAlchemy: add_all(); by hand: executemany() or execute_values()",
    },
    Advice {
        scopes: &["jdbc"],
        read: "JPA: JOIN FETCH or @EntityGraph; plain JDBC: one statement with an IN list",
        write: "JDBC: addBatch() and executeBatch(); with JPA hibernate.jdbc.batch_size",
    },
    Advice {
        scopes: &["mongo"],
        read: "one find() with {_id: {$in: keys}}, or $lookup in an aggregation",
        write: "insertMany() or bulkWrite()",
    },
];
