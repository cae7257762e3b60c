//! Databases and caches: the statement decides, else its summary, else operation and collection, else the name.

use hotspan_model::{Class, ParamHash, Visibility};

use super::{Resolver, Target};
use crate::attributes::{Atom, Known};
use crate::callee::{self, Address};
use crate::keys::Field;
use crate::parts::Parts;
use crate::text::{self, names};
use crate::value::{cut, readable};

/// What a span without text says of its operation.
#[derive(Clone, Copy, Debug, Hash)]
struct Said<'a> {
    system: &'a str,
    summary: Option<&'a [u8]>,
    operation: Option<&'a [u8]>,
    collection: Option<&'a [u8]>,
    procedure: Option<&'a [u8]>,
    name: &'a [u8],
}

impl Resolver<'_> {
    /// An operation of a store.
    pub(super) fn store<'a>(&mut self, parts: &Parts<'a>, known: &mut Known<'a>) -> Target {
        let system = system(known);
        let mut target = match known.text(Field::DB_TEXT) {
            Some(text) => self.statement(system, text, parts, known),
            None => self.operation_of_store(system, parts, known),
        };
        target.callee = Some(self.callee_of_store(system, known));
        target
    }

    /// Parameters that stand in attributes join those of the text.
    pub(super) fn parameters<'a>(&mut self, target: &mut Target, parts: &Parts<'a>, known: &mut Known<'a>) {
        let parameters = match known.any(Field::DB_PARAMETERS) {
            Some(value) => {
                let mut hasher = self.memory.params();
                value.hash(&mut hasher);
                Some(hasher.finish())
            }
            None => parts.parameters,
        };
        if let (Some(ParamHash(sum)), Visibility::Visible | Visibility::Hidden) =
            (parameters, target.visibility)
        {
            target.visibility = Visibility::Visible;
            target.params = ParamHash(target.params.0.wrapping_add(sum));
        }
    }

    /// A handshake or a wait for a pool.
    pub(super) fn plumbing<'a>(&mut self, class: Class, parts: &Parts<'a>, known: &mut Known<'a>) -> Target {
        let mut target = self.named(class, parts.name.ask());
        target.unnamed = false;
        let system = if known.has(Field::DB_SYSTEM) {
            system(known)
        } else {
            "peer"
        };
        target.callee = Some(self.callee_of_store(system, known));
        target
    }

    fn callee_of_store(&mut self, system: &str, known: &mut Known<'_>) -> hotspan_model::Symbol {
        let (host, port) = callee::peer(known);
        let address = Address {
            system: if system.is_empty() { "db" } else { system },
            host,
            port,
            namespace: known.atom(Field::DB_NAMESPACE),
            service: known.text(Field::PEER_SERVICE),
        };
        self.callee(address)
    }

    pub(super) fn callee(&mut self, address: Address<'_>) -> hotspan_model::Symbol {
        callee::callee(
            address,
            self.origin.service,
            &mut self.memory.symbols,
            self.dictionary,
        )
    }

    fn statement<'a>(
        &mut self,
        system: &str,
        raw: &[u8],
        parts: &Parts<'a>,
        known: &mut Known<'a>,
    ) -> Target {
        let text = cut(raw, self.reader.limits.statement_bytes_max);
        let over = text.len() < raw.len();
        self.reader.tally.cut += u64::from(over);
        let owner = self.origin.service;
        let memory = &mut *self.memory;
        // Statements that differ in literals alone are one target, each with its own arguments.
        let hash = match self.outlined {
            Some(bones) => memory.symbols.hash(("outline", owner, bones)),
            None => memory.symbols.hash(("statement", owner, system, text, over)),
        };
        if let Some(target) = memory.targets.get(hash) {
            return target;
        }
        text::group(system, &readable(text), memory.key, &mut memory.statement);
        if memory.statement.template.is_empty() {
            return self.operation_of_store(system, parts, known);
        }
        let mut target = Target::of(class(system, memory.statement.session, memory.statement.waits));
        target.outlined = self.outlined.is_some();
        target.params = match self.outlined {
            Some(_) => memory.statement.masked,
            None => memory.statement.params,
        };
        target.visibility = if over {
            Visibility::Cut
        } else {
            memory.statement.visibility
        };
        target.batch = memory.statement.batch;
        memory.text.clone_from(&memory.statement.template);
        target.template = Some(self.template());
        self.memory.targets.insert(hash, target);
        target
    }

    fn operation_of_store<'a>(&mut self, system: &str, parts: &Parts<'a>, known: &mut Known<'a>) -> Target {
        let (summary, operation) = (known.text(Field::DB_SUMMARY), known.text(Field::DB_OPERATION));
        let (collection, procedure) = (known.text(Field::DB_COLLECTION), known.text(Field::DB_PROCEDURE));
        let silent = operation.is_none_or(|operation| operation.trim_ascii().is_empty());
        let nameless = silent && summary.is_none() && collection.is_none() && procedure.is_none();
        let said = Said {
            system,
            summary,
            operation,
            collection,
            procedure,
            // The name is asked where nothing else speaks.
            name: if nameless { parts.name.ask() } else { &[] },
        };
        let hash = self.memory.symbols.hash(("operation", self.origin.service, said));
        if let Some(target) = self.memory.targets.get(hash) {
            return target;
        }
        let target = self.operation_by(said);
        self.memory.targets.insert(hash, target);
        target
    }

    fn operation_by(&mut self, said: Said<'_>) -> Target {
        // SQLAlchemy writes the database behind the operation.
        let operation = String::from_utf8_lossy(said.operation.unwrap_or_default());
        let operation = operation.split_whitespace().next().unwrap_or_default();
        let what = said.collection.or(said.procedure);
        let memory = &mut *self.memory;
        let session = {
            text::analyse(said.system, operation, memory.key, &mut memory.statement);
            memory.statement.session
        };
        let mut target = Target::of(class(said.system, session, false));
        match (said.summary, operation, what) {
            (Some(summary), _, _) => names::mask(&String::from_utf8_lossy(summary), &mut memory.text),
            (None, "", None) => {
                return Target {
                    visibility: Visibility::None,
                    ..self.named(target.class, said.name)
                };
            }
            (None, operation, what) => {
                names::mask(
                    &String::from_utf8_lossy(what.unwrap_or_default()),
                    &mut memory.part,
                );
                let operation = match (operation, said.procedure) {
                    ("", Some(_)) => "CALL",
                    (operation, _) => operation,
                };
                text::operation_template(operation, &memory.part, &mut memory.text);
            }
        }
        target.template = Some(self.template());
        target
    }

    /// A target that goes by its masked name.
    pub(super) fn named(&mut self, class: Class, name: &[u8]) -> Target {
        let owner = self.origin.service;
        let hash = self.memory.symbols.hash(("named", owner, class, name));
        if let Some(target) = self.memory.targets.get(hash) {
            return target;
        }
        let name = String::from_utf8_lossy(cut(name, self.reader.limits.name_bytes_max));
        names::mask(&name, &mut self.memory.text);
        let target = Target {
            template: Some(self.template()),
            unnamed: true,
            ..Target::of(class)
        };
        self.memory.targets.insert(hash, target);
        target
    }
}

