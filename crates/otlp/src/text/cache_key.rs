//! The template of a cache key.

use super::ParamHasher;
use super::segment::Segment;

/// Most parts of a key template.
const PARTS_MAX: usize = 6;

/// Writes the key with its variable parts as `#`, which go to `params`. True when a part was hidden already (`?`).
pub fn template(key: &str, params: &mut ParamHasher, out: &mut String) -> bool {
    out.clear();
    push(key, params, out)
}

/// Appends the template of a key.
pub(super) fn push(key: &str, params: &mut ParamHasher, out: &mut String) -> bool {
    let mut hidden = false;
    let mut rest = key;
    for place in 1..=PARTS_MAX {
        let part = Segment::read(rest, |byte| matches!(byte, b':' | b'/' | b'.' | b'|' | b'-'));
        let after = &rest[part.text.len()..];
        hidden |= part.is_hidden();
        if matches!(part.text, "?" | "#") || !part.is_variable_of_key() {
            out.push_str(part.text);
        } else {
            params.add(part.text.as_bytes());
            out.push('#');
        }
        let Some(separator) = after.get(..1) else {
            return hidden;
        };
        if place == PARTS_MAX {
            params.add(after.as_bytes());
            return hidden || after.contains('?');
        }
        out.push_str(separator);
        rest = &after[1..];
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_model::ParamKey;

    #[test]
    fn ids_in_a_key_are_masked_and_words_stay() {
        for (key, expected, is_hidden) in [
            ("user:42:profile", "user:#:profile", false),
            ("session/9f86d081884c7d65", "session/#", false),
            ("user:?:name", "user:?:name", true),
            ("?", "?", true),
            ("a:b:c:d:e:f:g:h", "a:b:c:d:e:f", false),
            ("cart-17", "cart-#", false),
            ("my secret", "#", false),
            ("v1:flags", "v1:flags", false),
            ("", "", false),
        ] {
            let mut out = String::new();
            let hidden = template(key, &mut ParamHasher::new(ParamKey::BUILT_IN), &mut out);
            assert_eq!((out.as_str(), hidden), (expected, is_hidden), "{key}");
        }
    }
}
