//! Traces drawn as text: indentation is parenthood, one line a span.
//!
//! ```text
//! cart GET /cart            0..100
//!   db SELECT item         10..12  x18 params=1
//!   call GET /price        50..90
//!     price server GET /price  55..85  host=b
//! ```
//!
//! A line is `[service] [class] operation start..end [marks]`. The first word is the service unless it is a class;
//! a line without a service has its parent's, and the first line must have one. The class decides the kind and is
//! `server` for a span without a parent, `internal` for the others when not said. An outgoing operation's text is
//! its template too, and its callee is named after its class unless `to=` says otherwise. Times are milliseconds
//! (`1.5` is allowed; `us` or `ns` after the end change the unit). Marks:
//!
//! | mark | meaning |
//! |---|---|
//! | `xN`, `xN+G` | N copies back to back, or with a gap of G between them; distinct parameters |
//! | `id=N`, `parent=N` | this id; this parent whatever the indentation (`parent=0` for a root) |
//! | `host=H`, `scope=S`, `lang=L`, `version=V`, `instance=I`, `team=T` | of its source (T its namespace); inherited with the service |
//! | `nameless` | its source does not say its service |
//! | `err`, `ok`, `http=503` | status; `err` sets `Failed` too |
//! | `params=N`, `hidden`, `cut` | equal parameters N; placeholders; cut text. Else distinct and visible |
//! | `to=HOST`, `third`, `managed` | callee; decided third party or managed |
//! | `ns=NAME`, `tables=A,B` | namespace of its callee; tables it reads, or writes with `write` |
//! | `path=/P` | path template of a server span, beside the method of its operation |
//! | `link=N` | link to a span of this trace |
//! | `follows`, `batched`, `wordless`, `summary=N` | flags; a summary of N whose total is its duration |
//! | `write`, `keyset`, `skip-locked`, `cursor`, `gatekeeper`, `routine` | facts of its template |
//! | `rows=N`, `code=TEXT`, `ignore=IDS` | side record |
//! | `kind=K` | another kind than the class says: internal, client, server, producer, consumer |

use std::collections::BTreeMap;

use hotspan_model::{
    Assembled, Bits, CalleeFacts, Class, Dictionary, Extras, Facts, Flag, Kind, Link, LocalDictionary,
    Millionths, Nanos, ParamHash, Peer, PeerReason, Side, SideOf, SourceFacts, Span, SpanId, Status, Summary,
    Symbol, TemplateFacts, Timestamp, TraceId, Verb, Visibility, Vocabulary,
};

/// The moment that 0 of a drawing stands for: a whole number of seconds.
pub const EPOCH: Timestamp = Timestamp(1_700_000_000_000_000_000);

/// A trace read from a drawing, with the dictionary its symbols belong to.
#[derive(Debug, Default)]
pub struct Drawing {
    /// Its symbols.
    pub dictionary: LocalDictionary,
    /// Its spans and side records, in order of the lines.
    pub trace: Assembled,
}

impl Drawing {
    /// Reads a drawing; the trace id is 1.
    ///
    /// # Panics
    ///
    /// When a line cannot be read: a drawing is code.
    pub fn new(text: &str) -> Drawing {
        let mut drawing = Drawing::default();
        drawing.add(1, text);
        drawing
    }

