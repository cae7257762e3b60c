//! Builds reports, a dictionary for them and a catalogue of detectors.

use std::collections::BTreeMap;
use std::sync::Arc;

use hotspan_hotspots::{Answers, Hotspots, Settings, answers};
use hotspan_model::*;

pub(crate) const N_PLUS_ONE: &str = "n-plus-one-query";
pub(crate) const CALLS: &str = "n-plus-one-call";
pub(crate) const RETRY: &str = "retry-storm";
pub(crate) const PROCEDURE: &str = "procedure-heavy";
pub(crate) const SERIAL: &str = "serial-fan-out";
pub(crate) const THIRD_PARTY: &str = "third-party-on-critical-path";
pub(crate) const SHARED: &str = "shared-database";
pub(crate) const POOL: &str = "missing-pool";
pub(crate) const GAP: &str = "uninstrumented-gap";
pub(crate) const STORM: &str = "exception-storm";
pub(crate) const DEFERRABLE: &str = "deferrable-call";
pub(crate) const SLOW: &str = "slow-query";
pub(crate) const TIMEOUT: &str = "timeout-inversion";

fn sentence(facets: &Facets<'_>) -> String {
    format!(
        "{} runs {} {} times",
        facets.operation, facets.summary, facets.calls
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    Fix {
        summary: format!("once; {}", facets.evidence),
        how: facets.scopes.join(","),
    }
}

const fn meta(id: &'static str, in_break: Break, habit: bool, effort: u64) -> Meta {
    Meta {
        id,
        title: id,
        in_break,
        scope: Scope::Both,
        habit,
        effort: Millionths(effort),
        saving: hotspan_model::SavingRule::Replayed,
        knobs: &[],
        sentence,
        fix,
    }
}

pub(crate) static CATALOGUE: [&Meta; 13] = [
    &meta(N_PLUS_ONE, Break::Database, false, 200_000),
    &meta(CALLS, Break::Synchronous, false, 2_000_000),
    &meta(RETRY, Break::Synchronous, false, 1_000_000),
    &meta(PROCEDURE, Break::Database, true, 4_000_000),
    &meta(SERIAL, Break::Synchronous, false, 1_000_000),
    &meta(THIRD_PARTY, Break::Synchronous, true, 2_000_000),
    &meta(SHARED, Break::Database, false, 8_000_000),
    &meta(POOL, Break::Database, false, 200_000),
    &meta(GAP, Break::Observability, true, 200_000),
    &meta(STORM, Break::Observability, true, 1_000_000),
    &meta(DEFERRABLE, Break::Synchronous, false, 1_000_000),
    &meta(SLOW, Break::Database, false, 500_000),
    &meta(TIMEOUT, Break::Synchronous, true, 200_000),
];

/// Says that the findings of a report lie inside one another: the dearest saves all that any of them saves.
pub(crate) fn nest(report: &mut Report) {
    let mut own: BTreeMap<Fingerprint, Nanos> = BTreeMap::new();
    for finding in &report.findings {
        let sum = own.entry(finding.fingerprint).or_default();
        *sum = sum.plus(finding.saving.likely);
    }
    let own: Vec<(Fingerprint, Nanos)> = own.into_iter().take(JOINT_MAX).collect();
    if own.len() < 2 {
        return;
    }
    let most = |set: usize| {
        let members = own.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
        members.map(|(_, fault)| fault.1).max().unwrap_or_default()
    };
    report.joints.push(JointRow {
        faults: std::array::from_fn(|at| own.get(at).map_or(Fingerprint(0), |fault| fault.0)),
        savings: std::array::from_fn(|set| match set >> own.len() {
            0 => most(set),
            _ => Nanos::ZERO,
        }),
        awaited: report.findings[0].awaited,
    });
}

/// 2026-01-01, at the full hour.
const EPOCH_S: u64 = 1_767_225_600;

pub(crate) fn minute(minute: u64) -> LogTime {
    LogTime((EPOCH_S + minute * 60) * 1_000_000_000)
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) dictionary: LocalDictionary,
}

