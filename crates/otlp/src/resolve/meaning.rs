//! What the fields of a span mean, remembered: most spans say what another one said before, but for their numbers.
//!
//! One hash over the fields that decide class, operation, template and callee finds the answer of the first span that
//! had them. The text that holds literals (a statement, a URL) goes in by its outline, so that spans which differ in
//! literals alone share one entry. What a decision did not ask for is not part of its hash.

use std::hash::{BuildHasher, Hasher};

use hotspan_model::{Kind, ParamHash, Symbol, Visibility};

use super::{Memory, Resolver, Target, call, class, store};
use crate::attributes::{Attributes, Known};
use crate::keys::Field;
use crate::parts::Parts;
use crate::text::{self, sql};
use crate::value::readable;

/// The fields that can decide what a server span means. Its peer is a client, whose address says nothing.
const OF_SERVERS: Field = Field(
    Field::HTTP_METHOD.0
        | Field::HTTP_METHOD_ORIGINAL.0
        | Field::HTTP_ROUTE.0
        | Field::URL_PATH.0
        | Field::HTTP_TARGET.0
        | Field::URL_FULL.0
        | Field::HTTP_URL.0
        | Field::RPC_METHOD.0
        | Field::RPC_SERVICE.0
        | Field::MESSAGING_OPERATION.0,
);

/// The fields that can decide what any other span means.
pub(crate) const OF_OTHERS: Field = Field(
    OF_SERVERS.0
        | Field::URL_TEMPLATE.0
        | Field::URL_SCHEME.0
        | Field::URL_QUERY.0
        | Field::HOST_HEADER.0
        | Field::SERVER_ADDRESS.0
        | Field::PEER_NAME.0
        | Field::PEER_PORT.0
        | Field::PEER_IP.0
        | Field::PEER_SERVICE.0
        | Field::DB_SYSTEM.0
        | Field::DB_TEXT.0
        | Field::DB_SUMMARY.0
        | Field::DB_OPERATION.0
        | Field::DB_COLLECTION.0
        | Field::DB_NAMESPACE.0
        | Field::DB_PROCEDURE.0
        | Field::RPC_SYSTEM.0
        | Field::MESSAGING_SYSTEM.0
        | Field::DESTINATION_TEMPLATE.0
        | Field::DESTINATION.0
        | Field::DESTINATION_TEMPORARY.0
        | Field::DESTINATION_ANONYMOUS.0
        | Field::FAAS.0
        | Field::GRAPHQL_NAME.0
        | Field::MODEL_PROVIDER.0
        | Field::MODEL_OPERATION.0
        | Field::MODEL.0,
);

/// What the fields of a span decide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meaning {
    pub(super) target: Target,
    /// The operation, when more than the name decides it.
    pub(super) operation: Option<Symbol>,
    /// An operation of a store: attributes may hold its parameters.
    pub(super) store: bool,
}

/// What is remembered of a set of fields.
#[derive(Clone, Copy, Debug)]
pub(super) enum Remembered {
    Meaning(Meaning),
    /// The name decides too.
    ByName,
}

/// The text of a span that holds its literals, taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outline {
    /// Of all that decides the template.
    bones: u64,
    /// The literals in order; `None` where a text cannot be taken apart: then the bones are the whole of it.
    values: Option<Values>,
}

/// The literals of a text.
#[derive(Clone, Copy, Debug)]
struct Values {
    literals: ParamHash,
    /// What a statement shows of its arguments; of others the target tells.
    visibility: Option<Visibility>,
}

/// The text that holds a span's literals, and the fields that it makes irrelevant, its own among them.
#[derive(Clone, Copy)]
struct Literal<'a> {
    text: &'a [u8],
    hides: Field,
    statement: bool,
}

