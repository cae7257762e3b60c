//! Which statements handle the session instead of data.

/// First words that always do.
const WORDS: [&str; 18] = [
    "start",
    "commit",
    "rollback",
    "savepoint",
    "release",
    "set",
    "show",
    "use",
    "reset",
    "discard",
    "deallocate",
    "ping",
    "auth",
    "hello",
    "client",
    "end",
    "abort",
    "unlisten",
];

/// What may follow BEGIN where it starts a transaction; else it starts a block.
const BEGINNINGS: [&str; 12] = [
    "",
    "work",
    "transaction",
    "tran",
    "isolation",
    "read",
    "not",
    "deferrable",
    "deferred",
    "immediate",
    "exclusive",
    "concurrent",
];

/// Functions that ask for or set the state of the session.
const FUNCTIONS: [&str; 9] = [
    "version",
    "set_config",
    "current_schema",
    "current_database",
    "database",
    "connection_id",
    "pg_backend_pid",
    "get_lock",
    "release_lock",
];

/// Whether a template is session handling.
pub(super) fn is_session(template: &str) -> bool {
    let (first, rest) = word(template);
    match first {
        "begin" => {
            let (second, after) = word(rest);
            let bare = second.is_empty() && matches!(after.as_bytes().first(), None | Some(b';'));
            bare || !second.is_empty() && BEGINNINGS.contains(&second)
        }
        "select" => selects_state(rest),
        _ => WORDS.contains(&first),
    }
}

/// The first word, and what follows it and one blank.
fn word(text: &str) -> (&str, &str) {
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii_alphanumeric() && byte != b'_')
        .unwrap_or(text.len());
    let rest = &text[end..];
    (&text[..end], rest.strip_prefix(' ').unwrap_or(rest))
}

/// `SELECT` of a constant, the version, a setting or an advisory lock.
fn selects_state(rest: &str) -> bool {
    if rest.starts_with("@@version") {
        return true;
    }
    let constant = rest.strip_prefix('?').or_else(|| rest.strip_prefix("true"));
    if let Some(after) = constant {
        let label = after.strip_prefix(" as ").map_or(after, |named| word(named).1);
        return label.is_empty() || label.starts_with(';');
    }
    let (name, after) = word(rest.strip_prefix("pg_catalog.").unwrap_or(rest));
    let advisory = name.starts_with("pg_advisory_") || name.starts_with("pg_try_advisory_");
    after.starts_with('(') && (advisory || FUNCTIONS.contains(&name))
}
