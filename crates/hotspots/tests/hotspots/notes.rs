//! What people said of hotspots: when it holds, when it ends, and what it changes.

use hotspan_hotspots::{Answers, NOTES_MAX, Notes, Saying, Settings, Unsaid};
use hotspan_model::*;

use crate::build::{N_PLUS_ONE, SERIAL, World, minute};

const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;

/// Requests that save so many milliseconds each, at a minute.
fn faulty(world: &mut World, from: u128, at: u64, traces: u128, saving: u64) -> Vec<Report> {
    let mut report = |trace| {
        let mut report = world.report(from + trace, "orders", "GET /orders");
        report.at = minute(at);
        let finding = world.find(&mut report, N_PLUS_ONE, "SELECT ?");
        finding.dear = true;
        finding.saving.likely = Nanos::from_millis(saving);
        report
    };
    (0..traces).map(&mut report).collect()
}

fn acknowledged(until: Option<u64>) -> Saying {
    said(Some(Decision::Acknowledged {
        until: until.map(minute),
    }))
}

fn muted(until: u64) -> Saying {
    said(Some(Decision::Muted { until: minute(until) }))
}

fn said(decision: Option<Decision>) -> Saying {
    Saying {
        decision,
        reason: "replaced in June".to_owned(),
        by: "ann".to_owned(),
    }
}

/// A hotspot, and notes about it.
struct Noted {
    world: World,
    reports: Vec<Report>,
    notes: Notes,
}

impl Noted {
    /// Ten sightings of 15 ms at noon, and what is said of them then.
    fn new(saying: Saying) -> Noted {
        let mut world = World::default();
        let reports = faulty(&mut world, 1, 0, 10, 15);
        let mut noted = Noted {
            world,
            reports,
            notes: Notes::default(),
        };
        let answers = noted.at(0);
        noted
            .notes
            .say(&answers, answers.hotspots[0].id, saying, minute(0))
            .expect("the hotspot is known");
        noted
    }

    fn add(&mut self, at: u64, traces: u128, saving: u64) -> &mut Noted {
        let from = self.reports.len() as u128 + 1;
        let more = faulty(&mut self.world, from, at, traces, saving);
        self.reports.extend(more);
        self
    }

    fn clean(&mut self, at: u64, traces: u128) -> &mut Noted {
        self.add(at, traces, 15);
        let from = self.reports.len() - traces as usize;
        for report in &mut self.reports[from..] {
            report.findings.clear();
        }
        self
    }

    fn at(&mut self, now: u64) -> Answers {
        let mut answers = self.world.answers(&self.reports, minute(now));
        self.notes.apply(&mut answers, minute(now));
        answers
    }

    /// State, and why what was said is over.
    fn state(&mut self, now: u64) -> (State, Option<Over>) {
        let hotspot = self.at(now).hotspots.remove(0);
        (hotspot.state, hotspot.note.and_then(|note| note.over))
    }
}

#[test]
fn an_acknowledgement_returns_at_its_end_and_stays_so() {
    let mut noted = Noted::new(acknowledged(Some(30)));
    assert_eq!(noted.state(29), (State::Acknowledged, None));
    assert!(!noted.notes.is_due(minute(29)) && noted.notes.is_due(minute(30)));
    assert_eq!(noted.state(30), (State::New, Some(Over::Expired)));
    assert!(!noted.notes.is_due(minute(30)));
}

#[test]
fn without_an_end_an_acknowledgement_lasts() {
    let mut noted = Noted::new(acknowledged(None));
    assert_eq!(
        noted.add(5 * DAY, 10, 15).state(5 * DAY),
        (State::Acknowledged, None)
    );
}

#[test]
fn what_is_acknowledged_returns_at_twice_its_impact_of_that_day() {
    let state = |saving: u64| {
        // An hour of data, so that the impact is that of an hour.
        let mut noted = Noted::new(acknowledged(None));
        let answers = noted.at(HOUR);
        let id = answers.hotspots[0].id;
        noted
            .notes
            .say(&answers, id, acknowledged(None), minute(HOUR))
            .unwrap();
        noted.add(HOUR, 10, saving).state(HOUR)
    };
    assert_eq!(state(14), (State::Acknowledged, None));
    assert_eq!(state(15), (State::New, Some(Over::Doubled)));
}

#[test]
fn what_doubled_stays_returned_when_it_costs_less_again() {
    let mut noted = Noted::new(acknowledged(None));
    noted.add(2 * HOUR, 100, 5_000);
    assert_eq!(noted.state(2 * HOUR).1, Some(Over::Doubled));
    noted.add(3 * DAY, 20, 1);
    assert_eq!(noted.state(3 * DAY), (State::Open, Some(Over::Doubled)));
}

#[test]
fn what_is_acknowledged_in_the_first_minutes_does_not_return_with_the_first_hour() {
    let mut noted = Noted::new(acknowledged(None));
    for at in 1..60 {
        noted.add(at, 10, 15);
    }
    assert_eq!(noted.state(60), (State::Acknowledged, None));
}

#[test]
fn what_is_fixed_needs_no_acknowledgement_and_what_comes_back_a_new_one() {
    let mut noted = Noted::new(acknowledged(None));
    assert_eq!(
        noted.clean(2 * HOUR, 20).state(2 * HOUR + 1),
        (State::Fixed, None)
    );
    noted.add(5 * HOUR, 1, 15);
    assert_eq!(noted.state(5 * HOUR), (State::Regressed, Some(Over::Returned)));
    let answers = noted.at(5 * HOUR);
    let id = answers.hotspots[0].id;
    noted
        .notes
        .say(&answers, id, acknowledged(None), minute(5 * HOUR))
        .unwrap();
    assert_eq!(noted.state(5 * HOUR), (State::Acknowledged, None));
    assert_eq!(noted.at(5 * HOUR).hotspots[0].returns.count, 1);
}

