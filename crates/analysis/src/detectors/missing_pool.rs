//! # Missing pool
//!
//! A request opens new connections instead of taking open ones from a pool. Each handshake costs round trips, and
//! for a database a login and a process on its side.
//!
//! **Rule**: handshakes (DNS, TCP, TLS, login) with one store in a segment take at least
//! `handshake_share_millionths` (10 %) of it and `cost_min_ns` (1 ms), in at least half of the traces of the
//! segment operation. One dear trace may open it.
//!
//! **Guards**: waits for a pool are no handshakes; handshakes off the critical path; a handshake inside another one
//! counts once; one that is a trace by itself is how a pool opens; the first requests of an instance open its
//! connections, so what few traces of an operation show is no habit.
//!
//! **Saves**: what a replay of the trace saves when the handshakes take no time.
//!
//! **Silent when**: a "connect" on an open connection takes less than a millisecond; a pool is asked between queries;
//! one request of 24 connects.
//!
//! **Fix**: a pool or persistent connections, in the words of the framework.

use hotspan_model::{
    Break, Class, Facets, Fix, Knob, Meta, Millionths, Nanos, NearReason, SavingRule, Scope,
};

use super::family::pays;
use super::findings::{Draft, Key, wall};
use super::near::{Near, all, condition, is_told, of_cost, share_of};
use super::words::{Advice, advice, peer, tenths_of_a_week};
use super::{Detector, Findings, frameworks};
use crate::context::Context;
use crate::{Edit, NONE};

/// The detector.
#[derive(Debug)]
pub(super) struct MissingPool;

static SHARE: Knob = Knob {
    name: "handshake_share_millionths",
    default: 100_000,
    what: "least share of the segment that handshakes with one store take",
};

static META: Meta = Meta {
    id: "missing-pool",
    title: "A new connection for every request or query",
    in_break: Break::Database,
    scope: Scope::Both,
    habit: false,
    effort: tenths_of_a_week(2),
    saving: SavingRule::Replayed,
    knobs: &[SHARE],
    sentence,
    fix,
};

impl Detector for MissingPool {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if cx.census().count(Class::Connect) == 0 {
            return;
        }
        let mut handshakes = std::mem::take(&mut out.scratch.picked);
        handshakes.clear();
        let all = 0..cx.operations().len() as u32;
        handshakes.extend(all.filter(|&at| is_handshake(cx, at) && !out.is_claimed(at)));
        let place = |at: u32| (cx.operation(at).segment, store(cx, at), cx.node_of(at).head);
        handshakes.sort_unstable_by_key(|&at| (place(at), cx.node_of(at).start, cx.node_of(at).key()));
        for same in handshakes.chunk_by(|&a, &b| place(a) == place(b)) {
            judge(cx, same, out);
        }
        out.scratch.picked = handshakes;
    }
}

/// A handshake that a request waits for. One that nothing is above is how a pool opens its connections, or a test its
/// database.
fn is_handshake(cx: &Context<'_>, at: u32) -> bool {
    let row = cx.operation(at);
    let segment = cx.segment(row.segment);
    let own = row.class == Class::Connect && row.trusted && !segment.front_end;
    own && segment.root != row.place && cx.paths().subtree(row.node) > Nanos::ZERO
}

/// System and namespace without a host.
fn store<'a>(cx: &Context<'a>, at: u32) -> &'a str {
    let callee = cx.operation(at).callee;
    let facts = callee.and_then(|callee| cx.dictionary.callee(callee));
    facts.map_or("", |facts| cx.text(facts.store))
}

