//! One operation: its traces analysed, and what was found held against what is true.

use hotspan_benches::Line;
use hotspan_hotspots::MIN_CONFIDENCE;
use hotspan_model::{Hotspot, LogTime, Millionths};
use hotspan_pipeline::Settings;
use hotspan_testkit::generator::{Fault, Operation};
use prost::Message;

use crate::population::{Group, is_undecidable};
use crate::tally::{Tallies, Tally};

/// Savings below this are nothing to be right about, in nanoseconds.
const SAVING_MIN: u64 = 1_000_000;
/// How far beyond a predicted range the truth may lie, as a part of itself: many edits give a single number.
const SLACK: u64 = 100;

/// What one operation's traces gave.
pub(crate) struct Seen {
    hotspots: Vec<Hotspot>,
    /// True savings, ascending, in nanoseconds.
    savings: Vec<u64>,
}

impl Seen {
    /// The first `traces` requests that its sampler keeps.
    pub(crate) fn of(operation: &Operation, traces: u64, calibrated: bool) -> Seen {
        let mut settings = Settings::offline(1 << 30);
        settings.hotspots.calibrated = calibrated;
        let mut line = Line::new(settings);
        let mut savings = Vec::new();
        let kept = (0..).filter(|&n| operation.keeps(n));
        for n in kept.take(traces as usize) {
            let made = operation.request(n, 1_700_000_000_000_000_000 + n * 1_000_000_000);
            savings.push(
                made.duration
                    .saturating_sub(made.repaired.unwrap_or(made.duration)),
            );
            for request in made.requests {
                line.take(&request.encode_to_vec(), LogTime(0));
            }
        }
        savings.sort_unstable();
        let mut hotspots = line.finish().hotspots;
        // The generator knows what is wrong with a trace; what many of them show together has tests of its own.
        let of_one_trace: Vec<&str> = hotspan_analysis::catalogue().iter().map(|meta| meta.id).collect();
        hotspots.retain(|hotspot| of_one_trace.contains(&hotspot.detector));
        Seen { hotspots, savings }
    }

    /// The saving of the operation as its hotspot would state it: a median, but for a limit on a tail the mean.
    fn truth(&self, detector: &str) -> u64 {
        let count = self.savings.len();
        match detector {
            "third-party-on-critical-path" => self.savings.iter().sum::<u64>() / count as u64,
            _ => self.savings[(count - 1) / 2],
        }
    }

    /// Counts what is right; says what is not.
    pub(crate) fn judge(&self, operation: &Operation, group: Group, tallies: &mut Tallies) -> String {
        let wanted = operation.case.fault.as_ref();
        let is_true = |hotspot: &Hotspot| wanted.is_some_and(|fault| is_it(hotspot, fault));
        for hotspot in &self.hotspots {
            tallies.curve.add(hotspot.confidence, is_true(hotspot));
        }
        if is_undecidable(operation) {
            return String::new();
        }
        let mut said = String::new();
        let listed = |hotspot: &&Hotspot| hotspot.confidence >= MIN_CONFIDENCE;
        for other in self.hotspots.iter().filter(listed) {
            if !is_true(other) {
                tallies.of(group, other.detector).invented += 1;
                let (id, service, operation) = (other.detector, &other.service, &other.operation);
                said += &format!("invented {id} in {service} {operation}; ");
            }
        }
        let Some(fault) = wanted else {
            tallies.healthy += 1;
            return said;
        };
        let tally = tallies.of(group, fault.detector);
        let mut found = self.hotspots.iter().filter(listed);
        match found.find(|spot| is_it(spot, fault)) {
            Some(found) => {
                tally.found += 1;
                said + &self.judge_saving(found, fault, tally)
            }
            None => {
                tally.missed += 1;
                let (id, service, operation) = (fault.detector, fault.service, &fault.operation);
                said + &format!("missed {id} in {service} {operation}")
            }
        }
    }

    fn judge_saving(&self, found: &Hotspot, fault: &Fault, tally: &mut Tally) -> String {
        let truth = self.truth(fault.detector);
        if truth < SAVING_MIN {
            return String::new();
        }
        let (min, likely, max) = (found.saving.min.0, found.saving.likely.0, found.saving.max.0);
        let error = Millionths::ratio(truth.abs_diff(likely), truth).0;
        tally.errors.push(error);
        let slack = truth / SLACK;
        let inside = min <= truth + slack && truth <= max + slack;
        tally.inside += u64::from(inside);
        if error <= 100_000 && inside {
            return String::new();
        }
        format!("saves {truth} ns; said {min} .. {likely} .. {max}")
    }
}

fn is_it(hotspot: &Hotspot, fault: &Fault) -> bool {
    hotspot.detector == fault.detector
        && hotspot.service == fault.service
        && hotspot.operation == fault.operation
}
