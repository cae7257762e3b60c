//! # Deferrable call
//!
//! A request ends with a call whose outcome it does not need: a mail, a notification, an analytics event, an audit
//! record, an index update. The user waits for it all the same.
//!
//! **Rule**: a call or publish on the critical path of a request that somebody waits for, taking at least
//! `deferrable_call_path_min_ns` (50 ms) and `deferrable_call_path_share_millionths` (10 %) of its segment, with
//! nothing outgoing after it but at most one write of its own bookkeeping; and it sends mail, SMS, analytics, a
//! webhook, an audit record or an index update, by the vendor catalogue or by the names of host, service,
//! destination or operation.
//!
//! Calls that change data and are of no such kind are one when many traces show that nobody needs them: the request
//! succeeded in at least 80 % of at least 5 traces in which the call failed, or the call answered 202 or 204 in at least
//! 90 % of at least 20 traces.
//!
//! **Guards**: payments, stock, orders, logins, locks; reads; an earlier call of the same segment that changes data
//! (the last step of a saga); the request failed as the call did; members of another finding, with
//! `third-party-on-critical-path` taking over what both would say; front ends.
//!
//! **Saves**: what a replay of the trace saves when the request waits only for the hand-over, one millisecond at
//! most.
//!
//! **Silent when**: it is the last call of a saga; it is a read whose result shapes the response.
//!
//! **Fix**: write the intent to an outbox or a queue, answer, and let a worker make the call.

use hotspan_model::{
    Break, Class, Facets, Fix, Flag, Kind, Knob, Meta, Millionths, Nanos, NearReason, SavingRule, Scope,
    Symbol, Verb,
};

use super::near::{Near, all, condition, share_of};
use super::spans::{SpanDraft, callee_key};
use super::words::{has_any, peer, target, tenths_of_a_week};
use super::{Detector, Findings};
use crate::context::{Context, Operation, is_awaited, is_near, rooted_in};
use crate::memo::Memo;
use crate::{Edit, NONE};

/// Confidence in a class that the vendor catalogue or a name gives.
const BY_CLASS: Millionths = Millionths(900_000);

/// Confidence that one trace gives in a call that failed unnoticed, or that answers nothing.
const HERE_ONLY: Millionths = Millionths(300_000);

/// How long handing the work to a queue or an outbox takes.
pub(super) const HAND_OVER: Nanos = Nanos::from_millis(1);

/// Kinds of vendors whose work no request waits for on purpose.
const CATEGORIES: [&str; 5] = ["mail", "sms", "push", "analytics", "chat"];

/// Words in lower case, anywhere in a name, of work that can wait.
const CAN_WAIT: [&str; 12] = [
    "mail",
    "sms",
    "notif",
    "webhook",
    "analytics",
    "audit",
    "telemetry",
    "newsletter",
    "indexer",
    "indexing",
    "reindex",
    "search-index",
];

/// The same of work that the answer rests on.
const CANNOT_WAIT: [&str; 13] = [
    "pay",
    "charge",
    "refund",
    "stock",
    "inventory",
    "reserv",
    "auth",
    "login",
    "token",
    "session",
    "lock",
    "lease",
    "quota",
];

/// The detector.
#[derive(Debug)]
pub(super) struct DeferrableCall;

static PATH_MIN: Knob = Knob {
    name: "deferrable_call_path_min_ns",
    default: 50_000_000,
    what: "least critical-path time of a call that nobody needed to wait for",
};

static PATH_SHARE: Knob = Knob {
    name: "deferrable_call_path_share_millionths",
    default: 100_000,
    what: "least share of the segment that such a call takes",
};

static META: Meta = Meta {
    id: "deferrable-call",
    title: "Work that nobody needed to wait for",
    in_break: Break::Synchronous,
    scope: Scope::Both,
    habit: false,
    effort: tenths_of_a_week(10),
    saving: SavingRule::Replayed,
    knobs: &[PATH_MIN, PATH_SHARE],
    sentence,
    fix,
};