fn judge(cx: &Context<'_>, handshakes: &[u32], out: &mut Findings<'_>) {
    let first = cx.operation(handshakes[0]);
    let cost = wall(cx, first.segment, handshakes);
    let share = Millionths(cx.knob(first.segment, &SHARE)).of(cx.segment(first.segment).length());
    if cost.0 < share || !pays(cx, first.segment, cost) {
        let part = share_of(cx, first.segment, cost);
        let [share, least] = of_cost(cx, first.segment, cost);
        let conditions = [condition(cx, first.segment, &SHARE, part), share, least];
        if is_told(&conditions) {
            let near = Near {
                meta: &META,
                segment: first.segment,
                first: handshakes[0],
                members: handshakes.len() as u64,
                reason: NearReason::Cost,
                conditions: all(conditions),
            };
            out.near(cx, near);
        }
        return;
    }
    let last = cx.operation(handshakes[handshakes.len() - 1]);
    let (low, high) = (first.place.min(last.place), first.place.max(last.place));
    let anchor = match cx.common(low, high) {
        NONE => cx.segment(first.segment).root,
        anchor => anchor,
    };
    let head = cx.node_of(handshakes[0]).head;
    let saving = out.saving(cx, head, |nodes| Edit::Zero(nodes), handshakes, &[]);
    out.push(
        cx,
        &Draft {
            meta: &META,
            segment: first.segment,
            anchor,
            members: handshakes,
            key: Key::Texts(&[store(cx, handshakes[0])]),
            templates: &[],
            wall: cost,
            parallel: false,
            params: None,
            saving,
            certainty: Millionths::ONE,
            rows_before: None,
        },
    );
}

