//! Keys whose values no error and no print shows.

use super::KEYS;

/// What stands for a value that is not shown.
pub(super) const HIDDEN: &str = "(not shown)";
/// Whoever knows these can guess hashed values, or sign as this daemon, or write where its webhooks go.
const SECRETS: [&str; 3] = ["parameter_key", "webhook_secret", "webhook_url"];
/// A key that nobody knows but that is called so was meant to hold one.
const WORDS: [&str; 4] = ["secret", "token", "password", "key"];

/// Whether the value of `key` stays unsaid. A misspelt name counts as what it sounds like.
pub(super) fn is_secret(key: &str) -> bool {
    let is_known = KEYS.iter().any(|known| known.name == key);
    let key = key.to_ascii_lowercase();
    match is_known {
        true => SECRETS.contains(&key.as_str()),
        false => {
            WORDS.iter().any(|word| key.contains(word))
                || SECRETS.contains(&hotspan_api::closest(&key, KEYS.iter().map(|known| known.name)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_and_guessed_by_their_names() {
        for key in [
            "parameter_key",
            "webhook_secret",
            "webhok_secret",
            "webhook_url",
            "token",
            "api_password",
            "parameterkey",
        ] {
            assert!(is_secret(key), "{key}");
        }
        for key in [
            "tls_key",
            "tokens_file",
            "webhook_secret_file",
            "shrads",
            "listen",
        ] {
            assert!(!is_secret(key), "{key}");
        }
    }
}
