//! Secrets that ended up in a name: values of attributes are redacted long before, names are masked only where they
//! look like ids. Doubt masks.

/// What stands for a secret.
const MASK: &str = "(redacted)";

/// Parts of names whose values are secrets.
const NAMES: [&str; 11] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "cookie",
    "authorization",
    "api-key",
    "api_key",
    "apikey",
    "access_key",
];

/// How credentials of known makers begin.
const BEGINNINGS: [&str; 14] = [
    "AKIA",
    "ASIA",
    "AIza",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "sk-",
    "sk_live_",
    "npm_",
    "eyJ",
];

/// Shortest text that is taken for a credential by its beginning.
const CREDENTIAL_MIN: usize = 16;

/// Whether the word to come is a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// It is a word like any other.
    Word,
    /// It is one if `=` or `:` comes before it.
    Value,
    /// It is one if it looks like it: `Bearer` or `Basic` came before.
    Credential,
}

/// `text` without the secrets that it names or that are known by their looks.
pub(super) fn masked(text: &str) -> String {
    let text = without_users(text);
    let mut out = String::with_capacity(text.len());
    let mut expected = Expected::Word;
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let end = after.find(is_of_word).unwrap_or(after.len());
        let (between, after) = after.split_at(end);
        let scheme = word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic");
        let is_secret = match expected {
            Expected::Word => is_credential(word),
            Expected::Value => !scheme && !word.is_empty(),
            Expected::Credential => word.len() >= CREDENTIAL_MIN || word.bytes().any(|b| b.is_ascii_digit()),
        };
        out.push_str(if is_secret { MASK } else { word });
        out.push_str(between);
        expected = match (scheme, names_secret(word) && assigns(between)) {
            (true, _) => Expected::Credential,
            (false, true) => Expected::Value,
            (false, false) => Expected::Word,
        };
        rest = after;
    }
    out
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || "_-./+~%".contains(c)
}

fn is_credential(word: &str) -> bool {
    word.len() >= CREDENTIAL_MIN && BEGINNINGS.iter().any(|beginning| word.starts_with(beginning))
}

fn names_secret(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    NAMES.iter().any(|name| lower.contains(name))
}

/// Whether what is between two words gives the second to the first: `=`, `: "`; not the `= ?` of a statement.
fn assigns(between: &str) -> bool {
    between.contains(['=', ':']) && between.chars().all(|c| "=:\"' ".contains(c))
}

/// Addresses without `user:password@`.
fn without_users(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || "/?#\"'".contains(c))
            .unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(user) => {
                out.push_str(MASK);
                &after[user..]
            }
            None => after,
        };
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_the_words_around_them_stay() {
        for (raw, shown) in [
            ("login password=hunter2 now", "login password=(redacted) now"),
            ("{\"api_key\": \"abc\"}", "{\"api_key\": \"(redacted)\"}"),
            ("Authorization: Bearer abc123", "Authorization: Bearer (redacted)"),
            (
                "GET https://ann:pw@shop.test/a?b",
                "GET https://(redacted)@shop.test/a?b",
            ),
            ("use AKIAIOSFODNN7EXAMPLE", "use (redacted)"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.sig", "(redacted)"),
        ] {
            assert_eq!(masked(raw), shown, "{raw}");
        }
    }

    #[test]
    fn words_that_only_sound_secret_stay() {
        for text in [
            "SELECT token FROM t WHERE token = ? AND a = ?",
            "POST /password/reset",
            "refresh token cache",
            "Basic plan lookup",
            "sk-short",
            "größe 🦀",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
