//! Whom an operation goes to, as one symbol: system, address, namespace, name of the service.

use hotspan_model::{CalleeFacts, Dictionary, Facts, Symbol, Vocabulary};

use crate::attributes::{Atom, Known};
use crate::keys::Field;
use crate::memo::Symbols;
use crate::peer::{self, Speech};
use crate::text::url;

/// Systems that are calls. Any other system is a store.
const CALLS: [(&str, Speech); 10] = [
    ("http", Speech::Call),
    ("grpc", Speech::Call),
    ("rpc", Speech::Call),
    ("connect_rpc", Speech::Call),
    ("jsonrpc", Speech::Call),
    ("dubbo", Speech::Call),
    ("peer", Speech::Call),
    ("aws-api", Speech::Managed),
    ("faas", Speech::Managed),
    ("gen_ai", Speech::Model),
];

/// Where an operation goes, as the span says it.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Address<'a> {
    pub(crate) system: &'a str,
    pub(crate) host: &'a [u8],
    pub(crate) port: u16,
    pub(crate) namespace: Option<Atom<'a>>,
    pub(crate) service: Option<&'a [u8]>,
}

/// Host and port by the attributes that name a peer; a port in the host's value counts where no attribute says one.
pub(crate) fn peer<'a>(known: &mut Known<'a>) -> (&'a [u8], u16) {
    let name = known
        .text(Field::SERVER_ADDRESS)
        .or_else(|| known.text(Field::PEER_NAME))
        .or_else(|| known.text(Field::PEER_IP));
    let (host, inner) = split(name.unwrap_or_default());
    let port = known
        .int(Field::PEER_PORT)
        .and_then(|port| u16::try_from(port).ok());
    (host, port.unwrap_or(inner))
}

/// Splits a port off a host; what is no text has no port.
fn split(host: &[u8]) -> (&[u8], u16) {
    match std::str::from_utf8(host) {
        Ok(text) => {
            let (host, port) = url::host_port(text);
            (host.as_bytes(), port)
        }
        Err(_) => (host, 0),
    }
}

/// The callee at this address.
pub(crate) fn callee(
    address: Address<'_>,
    owner: Symbol,
    symbols: &mut Symbols,
    dictionary: &mut dyn Dictionary,
) -> Symbol {
    let hash = symbols.hash(("callee", owner, address));
    if let Some(symbol) = symbols.recall(hash) {
        return symbol;
    }
    let clean = Clean::of(address);
    let symbol = symbols.intern(
        dictionary,
        Vocabulary::Callee,
        Some(owner),
        &clean.text(),
        |symbols, dictionary| Facts::Callee(clean.facts(owner, symbols, dictionary)),
    );
    symbols.remember(hash, symbol);
    symbol
}

/// An address whose parts cannot be mistaken for one another in `system://host:port/namespace|service`, so that
/// facts are a function of the text.
struct Clean {
    system: String,
    host: String,
    port: u16,
    namespace: String,
    service: String,
}