impl Detector for DeferrableCall {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let least = cx.least(&PATH_MIN);
        let sending = [Class::Call, Class::Publish, Class::UnknownOut];
        if !is_near(cx.census().longest(sending), least) {
            return;
        }
        for (at, row) in cx.operations().iter().enumerate() {
            if !is_near(cx.paths().subtree(row.node).0, least) {
                continue;
            }
            let sends = matches!(row.class, Class::Call | Class::Publish) && row.counts();
            if sends && !out.is_claimed(at as u32) {
                judge(cx, at as u32, out);
            }
        }
    }
}

fn judge(cx: &Context<'_>, at: u32, out: &mut Findings<'_>) {
    let row = cx.operation(at);
    let time = cx.paths().subtree(row.node);
    let conditions = [
        condition(cx, row.segment, &PATH_MIN, time.0),
        condition(cx, row.segment, &PATH_SHARE, share_of(cx, row.segment, time)),
    ];
    if !conditions.iter().all(|one| is_near(one.value, one.threshold)) {
        return;
    }
    let certainty = certainty(cx, row, &mut out.scratch.purposes);
    let Some(certainty) = certainty.filter(|_| ends_the_request(cx, row)) else {
        return;
    };
    let head = cx.forest.node(row.node).head;
    let answers = is_awaited(cx.forest, head) && rooted_in(cx.forest, head) == Kind::Server;
    let reason = match certainty {
        _ if cx.segment(row.segment).front_end => NearReason::FrontEnd,
        _ if !answers => NearReason::Guard("unasked"),
        Err(guard) => NearReason::Guard(guard),
        Ok(certainty) if is_long(cx, row) => return report(cx, at, certainty, out),
        Ok(_) => NearReason::Cost,
    };
    let near = Near {
        meta: &META,
        segment: row.segment,
        first: at,
        members: row.weight,
        reason,
        conditions: all(conditions),
    };
    out.near(cx, near);
}

/// Whether a name says that a request could do without what a call answers, and it ends the request.
pub(super) fn is_deferrable(cx: &Context<'_>, at: u32, known: &mut Memo) -> bool {
    let row = cx.operation(at);
    is_long(cx, row) && certainty(cx, row, known) == Some(Ok(BY_CLASS)) && ends_the_request(cx, row)
}

/// Whether a call takes its share of the segment.
fn is_long(cx: &Context<'_>, row: &Operation) -> bool {
    let time = cx.paths().subtree(row.node).0;
    let share = Millionths(cx.knob(row.segment, &PATH_SHARE)).of(cx.segment(row.segment).length());
    time >= cx.knob(row.segment, &PATH_MIN) && time >= share
}

/// How sure it is that nobody needed the call, or the guard that says that somebody did; `None` when nothing speaks
/// for it.
fn certainty(
    cx: &Context<'_>,
    row: &Operation,
    known: &mut Memo,
) -> Option<Result<Millionths, &'static str>> {
    let node = cx.forest.node(row.node);
    let facts = row.own.and_then(|own| cx.dictionary.template(own));
    let writes = row.class == Class::Publish || facts.is_some_and(|facts| facts.verb != Verb::Read);
    let gate = facts.is_some_and(|facts| facts.gatekeeper);
    let root = cx.node_at(cx.segment(row.segment).root);
    let honest = row.failed > 0 && root.bits.has(Flag::Failed);
    match () {
        () if !writes => return None,
        () if gate => return Some(Err("gatekeeper")),
        () if honest => return Some(Err("honest")),
        () => {}
    }
    let symbols = [
        row.own,
        row.template(),
        row.answered.map(|(_, service)| service),
        row.callee,
    ];
    let key = symbols.map(|symbol| symbol.map_or(0, |symbol| u64::from(symbol.raw()) + 1));
    match known.get(key, || purpose(cx, symbols)) {
        CANNOT => return Some(Err("cannot-wait")),
        CAN => return Some(Ok(BY_CLASS)),
        _ => {}
    }
    let unnoticed = row.failed > 0 || matches!(node.bits.http_status(), 202 | 204);
    unnoticed.then_some(Ok(HERE_ONLY))
}

