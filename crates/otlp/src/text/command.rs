//! Commands of caches: `GET user:42`, pipelines of them, and operations named without a text.

use hotspan_model::{ParamKey, TemplateFacts, Verb, Visibility};

use super::{ParamHasher, Statement, TEXT_BYTES_MAX, cache_key, names};

/// What is known of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Command {
    verb: Verb,
    keys: Keys,
    waits: bool,
    session: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keys {
    /// The first argument is the only key.
    One,
    /// Every argument is a key.
    Many,
    /// Keys and values take turns.
    Pairs,
    /// No argument is surely a key.
    None,
}

/// What is known of the command with this name in upper case.
fn known(name: &str) -> Option<Command> {
    let with = |verb, keys, waits, session| {
        Some(Command {
            verb,
            keys,
            waits,
            session,
        })
    };
    let of = |verb, keys| with(verb, keys, false, false);
    match name {
        "GET" | "GETS" | "GETRANGE" | "STRLEN" | "TTL" | "PTTL" | "TYPE" | "DUMP" | "HGET" | "HGETALL"
        | "HMGET" | "HEXISTS" | "HKEYS" | "HVALS" | "HLEN" | "HSCAN" | "LRANGE" | "LINDEX" | "LLEN"
        | "SMEMBERS" | "SISMEMBER" | "SMISMEMBER" | "SCARD" | "SRANDMEMBER" | "SSCAN" | "ZRANGE"
        | "ZRANGEBYSCORE" | "ZREVRANGE" | "ZREVRANGEBYSCORE" | "ZRANK" | "ZREVRANK" | "ZSCORE"
        | "ZMSCORE" | "ZCARD" | "ZCOUNT" | "ZSCAN" | "GETBIT" | "BITCOUNT" | "XLEN" | "XRANGE"
        | "XREVRANGE" | "PFCOUNT" | "GEOPOS" | "GEODIST" | "GEOSEARCH" | "JSON.GET" => {
            of(Verb::Read, Keys::One)
        }
        "SET" | "SETEX" | "PSETEX" | "SETNX" | "GETSET" | "GETDEL" | "GETEX" | "APPEND" | "PREPEND"
        | "INCR" | "INCRBY" | "INCRBYFLOAT" | "DECR" | "DECRBY" | "EXPIRE" | "EXPIREAT" | "PEXPIRE"
        | "PERSIST" | "HSET" | "HSETNX" | "HMSET" | "HDEL" | "HINCRBY" | "HINCRBYFLOAT" | "LPUSH"
        | "RPUSH" | "LPUSHX" | "RPUSHX" | "LPOP" | "RPOP" | "LREM" | "LSET" | "LTRIM" | "SADD" | "SREM"
        | "SPOP" | "ZADD" | "ZREM" | "ZINCRBY" | "ZPOPMIN" | "ZPOPMAX" | "ZREMRANGEBYSCORE"
        | "ZREMRANGEBYRANK" | "SETBIT" | "XADD" | "XACK" | "XDEL" | "XTRIM" | "PFADD" | "GEOADD"
        | "PUBLISH" | "RESTORE" | "JSON.SET" | "ADD" | "REPLACE" | "CAS" | "DELETE" | "TOUCH" => {
            of(Verb::Write, Keys::One)
        }
        "MGET" | "EXISTS" | "SUNION" | "SINTER" | "SDIFF" | "GET_MULTI" | "GETMULTI" => {
            of(Verb::Read, Keys::Many)
        }
        "DEL" | "UNLINK" | "DELETE_MULTI" => of(Verb::Write, Keys::Many),
        "MSET" | "MSETNX" => of(Verb::Write, Keys::Pairs),
        "BLPOP" | "BRPOP" | "BLMOVE" | "BRPOPLPUSH" | "BZPOPMIN" | "BZPOPMAX" | "BLMPOP" | "SUBSCRIBE"
        | "PSUBSCRIBE" | "SSUBSCRIBE" => with(Verb::Other, Keys::None, true, false),
        "PING" | "AUTH" | "HELLO" | "CLIENT" | "SELECT" | "QUIT" | "DISCARD" | "RESET" | "READONLY"
        | "COMMAND" => with(Verb::Other, Keys::None, false, true),
        "MULTI" | "EXEC" | "WATCH" | "UNWATCH" | "EVAL" | "EVALSHA" | "FCALL" | "SCRIPT" | "XREAD"
        | "XREADGROUP" | "SCAN" | "KEYS" | "INFO" | "CONFIG" | "FLUSHDB" | "FLUSHALL" | "DBSIZE" | "TIME"
        | "OBJECT" | "RENAME" => of(Verb::Other, Keys::None),
        _ => None,
    }
}

