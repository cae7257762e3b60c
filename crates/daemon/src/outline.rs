//! What searches ask of a held trace first, read off its spans without an analysis.

use hotspan_api::Outline;
use hotspan_model::{Assembled, Kind, Lookup, Span, Symbol, Timestamp, TraceId};

/// The outline of a trace; `None` when no span of it is kept.
pub(crate) fn outline(id: TraceId, trace: &Assembled, dictionary: &dyn Lookup) -> Option<Outline> {
    let spans = &trace.spans;
    // A span without a start says nothing of the trace's.
    let starts = spans.iter().map(|span| span.start).filter(|start| start.0 > 0);
    Some(Outline {
        trace: id,
        start: starts.min().unwrap_or(Timestamp(0)),
        end: spans.iter().map(Span::end).max()?,
        spans: spans.len(),
        operations: operations(spans, dictionary),
    })
}

fn operations(spans: &[Span], dictionary: &dyn Lookup) -> Vec<(String, String, Kind)> {
    let service = |span: &Span| dictionary.source(span.source).map(|facts| facts.service);
    let mut symbols: Vec<(Option<Symbol>, Symbol, Kind)> = spans
        .iter()
        .map(|span| (service(span), span.operation, span.kind()))
        .collect();
    symbols.sort_unstable_by_key(|&(service, operation, kind)| {
        (service.map(Symbol::raw), operation.raw(), kind)
    });
    symbols.dedup();
    let text = |symbol: Symbol| dictionary.text(symbol).to_owned();
    let texts = symbols.into_iter().map(|(service, operation, kind)| {
        let service = service.map_or_else(|| "?".to_owned(), text);
        (service, text(operation), kind)
    });
    let mut operations: Vec<_> = texts.collect();
    operations.sort_unstable();
    operations.truncate(Outline::OPERATIONS_MAX);
    operations
}

#[cfg(test)]
mod tests {
    use hotspan_testkit::Drawing;

    use super::*;

    #[test]
    fn an_outline_names_each_operation_once() {
        let drawing = Drawing::new(
            "
            cart GET/cart       10..100
              db SELECT.item    20..30
              db SELECT.item    40..130
            ",
        );
        let id = TraceId::new(7).unwrap();
        let outline = outline(id, &drawing.trace, &drawing.dictionary).unwrap();
        assert_eq!((outline.trace, outline.spans), (id, 3));
        assert_eq!(outline.operations.len(), 2, "{:?}", outline.operations);
        assert!(outline.operations.is_sorted());
        assert_eq!(outline.end.since(outline.start).0, 120_000_000);
    }

    #[test]
    fn a_trace_without_spans_has_no_outline() {
        let drawing = Drawing::new("cart GET/cart 10..100");
        let none = Assembled::default();
        assert_eq!(
            outline(TraceId::new(7).unwrap(), &none, &drawing.dictionary),
            None
        );
    }
}
