//! Drawn traces through analysis and hotspots, and what every detector over traces must keep to: shards, order and
//! revisions leave no trace in its answers.

use std::sync::Arc;

use hotspan_analysis::{Analyser, When};
use hotspan_hotspots::{Answers, Hotspots, NearMissAnswer, Remedy, Settings, answers};
use hotspan_model::{Hotspot, LogTime, MILLION, Millionths, Report, TableSeed};
use hotspan_pipeline::catalogue;
use hotspan_testkit::{Drawing, EPOCH};

const SECOND: u64 = 1_000_000_000;

/// A system, told trace by trace.
#[derive(Default)]
pub(crate) struct World {
    drawing: Drawing,
    analyser: Analyser,
    reports: Vec<Report>,
    /// Seconds after the epoch at which the next traces count.
    pub(crate) at: u64,
    /// A sampler left out so many traces for each of the next ones.
    pub(crate) left_out: u64,
}

impl World {
    /// Adds a trace.
    pub(crate) fn trace(&mut self, text: &str) {
        self.drawing.add(self.reports.len() as u128 + 1, text);
        let mut report = Report::default();
        let when = When::Log(LogTime(EPOCH.0 + self.at * SECOND));
        self.analyser.analyse(
            &self.drawing.trace,
            None,
            when,
            &self.drawing.dictionary,
            &mut report,
        );
        report.weight = Millionths((self.left_out + 1) * MILLION);
        self.reports.push(report);
    }

    /// Adds the same trace so many times.
    pub(crate) fn traces(&mut self, count: usize, text: &str) {
        (0..count).for_each(|_| self.trace(text));
    }

    /// Hotspots of `detector` as `service: title`, by title, after holding them against the laws.
    pub(crate) fn found(&self, detector: &str) -> Vec<String> {
        let hotspots = self.hotspots(detector).into_iter();
        let mut lines: Vec<String> = hotspots
            .map(|hotspot| format!("{}: {}", hotspot.service, hotspot.title))
            .collect();
        lines.sort();
        lines
    }

    pub(crate) fn hotspots(&self, detector: &str) -> Vec<Hotspot> {
        let found = self.answers().hotspots.into_iter();
        found.filter(|hotspot| hotspot.detector == detector).collect()
    }

    /// Near misses of `detector` as `service: reason, conditions; remedy`.
    pub(crate) fn near(&self, detector: &str) -> Vec<String> {
        let near = self.answers().near_misses.into_iter();
        let line = |near: NearMissAnswer| {
            let mut line = format!("{}: {}", near.service, near.reason);
            for one in &near.conditions {
                line += &format!(", {} {} of {}", one.name, one.value, one.threshold);
            }
            if let Some(Remedy { attribute, older, .. }) = near.remedy {
                line += &format!("; {attribute} ({older})");
            }
            line
        };
        near.filter(|near| near.detector == detector).map(line).collect()
    }

    /// What is answered, after holding it against the laws.
    pub(crate) fn answers(&self) -> Answers {
        let all: Vec<&Report> = self.reports.iter().collect();
        let one = self.answer(&mut [self.shard(&all)]);
        let mut parts: Vec<Vec<&Report>> = vec![Vec::new(); 3];
        for (place, report) in self.reports.iter().enumerate().rev() {
            parts[place * 7 % 3].push(report);
        }
        let mut shards: Vec<Hotspots> = parts.iter().map(|part| self.shard(part)).collect();
        let three = self.answer(&mut shards);
        assert_eq!(three.hotspots, one.hotspots, "three shards, another order");
        assert_eq!(three.near_misses, one.near_misses, "three shards, another order");
        self.check_revision(&all, &one);
        one
    }

    /// Faults that the code accepts.
    pub(crate) fn ignored(&self) -> u64 {
        let all: Vec<&Report> = self.reports.iter().collect();
        self.answer(&mut [self.shard(&all)]).coverage.ignored
    }

    /// Everything is taken back and added again, and in the end taken back for good.
    fn check_revision(&self, all: &[&Report], one: &Answers) {
        let mut shard = self.shard(all);
        for report in all.iter().rev() {
            shard.subtract(report, &self.drawing.dictionary);
            shard.add(report, &self.drawing.dictionary);
        }
        let again = self.answer(&mut [shard]);
        assert_eq!(again.near_misses, one.near_misses, "taken back and added again");
        assert_eq!(
            without_evidence(again.hotspots),
            without_evidence(one.hotspots.clone()),
            "taken back and added again"
        );
        let mut shard = self.shard(all);
        for report in all {
            shard.subtract(report, &self.drawing.dictionary);
        }
        let nothing = self.answer(&mut [shard]);
        assert_eq!(nothing.hotspots, [], "taken back");
        assert_eq!(nothing.near_misses, [], "taken back");
    }

    fn shard(&self, reports: &[&Report]) -> Hotspots {
        let mut shard = Hotspots::new(Settings::default(), TableSeed(3));
        for report in reports {
            shard.add(report, &self.drawing.dictionary);
        }
        shard
    }

    fn answer(&self, shards: &mut [Hotspots]) -> Answers {
        let parts: Vec<Arc<_>> = shards.iter_mut().map(Hotspots::snapshot).collect();
        let now = LogTime(EPOCH.0 + (self.at + 1) * SECOND);
        answers(
            &parts,
            &self.drawing.dictionary,
            &catalogue(),
            Some(now),
            &Settings::default(),
        )
    }
}

/// Which traces are shown may change with a revision; nothing else may.
fn without_evidence(mut hotspots: Vec<Hotspot>) -> Vec<Hotspot> {
    for hotspot in &mut hotspots {
        hotspot.evidence.clear();
    }
    hotspots
}
