//! What a store was asked to do, whatever its language.

use hotspan_model::{ParamHash, ParamKey, TemplateFacts, Visibility};

use super::{command, json, sql};

/// What a statement says. The buffers are reused from one statement to the next.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    /// The text with its literals as `?` and without comments: what people are shown.
    pub sanitised: String,
    /// The grouping key: equal for statements that differ in literals, layout and list lengths only.
    pub template: String,
    /// Verbs and targets in order of the text; at most 255 bytes.
    pub summary: String,
    /// What can be seen of its arguments.
    pub visibility: Visibility,
    /// Its literals in order, hashed.
    pub params: ParamHash,
    /// The part of `params` that does not come from literals: what the template masks in names and constants.
    pub masked: ParamHash,
    /// Session handling: begin, commit, set, ping.
    pub session: bool,
    /// A blocking command: it waits for a message.
    pub waits: bool,
    /// Operations in one: rows of VALUES, commands of a pipeline, keys of a multi-key command. 1 when it is one.
    pub batch: u32,
    /// A text in lower case, while it is read.
    pub(super) lower: String,
}

impl Statement {
    /// Forgets the statement, keeps the buffers.
    pub fn clear(&mut self) {
        self.sanitised.clear();
        self.template.clear();
        self.summary.clear();
        self.visibility = Visibility::None;
        self.params = ParamHash::default();
        self.masked = ParamHash::default();
        self.session = false;
        self.waits = false;
        self.batch = 1;
    }
}

/// Reads the text of a statement in the language of `system` (canonical `db.system`, empty when unknown).
pub fn analyse(system: &str, text: &str, key: ParamKey, out: &mut Statement) {
    match system {
        _ if is_cache(system) => command::analyse(text, key, out),
        "mongodb" | "elasticsearch" | "opensearch" | "couchdb" => json::analyse(text, key, out),
        _ => sql::analyse(system, text, key, out),
    }
}

/// Reads a statement like [`analyse`]; of SQL without sanitised text and summary, which no span needs.
pub fn group(system: &str, text: &str, key: ParamKey, out: &mut Statement) {
    match system {
        _ if is_cache(system) => command::analyse(text, key, out),
        "mongodb" | "elasticsearch" | "opensearch" | "couchdb" => json::analyse(text, key, out),
        _ => sql::group(system, text, key, out),
    }
}

/// Whether a system is a cache.
pub fn is_cache(system: &str) -> bool {
    matches!(system, "redis" | "valkey" | "memcached" | "keydb" | "dragonfly")
}

/// The facts of a template, from its text alone. SQL templates are in lower case; commands and operations start with
/// a capital, bodies with a bracket.
pub fn facts(template: &str) -> TemplateFacts {
    match template.as_bytes().first() {
        Some(b'{' | b'[') => json::facts(template),
        Some(b'A'..=b'Z') => command::facts(template),
        Some(_) | None => sql::facts(template),
    }
}

/// The template of a span without text: its operation and collection, say `FIND orders`.
pub fn operation_template(operation: &str, collection: &str, out: &mut String) {
    out.clear();
    out.push_str(operation);
    let camel = operation.starts_with(|first: char| first.is_ascii_uppercase());
    if !camel {
        out.make_ascii_uppercase();
    }
    if !collection.is_empty() {
        out.push(' ');
        out.push_str(collection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_model::Verb;

    fn read(system: &str, text: &str) -> Statement {
        let mut statement = Statement::default();
        analyse(system, text, ParamKey::BUILT_IN, &mut statement);
        statement
    }

    #[test]
    fn commands_keep_verb_and_key_template() {
        for (text, template, batch) in [
            ("GET ?", "GET ?", 1),
            ("get user:42", "GET user:#", 1),
            ("SET user:42 secret EX 60", "SET user:# ?", 1),
            ("MGET ? ? ?", "MGET ? ?", 3),
            ("MGET user:1 user:2", "MGET user:# ?", 2),
            ("MSET a 1 b 2", "MSET a ?", 2),
            ("GET ?\nGET ?\nGET ?", "GET ?", 3),
            ("SET a:1 x; EXPIRE a:1 60", "SET a:# ?;EXPIRE a:# ?", 2),
            ("SET k line one\nsecret line", "SET k ?", 1),
            ("EVALSHA 9f86d081884c7d65 1 k", "EVALSHA ?", 1),
            ("AUTH secret", "AUTH ?", 1),
            ("SET ? ?", "SET ? ?", 1),
        ] {
            let statement = read("redis", text);
            assert_eq!(
                (statement.template.as_str(), statement.batch),
                (template, batch),
                "{text}"
            );
            assert_eq!(
                read("redis", &statement.template).template,
                statement.template,
                "{text}"
            );
        }
        assert!(read("redis", "BLPOP jobs 0").waits && read("redis", "XREAD BLOCK 0 STREAMS s $").waits);
        assert!(!read("redis", "XREAD STREAMS s 0").waits);
        assert!(read("redis", "PING").session && read("valkey", "CLIENT SETINFO x y").session);
        assert_ne!(read("redis", "GET a:1").params, read("redis", "GET a:2").params);
    }

    #[test]
    fn facts_of_commands_and_operations_come_from_the_template() {
        assert!(
            facts("GET user:#").single_key && facts("DEL ?").single_key && facts("HSET cart:# ?").single_key
        );
        assert!(
            !facts("MGET ? ?").single_key
                && !facts("DEL ? ?").single_key
                && !facts("SET a ?;EXPIRE a ?").single_key
        );
        assert_eq!(
            (facts("SET a ?").verb, facts("GET a").verb),
            (Verb::Write, Verb::Read)
        );
        let mut template = String::new();
        operation_template("find", "orders", &mut template);
        let found = facts(&template);
        assert_eq!(
            (template.as_str(), found.verb, &*found.summary),
            ("FIND orders", Verb::Read, "FIND orders")
        );
        assert_eq!(&*found.reads[0], "orders");
        assert_eq!(facts("PutItem Orders").verb, Verb::Write);
        assert_eq!(facts("INSERT users").verb, Verb::Write);
    }

    #[test]
    fn bodies_keep_keys_and_lose_values() {
        for (text, template) in [
            (
                r#"{"find": "orders", "filter": {"customer": 42, "tag": {"$in": ["a", "b"]}}}"#,
                r#"{"find":"orders","filter":{"customer":?,"tag":{"$in":[?]}}}"#,
            ),
            (
                r#"{"query":{"match":{"title":"secret"}},"size":10}"#,
                r#"{"query":{"match":{"title":?}},"size":?}"#,
            ),
            ("find {'_id': ObjectId('secret')}", r#"FIND {"_id":?}"#),
            (r#"{"a":"secret open"#, r#"{"a":?"#),
            // No bodies at all, yet texts that senders name so.
            ("{SET user:42 value EX 60", "{?user:?"),
            ("SET user:{42 user:{42 value EX 60", "?{?user:{?"),
        ] {
            let statement = read("mongodb", text);
            assert_eq!(statement.template, template, "{text}");
            assert_eq!(
                read("mongodb", &statement.template).template,
                statement.template,
                "{text}"
            );
        }
        let found = facts(&read("mongodb", r#"{"insert":"orders","documents":[{"a":1},{"a":2}]}"#).template);
        assert_eq!((found.verb, &*found.writes[0]), (Verb::Write, "orders"));
        assert_eq!(facts(r#"{"query":{"match":{"title":?}}}"#).verb, Verb::Read);
    }
}
