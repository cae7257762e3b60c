//! What this process traces of itself: off unless it is asked for, sampled, sent by threads of its own that are traced by
//! nobody.
//!
//! A span is made when what it tells of has ended, in one call; nothing is held in between, and no request of a sender
//! becomes more than one span, so tracing ourselves costs a share of the requests and nothing of the spans in them.

mod exporting;

use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::trace::{Span as _, SpanKind, Status, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, Span};

pub use exporting::{ExportError, Exporting, Telling};

/// Where spans of our own are put; clones share it. The default is nowhere.
#[derive(Clone, Debug, Default)]
pub struct Traces(Option<Arc<SdkTracer>>);

/// When something began; nothing while nobody traces.
#[derive(Clone, Copy, Debug)]
pub struct Began(Option<SystemTime>);

/// A span that was chosen, to be told more about.
#[derive(Debug)]
pub struct Told(Span);

impl Traces {
    /// Something begins.
    pub fn begin(&self) -> Began {
        Began(self.0.as_ref().map(|_| SystemTime::now()))
    }

    /// It ended: a span of this name, if it is one of those that are chosen. `tell` says more about it.
    pub fn end(&self, began: Began, name: &'static str, tell: impl FnOnce(&mut Told)) {
        self.span(began, name, SpanKind::Internal, tell);
    }

    /// The same of what somebody asked us for.
    pub fn end_served(&self, began: Began, name: &'static str, tell: impl FnOnce(&mut Told)) {
        self.span(began, name, SpanKind::Server, tell);
    }

    fn span(&self, began: Began, name: &'static str, kind: SpanKind, tell: impl FnOnce(&mut Told)) {
        let (Some(tracer), Some(start)) = (&self.0, began.0) else {
            return;
        };
        let builder = tracer.span_builder(name).with_kind(kind).with_start_time(start);
        // A trace of its own, whatever goes on in this thread.
        let span = builder.start_with_context(tracer.as_ref(), &Context::new());
        if span.is_recording() {
            tell(&mut Told(span));
        }
    }
}

impl Told {
    /// A number.
    pub fn count(&mut self, key: &'static str, count: u64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.0.set_attribute(KeyValue::new(key, count));
    }

    /// A word of ours, or a text that is cut to a length.
    pub fn text(&mut self, key: &'static str, text: &str) {
        let cut: String = text.chars().take(TEXT_CHARS_MAX).collect();
        self.0.set_attribute(KeyValue::new(key, cut));
    }

    /// It failed.
    pub fn failed(&mut self, why: &str) {
        let why: String = why.chars().take(TEXT_CHARS_MAX).collect();
        self.0.set_status(Status::error(why));
    }
}

/// Longest text of an attribute.
const TEXT_CHARS_MAX: usize = 128;