/// Reads a command, or several of them: a pipeline has one a line, or parts them by `;`.
pub(super) fn analyse(text: &str, key: ParamKey, out: &mut Statement) {
    out.clear();
    let whole = text.len() <= TEXT_BYTES_MAX;
    let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
    let mut pass = Pass {
        params: ParamHasher::new(key),
        hidden: false,
        last: (0, 0),
    };
    let mut commands = 0;
    let mut keys = 1;
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_at(next_command(rest));
        keys = pass
            .command(
                line.trim_matches([' ', '\n', '\r', ';', '\t']),
                commands == 0,
                out,
            )
            .max(keys);
        commands += 1;
        rest = after;
    }
    out.batch = if commands > 1 { commands } else { keys };
    out.params = pass.params.finish();
    let cut = !whole || text.ends_with("...") || text.ends_with('…');
    out.visibility = match (cut, pass.hidden) {
        (true, _) => Visibility::Cut,
        (false, true) => Visibility::Hidden,
        (false, false) => Visibility::Visible,
    };
    out.sanitised.push_str(&out.template);
}

/// Where the next command starts: behind a line break or `;` before the name of a known one. Else the text goes on: a
/// value may have line breaks.
fn next_command(text: &str) -> usize {
    let breaks = memchr::memchr2_iter(b'\n', b';', text.as_bytes());
    for at in breaks {
        let rest = text[at + 1..].trim_start_matches([' ', '\r', '\n', ';', '\t']);
        let word = &rest[..rest.find([' ', '\n', '\r', ';']).unwrap_or(rest.len())];
        let command = word.len() <= 16 && known(&word.to_ascii_uppercase()).is_some();
        if command || rest.is_empty() {
            return text.len() - rest.len();
        }
    }
    text.len()
}

/// Longest name of a command.
const NAME_BYTES_MAX: usize = 32;

/// A copy of an ASCII text that fits.
fn copied<'b>(text: &str, buffer: &'b mut [u8; NAME_BYTES_MAX]) -> &'b str {
    let len = text.len().min(NAME_BYTES_MAX);
    buffer[..len].copy_from_slice(&text.as_bytes()[..len]);
    std::str::from_utf8(&buffer[..len]).unwrap_or_default()
}

struct Pass {
    params: ParamHasher,
    hidden: bool,
    /// Where the last command stands in the template.
    last: (usize, usize),
}