#[test]
fn what_is_muted_stays_so_whatever_it_costs_until_its_time() {
    let mut noted = Noted::new(muted(3 * HOUR));
    noted.add(2 * HOUR, 100, 5_000);
    assert_eq!(noted.state(2 * HOUR), (State::Muted, None));
    assert_eq!(noted.state(3 * HOUR), (State::New, Some(Over::Expired)));
}

#[test]
fn muted_hotspots_follow_the_listed_ones_and_are_counted() {
    let mut world = World::default();
    let mut reports = Vec::new();
    for (trace, detector) in [(1, N_PLUS_ONE), (2, SERIAL)] {
        for again in 0..4 {
            let mut report = world.report(trace * 10 + again, "orders", "GET /orders");
            world.find(&mut report, detector, "SELECT ?").dear = true;
            reports.push(report);
        }
    }
    let plain = world.answers(&reports, minute(0));
    let (first, second) = (plain.hotspots[0].id, plain.hotspots[1].id);
    let mut notes = Notes::default();
    notes.say(&plain, first, muted(HOUR), minute(0)).unwrap();
    let mut answers = plain.clone();
    notes.apply(&mut answers, minute(1));
    let order: Vec<_> = answers.hotspots.iter().map(|one| (one.rank, one.id)).collect();
    assert_eq!(order, [(1, second), (2, first)]);
    assert_eq!(
        (
            answers.listed,
            answers.coverage.muted,
            answers.services[0].hotspots
        ),
        (1, 1, 1)
    );
    notes.say(&plain, first, said(None), minute(2)).unwrap();
    let mut again = plain.clone();
    notes.apply(&mut again, minute(2));
    assert_eq!(again, plain);
}

#[test]
fn nothing_is_noted_of_what_nobody_knows_and_texts_are_bounded() {
    let mut noted = Noted::new(acknowledged(None));
    let answers = noted.at(0);
    let id = answers.hotspots[0].id;
    let mut notes = Notes::default();
    for saying in [acknowledged(None), said(None)] {
        let unknown = notes.say(&answers, Fingerprint(7), saying, minute(0));
        assert_eq!(unknown, Err(Unsaid::Unknown));
    }
    let long = Saying {
        reason: "ä".repeat(10_000),
        by: "ö".repeat(10_000),
        ..acknowledged(None)
    };
    notes.say(&answers, id, long, minute(0)).unwrap();
    let held: Vec<_> = notes.iter().collect();
    assert_eq!(
        (held[0].1.reason.chars().count(), held[0].1.by.chars().count()),
        (500, 100)
    );
}

#[test]
fn so_many_notes_are_held_and_those_that_are_over_make_room() {
    let mut noted = Noted::new(acknowledged(None));
    let answers = noted.at(0);
    let (id, note) = noted
        .notes
        .iter()
        .map(|(id, note)| (id, note.clone()))
        .next()
        .unwrap();
    let full = |over| {
        let others = (0..NOTES_MAX as u128).map(move |at| (at, if at == 5 { over } else { None }));
        let note = note.clone();
        Notes::load(others.map(move |(at, over)| (Fingerprint(at), Note { over, ..note.clone() })))
    };
    let say = |mut notes: Notes| {
        let said = notes.say(&answers, id, acknowledged(None), minute(0));
        (said, notes.iter().count())
    };
    assert_eq!(say(full(None)), (Err(Unsaid::Full), NOTES_MAX));
    assert_eq!(say(full(Some(Over::Expired))), (Ok(()), NOTES_MAX));
}

#[test]
fn what_was_saved_is_what_is_loaded() {
    let noted = Noted::new(acknowledged(Some(HOUR)));
    let saved: Vec<_> = noted.notes.iter().map(|(id, note)| (id, note.clone())).collect();
    assert_eq!(Notes::load(saved), noted.notes);
}

#[test]
fn states_do_not_depend_on_order_or_on_how_traces_were_spread() {
    let mut noted = Noted::new(acknowledged(Some(20 * DAY)));
    for (at, traces) in [
        (1, 3),
        (2 * HOUR, 4),
        (9 * HOUR, 2),
        (30 * HOUR, 5),
        (31 * HOUR, 1),
    ] {
        noted.add(at, traces, 9);
    }
    noted.clean(5 * HOUR, 60).clean(20 * HOUR, 90).clean(30 * HOUR, 7);
    let now = minute(32 * HOUR);
    let expected = noted.at(32 * HOUR).hotspots.remove(0);
    assert_eq!(expected.returns.count, 2);
    for seed in 0..40_usize {
        let mut order: Vec<usize> = (0..noted.reports.len()).collect();
        order.sort_by_key(|&at| (at * 7_919 + seed * 104_729) % 211);
        let settings = Settings::default();
        let seeds =
            (0..1 + seed % 3).map(|_| hotspan_hotspots::Hotspots::new(settings.clone(), TableSeed(3)));
        let mut shards: Vec<_> = seeds.collect();
        for (nth, &at) in order.iter().enumerate() {
            let many = shards.len();
            shards[nth % many].add(&noted.reports[at], &noted.world.dictionary);
        }
        let mut answers = noted.world.read(&mut shards, now);
        noted.notes.apply(&mut answers, now);
        let found = &answers.hotspots[0];
        assert_eq!(
            (found.state, found.returns, &found.note),
            (expected.state, expected.returns, &expected.note),
            "seed {seed}"
        );
    }
}