impl World {
    pub(crate) fn text(&mut self, text: &str) -> Symbol {
        self.dictionary.admit(Vocabulary::Text, None, text, Facts::None)
    }

    pub(crate) fn op(&mut self, service: &str, operation: &str) -> OpRef {
        OpRef {
            service: self.text(service),
            operation: self
                .dictionary
                .admit(Vocabulary::Operation, None, operation, Facts::None),
        }
    }

    pub(crate) fn template(&mut self, text: &str) -> Symbol {
        let facts = TemplateFacts {
            summary: format!("summary of {text}").into(),
            ..TemplateFacts::default()
        };
        self.dictionary
            .admit(Vocabulary::Template, None, text, Facts::Template(facts))
    }

    pub(crate) fn routine(&mut self, text: &str, name: &str) -> Symbol {
        let facts = TemplateFacts {
            verb: Verb::Routine,
            routine: Some(name.into()),
            ..TemplateFacts::default()
        };
        self.dictionary
            .admit(Vocabulary::Template, None, text, Facts::Template(facts))
    }

    pub(crate) fn source(&mut self, service: &str, version: &str) -> Symbol {
        let facts = SourceFacts {
            service: self.text(service),
            namespace: None,
            version: Some(self.text(version)),
            instance: None,
            host: None,
            environment: None,
            language: Some(self.text("python")),
            scope: Some(self.text("django")),
            front_end: false,
            unnamed: false,
        };
        let text = format!("{service} {version}");
        self.dictionary
            .admit(Vocabulary::Source, None, &text, Facts::Source(facts))
    }

    /// A public name, as an address alone shows it.
    pub(crate) fn public(&mut self, host: &str, domain: &str, service: Option<&str>) -> Symbol {
        let facts = CalleeFacts {
            system: "http".into(),
            host: host.into(),
            port: 0,
            namespace: "".into(),
            store: self.text("http"),
            service: service.map(Into::into),
            domain: domain.into(),
            peer: Peer::ThirdParty,
            reason: PeerReason::PublicName,
            certainty: Millionths(800_000),
            vendor: None,
        };
        let text = format!("http {host} {service:?}");
        self.dictionary
            .admit(Vocabulary::Callee, None, &text, Facts::Callee(facts))
    }

    /// A report of one request of 100 ms to `service` and `operation`, whole and unsampled.
    pub(crate) fn report(&mut self, trace: u128, service: &str, operation: &str) -> Report {
        let at = self.op(service, operation);
        let mut path = [Nanos::ZERO; Category::ALL.len()];
        path[Category::Db as usize] = Nanos::from_millis(60);
        path[Category::OwnTime as usize] = Nanos::from_millis(40);
        Report {
            trace: TraceId::new(trace),
            version: 1,
            weight: Millionths::ONE,
            at: minute(0),
            entry: Some(at),
            duration: Nanos::from_millis(100),
            spans: 12,
            segments: vec![SegmentRow {
                at,
                version: None,
                duration: Nanos::from_millis(100),
                failed: false,
                timed: true,
                entry: true,
                path,
            }],
            services: vec![ServiceRow {
                inputs: Inputs::default(),
                service: at.service,
                version: Some(self.text("1.4.0")),
                namespace: None,
                spans: 12,
                failed: 1,
                orphans: 0,
                parents: 2,
                lost_parents: 0,
            }],
            path: vec![PathRow {
                service: at.service,
                category: Category::Db,
                time: Nanos::from_millis(100),
            }],
            ..Report::default()
        }
    }

