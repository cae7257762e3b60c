//! A URL without its values: what URLs that differ in nothing else have in common, so that one of them answers for all.

use super::call::authority;

/// Ends a literal's bytes; no UTF-8 has it.
const END: u8 = 0xff;

/// The two halves of a URL; buffers are reused.
#[derive(Debug, Default)]
pub(super) struct Skeleton {
    /// The URL without its literals.
    pub(super) bones: Vec<u8>,
    /// The literals in order, each ended.
    pub(super) literals: Vec<u8>,
}

impl Skeleton {
    /// Takes a URL or path apart: path segments of digits read as `0` and query values as nothing, which changes
    /// neither its template nor its keys. `false` when it has a fragment.
    pub(super) fn take_url(&mut self, url: &[u8]) -> bool {
        self.bones.clear();
        self.literals.clear();
        let authority = authority(url).unwrap_or(0);
        let path = url[authority..]
            .iter()
            .position(|&byte| matches!(byte, b'/' | b'?' | b'#'));
        let (before, rest) = url.split_at(path.map_or(url.len(), |at| authority + at));
        self.bones.extend_from_slice(before);
        let path_end = rest
            .iter()
            .position(|&byte| matches!(byte, b'?' | b'#'))
            .unwrap_or(rest.len());
        let (path, query) = rest.split_at(path_end);
        for (n, segment) in path.split(|&byte| byte == b'/').enumerate() {
            if n > 0 {
                self.bones.push(b'/');
            }
            match !segment.is_empty() && segment.iter().all(u8::is_ascii_digit) {
                true => self.literal(segment, b"0"),
                false => self.bones.extend_from_slice(segment),
            }
        }
        if query.contains(&b'#') {
            return false;
        }
        for (n, pair) in query.split(|&byte| byte == b'&').enumerate() {
            if n > 0 {
                self.bones.push(b'&');
            }
            match pair.iter().position(|&byte| byte == b'=') {
                Some(at) => {
                    self.bones.extend_from_slice(&pair[..=at]);
                    self.literal(&pair[at + 1..], b"");
                }
                None => self.bones.extend_from_slice(pair),
            }
        }
        true
    }

    fn literal(&mut self, literal: &[u8], bone: &[u8]) {
        self.literals.extend_from_slice(literal);
        self.literals.push(END);
        self.bones.extend_from_slice(bone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_keep_what_their_template_needs() {
        let mut skeleton = Skeleton::default();
        for (url, bones, literals) in [
            (
                "http://a:80/b/17/c4?x=1&y&z=",
                "http://a:80/b/0/c4?x=&y&z=",
                "17|1||",
            ),
            ("/b/17", "/b/0", "17|"),
            ("http://17", "http://17", ""),
            ("", "", ""),
        ] {
            assert!(skeleton.take_url(url.as_bytes()));
            assert_eq!(skeleton.bones, bones.as_bytes());
            let ended: Vec<u8> = skeleton
                .literals
                .iter()
                .map(|&b| if b == END { b'|' } else { b })
                .collect();
            assert_eq!(ended, literals.as_bytes());
        }
        assert!(!skeleton.take_url(b"/a#b"));
    }
}