    /// Replaces the trace by another one that shares the dictionary.
    pub fn add(&mut self, trace: u128, text: &str) {
        self.trace = Assembled {
            trace: TraceId::new(trace),
            version: 1,
            ..Assembled::default()
        };
        let mut above: Vec<(usize, SpanId, Source)> = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let indent = line.len() - line.trim_start().len();
            above.retain(|&(at, ..)| at < indent);
            let line = Line::read(line, above.last().map(|(_, id, source)| (*id, source)));
            let id = self.put(&line);
            above.push((indent, id, line.source));
        }
        self.trace.completeness.root_seen = self.trace.spans.iter().any(Span::is_root);
    }

    fn put(&mut self, line: &Line) -> SpanId {
        let mut first = None;
        for copy in 0..line.copies {
            let at = self.trace.spans.len();
            let fallback = SpanId::new(at as u64 + 1).expect("counted from one");
            let id = if copy == 0 {
                line.id.unwrap_or(fallback)
            } else {
                fallback
            };
            let length = line.end.wrapping_sub(line.start);
            let start = EPOCH
                .0
                .wrapping_add(line.start)
                .wrapping_add(copy * (length + line.gap));
            let span = Span {
                id,
                parent: line.parent,
                start: Timestamp(start),
                duration: Nanos(length),
                params: ParamHash(line.params.unwrap_or(1_000 + at as u64)),
                operation: self.admit(Vocabulary::Operation, &line.operation, Facts::None),
                source: self.source(&line.source),
                template: line.is_outgoing().then(|| self.template(line)),
                callee: self.callee_or_path(line),
                bits: line.bits(),
                next: 0,
            };
            self.trace.spans.push(span);
            self.trace.sides.extend(line.sides.iter().map(|&side| SideOf {
                span: at as u32,
                side,
            }));
            if let Some((code, ignore, rows)) = line.extras() {
                let extras = Extras {
                    code: code.map(|text| self.admit(Vocabulary::Text, text, Facts::None)),
                    ignore: ignore.map(|text| self.admit(Vocabulary::Text, text, Facts::None)),
                    rows,
                    ..Extras::default()
                };
                self.trace.sides.push(SideOf {
                    span: at as u32,
                    side: Side::Extras(extras),
                });
            }
            first.get_or_insert(id);
        }
        first.expect("at least one copy")
    }

    fn admit(&mut self, vocabulary: Vocabulary, text: &str, facts: Facts) -> Symbol {
        self.dictionary.admit(vocabulary, None, text, facts)
    }

    /// Symbols of texts, for looking at results.
    pub fn text(&mut self, text: &str) -> Symbol {
        self.admit(Vocabulary::Text, text, Facts::None)
    }

    fn source(&mut self, source: &Source) -> Symbol {
        let text = |drawing: &mut Self, name: &str| source.get(name).map(|text| drawing.text(text));
        let facts = SourceFacts {
            service: text(self, "service").expect("every span has a service"),
            namespace: text(self, "team"),
            version: text(self, "version"),
            instance: text(self, "instance"),
            host: text(self, "host"),
            environment: None,
            language: text(self, "lang"),
            scope: text(self, "scope"),
            front_end: source.get("lang").is_some_and(|lang| lang == "webjs"),
            unnamed: source.contains_key("nameless"),
        };
        self.admit(Vocabulary::Source, &format!("{source:?}"), Facts::Source(facts))
    }

    fn template(&mut self, line: &Line) -> Symbol {
        let verb = match &line.facts {
            facts if facts.contains(&"write".to_owned()) => Verb::Write,
            facts if facts.contains(&"routine".to_owned()) => Verb::Routine,
            _ => Verb::Read,
        };
        let has = |fact: &str| line.facts.iter().any(|found| found == fact);
        let tables: Box<[Box<str>]> = line.tables.iter().map(|table| table.as_str().into()).collect();
        let (reads, writes) = match verb {
            Verb::Write => (Box::default(), tables),
            Verb::Read | Verb::Routine | Verb::Ddl | Verb::Other => (tables, Box::default()),
        };
        let routine = line.operation.split(' ').nth(1).filter(|_| verb == Verb::Routine);
        let facts = TemplateFacts {
            verb,
            reads,
            writes,
            routine: routine.map(Into::into),
            summary: line.operation.as_str().into(),
            keyset: has("keyset"),
            skip_locked: has("skip-locked"),
            cursor: has("cursor"),
            gatekeeper: has("gatekeeper"),
            single_key: line.class == Class::Cache,
        };
        self.admit(Vocabulary::Template, &line.operation, Facts::Template(facts))
    }

    fn callee_or_path(&mut self, line: &Line) -> Option<Symbol> {
        if line.is_outgoing() {
            return Some(self.callee(line));
        }
        let (method, path) = (line.operation.split(' ').next()?, line.path.as_ref()?);
        Some(self.admit(Vocabulary::Template, &format!("{method} {path}"), Facts::None))
    }

    fn callee(&mut self, line: &Line) -> Symbol {
        // A pool belongs to its database.
        let class = if line.class == Class::Checkout {
            Class::Db
        } else {
            line.class
        };
        let store = self.text(&format!("{}{}", class.name(), line.namespace));
        let (peer, reason) = match (&line.peer, line.class) {
            (Some(peer), _) => *peer,
            (None, Class::Db | Class::Cache | Class::Publish | Class::Checkout) => {
                (Peer::Datastore, PeerReason::DbAttributes)
            }
            (None, _) => (Peer::Internal, PeerReason::Suffix),
        };
        let host = line.to.clone().unwrap_or_else(|| class.name().to_owned());
        let facts = CalleeFacts {
            system: class.name().into(),
            host: host.as_str().into(),
            port: 0,
            namespace: line.namespace.as_str().into(),
            store,
            service: None,
            domain: if peer == Peer::ThirdParty {
                host.as_str().into()
            } else {
                "".into()
            },
            peer,
            reason,
            certainty: Millionths(900_000),
            vendor: None,
        };
        self.admit(
            Vocabulary::Callee,
            &format!("{} {host} {peer:?} {}", class.name(), line.namespace),
            Facts::Callee(facts),
        )
    }
}

