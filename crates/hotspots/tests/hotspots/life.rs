//! The states of a hotspot, each at its threshold.

use hotspan_model::{Class, FactKind, FactRow, Hotspot, Nanos, Report, State};

use crate::build::{N_PLUS_ONE, World, minute};

const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;

/// Requests of one operation, some with the fault.
#[derive(Default)]
struct Life {
    world: World,
    reports: Vec<Report>,
}

impl Life {
    /// `clean` requests without the fault and `faulty` ones with it in a minute, each saving so many milliseconds.
    fn at(&mut self, at: u64, clean: usize, faulty: usize, saving: u64) -> &mut Life {
        for nth in 0..clean + faulty {
            let trace = self.reports.len() as u128 + 1;
            let mut report = self.world.report(trace, "orders", "GET /orders");
            report.at = minute(at);
            if nth >= clean {
                let finding = self.world.find(&mut report, N_PLUS_ONE, "SELECT ?");
                finding.dear = true;
                finding.saving.likely = Nanos::from_millis(saving);
            }
            self.reports.push(report);
        }
        self
    }

    /// The version that served the requests from the `from`th on.
    fn version(&mut self, from: usize, version: &str) -> &mut Life {
        for report in &mut self.reports[from..] {
            let at = report.segments[0].at;
            let text = self.world.text(version);
            report.facts.push(FactRow {
                what: Some(text),
                ..FactRow::new(FactKind::Served, Class::Server, at)
            });
            for finding in &mut report.findings {
                finding.source = self.world.source("orders", version);
            }
        }
        self
    }

    fn hotspot(&self, now: u64) -> Hotspot {
        self.world.answers(&self.reports, minute(now)).hotspots.remove(0)
    }

    fn state(&self, now: u64) -> State {
        self.hotspot(now).state
    }
}

#[test]
fn twenty_traces_without_it_fix_what_each_trace_showed() {
    let state = |after: usize| {
        Life::default()
            .at(0, 0, 10, 15)
            .at(2 * HOUR, after, 0, 0)
            .state(2 * HOUR)
    };
    assert_eq!(state(19), State::New);
    assert_eq!(state(20), State::Fixed);
}

#[test]
fn what_few_traces_showed_needs_more_of_them() {
    let state = |after: usize| {
        Life::default()
            .at(0, 90, 10, 15)
            .at(2 * HOUR, after, 0, 0)
            .state(2 * HOUR)
    };
    assert_eq!(state(29), State::New);
    assert_eq!(state(30), State::Fixed);
}

#[test]
fn nothing_is_fixed_within_the_hour() {
    let mut life = Life::default();
    life.at(59, 0, 10, 15).at(HOUR, 40, 0, 0);
    assert_eq!(life.state(HOUR + 59), State::New);
    assert_eq!(life.state(HOUR + 60), State::Fixed);
}

#[test]
fn without_twenty_traces_in_a_day_there_is_no_verdict() {
    let state = |after: usize, now: u64| {
        Life::default()
            .at(0, 190, 10, 15)
            .at(2 * HOUR, after, 0, 0)
            .state(now)
    };
    assert_eq!(state(19, DAY), State::Open);
    assert_eq!(state(19, DAY + HOUR), State::NotExercised);
    // Called, but not often enough to be sure.
    assert_eq!(state(20, DAY + HOUR), State::Open);
    assert_eq!(state(60, DAY + HOUR), State::Fixed);
}

#[test]
fn what_comes_back_after_it_was_fixed_has_regressed() {
    let state = |between: usize| {
        Life::default()
            .at(0, 0, 10, 15)
            .at(2 * HOUR, between, 0, 0)
            .at(5 * HOUR, 10, 1, 15)
            .state(5 * HOUR)
    };
    assert_eq!(state(19), State::New);
    assert_eq!(state(20), State::Regressed);
}

#[test]
fn what_costs_half_more_than_its_week_is_worsening() {
    let state = |saving: u64, traces: usize| {
        let mut life = Life::default();
        for day in 0..7 {
            life.at(day * DAY + 90, 0, 20, 10);
        }
        life.at(7 * DAY + 90, 0, traces, saving).state(7 * DAY + 95)
    };
    assert_eq!(state(14, 20), State::Open);
    assert_eq!(state(15, 20), State::Worsening);
    // A day of few traces says nothing.
    assert_eq!(state(30, 19), State::Open);
}

#[test]
fn what_worsened_is_open_again_when_it_is_back_near_its_week() {
    let state = |extra: u64, saving: u64, hour: u64| {
        let mut life = Life::default();
        for day in 0..8 {
            life.at(day * DAY + HOUR, 0, 20, 10);
        }
        // Until ten o'clock the day before still has this.
        life.at(7 * DAY + 10 * HOUR, 0, 10, extra);
        life.at(8 * DAY + HOUR, 0, 20, saving)
            .state(8 * DAY + hour * HOUR)
    };
    assert_eq!(state(10, 13, 2), State::Worsening);
    assert_eq!(state(10, 13, 12), State::Worsening);
    assert_eq!(state(10, 11, 2), State::Worsening);
    assert_eq!(state(10, 11, 12), State::Open);
    assert_eq!(state(0, 13, 12), State::Open);
}