fn sentence(facets: &Facets<'_>) -> String {
    let (operation, calls) = (facets.operation, facets.calls);
    let connections = if calls == 1 { "connection" } else { "connections" };
    format!(
        "{operation} opens {calls} new {connections} to {} a request and waits {} for them",
        peer(facets),
        facets.path
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    Fix {
        summary: format!("keep connections to {} open and share them", peer(facets)),
        how: advice(facets, FRAMEWORKS, (BY_HAND, BY_HAND)),
    }
}

const BY_HAND: &str = "one pool a process, made at start and closed at its end, a little larger than the requests that \
     use it at once; for HTTP one client with keep-alive; many short processes share a pooler in front of the database";

const FRAMEWORKS: &[Advice] = &[
    Advice::always(
        frameworks::SQLALCHEMY,
        "SQLAlchemy: one create_engine() a process with its QueuePool (no poolclass=NullPool), pool_pre_ping=True",
    ),
    Advice::always(
        frameworks::DJANGO,
        "Django: CONN_MAX_AGE above 0 with CONN_HEALTH_CHECKS, or OPTIONS = {\"pool\": True} with psycopg 3",
    ),
    Advice::always(
        frameworks::HIBERNATE,
        "Hibernate: a HikariCP data source instead of hibernate.connection.pool_size or DriverManager",
    ),
    Advice::always(
        frameworks::RAILS,
        "Rails: pool: in database.yml as large as the threads; no establish_connection in a request",
    ),
    Advice::always(
        frameworks::ENTITY_FRAMEWORK,
        "EF Core: one connection string with Pooling=true, AddDbContextPool(), contexts disposed early",
    ),
    Advice::always(
        frameworks::PRISMA,
        "Prisma: one PrismaClient a process, connection_limit in the URL; none made in a handler",
    ),
    Advice::always(
        frameworks::GORM,
        "GORM: one gorm.Open() a process; on its sql.DB SetMaxIdleConns(n) near SetMaxOpenConns(n)",
    ),
    Advice::always(
        frameworks::LARAVEL,
        "Laravel: PDO::ATTR_PERSISTENT in options, or Octane; else a pooler in front of the database",
    ),
    Advice::always(
        frameworks::NODE_ORM,
        "one DataSource or Sequelize a process with pool: { min, max }; none made in a handler",
    ),
    Advice::always(
        frameworks::NODE_DRIVER,
        "Node: one new Pool({ max, idleTimeoutMillis }) a process and pool.query(); no new Client() in a handler",
    ),
    Advice::always(
        frameworks::PYTHON_DRIVER,
        "psycopg: ConnectionPool of psycopg_pool; asyncpg: create_pool() at start; Django: CONN_MAX_AGE; SQLAlchemy: \
         no NullPool",
    ),
    Advice::always(
        frameworks::JDBC,
        "JDBC: a HikariCP DataSource made once, instead of DriverManager.getConnection()",
    ),
    Advice::always(
        frameworks::MONGO,
        "MongoDB: one MongoClient a process; it holds the pool (minPoolSize)",
    ),
    Advice::always(
        &["redis", "lettuce", "jedis"],
        "Redis: one client with its connection pool a process; none made in a handler",
    ),
    Advice::always(
        &["requests", "httpx", "aiohttp", "urllib", "http", "net"],
        "HTTP: one Session or Client a process with keep-alive, not one for each call",
    ),
];

#[cfg(test)]
mod tests {
    use hotspan_model::Nanos;

    use crate::detectors::testing::{check, only};

    const FIRES: &[&str] = &["missing-pool: 1 calls under GET /cart"];

    #[test]
    fn a_handshake_before_the_query() {
        check(
            "cart GET /cart 0..100\n  connect connect 10..30\n  db SELECT item 30..40",
            FIRES,
        );
    }

    #[test]
    fn one_for_every_query() {
        let finding =
            only("cart GET /cart 0..100\n  connect connect 10..14 x5+10\n  db SELECT item 14..20 x4+8");
        assert_eq!((finding.calls, finding.wall), (5, Nanos::from_millis(20)));
        assert_eq!(finding.saving.likely, Nanos::from_millis(20));
        assert!(!finding.dear);
        assert!(only("cart GET /cart 0..100\n  connect connect 10..40").dear);
    }

    #[test]
    fn at_the_thresholds() {
        check("cart GET /cart 0..100\n  connect connect 10..20", FIRES);
        check("cart GET /cart 0..101\n  connect connect 10..20", &[]);
        check("cart GET /cart 0..5\n  connect connect 1..2", FIRES);
        check("cart GET /cart 0..5\n  connect connect 1..1.9", &[]);
    }

    #[test]
    fn a_pool_that_is_asked_is_there() {
        check("cart GET /cart 0..100\n  checkout pool.acquire 10..20 x5+5", &[]);
    }

    #[test]
    fn a_connection_that_no_request_opens_is_a_pool_at_work() {
        check("shop connect connect 0..50", &[]);
        check(
            "job nightly 0..100\n  connect connect 10..60",
            &["missing-pool: 1 calls under nightly"],
        );
    }

    #[test]
    fn handshakes_off_the_path_cost_nothing() {
        check(
            "cart GET /cart 0..100\n  connect connect 10..40\n  call GET /slow 5..95",
            &[],
        );
    }

    #[test]
    fn a_handshake_inside_another_one_counts_once() {
        check(
            "
            cart GET /cart            0..100
              connect pg.connect     10..40
                connect dns.lookup   10..20
                connect tls.connect  20..39
                  db-meta SET        39..39.5
            ",
            FIRES,
        );
    }

    #[test]
    fn each_store_has_its_own() {
        check(
            "
            cart GET /cart            0..100
              connect connect        10..16
              call GET /a            20..40
                connect tls.connect  20..26
            ",
            &["missing-pool: 2 calls under GET /cart"],
        );
    }

    #[test]
    fn a_handshake_inside_a_call_leaves_the_calls_as_they_are() {
        let calls: String = (1..6)
            .map(|n| {
                format!(
                    "\n  call GetItem {n}0..{n}8 scope=sdk\n    call GET /items {n}1..{n}7 scope=http\n      \
                     connect tls.connect {n}1..{n}2"
                )
            })
            .collect();
        check(
            &format!("cart GET /cart 0..100{calls}"),
            &["n-plus-one-call: 5 calls under GET /cart"],
        );
    }

    #[test]
    fn browsers_are_no_backends() {
        check("web page 0..100 lang=webjs\n  connect tls.connect 10..60", &[]);
    }
}
