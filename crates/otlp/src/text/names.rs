//! Names that may hold ids: spans, destinations, exception types, routes.

use hotspan_model::ParamKey;

use super::ParamHasher;
use super::url::push_path;

/// Longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 200;

/// What stands for every temporary or anonymous destination.
pub const TEMPORARY: &str = "(temporary)";

/// Writes a name with UUIDs, long hex and digit runs as `#`; the path of a `METHOD /path` name as a path template.
pub fn mask(name: &str, out: &mut String) {
    out.clear();
    let blank = memchr::memchr(b' ', name.as_bytes());
    match blank.map(|at| (&name[..at], &name[at + 1..])) {
        Some((method, path)) if path.starts_with('/') && is_method(method) => {
            out.push_str(method);
            out.push(' ');
            let (path, tail) = path.split_at(path.find([' ', '?', '#']).unwrap_or(path.len()));
            // A name that its instrumentation made of a route has its parameters already: `/users/{id}`, `/users/:id`.
            push_route(path, out);
            // A query or fragment holds values; what follows a blank is part of the name.
            let tail = &tail[tail.find(' ').unwrap_or(tail.len())..];
            mask_runs(tail, out);
        }
        Some(_) | None if name.starts_with('/') => {
            let (path, _) = name.split_at(name.find(['?', '#']).unwrap_or(name.len()));
            push_route(path, out);
        }
        Some(_) | None => mask_runs(name, out),
    }
    out.truncate(out.floor_char_boundary(NAME_BYTES_MAX));
}

fn is_method(word: &str) -> bool {
    (1..=10).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Appends a path template in which route parameters stay as they are named.
fn push_route(path: &str, out: &mut String) {
    let mut params = ParamHasher::new(ParamKey([0; 16]));
    let mut rest = path;
    let mut written = false;
    while let Some(at) = rest.find('/') {
        let segment = rest[at + 1..].split('/').next().unwrap_or("");
        rest = &rest[at + 1 + segment.len()..];
        if segment.is_empty() {
            continue;
        }
        written = true;
        if segment.starts_with([':', '{', '<', '*', '(']) {
            out.push('/');
            out.push_str(segment);
        } else {
            push_path(segment, &mut params, out);
        }
    }
    if !written {
        out.push('/');
    }
}

/// Appends a text with UUIDs, hex of 8 and more with a digit, and digit runs as `#`.
fn mask_runs(text: &str, out: &mut String) {
    let bytes = text.as_bytes();
    // An id has a digit, or is a UUID of letters and dashes: most names have neither, which one look at all bytes tells.
    let can_be_id = |byte: &u8| byte.is_ascii_digit() | (*byte == b'-');
    if !bytes.iter().fold(false, |found, byte| found | can_be_id(byte)) {
        out.push_str(text);
        return;
    }
    let (mut at, mut kept) = (0, 0);
    loop {
        // Whatever varies starts with a hex digit.
        at += bytes[at..]
            .iter()
            .take_while(|byte| !byte.is_ascii_hexdigit())
            .count();
        if at == bytes.len() {
            break;
        }
        match variable_end(bytes, at) {
            Some(end) => {
                out.push_str(&text[kept..at]);
                out.push('#');
                (at, kept) = (end, end);
            }
            // A run of letters that is no id is passed whole, so that it is looked at once; a digit is an id.
            None => {
                let letters = |byte: &&u8| byte.is_ascii_hexdigit() && !byte.is_ascii_digit();
                at += bytes[at..].iter().take_while(letters).count();
            }
        }
    }
    out.push_str(&text[kept..]);
}

/// The end of the UUID, hex run or digit run that starts at `at`.
fn variable_end(bytes: &[u8], at: usize) -> Option<usize> {
    let fits = |(place, byte): (usize, &u8)| match place {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    if let Some(uuid) = bytes.get(at..at + 36)
        && uuid.iter().enumerate().all(fits)
    {
        return Some(at + 36);
    }
    let run = &bytes[at..];
    let hex = run.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if hex >= 8 && run[..hex].iter().any(u8::is_ascii_digit) {
        return Some(at + hex);
    }
    let digits = run.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then_some(at + digits)
}

/// Writes a destination like [`mask`], or [`TEMPORARY`] when it is temporary, anonymous or looks it.
pub fn destination(name: &str, temporary: bool, out: &mut String) {
    const MARKS: [&str; 6] = [
        "amq.gen",
        "amq.rabbitmq.reply-to",
        "_INBOX.",
        "spring.gen-",
        "temp-queue",
        "temp-topic",
    ];
    let generated = MARKS.iter().any(|mark| name.starts_with(mark)) || name == "(anonymous)";
    if temporary || generated || name.contains("reply.celery.pidbox") {
        out.clear();
        out.push_str(TEMPORARY);
        return;
    }
    mask(name, out);
}

/// Writes a route as answers show it: with a leading slash.
pub fn route(route: &str, out: &mut String) {
    out.clear();
    if !route.starts_with('/') {
        out.push('/');
    }
    out.push_str(route);
    out.truncate(out.floor_char_boundary(NAME_BYTES_MAX));
}

/// Whether an operation or template is one that others wait for on purpose: login, session, lock, lease, flag.
pub fn is_gatekeeper(text: &str) -> bool {
    const WORDS: [&str; 22] = [
        "login",
        "signin",
        "logon",
        "session",
        "sessions",
        "token",
        "tokens",
        "oauth",
        "oauth2",
        "auth",
        "authenticate",
        "authorize",
        "authentication",
        "authorization",
        "lock",
        "locks",
        "lease",
        "leases",
        "flag",
        "flags",
        "setnx",
        "mutex",
    ];
    let mut words = text.split(|char: char| !char.is_ascii_alphanumeric());
    words.any(|word| WORDS.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_names_are_masked() {
        for (name, expected) in [
            ("orders.created", "orders.created"),
            ("job-550e8400-e29b-41d4-a716-446655440000-x", "job-#-x"),
            ("worker 12 of 30", "worker # of #"),
            ("deadbee1", "#"),
            ("decade facade", "decade facade"),
            ("GET /v1/users/17?a=secret", "GET /v1/users/{}"),
            ("GET /users/:id", "GET /users/:id"),
            ("GET /hop/<int:n>", "GET /hop/<int:n>"),
            ("GET /v1/stream http send", "GET /v1/stream http send"),
            ("GET", "GET"),
            ("/v1/users/17", "/v1/users/{}"),
            ("", ""),
        ] {
            let mut out = String::new();
            mask(name, &mut out);
            assert_eq!(out, expected, "{name}");
        }
    }

    #[test]
    fn a_long_name_is_cut_on_a_character() {
        let mut out = String::new();
        mask(&"é".repeat(150), &mut out);
        assert_eq!(out, "é".repeat(100));
    }

    #[test]
    fn temporary_destinations_are_one() {
        for (name, temporary) in [("amq.gen-x", false), ("anything", true), ("_INBOX.a.b", false)] {
            let mut out = String::new();
            destination(name, temporary, &mut out);
            assert_eq!(out, TEMPORARY);
        }
    }

    #[test]
    fn gatekeepers_are_told_by_whole_words() {
        assert!(
            is_gatekeeper("POST /api/login")
                && is_gatekeeper("get feature:flags")
                && is_gatekeeper("/oauth/token")
        );
        assert!(!is_gatekeeper("/blocks/authors") && !is_gatekeeper("select a from flagship"));
    }
}