type Source = BTreeMap<&'static str, String>;

#[derive(Debug)]
struct Line {
    source: Source,
    class: Class,
    kind: Kind,
    operation: String,
    start: u64,
    end: u64,
    copies: u64,
    gap: u64,
    id: Option<SpanId>,
    parent: Option<SpanId>,
    params: Option<u64>,
    visibility: Visibility,
    status: Status,
    http: u16,
    flags: Vec<Flag>,
    to: Option<String>,
    peer: Option<(Peer, PeerReason)>,
    facts: Vec<String>,
    namespace: String,
    tables: Vec<String>,
    path: Option<String>,
    sides: Vec<Side>,
    code: Option<String>,
    ignore: Option<String>,
    rows: Option<u32>,
}

impl Line {
    fn read(text: &str, above: Option<(SpanId, &Source)>) -> Line {
        let words: Vec<&str> = text.split_whitespace().collect();
        let at = words
            .iter()
            .position(|word| word.contains(".."))
            .unwrap_or_else(|| panic!("no times in: {text}"));
        let (head, tail) = (&words[..at], &words[at + 1..]);
        let (named, rest) = match class(head[0]) {
            Some(_) => (None, head),
            None => (Some(head[0]), &head[1..]),
        };
        let said = rest.first().and_then(|word| class(word));
        let operation = if said.is_some() { &rest[1..] } else { rest };
        let class = said.unwrap_or(if above.is_none() {
            Class::Server
        } else {
            Class::Internal
        });
        let mut source = above.map(|(_, source)| source.clone()).unwrap_or_default();
        if let Some(named) = named
            && source
                .insert("service", named.to_owned())
                .is_some_and(|before| before != named)
        {
            source.retain(|&key, _| key == "service");
        }
        let scale = tail.iter().find_map(|&word| unit(word)).unwrap_or(1_000_000);
        let (start, end) = words[at].split_once("..").expect("it was found by its dots");
        let mut line = Line {
            source,
            class,
            kind: kind_of(class),
            operation: operation.join(" "),
            start: time(start, scale),
            end: time(end, scale),
            copies: 1,
            gap: 0,
            id: None,
            parent: above.map(|(id, _)| id),
            params: None,
            visibility: if class.is_outgoing() {
                Visibility::Visible
            } else {
                Visibility::None
            },
            status: Status::Unset,
            http: 0,
            flags: Vec::new(),
            to: None,
            peer: None,
            facts: Vec::new(),
            namespace: String::new(),
            tables: Vec::new(),
            path: None,
            sides: Vec::new(),
            code: None,
            ignore: None,
            rows: None,
        };
        for mark in tail.iter().filter(|word| unit(word).is_none()) {
            line.mark(mark, scale)
                .unwrap_or_else(|| panic!("unknown mark {mark} in: {text}"));
        }
        line
    }

