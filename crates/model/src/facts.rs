//! What a lexer found out about an interned text. Facts are a function of the text alone.

use crate::{Millionths, Symbol};

/// The facts of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Facts {
    /// The text is all there is.
    None,
    /// Of [`crate::Vocabulary::Source`].
    Source(SourceFacts),
    /// Of [`crate::Vocabulary::Template`].
    Template(TemplateFacts),
    /// Of [`crate::Vocabulary::Callee`].
    Callee(CalleeFacts),
}

/// A resource and scope as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFacts {
    /// `service.name`, or the unnamed service.
    pub service: Symbol,
    /// `service.namespace`.
    pub namespace: Option<Symbol>,
    /// `service.version`.
    pub version: Option<Symbol>,
    /// Which instance of the service.
    pub instance: Option<Symbol>,
    /// The clock domain; `None` when the resource does not say.
    pub host: Option<Symbol>,
    /// `deployment.environment.name`.
    pub environment: Option<Symbol>,
    /// `telemetry.sdk.language`.
    pub language: Option<Symbol>,
    /// Instrumentation scope.
    pub scope: Option<Symbol>,
    /// A browser or a phone: a caller, not a backend.
    pub front_end: bool,
    /// `service.name` was missing, empty or a default.
    pub unnamed: bool,
}

/// What kind of work a template does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Reads: SELECT, GET, find.
    Read,
    /// Changes data.
    Write,
    /// Changes the schema.
    Ddl,
    /// Calls a stored routine.
    Routine,
    /// Anything else.
    #[default]
    Other,
}

/// The grouping key of an outgoing operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateFacts {
    /// Read, write, routine.
    pub verb: Verb,
    /// Tables, collections, keys or resources read, each once, sorted.
    pub reads: Box<[Box<str>]>,
    /// The same for those written.
    pub writes: Box<[Box<str>]>,
    /// The routine it calls.
    pub routine: Option<Box<str>>,
    /// Verbs and targets in order of the text: a short name for people.
    pub summary: Box<str>,
    /// `WHERE k > ? ORDER BY k LIMIT ?`: a page by key.
    pub keyset: bool,
    /// Takes work from a queue table.
    pub skip_locked: bool,
    /// Fetches from a cursor, portal or scroll.
    pub cursor: bool,
    /// A cache command on one key.
    pub single_key: bool,
    /// Login, session, lock, lease or flag: whatever follows waits for it on purpose.
    pub gatekeeper: bool,
}

/// Whom an outgoing operation goes to, as far as its address tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalleeFacts {
    /// `postgresql`, `redis`, `kafka`, `grpc`, `http`.
    pub system: Box<str>,
    /// Host as shown; empty when the span names none.
    pub host: Box<str>,
    /// Port, 0 when unknown or the scheme's own.
    pub port: u16,
    /// Database, schema, index; empty when unknown.
    pub namespace: Box<str>,
    /// System and namespace without the address: what grouping compares.
    pub store: Symbol,
    /// `service.peer.name`.
    pub service: Option<Box<str>>,
    /// Registrable domain of the host; empty for addresses and single labels.
    pub domain: Box<str>,
    /// What it is, by address and attributes alone.
    pub peer: Peer,
    /// Which test decided.
    pub reason: PeerReason,
    /// How sure that test is.
    pub certainty: Millionths,
    /// Who it is, by the vendor catalogue.
    pub vendor: Option<Vendor>,
}

/// What a peer is to the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// A service of the same owner.
    Internal,
    /// A database, cache or broker.
    Datastore,
    /// An object store, queue or function of a cloud.
    Managed,
    /// Another company.
    ThirdParty,
    /// A public address without a name.
    External,
    /// The span does not say.
    Unknown,
}

impl Peer {
    /// How answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Peer::Internal => "internal",
            Peer::Datastore => "datastore",
            Peer::Managed => "managed",
            Peer::ThirdParty => "third_party",
            Peer::External => "external",
            Peer::Unknown => "unknown",
        }
    }
}

/// Which test of the third-party decision spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerReason {
    /// A server or consumer span of another service is its child.
    ServerChild,
    /// A rule of the operator.
    Rule,
    /// The peer's name is that of a service seen.
    PeerService,
    /// Database, cache or broker by its attributes or host.
    DbAttributes,
    /// A managed cloud service by its host.
    Managed,
    /// A private address.
    PrivateIp,
    /// A public address.
    PublicIp,
    /// A single label or an internal suffix.
    Suffix,
    /// Linked to a service before.
    Learned,
    /// A domain of the organisation.
    Organisation,
    /// A model provider.
    GenAi,
    /// A public name.
    PublicName,
    /// No host at all.
    NoHost,
}

impl PeerReason {
    /// How answers call it.
    pub fn name(self) -> &'static str {
        match self {
            PeerReason::ServerChild => "server-child",
            PeerReason::Rule => "rule",
            PeerReason::PeerService => "peer-service",
            PeerReason::DbAttributes => "db-attributes",
            PeerReason::Managed => "managed",
            PeerReason::PrivateIp => "private-ip",
            PeerReason::PublicIp => "public-ip",
            PeerReason::Suffix => "suffix",
            PeerReason::Learned => "learned",
            PeerReason::Organisation => "organisation",
            PeerReason::GenAi => "gen-ai",
            PeerReason::PublicName => "public-name",
            PeerReason::NoHost => "no-host",
        }
    }
}

/// A known vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vendor {
    /// As people call it.
    pub name: &'static str,
    /// payments, mail, sms, maps, analytics, auth, models.
    pub category: &'static str,
}
