//! Calls: HTTP, RPC, functions, models, and what a server says of its own path.

use hotspan_model::{Class, Symbol, Visibility};

use super::skeleton::Skeleton;
use super::template::http_verb;
use super::{Resolver, Target};
use crate::attributes::{Atom, Known};
use crate::callee::{self, Address};
use crate::keys::Field;
use crate::parts::Parts;
use crate::text::names;
use crate::text::url::{self, Url};
use crate::value::{cut, readable};

/// The raw texts that decide an HTTP call.
#[derive(Clone, Copy, Debug, Hash)]
struct Http<'a> {
    method: &'a [u8],
    template: Option<&'a [u8]>,
    full: Option<&'a [u8]>,
    old: Option<&'a [u8]>,
    path: Option<&'a [u8]>,
    query: Option<&'a [u8]>,
    target: Option<&'a [u8]>,
    scheme: Option<&'a [u8]>,
    address: Option<&'a [u8]>,
    name: Option<&'a [u8]>,
    ip: Option<&'a [u8]>,
    port: Option<i64>,
    header: Option<&'a [u8]>,
    service: Option<&'a [u8]>,
    /// An operation inside the one URL: GraphQL, JSON-RPC.
    inner: Option<&'a [u8]>,
    model: Option<&'a [u8]>,
}

/// The method of an HTTP span.
pub(super) fn method<'a>(known: &mut Known<'a>) -> Option<&'a [u8]> {
    match known.text(Field::HTTP_METHOD)? {
        b"_OTHER" => Some(known.text(Field::HTTP_METHOD_ORIGINAL).unwrap_or(b"_OTHER")),
        method => Some(method),
    }
}

/// Where a server span says its own path.
pub(super) const OWN_PATHS: [Field; 4] = [
    Field::URL_PATH,
    Field::HTTP_TARGET,
    Field::URL_FULL,
    Field::HTTP_URL,
];

/// What a server was asked for.
pub(super) fn own_target<'a>(known: &mut Known<'a>) -> Option<&'a [u8]> {
    OWN_PATHS.into_iter().find_map(|path| known.text(path))
}

/// Whether a URL says which host it is at.
pub(super) fn names_host(url: &[u8]) -> bool {
    let first = authority(url).and_then(|at| url.get(at));
    first.is_some_and(|first| !matches!(first, b'/' | b'?' | b'#'))
}

/// Where the authority of a URL starts, if it has one.
#[inline]
pub(super) fn authority(url: &[u8]) -> Option<usize> {
    let mut colons = memchr::memchr_iter(b':', url);
    colons.find(|&at| url[at..].starts_with(b"://")).map(|at| at + 3)
}