impl Clean {
    fn of(address: Address<'_>) -> Clean {
        let part = |atom: Option<Atom<'_>>, borders: &[char], bytes_max: usize| {
            let mut out = String::new();
            if let Some(atom) = atom {
                atom.write(&mut out);
            }
            out.truncate(out.floor_char_boundary(bytes_max));
            out.replace(|c: char| c.is_control() || borders.contains(&c), "_")
        };
        let text = |bytes| Some(Atom::Text(bytes));
        let system = part(text(address.system.as_bytes()), &[':', '/', '|', ' '], 64);
        let mut host = part(text(address.host), &['/', '|', ' ', '[', ']'], 255);
        host.make_ascii_lowercase();
        let port = if address.port == default_port(&system) {
            0
        } else {
            address.port
        };
        let mut namespace = part(address.namespace, &['|'], 200);
        // The first database of a cache: older senders say it, newer ones do not.
        if namespace == "0" {
            namespace.clear();
        }
        Clean {
            system,
            host,
            port,
            namespace,
            service: part(address.service.map(Atom::Text), &[], 200),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}://", self.system);
        match self.host.contains(':') {
            true => text.extend(["[", &self.host, "]"]),
            false => text.push_str(&self.host),
        }
        if self.port != 0 {
            text.extend([":", &self.port.to_string()]);
        }
        if !self.namespace.is_empty() {
            text.extend(["/", &self.namespace]);
        }
        if !self.service.is_empty() {
            text.extend(["|", &self.service]);
        }
        text
    }

    fn facts(&self, owner: Symbol, symbols: &mut Symbols, dictionary: &mut dyn Dictionary) -> CalleeFacts {
        let called = CALLS.iter().find(|call| call.0 == self.system);
        let speech = called.map_or(Speech::Store, |call| call.1);
        let (peer, reason, certainty) = peer::verdict(speech, &self.host);
        let domain = peer::domain(&self.host);
        let store = match self.namespace.is_empty() {
            true => self.system.clone(),
            false => format!("{}/{}", self.system, self.namespace),
        };
        CalleeFacts {
            store: symbols.plain(dictionary, Vocabulary::Text, Some(owner), &store),
            system: self.system.as_str().into(),
            host: self.host.as_str().into(),
            port: self.port,
            namespace: self.namespace.as_str().into(),
            service: (!self.service.is_empty()).then(|| self.service.as_str().into()),
            domain: domain.into(),
            peer,
            reason,
            certainty,
            vendor: peer::vendor(domain),
        }
    }
}

/// The port that a system's own clients leave out.
fn default_port(system: &str) -> u16 {
    match system {
        "postgresql" => 5432,
        "mysql" | "mariadb" => 3306,
        "redis" | "valkey" => 6379,
        "memcached" => 11211,
        "mongodb" => 27017,
        "microsoft.sql_server" => 1433,
        "oracle.db" => 1521,
        "cassandra" => 9042,
        "elasticsearch" | "opensearch" => 9200,
        "clickhouse" => 8123,
        "kafka" => 9092,
        "rabbitmq" => 5672,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::{LocalDictionary, Lookup, Peer, TableSeed};

    use super::*;

    const STORE: Address<'_> = Address {
        system: "postgresql",
        host: b"Shop-DB",
        port: 5432,
        namespace: Some(Atom::Text(b"shop")),
        service: None,
    };

    fn resolved(addresses: &[Address<'_>]) -> (Vec<Symbol>, LocalDictionary) {
        let mut dictionary = LocalDictionary::default();
        let mut symbols = Symbols::new(TableSeed::default(), 64);
        let owner = dictionary.admit(Vocabulary::Text, None, "owner", Facts::None);
        let found = addresses
            .iter()
            .map(|&address| callee(address, owner, &mut symbols, &mut dictionary))
            .collect();
        (found, dictionary)
    }

    #[test]
    fn a_default_port_and_the_case_of_a_host_say_nothing() {
        let plain = Address {
            port: 0,
            host: b"shop-db",
            ..STORE
        };
        let other = Address { port: 5433, ..STORE };
        let (symbols, dictionary) = resolved(&[STORE, plain, other]);
        assert_eq!(symbols[0], symbols[1]);
        assert_ne!(symbols[0], symbols[2]);
        assert_eq!(dictionary.text(symbols[2]), "postgresql://shop-db:5433/shop");
        let facts = dictionary.callee(symbols[2]).unwrap();
        assert_eq!(dictionary.text(facts.store), "postgresql/shop");
        assert_eq!((facts.peer, facts.port), (Peer::Datastore, 5433));
    }

    #[test]
    fn parts_cannot_pass_for_one_another() {
        let strange = Address {
            system: "a://b",
            host: b"c/d|e",
            ..STORE
        };
        let (symbols, dictionary) = resolved(&[strange]);
        assert_eq!(dictionary.text(symbols[0]), "a___b://c_d_e:5432/shop");
    }

    #[test]
    fn a_call_is_decided_by_its_host() {
        let call = Address {
            system: "http",
            host: b"api.stripe.com",
            port: 443,
            namespace: None,
            service: None,
        };
        let (symbols, dictionary) = resolved(&[call]);
        let facts = dictionary.callee(symbols[0]).unwrap();
        assert_eq!((facts.peer, &*facts.domain), (Peer::ThirdParty, "stripe.com"));
        assert_eq!(facts.vendor.map(|vendor| vendor.name), Some("Stripe"));
    }
}
