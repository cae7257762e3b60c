//! The table of tools: name, title, arguments, answer, work, description. Adding one is one entry here.

use std::sync::LazyLock;

use rmcp::model::{Tool as Description, ToolAnnotations};

use super::call::{Answer, Call};
use super::{
    arguments, audit, compare, explain, hotspot, hotspots, map, near, schema, spans, third_parties, traces,
};

/// One tool.
pub(super) struct Tool {
    /// As clients see it.
    pub(super) description: Description,
    /// Answers a call.
    pub(super) run: fn(Call) -> Answer,
}

macro_rules! tools {
    ($($name:literal, $title:literal, $arguments:ty => $answer:ty, $when:ident $run:path, $text:literal;)+) => {
        /// All of them, from broad to narrow.
        pub(super) static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| vec![$(Tool {
            description: Description::new($name, $text, schema::arguments::<$arguments>())
                .with_title($title)
                .with_raw_output_schema(schema::answer::<$answer>())
                .with_annotations(
                    ToolAnnotations::new()
                        .read_only(true)
                        .idempotent(true)
                        .open_world(false),
                ),
            run: |call| Box::pin(tools!(@$when $run(call))),
        }),+]);
    };
    (@now $answer:expr) => { std::future::ready($answer) };
    (@later $answer:expr) => { $answer };
}

tools! {
    "list_hotspots", "Ranked hotspots", arguments::ListHotspots => hotspots::Hotspots, now hotspots::list,
    "What should be fixed first? Lists the structural faults found in the system's traces (queries in loops, calls one \
     after another, waiting for other companies, blind services …), ranked by what fixing them saves. Use it first. \
     Next: get_hotspot with an id.";

    "get_hotspot", "One hotspot with its evidence", arguments::GetHotspot => hotspot::Hotspot, later hotspot::get,
    "Why is this a fault, and how is it fixed? One hotspot with its numbers, the fix, places in the code, the traces \
     and spans that prove it, and a replay with the fix. Use it before you propose a change. Next: explain_trace or \
     get_spans with one of its traces.";

    "audit", "The system at a glance", arguments::Audit => audit::Audit, now audit::audit,
    "How does the whole system do? The three to five changes to make first and what they save together, where \
     requests wait, the dearest statements, coupling, and what could not be seen. Use it for an overview or a report. \
     Next: get_hotspot for a change.";

    "explain_trace", "Where one trace's time goes", arguments::ExplainTrace => explain::Explained, later explain::explain,
    "Why did this request take so long? The critical path of one trace by operation, and the faults found in it; \
     short for traces of any size. Use it with a trace id from get_hotspot, search_traces, a log or a person. Next: \
     get_hotspot for a finding, get_spans for the spans.";

    "search_traces", "Traces held as evidence", arguments::SearchTraces => traces::Traces, now traces::search,
    "Which traces are there to look at? Lists the exemplars of hotspots, by service and detector. Use it when no trace \
     id is known. Next: explain_trace with a trace_id.";

    "get_spans", "Spans of one trace", arguments::GetSpans => spans::Spans, later spans::get,
    "What exactly happened in this trace? Its spans in tree order with times, critical-path time and redacted \
     attributes; filters by hotspot, span, service, failure or critical path. Use it last, for the proof; before it: \
     explain_trace.";

    "compare", "What changed", arguments::Compare => compare::Compared, later compare::compare,
    "What changed, and did a release or a fix do it? Hotspots that appeared, grew, shrank or went between two windows or \
     two versions; or two traces, a fast and a slow one, by what their spans do. Use it after a deployment, or when \
     something became slow. Next: get_hotspot with a hotspot_id, get_spans with a trace_id.";

    "get_service_map", "Who calls whom", arguments::OfServices => map::Map, now map::map,
    "How do the services hang together? Edges between services, stores and other companies with calls, failures and \
     waiting time, and each service's latency and errors. Use it for architecture questions and to learn the names of \
     services. Next: list_hotspots with a service.";

    "list_third_parties", "Other companies that are called", arguments::OfServices => third_parties::ThirdParties,
    now third_parties::list,
    "Which other companies does the system wait for? Domains with their share of the critical path, latency, failures \
     and callers. Use it for questions about vendors and outages. Next: list_hotspots with detector \
     third-party-on-critical-path.";

    "near_misses", "Why no more was found", arguments::NearMisses => near::NearMisses, now near::list,
    "Why is nothing said about this operation? What nearly is a hotspot and the threshold that stops it, rules that are \
     blind for want of an attribute, and with entry the rules that saw nothing. Use it when an expected fault is not \
     listed. Next: list_hotspots with min_confidence 0.";
}
