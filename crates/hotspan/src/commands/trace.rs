//! `hotspan trace`: single traces of recorded files, as the API would show them.

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use hotspan_analysis::{Analyser, AnalyserSettings, Overflow, Tolerance};
use hotspan_api::shape;
use hotspan_assembly::Assembler;
use hotspan_ingest::file::Recorded;
use hotspan_model::{
    Assembled, Batch, Decided, LocalDictionary, LogPos, Millionths, Nanos, Offset, ParamKey, Record, Side,
    SpanDetail, SpanView, TableSeed, TraceId, TraceView,
};
use hotspan_otlp::{Decoder, Encoding, Limits, Sink};

use super::input;
use crate::arguments::{TraceArguments, TraceFormat, tuning};
use crate::exit::Failure;
use crate::output::{Paint, Style, print};
use crate::progress::Progress;
use crate::waterfall::{Line, Mark, draw};

/// Most spans of one shown trace.
const SPANS_MAX: usize = 10_000;
/// Bytes of spans held before traces are decided early.
const BYTES_MAX: u64 = 8 << 30;

pub(crate) fn run(arguments: &TraceArguments, paint: Paint) -> Result<(), Failure> {
    let wanted = match &arguments.id {
        Some(text) => {
            Some(TraceId::from_hex(text).ok_or_else(|| anyhow!("--id {text}: not 1 to 32 hex digits"))?)
        }
        None => None,
    };
    let mut reader = Reader::new(settings(arguments)?, wanted);
    input::for_each(&arguments.paths, &mut Progress::new(), |request| {
        reader.take(request)
    })?;
    let shown = reader.show(arguments.output, arguments.explain, paint)?;
    match (shown, wanted) {
        (0, Some(id)) => Err(Failure::NoData(format!("trace {id} is not in what was read"))),
        (0, None) => Err(Failure::NoData("no traces in what was read".to_owned())),
        _ => Ok(()),
    }
}

fn settings(arguments: &TraceArguments) -> Result<AnalyserSettings> {
    let mut settings = AnalyserSettings {
        tuning: tuning(arguments.config.as_deref())?,
        ..AnalyserSettings::default()
    };
    settings.path.overflow = match arguments.overflow.as_str() {
        "clip" => Overflow::Clip,
        "detach" => Overflow::Detach,
        _ => Overflow::Auto,
    };
    settings.path.tolerance = match arguments.tolerance.as_str() {
        "auto" => Tolerance::Auto,
        text => match (text.strip_suffix('%'), text.parse()) {
            (Some(percent), _) => {
                let percent: u64 = percent
                    .parse()
                    .with_context(|| format!("--tolerance {text}: no whole percentage"))?;
                Tolerance::Percent(Millionths(percent.min(100) * 10_000))
            }
            (None, Ok(nanos)) => Tolerance::Fixed(Nanos(nanos)),
            (None, Err(_)) => bail!("--tolerance {text}: neither auto, nanoseconds, nor a share like 1%"),
        },
    };
    Ok(settings)
}

/// Reads everything, keeps the wanted spans, shows their traces in order of trace id.
struct Reader {
    wanted: Option<TraceId>,
    decoder: Decoder,
    dictionary: LocalDictionary,
    assembler: Assembler,
    analyser: Analyser,
    requests: Vec<(Bytes, Encoding)>,
    at: LogPos,
}

struct Into<'a> {
    batch: &'a mut Batch,
    wanted: Option<TraceId>,
}

impl Sink for Into<'_> {
    fn span(&mut self, record: Record, sides: &[Side]) {
        if self.wanted.is_none_or(|wanted| wanted == record.trace) {
            self.batch.push(record, sides);
        }
    }
}

impl Reader {
    fn new(settings: AnalyserSettings, wanted: Option<TraceId>) -> Reader {
        let seed = TableSeed::default();
        Reader {
            wanted,
            decoder: Decoder::new(Limits::default(), ParamKey::BUILT_IN, seed),
            dictionary: LocalDictionary::new(seed),
            assembler: Assembler::new(hotspan_assembly::Settings::offline(BYTES_MAX), seed),
            analyser: Analyser::new(settings),
            requests: Vec::new(),
            at: LogPos::default(),
        }
    }