impl Pass {
    /// Appends one command; gives the number of its keys.
    fn command(&mut self, line: &str, first: bool, out: &mut Statement) -> u32 {
        let from = out.template.len();
        if !first {
            out.template.push(';');
        }
        let start = out.template.len();
        let (name, arguments) = line.split_at(line.find([' ', '\n', '\t']).unwrap_or(line.len()));
        let plain = name.len() <= NAME_BYTES_MAX
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'.' | b'_'));
        out.template.push_str(if plain { name } else { "?" });
        out.template[start..].make_ascii_uppercase();
        // Names that are no command are one byte by now.
        let mut buffer = [0; NAME_BYTES_MAX];
        let verb = copied(&out.template[start..], &mut buffer);
        let command = known(verb);
        if first {
            let blocks = || {
                arguments
                    .get(..64)
                    .unwrap_or(arguments)
                    .to_ascii_uppercase()
                    .contains("BLOCK")
            };
            out.waits = command.is_some_and(|command| command.waits) || verb.starts_with("XREAD") && blocks();
            out.session = command.is_some_and(|command| command.session);
        }
        let keys = command.map_or(Keys::None, |command| command.keys);
        let count = self.arguments(arguments, keys, &mut out.template);
        if first {
            out.summary.push_str(verb);
        }
        let (before, now) = (self.last, (start, out.template.len()));
        if !first && out.template[before.0..before.1] == out.template[now.0..now.1] {
            out.template.truncate(from);
        } else {
            self.last = now;
        }
        count
    }

    /// Appends the key template and one `?` for everything else.
    fn arguments(&mut self, text: &str, keys: Keys, template: &mut String) -> u32 {
        let mut count = 0;
        for (place, argument) in text.split_ascii_whitespace().enumerate() {
            self.hidden |= argument == "?";
            count += 1;
            match place {
                0 if keys != Keys::None => {
                    template.push(' ');
                    self.hidden |= cache_key::push(argument.trim_matches('"'), &mut self.params, template);
                    // The hash tells keys apart whose template is the same.
                    self.params.add(argument.as_bytes());
                }
                _ => {
                    self.params.add(argument.as_bytes());
                    if !template.ends_with(" ?") || place == 1 && keys != Keys::None {
                        template.push_str(" ?");
                    }
                }
            }
        }
        match keys {
            Keys::Many => count.max(1),
            Keys::Pairs => (count / 2).max(1),
            Keys::One | Keys::None => 1,
        }
    }
}

/// The facts of a template whose first word is in capitals: a command, or an operation and its collection.
pub(super) fn facts(template: &str) -> TemplateFacts {
    let first = template.split(';').next().unwrap_or("");
    let (name, rest) = first.split_once(' ').unwrap_or((first, ""));
    let target = rest.split(' ').next().unwrap_or("");
    let command = known(name);
    let verb = command.map_or_else(|| operation_verb(name), |command| command.verb);
    let single = match command.map(|command| command.keys) {
        Some(Keys::One) => true,
        Some(Keys::Many) => name != "MGET" && !rest.contains(' '),
        Some(Keys::Pairs | Keys::None) | None => false,
    };
    let named = !target.is_empty() && target != "?" && !target.starts_with(['{', '[']);
    let targets: Box<[Box<str>]> = if named {
        Box::new([target.into()])
    } else {
        Box::default()
    };
    let (reads, writes) = match verb {
        Verb::Read => (targets, Box::default()),
        Verb::Write | Verb::Ddl => (Box::default(), targets),
        Verb::Routine | Verb::Other => (Box::default(), Box::default()),
    };
    TemplateFacts {
        verb,
        reads,
        writes,
        summary: if named {
            format!("{name} {target}").into()
        } else {
            name.into()
        },
        // `GET /path` is a request, not a command.
        single_key: single && first.len() == template.len() && !target.starts_with('/'),
        cursor: matches!(name, "GETMORE" | "SCROLL" | "FETCH"),
        gatekeeper: names::is_gatekeeper(template),
        ..TemplateFacts::default()
    }
}

/// What an operation of a document store, search engine or HTTP does, by the beginning of its name.
fn operation_verb(name: &str) -> Verb {
    const SCHEMA: [&str; 9] = [
        "createtable",
        "createindex",
        "createcollection",
        "dropindex",
        "drop",
        "deletetable",
        "updatetable",
        "alter",
        "create",
    ];
    const WRITES: [&str; 16] = [
        "insert",
        "update",
        "delete",
        "put",
        "post",
        "patch",
        "bulk",
        "index",
        "write",
        "replace",
        "upsert",
        "remove",
        "save",
        "batchwrite",
        "findandmodify",
        "findoneand",
    ];
    const READS: [&str; 15] = [
        "get",
        "find",
        "query",
        "scan",
        "select",
        "search",
        "list",
        "read",
        "count",
        "aggregate",
        "distinct",
        "batchget",
        "head",
        "scroll",
        "msearch",
    ];
    let name = name.to_ascii_lowercase();
    let starts = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    if SCHEMA.contains(&name.as_str()) {
        Verb::Ddl
    } else if starts(&WRITES) {
        Verb::Write
    } else if starts(&READS) {
        Verb::Read
    } else if matches!(name.as_str(), "call" | "exec" | "execute") {
        Verb::Routine
    } else {
        Verb::Other
    }
}
