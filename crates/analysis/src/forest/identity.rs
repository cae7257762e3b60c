//! Spans that share an id: copies, halves of one call, and strangers.

use std::cmp::Ordering;

use hotspan_model::{Kind, Span};

use super::{Forest, Input, Mark};

/// More server spans than this under one id are strangers: a client does not call so many at once, and each
/// child that names the id looks at them all.
pub(super) const SERVER_HALVES_MAX: usize = 64;

impl Forest {
    /// Leaves one node of each copy, gives the others with one id a twin number, and lists all by id.
    pub(super) fn settle_ids(&mut self, input: &Input<'_>) {
        if self.scratch.index.build(&self.nodes) {
            return;
        }
        self.list_ids();
        let mut from = 0;
        while from < self.scratch.ids.len() {
            let id = self.scratch.ids[from].0;
            let rest = &self.scratch.ids[from..];
            let to = from + rest.iter().take_while(|entry| entry.0 == id).count();
            if to - from > 1 {
                self.scratch.run.clear();
                self.scratch
                    .run
                    .extend(self.scratch.ids[from..to].iter().map(|entry| entry.1));
                self.settle_run(input);
            }
            from = to;
        }
        self.drop_copies();
        self.list_ids();
        let nodes = &self.nodes;
        self.scratch
            .ids
            .sort_unstable_by_key(|&(id, at)| (id, nodes[at as usize].twin));
    }

    fn list_ids(&mut self) {
        self.scratch.ids.clear();
        let ids = self
            .nodes
            .iter()
            .enumerate()
            .map(|(at, node)| (node.id, at as u32));
        self.scratch.ids.extend(ids);
        self.scratch.ids.sort_unstable_by_key(|entry| entry.0);
    }

    /// All spans of one id are in `scratch.run`.
    fn settle_run(&mut self, input: &Input<'_>) {
        let mut run = std::mem::take(&mut self.scratch.run);
        let span = |at: u32| &input.spans[at as usize];
        let host = |at: u32| {
            self.nodes[at as usize]
                .host
                .map(|host| input.dictionary.text(host))
        };
        let copies = |&a: &u32, &b: &u32| {
            let of = |at: u32| (span(at).kind(), host(at), span(at).start);
            of(a).cmp(&of(b)).then_with(|| better(input, span(a), span(b)))
        };
        run.sort_unstable_by(copies);
        let mut kept = 0;
        for place in 0..run.len() {
            let (last, at) = (run[kept], run[place]);
            let same = |node: u32| {
                (
                    span(node).kind(),
                    self.nodes[node as usize].host,
                    span(node).start,
                )
            };
            if place > 0 && same(last) == same(at) {
                self.of_span[at as usize] = last;
                self.nodes[last as usize].marks.set(Mark::Duplicate);
            } else {
                kept += usize::from(place > 0);
                run[kept] = at;
            }
        }
        run.truncate(kept + 1);
        let host = |at: u32| {
            self.nodes[at as usize]
                .host
                .map(|host| input.dictionary.text(host))
        };
        run.sort_unstable_by_key(|&at| (span(at).start, host(at), span(at).kind()));
        self.number_twins(&mut run);
        self.scratch.run = run;
    }

    fn number_twins(&mut self, run: &mut [u32]) {
        let of = |kind: Kind| {
            run.iter()
                .filter(|&&at| self.nodes[at as usize].kind() == kind)
                .count()
        };
        let shared = of(Kind::Client) == 1 && of(Kind::Server) == run.len() - 1 && run.len() > 1;
        let shared = shared && run.len() - 1 <= SERVER_HALVES_MAX;
        if shared {
            // The client half first; the server halves keep their order.
            let client = run
                .iter()
                .position(|&at| self.nodes[at as usize].kind() == Kind::Client);
            run[..=client.unwrap_or(0)].rotate_right(1);
        }
        for (twin, &at) in run.iter().enumerate().skip(1) {
            self.nodes[at as usize].twin = twin as u32;
            match shared {
                true => self.nodes[at as usize].marks.set(Mark::SharedId),
                false => self.nodes[at as usize].marks.set(Mark::IdConflict),
            }
        }
    }

    /// Closes the ranks of the nodes after copies were left out.
    fn drop_copies(&mut self) {
        let moved = &mut self.order;
        moved.clear();
        let mut kept = 0;
        for at in 0..self.of_span.len() {
            moved.push(kept);
            if self.of_span[at] == at as u32 {
                self.nodes[kept as usize] = self.nodes[at];
                kept += 1;
            }
        }
        self.nodes.truncate(kept as usize);
        for node in &mut self.of_span {
            *node = moved[*node as usize];
        }
        moved.clear();
    }
}

/// Which of two copies stays comes first: the later end, then the smaller record.
fn better(input: &Input<'_>, a: &Span, b: &Span) -> Ordering {
    let text = |symbol| input.dictionary.text(symbol);
    let record = |span: &Span| {
        let callee = (span.template.map(text), span.callee.map(text));
        (
            span.parent,
            text(span.operation),
            text(span.source),
            callee,
            span.bits,
        )
    };
    b.end().cmp(&a.end()).then_with(|| record(a).cmp(&record(b)))
}