impl Resolver<'_> {
    /// What a span means.
    #[inline]
    pub(super) fn meaning<'a>(&mut self, parts: &Parts<'a>, known: &mut Known<'a>) -> Meaning {
        let deciding = match parts.kind {
            Kind::Server => OF_SERVERS,
            Kind::Unspecified | Kind::Internal | Kind::Client | Kind::Producer | Kind::Consumer => OF_OTHERS,
        };
        let literal = literal(parts.kind, &known.span);
        let outline = literal.map(|literal| self.outline(&literal, known));
        let hides = literal.map_or(Field(0), |literal| literal.hides);
        let mut hasher = self.memory.symbols.hasher().build_hasher();
        hasher.write_u64(self.block ^ hides.0 as u64);
        hasher.write_u64(outline.map_or(0, |outline| outline.bones) ^ parts.kind as u64);
        let any_name = known.span.fold(Field(deciding.0 & !hides.0), hasher).finish();
        let meaning = match self.memory.meanings.get(any_name) {
            Some(Remembered::Meaning(meaning)) => meaning,
            Some(Remembered::ByName) => self.meaning_by_name(any_name, outline, deciding, parts, known),
            None => self.decide(
                [any_name, self.with_name(any_name, parts)],
                outline,
                deciding,
                parts,
                known,
            ),
        };
        with_values(meaning, outline)
    }

    #[inline(never)]
    fn meaning_by_name<'a>(
        &mut self,
        any_name: u64,
        outline: Option<Outline>,
        deciding: Field,
        parts: &Parts<'a>,
        known: &mut Known<'a>,
    ) -> Meaning {
        let hash = self.with_name(any_name, parts);
        match self.memory.meanings.get(hash) {
            Some(Remembered::Meaning(meaning)) => meaning,
            Some(Remembered::ByName) | None => self.decide([any_name, hash], outline, deciding, parts, known),
        }
    }

    fn with_name(&self, any_name: u64, parts: &Parts<'_>) -> u64 {
        let mut hasher = self.memory.symbols.hasher().build_hasher();
        hasher.write_u64(any_name);
        hasher.write(parts.name.text());
        hasher.finish()
    }

    /// Decides what was not seen before, and remembers it unless something about it has to be counted each time.
    #[inline(never)]
    fn decide<'a>(
        &mut self,
        [any_name, this_name]: [u64; 2],
        outline: Option<Outline>,
        deciding: Field,
        parts: &Parts<'a>,
        known: &mut Known<'a>,
    ) -> Meaning {
        let cut = self.reader.tally.cut;
        known.begin_asking();
        self.outlined = outline
            .filter(|outline| outline.values.is_some())
            .map(|outline| outline.bones);
        let work = class::work(parts.kind, &parts.name, known);
        let meaning = Meaning {
            target: self.target(work, parts, known),
            operation: self.entry(work, known),
            store: work == class::Work::Store,
        };
        known.assert_asked_only(deciding);
        if self.reader.tally.cut > cut || known.misfits() > 0 {
            return meaning;
        }
        if parts.name.was_asked() {
            self.memory.meanings.insert(any_name, Remembered::ByName);
            self.memory
                .meanings
                .insert(this_name, Remembered::Meaning(meaning));
        } else {
            self.memory
                .meanings
                .insert(any_name, Remembered::Meaning(meaning));
        }
        meaning
    }

    /// Takes the text apart, or remembers how it was.
    #[inline]
    fn outline(&mut self, literal: &Literal<'_>, known: &Known<'_>) -> Outline {
        // Whether the system decides anything is not known yet, so it is not asked for: no misfit is counted here.
        let system = match literal.statement {
            true => known.span.newest_text(Field::DB_SYSTEM).unwrap_or_default(),
            false => &[],
        };
        let mut hasher = self.memory.symbols.hasher().build_hasher();
        hasher.write_u64(u64::from(literal.statement));
        hasher.write(system);
        hasher.write(literal.text);
        let raw = hasher.finish();
        match self.memory.outlines.get(raw) {
            Some(outline) => outline,
            None => self.take_apart(raw, literal, system),
        }
    }

    #[inline(never)]
    fn take_apart(&mut self, raw: u64, literal: &Literal<'_>, system: &[u8]) -> Outline {
        let fits = literal.text.len() <= self.reader.limits.statement_bytes_max;
        let system = store::named(system);
        let outline = match literal.statement {
            _ if !fits => None,
            true if store::is_sql(system) => Some(self.memory.of_statement(system, literal.text)),
            true if text::is_cache(system) => Some(self.memory.of_command(system, literal.text)),
            true => None,
            false => self.memory.of_url(literal.text),
        };
        let outline = outline.unwrap_or(Outline {
            bones: raw,
            values: None,
        });
        self.memory.outlines.insert(raw, outline);
        outline
    }
}

