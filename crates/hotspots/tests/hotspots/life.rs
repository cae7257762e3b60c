//! The states of a hotspot, each at its threshold.

use hotspan_model::{Nanos, Report, State};

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

    fn state(&self, now: u64) -> State {
        self.world.answers(&self.reports, minute(now)).hotspots[0].state
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
