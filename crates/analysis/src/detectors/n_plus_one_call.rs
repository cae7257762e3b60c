//! # N+1 call
//!
//! One service calls another once for each item of a list. Every item pays the network, the callee's whole
//! request handling, and often a query there.
//!
//! **Rule**: at least `repeat_min` (5) remote calls of one template, on one call path, under one anchor of a
//! segment; together they take at least `cost_share_millionths` (5 %) of the segment and `cost_min_ns` (1 ms).
//! The template is the callee's own route or method when its server span is in the trace. Sequential or
//! parallel; in front ends too; numbered pages too.
//!
//! **Guards**: half of them failed (retries); spread over hosts by design (shards); gaps like a clock's
//! (polling); reads whose visible parameters are all equal.
//!
//! **Saves**: what a replay of the trace saves with all members as one call.
//!
//! **Silent when**: one batch call does the work; a gateway routes the requests of many users; a server streams;
//! eight shards are asked at once.
//!
//! **Fix**: a batch endpoint or bulk RPC; for distinct reads of a third party its bulk API, or a cache.

use hotspan_model::{Break, Class, Facets, Fix, Meta, Scope};

use super::words::{Advice, advice, manner, peer, target, tenths_of_a_week};
use super::{Detector, Findings};
use crate::context::Context;

/// The detector.
#[derive(Debug)]
pub(super) struct NPlusOneCall;

static META: Meta = Meta {
    id: "n-plus-one-call",
    title: "One remote call for each item of a list",
    in_break: Break::Synchronous,
    scope: Scope::Trace,
    habit: false,
    effort: tenths_of_a_week(20),
    knobs: &[],
    sentence,
    fix,
};

impl Detector for NPlusOneCall {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        super::family::detect(&META, Class::Call, cx, out);
    }
}

fn sentence(facets: &Facets<'_>) -> String {
    let (operation, calls, manner) = (facets.operation, facets.calls, manner(facets));
    format!(
        "{operation} calls {} of {} {calls} times a request, {manner}",
        target(facets),
        peer(facets)
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    let summary = match facets.vendor {
        Some(vendor) => format!("ask {vendor} for all items at once, or keep its answers in a cache"),
        None => format!("ask {} for all items at once", peer(facets)),
    };
    Fix {
        summary,
        how: advice(facets, FRAMEWORKS, BY_HAND),
    }
}

const BY_HAND: (&str, &str) = (
    "give the callee a batch endpoint that takes a list of keys (GET ?ids=…), and one query behind it",
    "give the callee a bulk endpoint that takes a list of items, with a result for each",
);

const FRAMEWORKS: &[Advice] = &[
    Advice {
        scopes: &["grpc"],
        read: "a bulk RPC with a repeated key field (BatchGet…), or one stream for all items",
        write: "a bulk RPC with a repeated item field, or one client stream for all items",
    },
    Advice {
        scopes: &["graphql", "apollo"],
        read: "GraphQL: a DataLoader in the resolver collects the keys of one tick into one call",
        write: "GraphQL: one mutation that takes a list",
    },
];
