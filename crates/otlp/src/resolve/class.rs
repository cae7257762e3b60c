//! What a span does: the first rule that fits. Kind alone never decides; names decide only where attributes are
//! silent.

use hotspan_model::{Class, Kind};

use crate::attributes::Known;
use crate::keys::Field;
use crate::parts::Name;

/// A class as far as the attributes tell; the text of a statement can still change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Server,
    Consumer,
    Wait,
    /// [`Class::Connect`] or [`Class::Checkout`].
    Plumbing(Class),
    /// A database or cache: what exactly, its text says.
    Store,
    Publish,
    Rpc,
    Http,
    Function,
    Model,
    UnknownOut,
    Internal,
}

/// What a span of this kind, with this name, does.
pub(crate) fn work(kind: Kind, name: &Name<'_>, known: &mut Known<'_>) -> Work {
    let messaging = known.text(Field::MESSAGING_OPERATION).unwrap_or_default();
    match (kind, messaging) {
        (Kind::Server, _) => return Work::Server,
        (Kind::Consumer, _) | (_, b"process") => return Work::Consumer,
        (_, b"receive") => return Work::Wait,
        (_, _) => {}
    }
    let text = known.has(Field::DB_TEXT);
    if text || known.has(Field::DB_SYSTEM) {
        if text {
            return Work::Store;
        }
        return plumbing(name.ask(), true).map_or(Work::Store, Work::Plumbing);
    }
    // What was created is sent by another span, which counts.
    if messaging == b"create" {
        return Work::Internal;
    }
    if kind == Kind::Producer || matches!(messaging, b"send" | b"publish") {
        return Work::Publish;
    }
    if kind == Kind::Client {
        if known.has(Field::RPC_METHOD) {
            return Work::Rpc;
        }
        if known.has(Field(
            Field::HTTP_METHOD.0 | Field::URL_FULL.0 | Field::HTTP_URL.0 | Field::URL_PATH.0,
        )) {
            return Work::Http;
        }
        if known.has(Field::FAAS) {
            return Work::Function;
        }
        if known.has(Field::MODEL_PROVIDER) {
            return Work::Model;
        }
    }
    match (plumbing(name.ask(), false), kind) {
        (Some(class), _) => Work::Plumbing(class),
        (None, Kind::Client) => Work::UnknownOut,
        (None, _) => Work::Internal,
    }
}

/// A handshake or a wait for a pool, by its name. `store` when attributes say that it is about a store.
fn plumbing(name: &[u8], store: bool) -> Option<Class> {
    let ends = |word: &[u8]| {
        let tail = name.len().checked_sub(word.len()).map(|from| &name[from..]);
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(word))
    };
    let is = |word: &[u8]| name.eq_ignore_ascii_case(word);
    let pool = || name.windows(4).any(|word| word.eq_ignore_ascii_case(b"pool"));
    let handshake = is(b"connect") || is(b"login") || is(b"dns.lookup") || ends(b".connect");
    let wait = ends(b"acquire") || ends(b"checkout");
    if ends(b"getconnection") || (wait && (store || pool())) || (handshake && pool()) {
        return Some(Class::Checkout);
    }
    handshake.then_some(Class::Connect)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::slot;
    use crate::value::Value;

    fn check(kind: Kind, name: &str, attributes: &[(&str, &'static str)], expected: Work) {
        let mut known = Known::new();
        for (key, value) in attributes {
            known
                .span
                .set(slot(key.as_bytes()).unwrap(), Value::Text(value.as_bytes()));
        }
        known.settle_around();
        known.settle();
        assert_eq!(
            work(kind, &Name::new(name.as_bytes()), &mut known),
            expected,
            "{name} {attributes:?}"
        );
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        check(Kind::Server, "x", &[("db.system", "redis")], Work::Server);
        check(
            Kind::Internal,
            "x",
            &[("messaging.operation", "process")],
            Work::Consumer,
        );
        check(
            Kind::Client,
            "x",
            &[("messaging.operation", "receive")],
            Work::Wait,
        );
        check(Kind::Internal, "x", &[("db.system", "sqlite")], Work::Store);
        check(
            Kind::Client,
            "x",
            &[("messaging.operation.type", "send")],
            Work::Publish,
        );
        check(Kind::Producer, "x", &[], Work::Publish);
        check(
            Kind::Client,
            "x",
            &[("rpc.method", "a/B"), ("http.method", "POST")],
            Work::Rpc,
        );
        check(Kind::Client, "x", &[("http.method", "GET")], Work::Http);
        check(
            Kind::Client,
            "x",
            &[("http.url", "http://a/"), ("db.system", "elasticsearch")],
            Work::Store,
        );
        check(Kind::Client, "x", &[("gen_ai.system", "openai")], Work::Model);
        check(Kind::Client, "x", &[], Work::UnknownOut);
        check(Kind::Internal, "x", &[("http.method", "GET")], Work::Internal);
        check(Kind::Unspecified, "x", &[], Work::Internal);
    }

    #[test]
    fn plumbing_goes_by_its_name_where_there_is_no_text() {
        let system = &[("db.system", "postgresql")][..];
        for name in [
            "connect",
            "pg.connect",
            "tcp.connect",
            "tls.connect",
            "dns.lookup",
            "LOGIN",
        ] {
            check(Kind::Client, name, system, Work::Plumbing(Class::Connect));
            check(Kind::Internal, name, &[], Work::Plumbing(Class::Connect));
        }
        for name in [
            "pg-pool.connect",
            "pool.acquire",
            "HikariDataSource.getConnection",
        ] {
            check(Kind::Client, name, system, Work::Plumbing(Class::Checkout));
            check(Kind::Internal, name, &[], Work::Plumbing(Class::Checkout));
        }
        let text = &[("db.system", "postgresql"), ("db.statement", "SELECT 1")][..];
        check(Kind::Client, "connect", text, Work::Store);
        check(Kind::Internal, "lock.acquire", &[], Work::Internal);
        check(Kind::Internal, "connection.close", &[], Work::Internal);
    }
}
