//! What a store was asked to do, whatever its language.

use hotspan_model::{ParamHash, ParamKey, TemplateFacts, Visibility};

use super::sql;

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
    /// Session handling: begin, commit, set, ping.
    pub session: bool,
    /// A blocking command: it waits for a message.
    pub waits: bool,
    /// Operations in one: rows of VALUES, commands of a pipeline, keys of a multi-key command. 1 when it is one.
    pub batch: u32,
}

impl Statement {
    /// Forgets the statement, keeps the buffers.
    pub fn clear(&mut self) {
        self.sanitised.clear();
        self.template.clear();
        self.summary.clear();
        self.visibility = Visibility::None;
        self.params = ParamHash::default();
        self.session = false;
        self.waits = false;
        self.batch = 1;
    }
}

/// Reads the text of a statement in the language of `system` (canonical `db.system`, empty when unknown).
pub fn analyse(system: &str, text: &str, key: ParamKey, out: &mut Statement) {
    sql::analyse(system, text, key, out);
}

/// The facts of a template, from its text alone.
pub fn facts(template: &str) -> TemplateFacts {
    sql::facts(template)
}

/// The template of a span without text: its operation and collection, say `FIND orders`.
pub fn operation_template(operation: &str, collection: &str, out: &mut String) {
    out.clear();
    out.push_str(operation);
    if !collection.is_empty() {
        out.push(' ');
        out.push_str(collection);
    }
}
