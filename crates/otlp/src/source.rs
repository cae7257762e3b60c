//! Resource and scope as one symbol, looked up once for each block of spans.

use std::hash::{BuildHasher, Hash, Hasher};

use hotspan_model::{Dictionary, Facts, SourceFacts, Symbol, Vocabulary};

use crate::Tally;
use crate::attributes::{Atom, Known};
use crate::keys::Field;
use crate::memo::Symbols;
use crate::resolve::DECIDING;

/// The name of a service that does not say its name.
pub(crate) const UNNAMED: &str = "(unnamed)";

/// Between the parts of a source's text; parts cannot hold it.
const BORDER: char = '\u{1f}';

/// The fields that a resource can say in the place of its spans: all but those that only a resource says.
pub(crate) const OF_SPANS: Field = Field(
    !(Field::SERVICE.0
        | Field::SERVICE_NAMESPACE.0
        | Field::SERVICE_VERSION.0
        | Field::HOST.0
        | Field::INSTANCE.0
        | Field::PROCESS.0
        | Field::ENVIRONMENT.0
        | Field::LANGUAGE.0
        | Field::OS.0),
);

/// Counts why a resource's service has no name, if it has none.
pub(crate) fn count_unnamed(known: &mut Known<'_>, tally: &mut Tally) {
    if service(known).is_some() {
        return;
    }
    let counter = match known.resource_value(Field::SERVICE) {
        None if known.resource.has_seen(Field::SERVICE) => &mut tally.unnamed.empty,
        None => &mut tally.unnamed.missing,
        Some(value) if value.text().is_some() => &mut tally.unnamed.empty,
        Some(_) => &mut tally.unnamed.no_text,
    };
    *counter += 1;
}

fn service<'a>(known: &mut Known<'a>) -> Option<&'a [u8]> {
    known.resource_text(Field::SERVICE).filter(|name| is_name(name))
}

/// Whether this is the name of a service rather than an SDK's default, or nothing.
pub(crate) fn is_name(text: &[u8]) -> bool {
    !text.is_empty() && !text.starts_with(b"unknown_service")
}

/// Whose spans these are: source and service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(crate) source: Symbol,
    pub(crate) service: Symbol,
}

/// A hash of what the spans of a block share and that can decide what they mean: whose they are, and what the scope and
/// resource around them say in their place.
pub(crate) fn block(origin: Origin, known: &Known<'_>, symbols: &Symbols) -> u64 {
    let mut hasher = symbols.hasher().build_hasher();
    origin.service.hash(&mut hasher);
    hasher = known.scope.fold(DECIDING, hasher);
    hasher.write_u8(0);
    known.resource.fold(DECIDING, hasher).finish()
}

/// The parts of a source in the order of its text.
struct Parts {
    service: String,
    namespace: String,
    version: String,
    instance: String,
    host: String,
    environment: String,
    language: String,
    scope: String,
    front_end: bool,
    unnamed: bool,
}

/// The origin of a block of spans.
pub(crate) fn origin(
    known: &mut Known<'_>,
    scope: &[u8],
    symbols: &mut Symbols,
    dictionary: &mut dyn Dictionary,
) -> Origin {
    let parts = parts(known, scope);
    let service = symbols.plain(dictionary, Vocabulary::Text, None, &parts.service);
    let source = symbols.intern(
        dictionary,
        Vocabulary::Source,
        Some(service),
        &text(&parts),
        |symbols, dictionary| Facts::Source(facts(&parts, symbols, dictionary)),
    );
    // Beyond the cap all sources are one, and so are their services.
    let service = dictionary.source(source).map_or(service, |facts| facts.service);
    Origin { source, service }
}

fn parts(known: &mut Known<'_>, scope: &[u8]) -> Parts {
    let named = service(known);
    let mut field = |field| {
        let mut out = String::new();
        if let Some(atom) = known.resource_atom(field) {
            clean(atom, &mut out);
        }
        out
    };
    let mut instance = field(Field::INSTANCE);
    let host = field(Field::HOST);
    let process = field(Field::PROCESS);
    if instance.is_empty() && !host.is_empty() && !process.is_empty() {
        instance = format!("{host}:{process}");
    }
    let language = field(Field::LANGUAGE);
    let system = field(Field::OS);
    let mut parts = Parts {
        service: String::new(),
        namespace: field(Field::SERVICE_NAMESPACE),
        version: field(Field::SERVICE_VERSION),
        instance,
        host,
        environment: field(Field::ENVIRONMENT),
        front_end: language == "webjs"
            || system.eq_ignore_ascii_case("android")
            || system.eq_ignore_ascii_case("ios"),
        language,
        scope: String::new(),
        unnamed: named.is_none(),
    };
    clean(
        Atom::Text(named.unwrap_or(UNNAMED.as_bytes())),
        &mut parts.service,
    );
    clean(Atom::Text(scope), &mut parts.scope);
    parts
}

/// Writes a part without borders, cut to a length that names have.
fn clean(atom: Atom<'_>, out: &mut String) {
    const PART_BYTES_MAX: usize = 256;
    atom.write(out);
    out.truncate(out.floor_char_boundary(PART_BYTES_MAX));
    out.retain(|c| c != BORDER);
}

fn text(parts: &Parts) -> String {
    let fields = [
        parts.service.as_str(),
        &parts.namespace,
        &parts.version,
        &parts.instance,
        &parts.host,
        &parts.environment,
        &parts.language,
        &parts.scope,
        if parts.front_end { "front" } else { "" },
        if parts.unnamed { "unnamed" } else { "" },
    ];
    fields.join("\u{1f}")
}

fn facts(parts: &Parts, symbols: &mut Symbols, dictionary: &mut dyn Dictionary) -> SourceFacts {
    let mut symbol = |text: &str| {
        let symbol = || symbols.plain(dictionary, Vocabulary::Text, None, text);
        (!text.is_empty()).then(symbol)
    };
    SourceFacts {
        namespace: symbol(&parts.namespace),
        version: symbol(&parts.version),
        instance: symbol(&parts.instance),
        host: symbol(&parts.host),
        environment: symbol(&parts.environment),
        language: symbol(&parts.language),
        scope: symbol(&parts.scope),
        front_end: parts.front_end,
        unnamed: parts.unnamed,
        service: symbols.plain(dictionary, Vocabulary::Text, None, &parts.service),
    }
}
