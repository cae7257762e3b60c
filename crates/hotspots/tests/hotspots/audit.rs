//! The audit: which changes come first, what is known of them together, and what stands behind them.

use hotspan_hotspots::audit::Audit;
use hotspan_hotspots::{Answers, Dependency};
use hotspan_model::*;

use proptest::prelude::*;

use crate::build::{GAP, N_PLUS_ONE, SERIAL, World, minute, nest};

/// A fault: detector, operation, template, milliseconds saved.
type Fault<'a> = (&'static str, &'a str, &'a str, u64);

/// Faults that each open a hotspot, each in traces of its own.
fn with(faults: &[Fault<'_>]) -> Answers {
    let alone: Vec<&[Fault<'_>]> = faults.chunks(1).collect();
    inside(&alone)
}

/// Faults that each open a hotspot; those of one group lie inside one another in the same traces.
fn inside(groups: &[&[Fault<'_>]]) -> Answers {
    let mut world = World::default();
    let reports = inside_of(&mut world, groups);
    world.answers(&reports, minute(0))
}

fn inside_of(world: &mut World, groups: &[&[Fault<'_>]]) -> Vec<Report> {
    let mut reports = Vec::new();
    for (trace, &group) in (1..).zip(groups) {
        for again in 0..4 {
            let mut report = world.report(trace * 10 + again, "orders", group[0].1);
            for &(detector, operation, template, saved) in group {
                report.segments[0].at = world.op("orders", operation);
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
                    .push(statement_call(&report, world, statement, saved));
            }
            nest(&mut report);
            reports.push(report);
        }
    }
    reports
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
fn what_changes_save_of_different_requests_is_added_though_the_operation_is_one() {
    let answers = with(&[
        (N_PLUS_ONE, "GET /a", "SELECT x", 20),
        (N_PLUS_ONE, "GET /a", "SELECT y", 15),
    ]);
    assert_eq!(
        drawn(&audit(&answers)),
        [
            "n-plus-one-query GET /a: 80, 80",
            "n-plus-one-query GET /a: 60, 60"
        ]
    );
}

#[test]
fn what_two_changes_save_of_one_request_is_not_added() {
    let answers = inside(&[
        &[
            (N_PLUS_ONE, "GET /a", "SELECT x", 20),
            (N_PLUS_ONE, "GET /a", "SELECT y", 15),
        ],
        &[(N_PLUS_ONE, "GET /b", "SELECT z", 10)],
    ]);
    let audit = audit(&answers);
    // What is worth more after the first one comes before what is worth more alone.
    assert_eq!(
        drawn(&audit),
        [
            "n-plus-one-query GET /a: 80, 80",
            "n-plus-one-query GET /b: 40, 40",
            "n-plus-one-query GET /a: 60, 0",
        ]
    );
    assert_eq!(audit.interventions[2].overlaps, [audit.interventions[0].id()]);
    assert!(audit.interventions[1].overlaps.is_empty());
}

#[test]
fn hotspots_of_one_change_that_lie_inside_one_another_save_what_all_of_them_save_together() {
    let answers = inside(&[&[
        (N_PLUS_ONE, "GET /a", "SELECT x", 20),
        (N_PLUS_ONE, "GET /b", "SELECT x", 10),
    ]]);
    let audit = audit(&answers);
    assert_eq!(
        drawn(&audit),
        ["n-plus-one-query GET /a + n-plus-one-query GET /b: 80, 80"]
    );
    let change = answers.hotspots[0].id.to_string();
    assert_eq!(audit.interventions[0].id(), change);
    assert!(
        answers
            .hotspots
            .iter()
            .all(|hotspot| hotspot.change.as_ref() == Some(&change))
    );
}

#[test]
fn what_counts_over_traces_say_is_not_added_to_what_replays_say() {
    let mut answers = with(&[
        (N_PLUS_ONE, "GET /a", "SELECT x", 20),
        (N_PLUS_ONE, "GET /b", "SELECT y", 15),
    ]);
    // A hotspot that no trace replayed, of entries that nobody knows.
    answers.hotspots[1].id = Fingerprint(1);
    answers.hotspots[1].entries.clear();
    let audit = audit(&answers);
    assert_eq!(
        drawn(&audit),
        [
            "n-plus-one-query GET /a: 80, 80",
            "n-plus-one-query GET /b: 60, at least 0"
        ]
    );
    assert!(
        audit.not_seen[0].contains("not replayed together"),
        "{:?}",
        audit.not_seen
    );
}

#[test]
fn only_so_many_changes_are_compared_and_the_audit_says_so() {
    let names: Vec<String> = (0..65).map(|n| format!("GET /{n}")).collect();
    let faults: Vec<Fault<'_>> = names
        .iter()
        .map(|name| (N_PLUS_ONE, &name[..], &name[..], 20))
        .collect();
    let said = |faults: &[Fault<'_>]| audit(&with(faults)).not_seen[0].clone();
    assert!(said(&faults).starts_with("Of 65 changes the 64 "));
    assert!(!said(&faults[..64]).starts_with("Of 6"));
}

/// Groups of faults that lie inside one another, one group a request of 100 ms.
fn groups() -> impl Strategy<Value = Vec<Vec<(u8, u8, u64)>>> {
    prop::collection::vec(prop::collection::vec((0..4_u8, 0..5_u8, 1..100_u64), 1..4), 1..6)
}

proptest! {
    #[test]
    fn changes_never_save_more_than_alone_nor_all_together_more_than_there_is(groups in groups()) {
        let names = ["GET /a", "GET /b", "GET /c", "GET /d"];
        let templates = ["SELECT v", "SELECT w", "SELECT x", "SELECT y", "SELECT z"];
        let detectors = [N_PLUS_ONE, SERIAL];
        let groups: Vec<Vec<Fault<'_>>> = groups
            .iter()
            .map(|group| {
                let of = |&(operation, template, saved): &(u8, u8, u64)| {
                    let detector = detectors[usize::from(template) % 2];
                    (detector, names[usize::from(operation)], templates[usize::from(template)], saved / 3)
                };
                group.iter().map(of).collect()
            })
            .collect();
        let groups: Vec<&[Fault<'_>]> = groups.iter().map(Vec::as_slice).collect();
        let mut world = World::default();
        let mut reports = inside_of(&mut world, &groups);
        let answers = world.answers(&reports, minute(0));
        let first = audit(&answers);
        let mut sum = 0;
        for change in &first.interventions {
            let own: u64 = change.hotspots.iter().map(|hotspot| hotspot.impact_s_per_hour.0).sum();
            prop_assert!(change.impact.0 <= own);
            prop_assert!(change.marginal.unwrap_or_default() <= change.impact);
            sum += change.marginal_at_least.0;
        }
        // 100 ms in each of four traces a group, in one hour.
        prop_assert!(sum <= 400_000 * groups.len() as u64, "{sum}");
        reports.reverse();
        let turned = world.answers(&reports, minute(0));
        prop_assert_eq!(drawn(&first), drawn(&audit(&turned)));
    }
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
        let named = before.filter_map(|id| audit.interventions.iter().find(|of| of.id() == **id));
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