#[test]
fn an_operation_without_a_row_gives_no_verdict() {
    let mut life = Life::default();
    life.at(0, 0, 10, 15).at(2 * HOUR, 40, 0, 0);
    for report in &mut life.reports {
        report.segments.clear();
    }
    assert_eq!(life.state(2 * HOUR), State::New);
    assert_eq!(life.state(DAY + HOUR), State::NotExercised);
}

/// A life drawn by the hour: `x` ten requests with the fault, `.` thirty without it, `-` none. Read at the end of it.
fn drawn(hours: &str) -> (State, u64) {
    let mut life = Life::default();
    for (hour, what) in (0..).zip(hours.chars()) {
        match what {
            'x' => life.at(hour * HOUR, 0, 10, 15),
            '.' => life.at(hour * HOUR, 30, 0, 0),
            _ => &mut life,
        };
    }
    let hotspot = life.hotspot(hours.len() as u64 * HOUR - 1);
    (hotspot.state, hotspot.returns.count)
}

#[test]
fn lives_by_the_hour() {
    for (hours, state, returns) in [
        ("x", State::New, 0),
        ("xxx", State::New, 0),
        ("x-", State::New, 0),
        ("x.", State::Fixed, 0),
        ("x..", State::Fixed, 0),
        ("x.x", State::Regressed, 1),
        ("x-x", State::New, 0),
        ("x.x.x", State::Regressed, 2),
        ("x.x..", State::Fixed, 1),
        ("x.xxx.x-x", State::Regressed, 2),
        ("xxxxxxxxxxxxxxxxxxxxxxxx", State::New, 0),
        ("xxxxxxxxxxxxxxxxxxxxxxxxx", State::Open, 0),
        ("x-----------------------", State::New, 0),
        ("x------------------------", State::NotExercised, 0),
        ("x.x-----------------------", State::Regressed, 1),
        ("x.x------------------------", State::NotExercised, 1),
        ("x-------------------------x", State::Open, 0),
        ("x------------------------.x", State::Regressed, 1),
    ] {
        assert_eq!(drawn(hours), (state, returns), "{hours}");
    }
}

#[test]
fn a_return_is_dated_by_its_hour() {
    let mut life = Life::default();
    life.at(0, 0, 10, 15)
        .at(2 * HOUR, 20, 0, 0)
        .at(5 * HOUR + 7, 0, 1, 15);
    assert_eq!(life.hotspot(6 * HOUR).returns.last, Some(minute(5 * HOUR)));
}

#[test]
fn of_many_pauses_each_must_be_longer_to_be_a_return() {
    // One trace in ten carries it: thirty without it in a row are chance once in twenty pauses.
    let returns = |pauses: u64, clean: usize| {
        let mut life = Life::default();
        for nth in 0..=pauses {
            life.at(2 * nth * HOUR, 90, 10, 15);
            if nth < pauses {
                life.at((2 * nth + 1) * HOUR, clean, 0, 0);
            }
        }
        life.hotspot(2 * pauses * HOUR + 1).returns.count
    };
    assert_eq!((returns(1, 29), returns(1, 30)), (0, 1));
    assert_eq!(returns(8, 35), 0);
    assert!(returns(8, 100) > 0);
}

#[test]
fn a_version_that_never_showed_it_fixes_it_within_the_hour() {
    let state = |after: usize, version: &str| {
        let mut life = Life::default();
        life.at(0, 0, 10, 15).at(HOUR + 1, 0, 10, 15).version(0, "1.4.0");
        life.at(HOUR + 5, after, 0, 0).version(20, version);
        life.state(HOUR + 9)
    };
    assert_eq!(state(19, "1.5.0"), State::New);
    assert_eq!(state(20, "1.5.0"), State::Fixed);
    // The version that showed it may just not have been asked.
    assert_eq!(state(20, "1.4.0"), State::New);
}

#[test]
fn a_version_beside_the_one_that_shows_it_fixes_nothing() {
    let mut life = Life::default();
    life.at(0, 0, 10, 15).version(0, "1.4.0");
    life.at(HOUR, 100, 0, 0).version(10, "1.5.0");
    life.at(HOUR + 1, 0, 10, 15).version(110, "1.4.0");
    assert_eq!(life.state(HOUR + 5), State::New);
    // It is gone once traces that came after it are.
    life.at(HOUR + 5, 30, 0, 0).version(120, "1.5.0");
    assert_eq!(life.state(HOUR + 6), State::Fixed);
}

#[test]
fn a_version_from_before_the_fault_fixes_nothing_within_the_hour() {
    let mut life = Life::default();
    life.at(0, 100, 0, 0).version(0, "1.3.0");
    life.at(2 * HOUR, 0, 10, 15).version(100, "1.4.0");
    life.at(2 * HOUR + 5, 100, 0, 0).version(110, "1.3.0");
    assert_eq!(life.state(2 * HOUR + 9), State::New);
    assert_eq!(life.state(3 * HOUR + 1), State::New);
}