impl Resolver<'_> {
    /// An HTTP call.
    pub(super) fn http(&mut self, known: &mut Known<'_>) -> Target {
        let full = known.text(Field::URL_FULL);
        // A whole URL leaves nothing to ask for.
        let old = match full.is_some_and(names_host) {
            true => None,
            false => known.text(Field::HTTP_URL),
        };
        let mut part = |field| match full.or(old) {
            Some(_) => None,
            None => known.text(field),
        };
        let (path, query, target) = (
            part(Field::URL_PATH),
            part(Field::URL_QUERY),
            part(Field::HTTP_TARGET),
        );
        let http = Http {
            method: method(known).unwrap_or_default(),
            template: known.text(Field::URL_TEMPLATE),
            full,
            old,
            path,
            query,
            target,
            scheme: known.text(Field::URL_SCHEME),
            address: known.text(Field::SERVER_ADDRESS),
            name: known.text(Field::PEER_NAME),
            ip: known.text(Field::PEER_IP),
            port: known.int(Field::PEER_PORT),
            header: known.text(Field::HOST_HEADER),
            service: known.text(Field::PEER_SERVICE),
            inner: known.text(Field::GRAPHQL_NAME),
            model: known.text(Field::MODEL_PROVIDER),
        };
        let mut skeleton = std::mem::take(&mut self.memory.skeleton);
        let target = self.http_by(http, &mut skeleton);
        self.memory.skeleton = skeleton;
        target
    }

    /// Calls whose URLs differ in numbers and query values alone are one target, each with its own values.
    fn http_by(&mut self, http: Http<'_>, skeleton: &mut Skeleton) -> Target {
        let url = http.full.or(http.old).filter(|_| self.outlined.is_some());
        let plain = url.is_some_and(|url| skeleton.take_url(url));
        let bones = Some(&*skeleton.bones);
        let http = match (plain, http.full) {
            (true, Some(_)) => Http { full: bones, ..http },
            (true, None) => Http { old: bones, ..http },
            (false, _) => http,
        };
        let hash = self.memory.symbols.hash(("http", self.origin.service, http));
        let target = match self.memory.targets.get(hash) {
            Some(target) => target,
            None => {
                let target = self.http_call(http);
                self.memory.targets.insert(hash, target);
                target
            }
        };
        Target {
            outlined: plain,
            ..target
        }
    }

    fn http_call(&mut self, http: Http<'_>) -> Target {
        let full = self.readable(http.full.or(http.old));
        let target = self.readable(http.target);
        let (path, query) = (self.readable(http.path), self.readable(http.query));
        let url = match (full.is_empty(), http.path) {
            (false, _) => Url::parse(&full),
            (true, Some(_)) => Url {
                path: &path,
                query: &query,
                ..Url::default()
            },
            (true, None) => Url::parse(&target),
        };
        let old = self.readable(http.old);
        let (host, port) = peer(&http, url, Url::parse(&old));
        let scheme = String::from_utf8_lossy(http.scheme.unwrap_or(url.scheme.as_bytes())).into_owned();

        let memory = &mut *self.memory;
        let mut params = memory.params();
        memory.text.clear();
        memory.text.push_str(&http_method(http.method));
        memory.text.push(' ');
        url::host_key(&host, &mut memory.part);
        memory.text.push_str(&memory.part);
        match http.template {
            Some(template) => {
                params.add(url.path.as_bytes());
                params.add(url.query.as_bytes());
                names::route(&String::from_utf8_lossy(template), &mut memory.part);
            }
            None => url::template(url.path, url.query, &mut params, &mut memory.part),
        }
        memory.text.push_str(&memory.part);
        if let Some(inner) = http.inner {
            names::mask(&String::from_utf8_lossy(inner), &mut memory.part);
            memory.text.push(' ');
            memory.text.push_str(&memory.part);
        }
        let read = matches!(http.method, b"GET" | b"HEAD");
        let address = Address {
            system: if http.model.is_some() { "gen_ai" } else { "http" },
            host: host.as_bytes(),
            port: if port == default_port(&scheme) { 0 } else { port },
            namespace: http.model.map(Atom::Text),
            service: http.service,
        };
        Target {
            template: Some(self.template()),
            callee: Some(self.callee(address)),
            params: params.finish(),
            visibility: if read {
                Visibility::Visible
            } else {
                Visibility::Hidden
            },
            ..Target::of(Class::Call)
        }
    }

    /// A text within its limit, as UTF-8.
    fn readable<'t>(&mut self, raw: Option<&'t [u8]>) -> std::borrow::Cow<'t, str> {
        let raw = raw.unwrap_or_default();
        let text = cut(raw, self.reader.limits.statement_bytes_max);
        self.reader.tally.cut += u64::from(text.len() < raw.len());
        readable(text)
    }

    /// A remote procedure call.
    pub(super) fn rpc(&mut self, known: &mut Known<'_>) -> Target {
        let (service, method) = procedure(known);
        let system = known.text(Field::RPC_SYSTEM).unwrap_or_default();
        let (host, port) = callee::peer(known);
        let system = match system {
            b"grpc" => "grpc",
            b"aws-api" => "aws-api",
            b"connect_rpc" => "connect_rpc",
            b"jsonrpc" => "jsonrpc",
            b"apache_dubbo" | b"dubbo" => "dubbo",
            _ => "rpc",
        };
        let callee = self.callee(Address {
            system,
            host,
            port,
            // A cloud's API has no address of its own: its service is what is called.
            namespace: service.filter(|_| system == "aws-api").map(Atom::Text),
            service: known.text(Field::PEER_SERVICE),
        });
        let mut target = self.worded("rpc", service, method);
        target.callee = Some(callee);
        target
    }

    /// The call of a function.
    pub(super) fn function(&mut self, known: &mut Known<'_>) -> Target {
        let name = known.text(Field::FAAS).unwrap_or_default();
        let (host, port) = callee::peer(known);
        let callee = self.callee(Address {
            system: "faas",
            host,
            port,
            namespace: Some(Atom::Text(name)),
            service: known.text(Field::PEER_SERVICE),
        });
        let mut target = self.worded("faas", None, name);
        target.callee = Some(callee);
        target
    }

    /// The call of a model.
    pub(super) fn model(&mut self, known: &mut Known<'_>) -> Target {
        let (host, port) = callee::peer(known);
        let callee = self.callee(Address {
            system: "gen_ai",
            host,
            port,
            namespace: known.text(Field::MODEL_PROVIDER).map(Atom::Text),
            service: known.text(Field::PEER_SERVICE),
        });
        let operation = known.text(Field::MODEL_OPERATION).or(Some(b"invoke"));
        let model = known.text(Field::MODEL).unwrap_or_default();
        let mut target = self.worded("gen_ai", operation, model);
        target.callee = Some(callee);
        target
    }

    /// A client span that says nothing but perhaps where it goes.
    pub(super) fn unknown<'a>(&mut self, parts: &Parts<'a>, known: &mut Known<'a>) -> Target {
        let mut target = self.named(Class::UnknownOut, parts.name.ask());
        let (host, port) = callee::peer(known);
        let service = known.text(Field::PEER_SERVICE);
        if !host.is_empty() || service.is_some() {
            target.callee = Some(self.callee(Address {
                system: "peer",
                host,
                port,
                namespace: None,
                service,
            }));
        }
        target
    }

    /// A call whose template is two words: `service/method`, or one of them.
    fn worded(&mut self, kind: &'static str, first: Option<&[u8]>, second: &[u8]) -> Target {
        let hash = self
            .memory
            .symbols
            .hash((kind, self.origin.service, first, second));
        if let Some(target) = self.memory.targets.get(hash) {
            return target;
        }
        let memory = &mut *self.memory;
        words(first, second, &mut memory.part);
        names::mask(&memory.part, &mut memory.text);
        let target = Target {
            template: Some(self.template()),
            visibility: Visibility::Hidden,
            ..Target::of(Class::Call)
        };
        self.memory.targets.insert(hash, target);
        target
    }

    /// A server span: its callee is the template of its own path, `GET /orders/{}`, or its procedure.
    pub(super) fn server(&mut self, known: &mut Known<'_>) -> Target {
        Target {
            callee: self.own_path(known),
            ..Target::of(Class::Server)
        }
    }

    fn own_path(&mut self, known: &mut Known<'_>) -> Option<Symbol> {
        let Some((method, target)) = method(known).zip(own_target(known)) else {
            return self.own_procedure(known);
        };
        let mut skeleton = std::mem::take(&mut self.memory.skeleton);
        let target = match skeleton.take_url(target) {
            true => &*skeleton.bones,
            false => target,
        };
        let symbol = self.path_template(method, target);
        self.memory.skeleton = skeleton;
        Some(symbol)
    }

    fn path_template(&mut self, method: &[u8], target: &[u8]) -> Symbol {
        let hash = self
            .memory
            .symbols
            .hash(("path", self.origin.service, method, target));
        if let Some(symbol) = self.memory.symbols.recall(hash) {
            return symbol;
        }
        let readable = self.readable(Some(target));
        let memory = &mut *self.memory;
        let mut params = memory.params();
        memory.text.clear();
        memory.text.push_str(&http_method(method));
        memory.text.push(' ');
        url::path_template(Url::parse(&readable).path, &mut params, &mut memory.part);
        memory.text.push_str(&memory.part);
        let symbol = self.template();
        self.memory.symbols.remember(hash, symbol);
        symbol
    }

    fn own_procedure(&mut self, known: &mut Known<'_>) -> Option<Symbol> {
        if !known.has(Field::RPC_METHOD) {
            return None;
        }
        let (service, method) = procedure(known);
        self.worded("rpc", service, method).template
    }
}

