//! The audit: which changes come first, what is known of them together, and what stands behind them.

use hotspan_hotspots::audit::Audit;
use hotspan_hotspots::{Answers, Dependency};
use hotspan_model::*;

use crate::build::{GAP, N_PLUS_ONE, SERIAL, World, minute};

/// Faults that each open a hotspot: detector, operation, template, milliseconds saved.
fn with(faults: &[(&'static str, &str, &str, u64)]) -> Answers {
    let mut world = World::default();
    let mut reports = Vec::new();
    for (trace, &(detector, operation, template, saved)) in (1..).zip(faults) {
        for again in 0..4 {
            let mut report = world.report(trace * 10 + again, "orders", operation);
            let finding = world.find(&mut report, detector, template);
            finding.dear = true;
            finding.saving = Saving {
                min: Nanos::from_millis(saved),
                likely: Nanos::from_millis(saved),
                max: Nanos::from_millis(saved),
            };
            let statement = finding.template;
            report
                .calls
                .push(statement_call(&report, &mut world, statement, saved));
            reports.push(report);
        }
    }
    world.answers(&reports, minute(0))
}

fn statement_call(report: &Report, world: &mut World, template: Option<Symbol>, millis: u64) -> CallRow {
    let store = world.public("db.internal", "", None);
    CallRow {
        from: report.segments[0].at,
        target: Target::Callee(store),
        callee: None,
        class: Class::Db,
        template,
        calls: 10,
        failed: 0,
        time: Nanos::from_millis(millis),
        path: Nanos::from_millis(millis),
        path_in_trace: Nanos::from_millis(millis),
        span: SpanId::new(9),
        ignored: None,
    }
}

/// One line a change: its detectors and operations, own and marginal impact in thousandths.
fn drawn(audit: &Audit<'_>) -> Vec<String> {
    let thousandths = |value: Millionths| value.0 / 1_000;
    let lines = audit.interventions.iter().map(|change| {
        let names: Vec<String> = change
            .hotspots
            .iter()
            .map(|hotspot| format!("{} {}", hotspot.detector, hotspot.operation))
            .collect();
        let marginal = change.marginal.map_or_else(
            || format!("at least {}", thousandths(change.marginal_at_least)),
            |known| thousandths(known).to_string(),
        );
        format!(
            "{}: {}, {marginal}",
            names.join(" + "),
            thousandths(change.impact)
        )
    });
    lines.collect()
}

fn audit(answers: &Answers) -> Audit<'_> {
    let listed: Vec<&Hotspot> = answers.hotspots[..answers.listed].iter().collect();
    Audit::new(answers, &listed)
}

#[test]
fn one_template_from_two_operations_is_one_change_and_its_savings_add_up() {
    let answers = with(&[
        (N_PLUS_ONE, "GET /a", "SELECT x", 20),
        (N_PLUS_ONE, "GET /b", "SELECT x", 10),
    ]);
    let audit = audit(&answers);
    assert_eq!(
        drawn(&audit),
        ["n-plus-one-query GET /a + n-plus-one-query GET /b: 120, 120"]
    );
    assert_eq!(audit.interventions[0].effort, Millionths(200_000));
}

#[test]
fn what_two_changes_save_of_one_request_is_not_added() {
    let answers = with(&[
        (N_PLUS_ONE, "GET /a", "SELECT x", 20),
        (N_PLUS_ONE, "GET /a", "SELECT y", 15),
        (N_PLUS_ONE, "GET /b", "SELECT z", 10),
    ]);
    let audit = audit(&answers);
    assert_eq!(
        drawn(&audit),
        [
            "n-plus-one-query GET /a: 80, 80",
            "n-plus-one-query GET /a: 60, at least 0",
            "n-plus-one-query GET /b: 40, 40",
        ]
    );
    assert_eq!(audit.interventions[1].overlaps, [audit.interventions[0].id()]);
    assert!(
        audit.not_seen[0].contains("not replayed together"),
        "{:?}",
        audit.not_seen
    );
}

#[test]
fn no_more_than_five_come_first_and_trifles_only_to_fill_three() {
    let names = ["A", "B", "C", "D", "E", "F", "G"];
    let answers = with(&names.map(|name| (N_PLUS_ONE, name, name, 20)));
    let first = audit(&answers);
    assert_eq!((first.interventions.len(), first.later), (5, 2));
    let answers = with(&[
        (N_PLUS_ONE, "GET /1", "A", 1_000),
        (N_PLUS_ONE, "GET /2", "B", 1),
        (N_PLUS_ONE, "GET /3", "C", 1),
        (N_PLUS_ONE, "GET /4", "D", 1),
    ]);
    let first = audit(&answers);
    assert_eq!((first.interventions.len(), first.later), (3, 1));
}

#[test]
fn what_stands_in_the_way_of_a_change_is_named_where_it_sits() {
    let answers = with(&[
        (N_PLUS_ONE, "GET /a", "GET x", 20),
        (N_PLUS_ONE, "GET /b", "GET y", 20),
        (SERIAL, "GET /a", "GET z", 90),
    ]);
    let before = |audit: &Audit<'_>| -> Vec<String> {
        let serial = audit
            .interventions
            .iter()
            .filter(|of| of.hotspots[0].detector == SERIAL);
        let before = serial.flat_map(|of| &of.depends_on);
        let named = before.filter_map(|id| audit.interventions.iter().find(|of| of.id() == *id));
        named.map(|of| of.hotspots[0].operation.clone()).collect()
    };
    assert_eq!(before(&audit(&answers)), Vec::<String>::new());
    // A loop of calls becomes one call first; then it is seen what is left to overlap. Elsewhere it does not matter.
    let mut hotspots = answers.hotspots.clone();
    for hotspot in hotspots.iter_mut().filter(|of| of.detector == N_PLUS_ONE) {
        hotspot.detector = "n-plus-one-call";
    }
    let listed: Vec<&Hotspot> = hotspots.iter().collect();
    assert_eq!(before(&Audit::new(&answers, &listed)), ["GET /a"]);
}