    fn take(&mut self, request: Recorded) -> Result<()> {
        let mut batch = Batch::default();
        let mut sink = Into {
            batch: &mut batch,
            wanted: self.wanted,
        };
        let tally = match request.encoding {
            Encoding::Protobuf => self
                .decoder
                .protobuf(&request.bytes, &mut self.dictionary, &mut sink),
            Encoding::Json => self.decoder.json(&request.bytes, &mut self.dictionary, &mut sink),
        };
        if let Err(error) = tally {
            eprintln!("hotspan: a request cannot be decoded and is left out: {error}");
            return Ok(());
        }
        // Offset n is request n - 1.
        self.at.offset = Offset(self.at.offset.0 + 1);
        self.requests.push((request.bytes, request.encoding));
        for (record, sides) in batch.iter() {
            self.assembler.push(record, sides, self.at, &self.dictionary);
        }
        Ok(())
    }

    fn show(&mut self, format: TraceFormat, explain: bool, paint: Paint) -> Result<u64> {
        self.assembler.finish(self.at, Decided::EndOfInput);
        let (mut trace, mut shown) = (Assembled::default(), 0);
        while self.assembler.poll_trace(&mut trace) {
            let view = self.analyser.explain(&trace, &self.dictionary, SPANS_MAX);
            let text = match format {
                TraceFormat::Json => {
                    let trace = shape::Trace::new(&view, &self.details(&trace));
                    let text = match explain {
                        true => serde_json::to_string(&shape::Explained {
                            trace,
                            silent: silent(&view),
                        }),
                        false => serde_json::to_string(&trace),
                    };
                    text.context("the answer has a JSON form")? + "\n"
                }
                TraceFormat::Text if explain => waterfall(&view, paint) + &rules(&view),
                TraceFormat::Text => waterfall(&view, paint),
            };
            print(&text)?;
            shown += 1;
        }
        Ok(shown)
    }

    fn details(&self, trace: &Assembled) -> Vec<SpanDetail> {
        let mut details = Vec::new();
        let Some(id) = trace.trace else { return details };
        for offset in &trace.requests {
            if let Some((bytes, encoding)) = self
                .requests
                .get(usize::try_from(offset.0).unwrap_or(0).wrapping_sub(1))
            {
                hotspan_otlp::details(bytes, *encoding, id, &Limits::default(), &[], &mut details);
            }
        }
        details
    }
}

/// Each rule of a trace that did not speak: what stopped it where it came near, then those that never did.
fn rules(view: &TraceView) -> String {
    let mut text = String::new();
    for near in &view.near_misses {
        let names = [&near.service, &near.operation, &near.template].map(|name| shape::clean(name));
        let [service, operation, template] = names;
        text.push_str(&format!(
            "  {} stopped by {}: {} members in {service} {operation} ({template})\n",
            near.detector, near.reason, near.members
        ));
        for one in &near.conditions {
            let verdict = if one.value >= one.threshold {
                "reached"
            } else {
                "missed"
            };
            text.push_str(&format!(
                "    {} {} of {}, {verdict}\n",
                one.name, one.value, one.threshold
            ));
        }
    }
    let silent = silent(view).join(", ");
    text.push_str(&format!("  evaluated, and nothing like it: {silent}\n\n"));
    text
}

/// The rules that neither spoke nor came near.
fn silent(view: &TraceView) -> Vec<&'static str> {
    let spoke = |id: &str| view.findings.iter().any(|finding| finding.detector == id);
    let near = |id: &str| view.near_misses.iter().any(|near| near.detector == id);
    let rules = hotspan_analysis::catalogue().into_iter().map(|meta| meta.id);
    rules.filter(|id| !spoke(id) && !near(id)).collect()
}

/// A trace for people: one line a span, its critical-path time and a bar; then what was found.
fn waterfall(view: &TraceView, paint: Paint) -> String {
    let head = format!(
        "trace {}  {} spans, {}",
        view.trace, view.span_count, view.duration
    );
    let lines: Vec<Line> = view.spans.iter().map(line).collect();
    let mut text = format!("{}\n{}", paint.text(Style::Bold, &head), draw(&lines, paint));
    for finding in &view.findings {
        let template = shape::clean(&finding.template);
        text.push_str(&format!(
            "  {}: {} calls in {} {}, saves {} ({template})\n",
            finding.detector, finding.calls, finding.service, finding.operation, finding.saving.likely
        ));
    }
    for defect in &view.defects {
        let span = defect
            .span
            .map(|span| format!(" on span {span}"))
            .unwrap_or_default();
        text.push_str(&format!("  defect: {}{span}\n", defect.kind.name()));
    }
    if view.truncated {
        text.push_str("  (truncated)\n");
    }
    text.push('\n');
    text
}

fn line(span: &SpanView) -> Line {
    Line {
        depth: span.depth,
        service: span.service.clone(),
        operation: span.operation.clone(),
        ran: vec![(span.start.0, span.start.after(span.duration).0)],
        path: span.path_time,
        failed: span.failed,
        mark: Mark::None,
    }
}
