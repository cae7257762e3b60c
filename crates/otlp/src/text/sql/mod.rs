//! Statements of SQL and its kin.

use hotspan_model::{ParamKey, TemplateFacts, Visibility};

use super::Statement;

/// Reads a SQL text in the dialect of `system`.
pub fn analyse(system: &str, text: &str, _key: ParamKey, out: &mut Statement) {
    out.clear();
    if system.is_empty() && text.is_empty() {
        return;
    }
    out.visibility = Visibility::Hidden;
}

/// The facts of a SQL template, from its text alone.
pub fn facts(_template: &str) -> TemplateFacts {
    TemplateFacts::default()
}
