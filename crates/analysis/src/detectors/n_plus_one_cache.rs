//! # N+1 cache
//!
//! One cache command for each key, where the cache answers many keys at once. Each command is fast, and each
//! pays the way to the cache and back.
//!
//! **Rule**: at least `repeat_min_fast` (10) single-key commands of one verb and key template, on one call path,
//! under one anchor of a segment; together they take at least `cost_share_millionths` (5 %) of the segment and
//! `cost_min_ns` (1 ms).
//!
//! **Guards**: one span that holds a pipeline, a MULTI or a multi-key command is one operation; half of them
//! failed; spread over hosts by design; reads of one and the same visible key.
//!
//! **Saves**: what a replay of the trace saves with all members as one command.
//!
//! **Silent when**: MGET or a pipeline does the work; sessions and rate limits run one script a request.
//!
//! **Fix**: MGET or HMGET, or a pipeline.

use hotspan_model::{Break, Class, Facets, Fix, Meta, SavingRule, Scope};

use super::words::{Advice, advice, manner, peer, target, tenths_of_a_week};
use super::{Detector, Findings};
use crate::context::Context;

/// The detector.
#[derive(Debug)]
pub(super) struct NPlusOneCache;

static META: Meta = Meta {
    id: "n-plus-one-cache",
    title: "One cache command for each key",
    in_break: Break::Database,
    scope: Scope::Trace,
    habit: false,
    effort: tenths_of_a_week(2),
    saving: SavingRule::Replayed,
    knobs: &[],
    sentence,
    fix,
};

impl Detector for NPlusOneCache {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        super::family::detect(&META, Class::Cache, cx, out);
    }
}

fn sentence(facets: &Facets<'_>) -> String {
    let (operation, calls, manner) = (facets.operation, facets.calls, manner(facets));
    format!(
        "{operation} sends {} to {} {calls} times a request, {manner}",
        target(facets),
        peer(facets)
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    let summary = match facets.writes {
        true => "write all keys in one command or pipeline",
        false => "read all keys in one command or pipeline",
    };
    Fix {
        summary: summary.to_owned(),
        how: advice(facets, FRAMEWORKS, BY_HAND),
    }
}

const BY_HAND: (&str, &str) = (
    "MGET for strings, HMGET for the fields of a hash, a pipeline for the rest",
    "MSET, HSET with many fields, or a pipeline",
);

const FRAMEWORKS: &[Advice] = &[
    Advice {
        scopes: &["django"],
        read: "Django: cache.get_many(keys)",
        write: "Django: cache.set_many(values)",
    },
    Advice {
        scopes: &["rails", "active_support"],
        read: "Rails: Rails.cache.read_multi(*keys) or fetch_multi",
        write: "Rails: Rails.cache.write_multi(values)",
    },
    Advice {
        scopes: &["memcache"],
        read: "memcached: get_multi(keys)",
        write: "memcached: set_multi(values)",
    },
    Advice {
        scopes: &["instrumentation.redis"],
        read: "redis-py: client.mget(keys), or a pipeline() for other commands",
        write: "redis-py: client.mset(values), or a pipeline()",
    },
    Advice {
        scopes: &["instrumentation-ioredis", "instrumentation-redis"],
        read: "Node: redis.mget(keys), or redis.pipeline() for other commands",
        write: "Node: redis.mset(values), or redis.pipeline()",
    },
    Advice {
        scopes: &["lettuce", "jedis", "redisson"],
        read: "Java: mget(keys) or multiGet(keys), else executePipelined()",
        write: "Java: mset(values) or multiSet(values), else executePipelined()",
    },
];

#[cfg(test)]
mod tests {
    use crate::detectors::testing::check;

    #[test]
    fn ten_keys_one_by_one() {
        check(
            "cart GET /cart 0..20\n  cache GET item:# 1..1.5 x10 hidden",
            &["n-plus-one-cache: 10 calls under GET /cart"],
        );
    }

    #[test]
    fn nine_are_a_coincidence() {
        check("cart GET /cart 0..20\n  cache GET item:# 1..1.5 x9 hidden", &[]);
    }

    #[test]
    fn pipelines_and_one_key_again_and_again_are_no_loop() {
        check("cart GET /cart 0..20\n  cache GET item:# 1..1.5 x10 batched", &[]);
        check(
            "cart GET /cart 0..20\n  cache GET item:# 1..1.5 x10 params=3",
            &["redundant-query: 10 calls under GET /cart"],
        );
    }

    #[test]
    fn a_few_fast_commands_in_a_slow_request_are_near_misses() {
        check("cart GET /cart 0..200\n  cache GET item:# 1..1.5 x12", &[]);
    }
}