    /// Adds a cheap finding on the report's first segment: 10 calls, 20 ms of path, 15 ms saved.
    pub(crate) fn find<'r>(
        &mut self,
        report: &'r mut Report,
        detector: &'static str,
        template: &str,
    ) -> &'r mut Finding {
        let at = report.segments[0].at;
        let service = self.dictionary.text(at.service).to_owned();
        let operation = self.dictionary.text(at.operation).to_owned();
        let key = Identity::new("fingerprint").text(detector).text(&service);
        let fingerprint = Fingerprint(key.text(&operation).text(template).finish());
        let anchor = SpanId::new(7).expect("seven is not zero");
        let from = report.members.len() as u32;
        report.members.extend((1..=10).filter_map(SpanId::new));
        report.findings.push(Finding {
            detector,
            fingerprint,
            service: at.service,
            operation: at.operation,
            anchor,
            anchor_at: (at.service, at.operation),
            class: Class::Db,
            template: Some(self.template(template)),
            callee: None,
            callee_service: None,
            templates: 0..0,
            members: from..from + 10,
            hand_offs: 0..0,
            calls: 10,
            wall: Nanos::from_millis(20),
            path: Nanos::from_millis(20),
            segment: Nanos::from_millis(100),
            saving: Saving {
                min: Nanos::from_millis(10),
                likely: Nanos::from_millis(15),
                max: Nanos::from_millis(18),
            },
            unit: Nanos::from_millis(100),
            awaited: true,
            parallel: false,
            params: Params::Visible { distinct: 10 },
            terms: Terms::default(),
            code: Some(self.text("shop/views.py:41 list_orders")),
            rows_before: None,
            source: self.source(&service, "1.4.0"),
            dear: false,
            headless: false,
            same_team: false,
            deferrable: false,
            needs_many: false,
            kin: 0,
        });
        report.findings.last_mut().expect("one was just added")
    }

    /// Adds a near miss of so many of five members on the report's first segment.
    pub(crate) fn near(
        &mut self,
        report: &mut Report,
        detector: &'static str,
        template: &str,
        reason: NearReason,
        members: u64,
    ) {
        let count = Condition {
            name: "repeat_min",
            value: members,
            threshold: 5,
        };
        let mut conditions = [Condition::default(); CONDITIONS_MAX];
        conditions[0] = count;
        report.near_misses.push(NearMiss {
            at: report.segments[0].at,
            detector,
            reason,
            class: Class::Db,
            template: Some(self.template(template)),
            members,
            conditions,
        });
    }

    /// Adds calls to a target on the report's first segment.
    pub(crate) fn call(&mut self, report: &mut Report, target: Target, callee: Option<Symbol>, calls: u64) {
        report.calls.push(CallRow {
            from: report.segments[0].at,
            target,
            callee,
            class: Class::Call,
            template: None,
            calls,
            failed: 0,
            time: Nanos::from_millis(30 * calls),
            path: Nanos::from_millis(30 * calls),
            path_in_trace: Nanos::from_millis(30),
            span: SpanId::new(9),
            ignored: None,
        });
    }

    /// What is answered when one shard has added `reports`.
    pub(crate) fn answers(&self, reports: &[Report], now: LogTime) -> Answers {
        self.answers_with(&Settings::default(), reports, now)
    }

    pub(crate) fn answers_with(&self, settings: &Settings, reports: &[Report], now: LogTime) -> Answers {
        let mut shard = Hotspots::new(settings.clone(), TableSeed(3));
        for report in reports {
            shard.add(report, &self.dictionary);
        }
        self.read(&mut [shard], now)
    }

    pub(crate) fn read(&self, shards: &mut [Hotspots], now: LogTime) -> Answers {
        let snapshots: Vec<_> = shards.iter_mut().map(Hotspots::snapshot).collect();
        // Confidences as their terms multiply, which is what most tests are about.
        let settings = Settings {
            calibrated: false,
            ..Settings::default()
        };
        self.read_snapshots(&snapshots, &settings, now)
    }

    pub(crate) fn read_snapshots(
        &self,
        snapshots: &[Arc<hotspan_hotspots::Snapshot>],
        settings: &Settings,
        now: LogTime,
    ) -> Answers {
        answers(snapshots, &self.dictionary, &CATALOGUE, Some(now), settings)
    }
}