    fn mark(&mut self, mark: &str, unit: u64) -> Option<()> {
        match mark.split_once('=') {
            Some((key, value)) => self.mark_value(key, value),
            None => self.mark_word(mark, unit),
        }
    }

    fn mark_word(&mut self, mark: &str, unit: u64) -> Option<()> {
        match mark {
            "err" => {
                self.status = Status::Error;
                self.flags.push(Flag::Failed);
            }
            "ok" => self.status = Status::Ok,
            "hidden" => self.visibility = Visibility::Hidden,
            "cut" => self.visibility = Visibility::Cut,
            "third" => self.peer = Some((Peer::ThirdParty, PeerReason::PublicName)),
            "managed" => self.peer = Some((Peer::Managed, PeerReason::Managed)),
            "follows" => self.flags.push(Flag::FollowsFrom),
            "batched" => self.flags.push(Flag::Batched),
            "wordless" => self.flags.push(Flag::Unnamed),
            "nameless" => drop(self.source.insert("nameless", String::new())),
            "write" | "keyset" | "skip-locked" | "cursor" | "gatekeeper" | "routine" => {
                self.facts.push(mark.to_owned())
            }
            _ => {
                let (copies, gap) = mark
                    .strip_prefix('x')?
                    .split_once('+')
                    .unwrap_or((&mark[1..], "0"));
                self.copies = copies.parse().ok()?;
                self.gap = time(gap, unit);
            }
        }
        Some(())
    }

    fn mark_value(&mut self, key: &str, value: &str) -> Option<()> {
        let number = || value.parse::<u64>().ok();
        match key {
            "id" => self.id = Some(SpanId::new(number()?)?),
            "parent" => self.parent = SpanId::new(number()?),
            "params" => self.params = Some(number()?),
            "http" => self.http = value.parse().ok()?,
            "to" => self.to = Some(value.to_owned()),
            "ns" => self.namespace = value.to_owned(),
            "tables" => self.tables = value.split(',').map(str::to_owned).collect(),
            "path" => self.path = Some(value.to_owned()),
            "instance" => drop(self.source.insert("instance", value.to_owned())),
            "tenant" => drop(self.source.insert("tenant", value.to_owned())),
            "code" => self.code = Some(value.to_owned()),
            "ignore" => self.ignore = Some(value.to_owned()),
            "rows" => self.rows = Some(value.parse().ok()?),
            "kind" => self.kind = kind(value)?,
            "link" => self.sides.push(Side::Link(Link {
                trace: TraceId::new(1)?,
                span: SpanId::new(number()?)?,
            })),
            "summary" => {
                let (count, total) = (number()?, Nanos(self.end - self.start));
                let each = Nanos(total.0 / count);
                let summary = Summary {
                    count,
                    total,
                    min: each,
                    max: each,
                    median: None,
                };
                self.flags.push(Flag::Summary);
                self.sides.push(Side::Summary(summary));
            }
            "host" => drop(self.source.insert("host", value.to_owned())),
            "scope" => drop(self.source.insert("scope", value.to_owned())),
            "team" => drop(self.source.insert("team", value.to_owned())),
            "lang" => drop(self.source.insert("lang", value.to_owned())),
            "version" => drop(self.source.insert("version", value.to_owned())),
            _ => return None,
        }
        Some(())
    }

    /// Whether it has a template and a callee: handshakes and waits for a pool have them too.
    fn is_outgoing(&self) -> bool {
        self.class.is_outgoing() || matches!(self.class, Class::Connect | Class::Checkout)
    }