/// What names say of a call.
const CANNOT: u128 = 1;
const CAN: u128 = 2;

/// What short template, template, service and host of a call say that it is for.
fn purpose(cx: &Context<'_>, [own, template, service, callee]: [Option<Symbol>; 4]) -> u128 {
    let callee = callee.and_then(|callee| cx.dictionary.callee(callee));
    let texts = [own, template, service].map(|symbol| symbol.map_or("", |symbol| cx.text(symbol)));
    let names = || texts.into_iter().chain(callee.map(|callee| &*callee.host));
    let vendor = callee.and_then(|callee| callee.vendor);
    match () {
        () if names().any(|name| has_any(name, &CANNOT_WAIT)) => CANNOT,
        () if vendor.is_some_and(|vendor| CATEGORIES.contains(&vendor.category)) => CAN,
        () if names().any(|name| has_any(name, &CAN_WAIT)) => CAN,
        () => 0,
    }
}

/// Whether nothing outgoing follows a call in its segment but at most one write that keeps its books, and no other
/// call of the segment changes data before it.
fn ends_the_request(cx: &Context<'_>, row: &Operation) -> bool {
    let last = cx.forest.node(row.node);
    let mut books = 0;
    let all = cx.operations_below(cx.segment(row.segment).root).iter();
    for other in all.filter(|other| other.segment == row.segment && other.counts()) {
        let node = cx.forest.node(other.node);
        let facts = other.own.and_then(|own| cx.dictionary.template(own));
        let writes = facts.is_some_and(|facts| facts.verb == Verb::Write);
        let reads = facts.is_some_and(|facts| facts.verb == Verb::Read);
        let books_in = matches!(other.class, Class::Db | Class::Cache) && !reads;
        let later = node.end > last.end;
        let saga = other.class == Class::Call && writes && node.end <= last.start;
        if cx.contains(row.place, other.place) {
            continue;
        }
        if saga || later && !books_in {
            return false;
        }
        books += if later { other.weight } else { 0 };
    }
    books <= 1
}

fn report(cx: &Context<'_>, at: u32, certainty: Millionths, out: &mut Findings<'_>) {
    let row = cx.operation(at);
    let places = [row.place];
    let head = cx.forest.node(row.node).head;
    let saving = out.saving_of(cx, head, |nodes| Edit::Async(nodes, HAND_OVER), &places);
    let path = cx.paths().subtree(row.node);
    let place = out.report.findings.len();
    let anchor = match cx.parent(row.place) {
        NONE => row.place,
        above => above,
    };
    out.push_spans(
        cx,
        &SpanDraft {
            meta: &META,
            segment: row.segment,
            anchor,
            places: &places,
            calls: row.weight,
            about: Some(row),
            template: None,
            key: &callee_key(cx, row),
            templates: &[],
            wall: path,
            path,
            parallel: false,
            params: None,
            saving,
            certainty,
        },
    );
    // What one trace cannot show takes nothing away from findings that it can.
    match certainty == BY_CLASS {
        true => out.claim(&[at]),
        false => out.leave_to_many(place),
    }
}

