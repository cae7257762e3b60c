//! A daemon that is only its answers: made by hand, so that every field has a value that nothing else has.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hotspan_access::Counted;
use hotspan_api::{
    Alerts, Backend, Check, Compat, Connections, Detectors, Exposed, FixFuture, FoundTrace, Gate, HeldFuture,
    Level, LinkTemplate, Listener, Memory, Metrics, NotSaid, Outline, Pressure, Refused, Requests, SayFuture,
    Sender, Shard, Status, Storage, TraceFuture, View, serve,
};
use hotspan_hotspots::{Notes, Saying};
use hotspan_model::{
    AnalysisTimes, BeforeAfter, Break, Counts, Decided, EffortRule, FindingId, Fingerprint, Fix, Knob,
    KnobRule, LogTime, Meta, Millionths, Nanos, Pattern, Reason, SavingRule, Scope, Selector, SpanDetail,
    TraceId, TraceView, Tuning, Workload,
};
use tokio::net::TcpListener;

use crate::answers::answers;
use crate::meters;
use crate::sample::{before_after, trace, trace_id};

/// What a hostile service calls itself and its operations.
pub(crate) const HOSTILE: &str =
    "=cmd|'/c calc'!A0,\"<script>alert(1)</script>\"\u{202e}\u{0}\u{1b}[2J\r\nx: y";
/// When the snapshot was made.
pub(crate) const NOW: u64 = 1_764_000_000_000_000_000;
pub(crate) const HOUR: u64 = 3_600_000_000_000;

/// One fixed state of everything.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) view: Arc<View>,
    /// What was said of its hotspots.
    pub(crate) notes: Mutex<Notes>,
    pub(crate) traces: BTreeMap<TraceId, (TraceView, Vec<SpanDetail>)>,
    pub(crate) fixes: BTreeMap<FindingId, BeforeAfter>,
    pub(crate) ready: bool,
    pub(crate) exposed: Exposed,
    pub(crate) compat: Compat,
}

impl World {
    pub(crate) fn new() -> World {
        let view = View {
            version: 0x2a,
            at: LogTime(NOW),
            answers: answers(),
            status: status(),
            detectors: vec!["blind-service", "n-plus-one-query", "serial-calls"],
            known: Arc::new(detectors()),
            links: links(),
        };
        World {
            view: Arc::new(view),
            notes: Mutex::default(),
            traces: BTreeMap::from([(trace_id(1), trace(1))]),
            fixes: BTreeMap::from([before_after()]),
            ready: true,
            exposed: Exposed {
                service_graph: true,
                tempo_spans: true,
                collector_spans: true,
                series_max: 50_000,
            },
            compat: Compat::ALL,
        }
    }

    /// Serves the usual world on a free port until the test ends.
    pub(crate) async fn start() -> SocketAddr {
        World::new().serve().await
    }

    pub(crate) async fn serve(self) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(serve(
            listener,
            Arc::new(self),
            Gate::default(),
            std::future::pending(),
        ));
        at
    }
}

impl Backend for World {
    fn view(&self) -> Arc<View> {
        let mut view = View::clone(&self.view);
        let mut notes = self.notes.lock().unwrap();
        notes.apply(&mut view.answers, view.at);
        view.version += notes.iter().count() as u64;
        Arc::new(view)
    }

    fn trace(&self, id: TraceId) -> TraceFuture<'_> {
        let found: FoundTrace = self.traces.get(&id).cloned();
        Box::pin(std::future::ready(found))
    }

    fn held(&self) -> HeldFuture<'_> {
        let mut held: Vec<Outline> = self.traces.values().map(|(view, _)| outline(view)).collect();
        held.sort_by_key(|of| (Reverse(of.start), of.trace));
        Box::pin(std::future::ready(held))
    }

    fn fix(&self, id: TraceId, finding: FindingId) -> FixFuture<'_> {
        let found = self.traces.get(&id).cloned();
        let fix = |(trace, details)| (trace, details, self.fixes.get(&finding).cloned());
        Box::pin(std::future::ready(found.map(fix)))
    }

    fn say(&self, id: Fingerprint, saying: Saying) -> SayFuture<'_> {
        let said = self
            .notes
            .lock()
            .unwrap()
            .say(&self.view.answers, id, saying, self.view.at);
        Box::pin(std::future::ready(said.map_err(NotSaid::Unsaid)))
    }

    fn compat(&self) -> Compat {
        self.compat
    }

    fn metrics(&self) -> Metrics {
        let mut analysis = AnalysisTimes {
            detectors: vec![Nanos(96_000_000)],
            ..AnalysisTimes::default()
        };
        analysis.note(Nanos(20_000), 64);
        analysis.note(Nanos(9_000_000_000), 64);
        Metrics {
            analysis,
            status: status(),
            snapshot_age: Nanos(1_500_000_000),
            meters: meters::meters(),
            exposed: self.exposed,
            alerts: Alerts {
                critical_services: vec!["cart".to_owned()],
                firing: 91,
                sent: vec![("alertmanager", 92), ("webhook", 93)],
                failed: vec![("alertmanager", 94), ("webhook", 95)],
            },
            access: Counted {
                handshakes_failed: vec![("plain_text", 96)],
                denied: vec![("scope", 97)],
                reloads: 98,
                reloads_failed: 99,
            },
            tenants: vec![status()],
        }
    }

    fn ready(&self) -> Vec<Check> {
        let receivers = Check {
            name: "receivers",
            ok: true,
            detail: "2 bound".to_owned(),
        };
        let shards = Check {
            name: "shards",
            ok: self.ready,
            detail: "4 of 4 running".to_owned(),
        };
        vec![receivers, shards]
    }
}