    fn bits(&self) -> Bits {
        let bits = Bits::new(self.kind, self.class)
            .with_status(self.status)
            .with_visibility(self.visibility);
        let has_side = !self.sides.is_empty() || self.extras().is_some();
        let bits = bits.with_http_status(self.http).with_if(Flag::HasSide, has_side);
        let bits = bits.with_if(Flag::Ignored, self.ignore.is_some());
        self.flags.iter().fold(bits, |bits, &flag| bits.with(flag))
    }

    fn extras(&self) -> Option<(Option<&str>, Option<&str>, Option<u32>)> {
        let any = self.code.is_some() || self.ignore.is_some() || self.rows.is_some();
        any.then_some((self.code.as_deref(), self.ignore.as_deref(), self.rows))
    }
}

fn class(word: &str) -> Option<Class> {
    Some(match word {
        "internal" => Class::Internal,
        "server" => Class::Server,
        "consumer" => Class::Consumer,
        "wait" => Class::Wait,
        "connect" => Class::Connect,
        "checkout" => Class::Checkout,
        "db-meta" => Class::DbMeta,
        "db" => Class::Db,
        "cache" => Class::Cache,
        "publish" => Class::Publish,
        "call" => Class::Call,
        "out" => Class::UnknownOut,
        _ => return None,
    })
}

fn kind_of(class: Class) -> Kind {
    match class {
        Class::Internal => Kind::Internal,
        Class::Server => Kind::Server,
        Class::Consumer => Kind::Consumer,
        Class::Publish => Kind::Producer,
        Class::Wait
        | Class::Connect
        | Class::Checkout
        | Class::DbMeta
        | Class::Db
        | Class::Cache
        | Class::Call
        | Class::UnknownOut => Kind::Client,
    }
}

fn kind(word: &str) -> Option<Kind> {
    Some(match word {
        "unspecified" => Kind::Unspecified,
        "internal" => Kind::Internal,
        "client" => Kind::Client,
        "server" => Kind::Server,
        "producer" => Kind::Producer,
        "consumer" => Kind::Consumer,
        _ => return None,
    })
}

fn unit(word: &str) -> Option<u64> {
    match word {
        "ns" => Some(1),
        "us" => Some(1_000),
        "ms" => Some(1_000_000),
        _ => None,
    }
}

fn time(text: &str, unit: u64) -> u64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let whole: u64 = whole.parse().unwrap_or_else(|_| panic!("no time: {text}"));
    let thousandths: u64 = format!("{part:0<3}")
        .parse()
        .unwrap_or_else(|_| panic!("no time: {text}"));
    whole * unit + thousandths * unit / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_model::Lookup;

    #[test]
    fn indentation_is_parenthood_and_services_are_inherited() {
        let drawing = Drawing::new(
            "
            cart GET /cart        0..100 host=a
              db SELECT item     10..12 x3+1 hidden
              call GET /price    50..90
                price server GET /price 55..85
            ",
        );
        let spans = &drawing.trace.spans;
        assert_eq!(spans.len(), 6);
        assert!(spans[0].is_root());
        assert_eq!(spans[0].class(), Class::Server);
        assert!(spans[1..5].iter().all(|span| span.parent == Some(spans[0].id)));
        assert_eq!(spans[5].parent, Some(spans[4].id));
        assert_eq!(spans[2].start, Timestamp(EPOCH.0 + 13_000_000));
        assert_eq!(spans[1].bits.visibility(), Visibility::Hidden);
        let source = |at: usize| drawing.dictionary.source(spans[at].source).unwrap();
        assert_eq!(drawing.dictionary.text(source(4).service), "cart");
        assert_eq!(source(4).host, source(0).host);
        assert_eq!(drawing.dictionary.text(source(5).service), "price");
        assert_eq!(source(5).host, None);
    }

    #[test]
    fn marks_and_units_are_read() {
        let drawing = Drawing::new("a work 1.5..3 us id=9 err link=4 code=x.py:3 rows=7");
        let span = drawing.trace.spans[0];
        assert_eq!((span.id.get(), span.duration), (9, Nanos(1_500)));
        assert!(span.has(Flag::Failed) && span.has(Flag::HasSide));
        assert_eq!(drawing.trace.sides.len(), 2);
    }
}