/// Service and method of a procedure; no service when the method names it.
pub(super) fn procedure<'a>(known: &mut Known<'a>) -> (Option<&'a [u8]>, &'a [u8]) {
    let method = known.text(Field::RPC_METHOD).unwrap_or_default();
    match method.contains(&b'/') {
        true => (None, method.strip_prefix(b"/").unwrap_or(method)),
        false => (known.text(Field::RPC_SERVICE), method),
    }
}

/// Writes `first/second`, or the one that is there.
pub(super) fn words(first: Option<&[u8]>, second: &[u8], out: &mut String) {
    out.clear();
    if let Some(first) = first {
        Atom::Text(first).write(out);
        if !second.is_empty() {
            out.push('/');
        }
    }
    Atom::Text(second).write(out);
}

/// A method as it stands in templates and operations: upper case; one that nobody knows is `HTTP`.
pub(super) fn http_method(raw: &[u8]) -> String {
    let method = String::from_utf8_lossy(raw).to_ascii_uppercase();
    match http_verb(&method) {
        Some(_) => method,
        None => "HTTP".to_owned(),
    }
}

fn default_port(scheme: &str) -> u16 {
    match scheme {
        "http" => 80,
        "https" => 443,
        _ => 0,
    }
}

/// The peer's host and port. A proxy on the way is looked through to the host that the request names.
fn peer(http: &Http<'_>, url: Url<'_>, old: Url<'_>) -> (String, u16) {
    let by_name = |name: Option<&[u8]>| {
        let name = String::from_utf8_lossy(name.unwrap_or_default()).into_owned();
        let (host, port) = url::host_port(&name);
        let said = http.port.and_then(|port| u16::try_from(port).ok());
        (host.to_owned(), said.unwrap_or(port))
    };
    let by_url = |url: Url<'_>| (url.host.to_owned(), url.port);
    let full = if http.full.is_some() {
        by_url(url)
    } else {
        by_name(None)
    };
    let named = by_name(http.address);
    let candidates = [full, named, by_url(old), by_name(http.name), by_name(http.ip)];
    let mut hosts = candidates.into_iter().filter(|peer| !peer.0.is_empty());
    let first = hosts.next().unwrap_or_default();
    if !is_proxy(&first) {
        return first;
    }
    let header = by_name(http.header);
    if !header.0.is_empty() {
        return header;
    }
    let named = by_url(if url.host.is_empty() { old } else { url });
    if named.0.is_empty() || is_proxy(&named) {
        first
    } else {
        named
    }
}

fn is_proxy((host, port): &(String, u16)) -> bool {
    host == "localhost" || (host == "127.0.0.1" && *port == 15_001) || host.contains("egress")
}
