//! The template of a cache key.

use super::ParamHasher;
use super::url::is_variable;

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
        let end = rest.find([':', '/', '.', '|', '-']).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        hidden |= part.contains('?');
        if part == "?" || part == "#" {
            out.push_str(part);
        } else if is_value(part) {
            params.add(part.as_bytes());
            out.push('#');
        } else {
            out.push_str(part);
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

/// Parts with control bytes, quotes or blanks are values whatever their shape.
fn is_value(part: &str) -> bool {
    let odd = |byte: u8| byte <= b' ' || matches!(byte, b'"' | b'\'' | b'{' | b'}' | b'?');
    is_variable(part.as_bytes()) && !part.is_empty() || part.bytes().any(odd)
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