fn sentence(facets: &Facets<'_>) -> String {
    format!(
        "{} waits {} for {} of {}, whose outcome it does not need",
        facets.operation,
        facets.path,
        target(facets),
        peer(facets)
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    let language = FRAMEWORKS.iter().find(|(name, _)| *name == facets.language);
    Fix {
        summary: format!("answer first, and let a worker call {}", peer(facets)),
        how: language.map_or(BY_HAND, |&(_, how)| how).to_owned(),
    }
}

const BY_HAND: &str = "write the intent to an outbox table in the request's own transaction, or to a queue; a worker makes the call and \
     retries it";

/// By SDK language.
const FRAMEWORKS: &[(&str, &str)] = &[
    (
        "python",
        "an outbox row, or task.delay(…) of Celery after the commit (transaction.on_commit in Django)",
    ),
    ("ruby", "perform_later of Active Job, after the commit"),
    (
        "java",
        "an outbox table with @TransactionalEventListener(AFTER_COMMIT), or a message to a queue",
    ),
    (
        "dotnet",
        "an outbox (MassTransit, NServiceBus), or a background service that reads a channel",
    ),
    ("nodejs", "an outbox row, or a job in BullMQ"),
    (
        "php",
        "dispatch(new …)->afterCommit() in Laravel, Messenger in Symfony",
    ),
];

#[cfg(test)]
mod tests {
    use hotspan_model::{Millionths, Nanos};

    use crate::detectors::testing::{check, only};

    const MAIL: &str = "
        shop POST /signup        0..400
          db INSERT user        10..20 write
          call POST /v1/email   100..390 write to=mailer
        ";

    const FOUND: &str = "deferrable-call: 1 calls under POST /signup";

    #[test]
    fn a_mail_at_the_end_of_a_request() {
        check(MAIL, &[FOUND]);
        let finding = only(MAIL);
        assert_eq!(finding.saving.likely, Nanos::from_millis(289));
        assert_eq!(finding.saving.min, finding.saving.max);
        assert_eq!(finding.terms.detector, Millionths(900_000));
    }

    #[test]
    fn at_the_threshold() {
        let of = |end: u64, whole: u64| {
            format!("shop POST /signup 0..{whole}\n  call POST /email 100..{end} write")
        };
        check(&of(150, 500), &[FOUND]);
        check(&of(149, 400), &[]);
        check(&of(150, 501), &[]);
    }

    #[test]
    fn its_own_bookkeeping_may_follow_and_nothing_else() {
        let with = |after: &str| format!("{MAIL}    \n          {after}");
        check(&with("db INSERT mail_log 390..395 write"), &[FOUND]);
        check(&with("db SELECT user 390..395"), &[]);
        check(&with("call GET /avatar 390..395"), &[]);
        let two = "db INSERT mail_log 390..393 write\n          db UPDATE user 393..396 write";
        check(&with(two), &[]);
    }

    #[test]
    fn the_last_call_of_a_saga_is_needed() {
        check(
            "
            shop POST /signup         0..400
              call POST /account     10..60 write
              call POST /email      100..390 write
            ",
            &[],
        );
    }

    #[test]
    fn reads_shape_the_response() {
        check(&MAIL.replace("390 write", "390"), &[]);
    }

    #[test]
    fn payments_stock_logins_and_gatekeepers_are_needed() {
        for name in ["/payments", "/notify-stock", "/auth/email"] {
            check(&MAIL.replace("/v1/email", name), &[]);
        }
        check(&MAIL.replace("390 write", "390 write gatekeeper"), &[]);
    }

    #[test]
    fn a_request_that_fails_with_its_call_needed_it() {
        let text = MAIL.replace("390 write", "390 write err");
        check(&text, &[FOUND]);
        check(&text.replace("0..400", "0..400 err"), &[]);
    }

    #[test]
    fn nobody_waits_in_a_worker() {
        check(
            "shop consumer signup 0..400\n  call POST /email 100..390 write",
            &[],
        );
        check(
            "shop GET / 0..400 lang=webjs\n  call POST /email 100..390 write",
            &[],
        );
    }

    #[test]
    fn a_call_that_answers_nothing_is_left_to_many_traces() {
        let text = "shop PUT /profile 0..400\n  call PUT /copies 100..390 write http=204";
        let found = only(text);
        assert!(found.needs_many && !found.dear);
        assert_eq!(found.terms.detector, Millionths(300_000));
        check(&text.replace("204", "200"), &[]);
    }

    #[test]
    fn a_vendor_that_is_slow_enough_says_it() {
        check(
            &MAIL.replace("to=mailer", "third to=mail.vendor.example"),
            &["third-party-on-critical-path: 1 calls under POST /signup"],
        );
    }
}