#[test]
fn muted_and_fixed_faults_are_nothing_to_do_but_stay_in_their_break() {
    let answers = with(&[(N_PLUS_ONE, "GET /a", "SELECT x", 20)]);
    for state in [
        State::Acknowledged,
        State::Muted,
        State::NotExercised,
        State::Fixed,
    ] {
        let mut hotspot = answers.hotspots[0].clone();
        hotspot.state = state;
        let audit = Audit::new(&answers, &[&hotspot]);
        assert_eq!(
            (audit.interventions.len(), audit.breaks[0].1.len()),
            (0, 1),
            "{state:?}"
        );
    }
}

#[test]
fn statements_are_ranked_by_what_requests_wait_for_them_and_name_who_causes_them() {
    let answers = with(&[
        (N_PLUS_ONE, "GET /a", "SELECT x", 20),
        (N_PLUS_ONE, "GET /b", "SELECT x", 30),
        (N_PLUS_ONE, "GET /c", "SELECT y", 10),
    ]);
    let audit = audit(&answers);
    let lines: Vec<String> = audit
        .query_patterns
        .iter()
        .map(|of| {
            let causes: Vec<&str> = of.causes.iter().map(|cause| cause.operation.as_str()).collect();
            let (path, share) = (of.path_s_per_hour.0 / 1_000, of.share.0 / 10_000);
            format!(
                "{}: {} calls, {path}, {share} %, {causes:?}",
                of.template, of.calls
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            r#"SELECT x: 80 calls, 200, 83 %, ["GET /b", "GET /a"]"#,
            r#"SELECT y: 40 calls, 40, 16 %, ["GET /c"]"#,
        ]
    );
}

#[test]
fn bottlenecks_are_shares_of_critical_paths() {
    let answers = with(&[
        (N_PLUS_ONE, "GET /a", "SELECT x", 20),
        (N_PLUS_ONE, "GET /b", "SELECT x", 30),
    ]);
    let bottlenecks = audit(&answers).bottlenecks;
    assert_eq!(bottlenecks.services.len(), 1);
    assert_eq!(bottlenecks.services[0].share, Millionths::ONE);
    assert_eq!(bottlenecks.system.largest(), Category::Db);
    assert_eq!(bottlenecks.operations[0].operation, "GET /a");
    assert_eq!(bottlenecks.operations[0].share, Millionths(500_000));
    assert_eq!(
        bottlenecks.operations[0].shares()[Category::Db as usize],
        Millionths(600_000)
    );
}

#[test]
fn a_gap_says_what_it_hides() {
    let mut world = World::default();
    let mut reports: Vec<Report> = (1..=4).map(|n| world.report(n, "orders", "GET /a")).collect();
    for report in &mut reports {
        world.find(report, GAP, "");
        report.services[0].orphans = 3;
        report.path[0].category = Category::Gap;
        report.incomplete = true;
    }
    let answers = world.answers(&reports, minute(0));
    let audit = audit(&answers);
    let said: Vec<&str> = audit.gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(
        said[1..],
        [
            "12 of 48 spans name a parent that was never received",
            "100 % of its critical-path time has no span of known time",
        ]
    );
    assert!(
        audit
            .gaps
            .iter()
            .all(|gap| gap.service == "orders" && !gap.hides.is_empty())
    );
    assert!(
        audit
            .not_seen
            .iter()
            .any(|said| said.starts_with("4 of 4 traces lack spans"))
    );
}

#[test]
fn calls_that_nobody_answers_are_one_gap_of_their_caller() {
    let mut world = World::default();
    let report = world.report(1, "orders", "GET /a");
    let answers = world.answers(&[report], minute(0));
    let call = |to: &str, calls| Dependency {
        from: "orders".to_owned(),
        to: to.to_owned(),
        peer: Peer::Internal,
        system: "http".to_owned(),
        class: Class::Call,
        traces: 1,
        calls,
        failed: 0,
        time: Nanos::ZERO,
        path: Nanos::ZERO,
        answered: false,
    };
    let answers = Answers {
        dependencies: vec![call("a", 1), call("b", 7), call("c", 2), call("d", 2)],
        ..answers
    };
    let audit = audit(&answers);
    let said: Vec<&str> = audit.gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert_eq!(
        said,
        ["of its calls inside the system 12 show no span of the callee: b, c, d and 1 more"]
    );
}

#[test]
fn no_traces_are_no_changes_and_the_audit_says_what_it_does_not_know() {
    let answers = Answers::default();
    let audit = audit(&answers);
    assert!(audit.interventions.is_empty() && audit.gaps.is_empty());
    assert_eq!(audit.breaks.len(), 4);
    assert!(audit.not_seen.iter().any(|said| said.contains("No statement")));
}