/// Stores whose statements are SQL; a skeleton says nothing about others.
pub(super) fn is_sql(system: &str) -> bool {
    matches!(
        system,
        "postgresql"
            | "mysql"
            | "mariadb"
            | "sqlite"
            | "oracle.db"
            | "microsoft.sql_server"
            | "cockroachdb"
            | "other_sql"
            | "h2database"
    )
}

fn class(system: &str, session: bool, waits: bool) -> Class {
    match (session, waits) {
        (true, _) => Class::DbMeta,
        (false, true) => Class::Wait,
        (false, false) if matches!(system, "redis" | "valkey" | "memcached" | "keydb" | "dragonfly") => {
            Class::Cache
        }
        (false, false) => Class::Db,
    }
}

/// `db.system` in today's words; empty when unknown.
pub(super) fn system<'a>(known: &mut Known<'a>) -> &'a str {
    match known.atom(Field::DB_SYSTEM) {
        Some(Atom::Text(system)) => named(system),
        Some(Atom::Int(_)) | None => "",
    }
}

/// A system in today's words.
pub(super) fn named(system: &[u8]) -> &str {
    match system {
        b"postgresql" => "postgresql",
        b"mysql" => "mysql",
        b"redis" => "redis",
        b"mongodb" => "mongodb",
        b"mssql" => "microsoft.sql_server",
        b"oracle" => "oracle.db",
        b"dynamodb" => "aws.dynamodb",
        b"cosmosdb" => "azure.cosmosdb",
        b"spanner" => "gcp.spanner",
        b"redshift" => "aws.redshift",
        b"db2" => "ibm.db2",
        b"hanadb" => "sap.hana",
        other => std::str::from_utf8(other).unwrap_or_default(),
    }
}