fn outline(of: &TraceView) -> Outline {
    let names = of.spans.iter();
    let names = names.map(|span| (span.service.clone(), span.operation.clone(), span.kind));
    Outline {
        trace: of.trace,
        start: of.spans.iter().map(|span| span.start).min().unwrap(),
        end: of
            .spans
            .iter()
            .map(|span| span.start.after(span.duration))
            .max()
            .unwrap(),
        spans: of.spans.len(),
        operations: names.collect::<BTreeSet<_>>().into_iter().collect(),
    }
}

static REPEAT: Knob = Knob {
    name: "repeat_min",
    default: 5,
    what: "fewest that repeat",
};
static WAIT: Knob = Knob {
    name: "wait_ns",
    default: 6,
    what: "longest wait",
};
static META: Meta = Meta {
    id: "n-plus-one-query",
    title: "One query for each item",
    in_break: Break::Database,
    scope: Scope::Both,
    habit: false,
    effort: Millionths(200_000),
    saving: SavingRule::Replayed,
    knobs: &[WAIT],
    sentence: |_| String::new(),
    fix: |_| Fix::default(),
};

/// One detector, one shared threshold, one rule of each kind.
fn detectors() -> Detectors {
    let mut tuning = Tuning::default();
    let everywhere = Selector::default();
    let billing = Selector {
        service: Pattern::new("billing*").ok(),
        workload: Some(Workload::Job),
        ..Selector::default()
    };
    for (selector, knob, value) in [(everywhere, &WAIT, 7), (billing.clone(), &REPEAT, 8)] {
        tuning.set_knob(KnobRule {
            selector,
            knob,
            value,
        });
    }
    tuning.set_effort(EffortRule {
        selector: billing,
        detector: Some(META.id),
        effort: Millionths(1_500_000),
    });
    tuning.set_hotspot(Fingerprint(1), Millionths(3_000_000));
    Detectors {
        catalogue: vec![&META],
        shared_knobs: vec![&REPEAT],
        tuning: Arc::new(tuning),
    }
}

/// Where the people of this world look.
fn links() -> Arc<[LinkTemplate]> {
    let templates = [
        (
            "trace",
            "https://grafana.test/t/{trace_id}?from={from}&to={until}",
        ),
        ("logs", "https://logs.test/?q={service}%20{operation}"),
    ];
    templates
        .map(|(name, url)| LinkTemplate::read(name, url).unwrap())
        .into()
}

fn sender() -> Sender {
    let says = hotspan_model::Sender {
        service: "cart".to_owned(),
        version: "1.4.0".to_owned(),
        environment: HOSTILE.to_owned(),
        language: "java".to_owned(),
        sdk: "opentelemetry".to_owned(),
        sdk_version: "1.50.0".to_owned(),
        distro: "opentelemetry-java-instrumentation".to_owned(),
        distro_version: "2.16.0".to_owned(),
    };
    Sender {
        says: Arc::new(says),
        transport: "grpc",
        encoding: "protobuf",
        compression: "gzip",
        is_local: true,
        batches: 98,
        last: LogTime(NOW - 1),
    }
}

fn status() -> Status {
    let mut counts = Counts {
        received: 1_000,
        analysed: 900,
        open: 93,
        ..Counts::default()
    };
    counts.drop(Reason::Duplicate, 7);
    let mut decided = [0; Decided::ALL.len()];
    decided[Decided::Complete as usize] = 36;
    decided[Decided::Age as usize] = 4;
    Status {
        version: "0.1.0",
        tenant: Some("acme".into()),
        started: LogTime(NOW - HOUR),
        counts,
        requests: vec![Requests {
            transport: "grpc",
            accepted: 50,
            refused: vec![Refused {
                reason: "over_limit",
                requests: 51,
                bytes: 52,
            }],
        }],
        ingested: vec![("gzip", 53), ("identity", 54)],
        partial_successes: 66,
        tolerated: vec![("cut", 67), ("too_deep", 68)],
        other_signals: vec![("logs", 69)],
        connections: Connections {
            accepted: 70,
            open: 71,
            refused: 72,
            failed: 73,
            accepts_failed: 74,
        },
        memory: vec![Memory {
            part: "inflight",
            used: 77,
            max: 78,
        }],
        pressure: Pressure {
            level: Level::Refusing,
            left_out: Millionths(62_500),
            evidence_dropped: 81,
            requests_refused: 79,
        },
        decided,
        open_traces: 55,
        incomplete_traces: 56,
        late_spans: 57,
        symbols: [58, 59, 60, 61, 62],
        overflow: [0, 0, 1, 0, 0],
        senders: vec![sender()],
        senders_beyond: 99,
        listeners: vec![Listener {
            name: "api",
            address: "127.0.0.1:4319".to_owned(),
        }],
        shards: vec![Shard {
            open_traces: 63,
            open_spans: 64,
            queued: 65,
        }],
        storage: storage(),
        log: None,
    }
}

fn storage() -> Storage {
    Storage {
        is_kept: true,
        failing: "no room is left".to_owned(),
        saved: Some(LogTime(NOW - 1)),
        commits: 82,
        failures: 83,
        commit_time: Nanos(84_000_000_000),
        file: "state/hotspan.db".to_owned(),
        bytes: 85,
        rows: 86,
        exemplars: 87,
        exemplar_bytes: 88,
        exemplars_unreadable: 89,
        moved_aside: "hotspan.db.corrupt-1: not a database".to_owned(),
    }
}