impl Memory {
    fn of_statement(&self, system: &str, text: &[u8]) -> Outline {
        let skeleton = sql::skeleton(system, text, self.key, self.symbols.hasher());
        Outline {
            bones: skeleton.hash,
            values: Some(Values {
                literals: skeleton.literals,
                visibility: Some(skeleton.visibility),
            }),
        }
    }

    /// A command is read as a whole: that takes no longer than to find its values.
    fn of_command(&mut self, system: &str, raw: &[u8]) -> Outline {
        let command = &mut self.statement;
        text::group(system, &readable(raw), self.key, command);
        let decides = (
            &command.template,
            command.session,
            command.waits,
            command.batch,
            command.masked,
        );
        Outline {
            bones: self.symbols.hash(decides),
            values: Some(Values {
                literals: ParamHash(command.params.0.wrapping_sub(command.masked.0)),
                visibility: Some(command.visibility),
            }),
        }
    }

    fn of_url(&mut self, url: &[u8]) -> Option<Outline> {
        if !self.skeleton.take_url(url) {
            return None;
        }
        let mut params = self.params();
        params.add(&self.skeleton.literals);
        Some(Outline {
            bones: self.symbols.hash(&self.skeleton.bones),
            values: Some(Values {
                literals: params.finish(),
                visibility: None,
            }),
        })
    }
}

/// The text that holds a span's literals.
#[inline]
fn literal<'a>(kind: Kind, span: &Attributes<'a>) -> Option<Literal<'a>> {
    const PATHS: [Field; 4] = call::OWN_PATHS;
    const INNER: Field = Field(Field::URL_PATH.0 | Field::URL_QUERY.0 | Field::HTTP_TARGET.0);
    const ANY: Field = Field(PATHS[0].0 | PATHS[1].0 | PATHS[2].0 | PATHS[3].0 | Field::DB_TEXT.0);
    if !span.has(ANY) {
        return None;
    }
    let of = |field: Field, hides: Field, statement| {
        span.newest_text(field).map(|text| Literal {
            text,
            hides,
            statement,
        })
    };
    if kind == Kind::Server {
        let all = Field(ANY.0 & !Field::DB_TEXT.0);
        let path = PATHS.into_iter().find(|&path| span.has(path))?;
        return of(path, all, false);
    }
    if span.has(Field::DB_TEXT) {
        return of(Field::DB_TEXT, Field::DB_TEXT, true);
    }
    if span.has(Field::URL_FULL) {
        let whole = span.newest_text(Field::URL_FULL).is_some_and(call::names_host);
        let old = if whole { Field::HTTP_URL.0 } else { 0 };
        return of(Field::URL_FULL, Field(INNER.0 | Field::URL_FULL.0 | old), false);
    }
    if span.has(Field::HTTP_URL) {
        return of(Field::HTTP_URL, Field(INNER.0 | Field::HTTP_URL.0), false);
    }
    None
}

/// The span's own literals beside what it shares with others.
fn with_values(mut meaning: Meaning, outline: Option<Outline>) -> Meaning {
    let values = outline.and_then(|outline| outline.values);
    if let (true, Some(values)) = (meaning.target.outlined, values) {
        let target = &mut meaning.target;
        target.params = ParamHash(target.params.0.wrapping_add(values.literals.0));
        target.visibility = values.visibility.unwrap_or(target.visibility);
    }
    meaning
}
